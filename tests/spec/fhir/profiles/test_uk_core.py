"""UK Core: its own examples against its profiles. What fails is listed with its reason.

The examples claim no profile; each is held to the profile that it is named for, else to that of its type.
"""

from __future__ import annotations

import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from interop.fhir.definitions import Definitions
from interop.fhir.findings import Findings
from interop.fhir.terminology import Terminology
from interop.fhir.validation.validator import Validator
from interop.fhir.xml import from_xml

PACKAGE = "reference/uk-core-r4.tgz"
Json = dict[str, Any]
UK = "https://fhir.hl7.org.uk/StructureDefinition/"
FLAWED = {
    # The extension has a value of a code and one of a concept.
    "Extension-UKCore-ConditionEpisode-Example": {"Condition.extension[0].value[x]", "Condition.extension[0].valueCode"},
    # Units '{Breaths}/min' and '{beats}/min' where R4's vital signs fix '/min'; fullUrls are relative.
    "UKCore-Bundle-NEWS2Observations-Example": {
        "Bundle.entry[1].resource.valueQuantity.code",
        "Bundle.entry[2].resource.valueQuantity.code",
        *(f"Bundle.entry[{place}].fullUrl" for place in range(8)),
    },
    # A height in metres: R4's vital signs allow centimetres and inches.
    "UKCore-Observation-VitalSigns-BodyHeight-Example": {"Observation.valueQuantity.code"},
    # A reference to "Organization/example" is written as one to a StructureDefinition.
    "UKCore-Provenance-RARecordConsent-Example": {"Provenance.agent[0].onBehalfOf"},
}


def _examples(package: Path) -> Iterator[tuple[str, bytes]]:
    with tarfile.open(package) as archive:
        for member in archive:
            path = Path(member.name)
            if path.parent.name == "examples" and path.suffix == ".xml" and (body := archive.extractfile(member)):
                yield path.stem, body.read()


@pytest.fixture(scope="module")
def judge(shared: Callable[[str], Path]) -> Validator:
    """A validator that knows R4 and UK Core."""
    definitions = Definitions.base().with_packages([shared(PACKAGE)])
    return Validator(definitions, Terminology(definitions))


@pytest.fixture(scope="module")
def judged(judge: Validator, shared: Callable[[str], Path]) -> dict[str, Findings]:
    """Every example's findings."""
    found: dict[str, Findings] = {}
    for name, body in _examples(shared(PACKAGE)):
        resource = from_xml(body)
        found[name] = judge.validate(resource, [UK + _profile(judge, name, str(resource["resourceType"]))])
    return found


def _profile(judge: Validator, name: str, kind: str) -> str:
    """The longest name of a profile of that type with which the example's name begins."""
    known = [url.removeprefix(UK) for url in judge.definitions.every("StructureDefinition") if url.startswith(UK)]
    fitting = [each for each in known if name.startswith(each + "-") and judge.type_of(UK + each) == kind]
    return max([*fitting, f"UKCore-{kind}"], key=len)


def test_every_profile_of_uk_core_can_be_used(judge: Validator) -> None:
    """Each gives a snapshot, from which a resource is judged without a word that it could not."""
    definitions = judge.definitions
    profiles = [url for url in definitions.every("StructureDefinition") if url.startswith(UK)]
    assert len(profiles) > 100
    for url in profiles:
        structure = definitions.structure(url) or {}
        if structure.get("type") != "Extension":
            found = judge.validate({"resourceType": structure["type"]}, [url])
            assert [each for each in found if each.rule == "profile"] == []


def test_examples_keep_to_the_profile_that_they_illustrate(judged: dict[str, Findings]) -> None:
    """All but those with a known flaw, and these for that flaw alone."""
    assert len(judged) > 200
    failed = {name: {each.expression for each in found if each.severity == "error"} for name, found in judged.items()}
    assert {name: expressions for name, expressions in failed.items() if expressions} == FLAWED


def test_every_example_has_a_profile(judged: dict[str, Findings]) -> None:
    """No example is of a type that UK Core lacks, and no profile is left unchecked."""
    assert [name for name, found in judged.items() if any(each.rule == "profile" for each in found)] == []


def test_what_uk_core_adds_is_asked(judge: Validator) -> None:
    """An NHS number is there once and has a value; its verification status is an extension with a code of a required set."""
    system = "https://fhir.hl7.org.uk/CodeSystem/UKCore-NHSNumberVerificationStatusEngland"
    status: Json = {"url": UK + "Extension-UKCore-NHSNumberVerificationStatus"}
    verified = {**status, "valueCodeableConcept": {"coding": [{"system": system, "code": "01"}]}}
    number: Json = {"system": "https://fhir.nhs.uk/Id/nhs-number", "value": "9990000018", "extension": [verified]}
    patient = {"resourceType": "Patient", "meta": {"profile": [UK + "UKCore-Patient"]}, "identifier": [number]}
    assert [each for each in judge.validate(patient) if each.severity == "error"] == []
    other = {**number, "extension": [{**status, "valueCodeableConcept": {"text": "verified"}}]}
    found = judge.validate({**patient, "identifier": [other]})
    assert [each.rule for each in found if each.severity == "error"] == ["binding"]
    twice = {**patient, "identifier": [number, number]}
    assert [each.rule for each in judge.validate(twice) if each.severity == "error"] == ["slicing"]
    unnumbered = {**patient, "identifier": [{key: value for key, value in number.items() if key != "value"}]}
    assert [each.expression for each in judge.validate(unnumbered) if each.severity == "error"] == ["Patient.identifier[0].value"]
