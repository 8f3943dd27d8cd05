"""Broken profiles, value sets, code systems and concept maps: told as unusable, never an exception of another kind."""

from __future__ import annotations

import contextlib
import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from interop.fhir import facts
from interop.fhir.definitions import Definitions, Unusable
from interop.fhir.terminology import Terminology, TooCostly, Uncomputable
from interop.fhir.validation.validator import Validator
from tests.spec.fhir.fuzz.mutating import copied, made, mutated
from tests.spec.fhir.xml_json.making import Maker

Json = dict[str, Any]
SEEDS = st.integers(0, 2**32)
BASE = "http://hl7.org/fhir/StructureDefinition/Patient"


def element(place: str, **rules: Any) -> Json:
    """An element by its id; the path is the id without slice names."""
    path = ".".join(part.partition(":")[0] for part in place.split("."))
    name = place.rpartition(".")[2].partition(":")[2]
    return {"id": place, "path": path, **({"sliceName": name} if name else {}), **rules}


def slicing(*discriminators: tuple[str, str], rules: str = "open") -> Json:
    return {"discriminator": [{"type": kind, "path": path} for kind, path in discriminators], "rules": rules}


def structure(url: str, base: str, elements: list[Json], kind: str = "Patient") -> Json:
    return {
        "resourceType": "StructureDefinition",
        "url": url,
        "name": "Profile",
        "status": "draft",
        "kind": "resource",
        "abstract": False,
        "type": kind,
        "baseDefinition": base,
        "derivation": "constraint",
        "differential": {"element": elements},
    }


PROFILE = structure(
    "http://example.org/p",
    BASE,
    [
        element(
            "Patient", constraint=[{"key": "p-1", "severity": "error", "human": "x", "expression": "name.given.matches('a+')"}]
        ),
        element("Patient.extension", slicing=slicing(("value", "url"))),
        element(
            "Patient.extension:a", min=1, type=[{"code": "Extension", "profile": [BASE.replace("Patient", "patient-birthPlace")]}]
        ),
        element("Patient.identifier", slicing=slicing(("value", "system"), ("pattern", "type"), rules="closed"), min=1),
        element("Patient.identifier:nhs", max="1"),
        element("Patient.identifier:nhs.system", min=1, fixedUri="https://fhir.nhs.uk/Id/nhs-number"),
        element(
            "Patient.identifier:nhs.type", patternCodeableConcept={"coding": [{"system": "http://example.org/cs", "code": "a"}]}
        ),
        element("Patient.name", min=1, mustSupport=True),
        element("Patient.name.family", min=1, maxLength=5),
        element("Patient.gender", binding={"strength": "required", "valueSet": "http://example.org/vs"}),
        element("Patient.deceased[x]", slicing=slicing(("type", "$this"))),
        element("Patient.deceased[x]:deceasedBoolean", type=[{"code": "boolean"}]),
        element("Patient.contact", slicing=slicing(("exists", "name"), ("profile", "organization.resolve()"))),
        element("Patient.contact:x", max="1"),
        element("Patient.contact:x.name", min=1),
        element("Patient.managingOrganization", type=[{"code": "Reference", "targetProfile": ["http://example.org/p"]}]),
    ],
)
VALUE_SET: Json = {
    "resourceType": "ValueSet",
    "url": "http://example.org/vs",
    "status": "draft",
    "compose": {
        "include": [
            {"system": "http://example.org/cs", "filter": [{"property": "concept", "op": "is-a", "value": "a"}]},
            {"system": "http://example.org/cs", "filter": [{"property": "code", "op": "regex", "value": "(a+)+b"}]},
            {"system": "http://example.org/cs", "concept": [{"code": "a", "designation": [{"value": "x"}]}]},
            {"valueSet": ["http://example.org/vs", "http://hl7.org/fhir/ValueSet/administrative-gender"]},
        ],
        "exclude": [{"system": "http://example.org/cs", "filter": [{"property": "p", "op": "in", "value": "a,b"}]}],
    },
}
CODE_SYSTEM: Json = {
    "resourceType": "CodeSystem",
    "url": "http://example.org/cs",
    "status": "draft",
    "content": "complete",
    "hierarchyMeaning": "is-a",
    "property": [{"code": "parent", "type": "code"}, {"code": "inactive", "type": "boolean"}],
    "concept": [
        {
            "code": "a",
            "display": "A",
            "designation": [{"language": "en", "value": "x"}],
            "property": [{"code": "inactive", "valueBoolean": True}],
            "concept": [{"code": "b", "property": [{"code": "parent", "valueCode": "a"}]}],
        }
    ],
}
CONCEPT_MAP: Json = {
    "resourceType": "ConceptMap",
    "url": "http://example.org/cm",
    "status": "draft",
    "sourceUri": "http://example.org/vs",
    "group": [
        {
            "source": "http://example.org/cs",
            "target": "http://example.org/other",
            "element": [{"code": "a", "target": [{"code": "x", "equivalence": "equivalent"}]}],
            "unmapped": {"mode": "other-map", "url": "http://example.org/cm"},
        }
    ],
}


def changed(sound: Json, chance: random.Random) -> Json:
    """A broken copy that is still found: it keeps its type and URL."""
    broken = mutated(sound, chance, chance.randrange(1, 5))
    kept = broken if isinstance(broken, dict) else {}
    return {**kept, "resourceType": sound["resourceType"], "url": sound["url"]}


def some_structure(chance: random.Random) -> Json:
    if chance.random() < 0.6:
        return PROFILE
    base = Definitions.base()
    found = copied(base.structure(chance.choice(sorted(base.every("StructureDefinition")))))
    if chance.random() < 0.5:
        found.pop("snapshot", None)
    return dict(found)


@given(SEEDS)
@settings(max_examples=40)
def test_broken_profiles(seed: int) -> None:
    chance = random.Random(seed)
    profile = changed(some_structure(chance), chance)
    definitions = Definitions.base().with_resources([profile, changed(VALUE_SET, chance), CODE_SYSTEM])
    with contextlib.suppress(Unusable):
        assert definitions.snapshot(profile["url"])
    kind = profile.get("type")
    known = isinstance(kind, str) and kind in facts.resource_types()
    resource = Maker(chance.randrange(20)).resource(str(kind) if known else "Patient", 2)
    assert isinstance(
        Validator(definitions, Terminology(definitions), must_support=True).validate(resource, [profile["url"]]), list
    )


@given(SEEDS)
def test_broken_terminology(seed: int) -> None:
    chance = random.Random(seed)
    resources = [changed(each, chance) for each in (VALUE_SET, CODE_SYSTEM, CONCEPT_MAP)]
    terminology = Terminology(Definitions.base().with_resources(resources))
    for value_set in ("http://example.org/vs", resources[0]):
        assert terminology.validate_code(value_set, "http://example.org/cs", "a", display="A").result in (True, False, None)
        assert terminology.validate_code(value_set, None, "b").result in (True, False, None)
        with contextlib.suppress(Uncomputable, TooCostly):
            assert terminology.expand(value_set).total >= 0
        with contextlib.suppress(Uncomputable, TooCostly):
            assert terminology.expansion_resource(value_set, timestamp="2024-01-01", filter="a")
    terminology.knows("http://example.org/cs")
    terminology.validate_in_system("http://example.org/cs", "a", "A")
    terminology.lookup("http://example.org/cs", "a")
    terminology.subsumes("http://example.org/cs", "a", "b")
    terminology.translate("http://example.org/cs", "a", concept_map="http://example.org/cm")
    terminology.translate("http://example.org/cs", "a", source="http://example.org/vs", reverse=True)


@given(SEEDS)
@settings(max_examples=40)
def test_anything_among_the_definitions(seed: int) -> None:
    chance = random.Random(seed)
    resources = [mutated(made(chance), chance, 3) for _ in range(3)]
    with contextlib.suppress(Unusable):
        definitions = Definitions.base().with_resources([each for each in resources if isinstance(each, dict)])
        assert isinstance(Validator(definitions, Terminology(definitions)).validate(Maker(0).resource("Patient", 1)), list)


def value_set(number: int, *included: int) -> Json:
    include: list[Json] = [{"valueSet": [f"http://example.org/{each}"]} for each in included]
    include = include or [{"system": "http://example.org/cs"}]
    return {"resourceType": "ValueSet", "url": f"http://example.org/{number}", "status": "draft", "compose": {"include": include}}


@pytest.mark.parametrize(
    "sets",
    [
        [value_set(0, 0)],
        [value_set(0, 1), value_set(1, 0)],
        [*(value_set(each, each + 1) for each in range(2000)), value_set(2000)],
        [*(value_set(each, each + 1, each + 1) for each in range(40)), value_set(40)],
    ],
    ids=["of itself", "of each other", "a chain", "doubling"],
)
def test_value_sets_of_value_sets(sets: list[Json]) -> None:
    terminology = Terminology(Definitions.base().with_resources([*sets, CODE_SYSTEM]))
    assert terminology.validate_code("http://example.org/0", "http://example.org/cs", "a").result in (True, False, None)
    with contextlib.suppress(Uncomputable, TooCostly):
        terminology.expand("http://example.org/0")


def url(number: int) -> str:
    return f"http://example.org/{number}"


@pytest.mark.parametrize(
    "profiles",
    [
        [structure(url(0), url(0), [element("Patient", min=0)])],
        [structure(url(0), url(1), []), structure(url(1), url(0), [])],
        [structure(url(each), url(each + 1) if each < 299 else BASE, [element("Patient.name", min=1)]) for each in range(300)],
        [structure(url(0), BASE, [element("Patient.contained", type=[{"code": "Patient", "profile": [url(0)]}])])],
        [structure(url(0), BASE, [element("Patient.link.other", type=[{"code": "Reference", "targetProfile": [url(0)]}])])],
        [structure(url(0), BASE, [element(f"Patient.name:s{each}", max="1") for each in range(5000)])],
        [structure(url(0), BASE, [element("Patient.link.other" + ".identifier.assigner" * each, min=0) for each in range(1, 60)])],
        [structure(url(0), BASE, [element("Patient.contact", contentReference="#Patient.contact")])],
    ],
    ids=["of itself", "of each other", "a chain", "contained", "referred to", "5,000 slices", "deep", "content of itself"],
)
def test_profiles_of_profiles(profiles: list[Json]) -> None:
    inner = {"resourceType": "Patient", "id": "a", "link": [{"other": {"reference": "#a"}, "type": "seealso"}]}
    patient = {"resourceType": "Patient", "name": [{"family": "a"}], "contained": [inner], "link": inner["link"]}
    definitions = Definitions.base().with_resources(profiles)
    assert isinstance(Validator(definitions).validate(patient, [url(0)]), list)


@pytest.mark.parametrize(
    "expression", ["family.matches('(a+)+$')", "((((", "%resource.descendants().descendants()", "nobody()", ""]
)
def test_invariants_of_profiles(expression: str) -> None:
    constraints = [{"key": f"k-{each}", "severity": "error", "human": "x", "expression": expression} for each in range(20)]
    definitions = Definitions.base().with_resources([structure(url(0), BASE, [element("Patient.name", constraint=constraints)])])
    patient = {"resourceType": "Patient", "name": [{"family": "a" * 5000 + "!"}] * 3}
    assert isinstance(Validator(definitions).validate(patient, [url(0)]), list)
