"""Published profiles: R4's own come out as HL7 published them, and all of UK Core can be used."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from interop.fhir.definitions import Definitions
from interop.fhir.generate.source import CORE, read

Json = dict[str, Any]

DIFFERENT = {
    "bp": (
        ("Observation.component:SystolicBP.value[x]", "Observation.component:DiastolicBP.value[x]"),
        "the form valueQuantity is a slice here as elsewhere; the publisher has none where the differential repeats the type",
    ),
    "familymemberhistory-genetic": (
        tuple(f"FamilyMemberHistory.{name}" for name in ("relationship", "sex", "born[x]", "age[x]", "deceased[x]", "condition")),
        "one slice without slicing is the element itself; the publisher kept the slice's name and dropped the unsliced element",
    ),
    "catalog": (("Composition.date",), "as above"),
    "elementdefinition-de": (
        ("ElementDefinition.extension:Question.", "ElementDefinition.extension:AllowedUnits."),
        "the publisher unfolded two extensions that the differential does not go into",
    ),
    "clinicaldocument": (
        ("Composition.extension:versionNumber",),
        "a slice by an extension has at most the cardinality of its definition (0..1); the publisher left *",
    ),
    "provenance-relevant-history": (
        ("Provenance.agent:Author.type", "Provenance.entity.agent"),
        "what is said of the unsliced agent.type holds for the slice; the publisher's content reference names the slice",
    ),
}
"""Profile -> (ids below which it differs, why)."""


def compared(element: Json) -> Json:
    """What rules read of an element."""
    kept = {name: value for name, value in element.items() if name.startswith(("fixed", "pattern", "minValue", "maxValue"))}
    kept.update((name, element.get(name)) for name in ("min", "max", "maxLength", "mustSupport", "isModifier", "contentReference"))
    kept["type"] = [(each["code"], each.get("profile"), each.get("targetProfile")) for each in element.get("type", ())]
    kept["binding"] = (element.get("binding", {}).get("strength"), element.get("binding", {}).get("valueSet"))
    kept["constraint"] = sorted({each["key"] for each in element.get("constraint", ())})
    slicing = element.get("slicing", {})
    kept["slicing"] = (slicing.get("discriminator"), slicing.get("rules"))
    return kept


@pytest.mark.long
def test_r4s_own_profiles_come_out_as_published(shared: Callable[[str], Path]) -> None:
    package = read(shared("reference") / CORE)
    base = Definitions.base()
    differing: dict[str, set[str]] = {}
    profiles = [
        each
        for each in package
        if each["resourceType"] == "StructureDefinition" and each.get("derivation") == "constraint" and "snapshot" in each
    ]
    assert len(profiles) == 439
    for each in profiles:
        bare = {name: value for name, value in each.items() if name != "snapshot"}
        made = {one["id"]: compared(one) for one in base.with_resources([bare]).snapshot(each["url"])}
        published = {one["id"]: compared(one) for one in base.snapshot(each["url"])}
        different = {id for id in made.keys() | published.keys() if made.get(id) != published.get(id)}
        if different:
            differing[each["id"]] = different
        else:
            assert list(made) == list(published), each["id"]
    assert differing.keys() == DIFFERENT.keys()
    for name, ids in differing.items():
        assert all(id.startswith(DIFFERENT[name][0]) for id in ids), name


def test_all_of_uk_core_can_be_used(shared: Callable[[str], Path]) -> None:
    base = Definitions.base()
    definitions = base.with_packages([shared("reference/uk-core-r4.tgz")])
    own = sorted(set(definitions.every("StructureDefinition")) - set(base.every("StructureDefinition")))
    assert len(own) == 153
    for url in own:
        structure = definitions.structure(url)
        assert structure
        elements = definitions.snapshot(url)
        ids = [each["id"] for each in elements]
        assert ids[0] == structure["type"]
        assert len(set(ids)) == len(ids)
        said = structure["differential"]["element"]
        assert {each["path"] for each in said} <= {each["path"] for each in elements}, url
        assert {each.get("sliceName") for each in said} <= {each.get("sliceName") for each in elements} | {None}, url
    assert definitions.problems == []


def test_an_uk_core_patient_has_what_its_profile_says(shared: Callable[[str], Path]) -> None:
    definitions = Definitions.base().with_packages([shared("reference/uk-core-r4.tgz")])
    elements = {each["id"]: each for each in definitions.snapshot("https://fhir.hl7.org.uk/StructureDefinition/UKCore-Patient")}
    number = elements["Patient.identifier:nhsNumber"]
    assert number["max"] == "1"
    assert elements["Patient.identifier:nhsNumber.system"]["fixedUri"] == "https://fhir.nhs.uk/Id/nhs-number"
    assert elements["Patient.identifier"]["slicing"]["discriminator"] == [{"type": "value", "path": "system"}]
    assert elements["Patient.extension:birthSex"]["type"][0]["profile"] == [
        "https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-BirthSex"
    ]
