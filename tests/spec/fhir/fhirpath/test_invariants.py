"""The invariants of R4 itself: every one compiles, and they hold on HL7's examples."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from interop.fhir import facts
from interop.fhir.definitions import Definitions
from interop.fhir.fhirpath import Environment, FhirPathError, Item, compile
from interop.fhir.fhirpath.environment import State
from interop.fhir.fhirpath.navigation import named_children
from interop.formats.json import load_json


@cache
def _rules() -> dict[str, list[tuple[str, str]]]:
    """Path -> (key, expression) of the errors."""
    definitions = Definitions.base()
    found: dict[str, list[tuple[str, str]]] = {}
    for url in definitions.every("StructureDefinition"):
        structure = definitions.structure(url)
        if structure and structure.get("derivation") != "constraint":
            for element in definitions.snapshot(url):
                for rule in element.get("constraint", ()):
                    if rule["severity"] == "error" and rule.get("expression"):
                        found.setdefault(element["path"], []).append((rule["key"], rule["expression"]))
    return found


def test_every_invariant_compiles() -> None:
    rules = {rule for each in _rules().values() for rule in each}
    assert len({key for key, _ in rules}) > 200
    for _, expression in sorted(rules):
        compile(expression)


def _broken(item: Item, path: str, environment: Environment, state: State) -> Iterator[tuple[str, str]]:
    """The keys of rules that are not true or empty, with where."""
    for key, expression in dict.fromkeys((*_rules().get(path, ()), *_rules().get(item.type, ()))):
        if compile(expression).truth(item, environment) is False:
            yield key, path
    for name, children in named_children(item, state):
        for child in children:
            if facts.kind(child.type) == "resource":
                root = environment.root_resource if name == "contained" else child.value
                yield from _broken(child, child.type, Environment(resource=child.value, root_resource=root), state)
            else:
                below = child.type if "." in child.type else f"{path}.{name}"
                yield from _broken(child, below, environment, state)


def test_they_hold_on_the_published_examples(shared: Callable[[str], Path]) -> None:
    broken: dict[str, set[tuple[str, str]]] = {}
    count = 0
    for file in sorted(shared("conformance/fhirpath/examples").glob("*.json")):
        resource: Any = load_json(file.read_bytes())
        if isinstance(resource, dict) and facts.kind(str(resource.get("resourceType"))) == "resource":
            count += 1
            environment = Environment(resource=resource, root_resource=resource)
            found = set(_broken(Item.of(resource), resource["resourceType"], environment, State(Environment(), [])))
            if found:
                broken[file.stem] = found
    assert count > 60
    # A code is there twice on purpose: testCombine1 of the official tests looks for it.
    assert broken == {"codesystem-example": {("csd-1", "CodeSystem")}}


@pytest.mark.parametrize(
    ("key", "path", "resource"),
    [
        ("pat-1", "Patient.contact", {"resourceType": "Patient", "contact": [{"gender": "male"}]}),
        ("per-1", "Patient.name.period", {"resourceType": "Patient", "name": [{"period": {"start": "2021", "end": "2020"}}]}),
        ("cpt-2", "Patient.telecom", {"resourceType": "Patient", "telecom": [{"value": "1"}]}),
        ("obs-6", "Observation", {"resourceType": "Observation", "valueString": "x", "dataAbsentReason": {"text": "y"}}),
        ("obs-3", "Observation.referenceRange", {"resourceType": "Observation", "referenceRange": [{"type": {"text": "x"}}]}),
        ("dom-2", "Patient", {"resourceType": "Patient", "contained": [{"resourceType": "Group", "contained": [{}]}]}),
        ("dom-3", "Patient", {"resourceType": "Patient", "contained": [{"resourceType": "Group", "id": "g"}]}),
        ("ref-1", "Patient.managingOrganization", {"resourceType": "Patient", "managingOrganization": {"reference": "#x"}}),
        ("bdl-7", "Bundle", {"resourceType": "Bundle", "type": "batch", "entry": [{"fullUrl": "urn:a"}, {"fullUrl": "urn:a"}]}),
        ("qty-3", "Observation.value", {"resourceType": "Observation", "valueQuantity": {"value": 1, "code": "g"}}),
        ("ext-1", "Patient.extension", {"resourceType": "Patient", "extension": [{"url": "urn:a"}]}),
        ("que-2", "Questionnaire", {"resourceType": "Questionnaire", "item": [{"linkId": "1"}, {"linkId": "1"}]}),
        (
            "sdf-1",
            "StructureDefinition",
            {"resourceType": "StructureDefinition", "derivation": "specialization", "snapshot": {"element": [{"path": "A"}] * 2}},
        ),
    ],
)
def test_what_breaks_one_is_found(key: str, path: str, resource: dict[str, Any]) -> None:
    environment = Environment(resource=resource, root_resource=resource)
    found = set(_broken(Item.of(resource), resource["resourceType"], environment, State(Environment(), [])))
    assert (key, path) in found


def test_as_over_several_items_filters_unless_strict() -> None:
    """R4's dom-3 casts all descendants; FHIRPath itself allows one item."""
    patient = {"resourceType": "Patient", "name": [{"family": "A"}, {"family": "B"}]}
    assert len(compile("name.as(HumanName)").evaluate(patient)) == 2
    with pytest.raises(FhirPathError):
        compile("name.as(HumanName)").evaluate(patient, Environment(strict=True))
