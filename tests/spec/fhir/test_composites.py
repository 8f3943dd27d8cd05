"""FHIR R4 search, 3.1.1.4.14: composites keep together what belongs together."""

from __future__ import annotations

from typing import Any

import pytest

from interop.fhir import facts
from interop.fhir.searching import IndexRow, components, index_rows

Found = set[tuple[int, int, str, Any, Any]]


def composite(resource: dict[str, Any], code: str) -> Found:
    """(element, component, kind and sides of its row)."""
    rows = index_rows(resource, frozenset((code,)))
    assert all(row.kind == "composite" and isinstance(row.c, IndexRow) and row.c.parameter == str(row.b) for row in rows)
    return {(row.a, row.b, row.c.kind, row.c.a, row.c.b) for row in rows}


def concept(code: str) -> dict[str, Any]:
    return {"coding": [{"system": "urn:s", "code": code, "display": "not of a composite"}]}


PRESSURE = {
    "resourceType": "Observation",
    "code": concept("bp"),
    "component": [
        {"code": concept("sys"), "valueQuantity": {"value": 120}},
        {"code": concept("none")},
        {"code": concept("dia"), "valueQuantity": {"value": 80}},
    ],
}


def test_each_element_has_its_number() -> None:
    found = {
        (0, 0, "token", "urn:s", "sys"),
        (0, 1, "quantity", 120.0, 120.0),
        (1, 0, "token", "urn:s", "dia"),
        (1, 1, "quantity", 80.0, 80.0),
    }
    assert composite(PRESSURE, "component-code-value-quantity") == found
    assert composite(PRESSURE, "combo-code-value-quantity") == found
    assert composite(PRESSURE, "code-value-quantity") == set()


def test_the_resource_itself_may_be_the_element() -> None:
    whole = {**PRESSURE, "valueQuantity": {"value": 1}}
    assert {row[:2] for row in composite(whole, "code-value-quantity")} == {(0, 0), (0, 1)}
    assert {row[0] for row in composite(whole, "combo-code-value-quantity")} == {0, 1, 2}


@pytest.mark.parametrize(
    ("value", "code", "kind"),
    [
        ({"valueDateTime": "2024-01-01"}, "code-value-date", "date"),
        ({"valuePeriod": {"start": "2024-01-01"}}, "code-value-date", "date"),
        ({"valueString": "Red"}, "code-value-string", "string"),
        ({"valueCodeableConcept": concept("r")}, "code-value-concept", "token"),
    ],
)
def test_values_of_an_observation(value: dict[str, Any], code: str, kind: str) -> None:
    found = composite({"resourceType": "Observation", "code": concept("c"), **value}, code)
    assert {row[2] for row in found if row[1] == 1} == {kind}


def test_a_group_s_characteristic_is_a_concept_or_a_boolean() -> None:
    for value in ({"valueBoolean": True}, {"valueCodeableConcept": concept("true")}):
        group = {"resourceType": "Group", "characteristic": [{"code": concept("c"), **value}]}
        assert {(row[1], row[4]) for row in composite(group, "characteristic-value")} == {(0, "c"), (1, "true")}


def test_a_context_is_a_range() -> None:
    measure = {"resourceType": "Measure", "useContext": [{"code": {"code": "age"}, "valueRange": {"low": {"value": 5}}}]}
    assert {row[2] for row in composite(measure, "context-type-quantity")} == {"token", "quantity"}


def test_three_components_one_of_them_outside_the_element() -> None:
    sequence = {
        "resourceType": "MolecularSequence",
        "referenceSeq": {"chromosome": concept("X")},
        "variant": [{"start": 1, "end": 2}, {"start": 3, "end": 4}],
    }
    found = composite(sequence, "chromosome-variant-coordinate")
    assert {row for row in found if row[0] == 1} == {
        (1, 0, "token", "urn:s", "X"),
        (1, 1, "number", 3.0, 3.0),
        (1, 2, "number", 4.0, 4.0),
    }


def test_components_that_the_standard_has_crossed() -> None:
    """DocumentReference relationship: a code and a target, whose parameters R4 names the other way round."""
    parameter = facts.search_parameters("DocumentReference")["relationship"]
    assert [each.type for each in components("DocumentReference", parameter)] == ["token", "reference"]
    document = {
        "resourceType": "DocumentReference",
        "relatesTo": [{"code": "replaces", "target": {"reference": "DocumentReference/a"}}],
    }
    assert {(row[1], row[2]) for row in composite(document, "relationship")} == {(0, "token"), (1, "reference")}


def test_every_composite_of_r4_has_its_components() -> None:
    for kind in facts.resource_types():
        for parameter in facts.search_parameters(kind).values():
            if parameter.type == "composite":
                assert len(components(kind, parameter)) == len(parameter.components) > 1
