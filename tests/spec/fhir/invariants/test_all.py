"""FHIR R4: every invariant is judged, natively or by its FHIRPath."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from interop.fhir import facts
from interop.fhir.facts import Invariant
from interop.fhir.fhirpath import Environment, Item, compile
from interop.fhir.tables import table
from interop.fhir.validation import check
from interop.fhir.validation.invariants import evaluate
from interop.fhir.validation.invariants.known import STRUCTURAL
from tests.spec.fhir.invariants.generated import Maker


def stated() -> dict[str, tuple[str, Invariant]]:
    """Every invariant that has an expression to evaluate, with the type of what it is about."""
    found: dict[str, tuple[str, Invariant]] = {}
    for block in table("structures"):
        for each in facts.invariants(block):
            found.setdefault(f"{each.key} {each.expression}", (block, each))
        for name, element in facts.block(block).items():
            for each in facts.element_invariants(f"{block}.{name}") if element.block else ():
                found.setdefault(f"{each.key} {each.expression}", (element.block, each))
    return found


def test_r4_has_237_keys() -> None:
    assert len({each.key for _, each in stated().values()}) == 237


def test_every_expression_is_evaluated() -> None:
    """None raises over values of its own type."""
    for block, invariant in stated().values():
        if invariant.key not in STRUCTURAL and not facts.is_primitive(block):
            expression = compile(invariant.expression)
            maker = Maker(invariant.expression, Random(invariant.key))
            for _ in range(3):
                value = maker.object(block)
                expression.evaluate(Item(value, block), Environment(resource=value, root_resource=value))


TEXT = {"status": "generated", "div": '<div xmlns="http://www.w3.org/1999/xhtml">A</div>'}
BASE: dict[str, dict[str, Any]] = {
    "Patient": {},
    "Observation": {"status": "final", "code": {"text": "A"}},
    "Encounter": {"status": "planned", "class": {"system": "urn:c", "code": "A"}},
    "Condition": {"subject": {"reference": "Patient/1"}},
    "Organization": {"name": "A"},
    "Questionnaire": {"status": "draft", "name": "A"},
    "MedicationRequest": {
        "status": "active",
        "intent": "order",
        "subject": {"reference": "Patient/1"},
        "medicationCodeableConcept": {"text": "A"},
    },
    "StructureDefinition": {
        "url": "urn:s",
        "name": "A",
        "status": "draft",
        "kind": "resource",
        "abstract": False,
        "type": "Patient",
        "baseDefinition": "http://hl7.org/fhir/StructureDefinition/Patient",
        "derivation": "constraint",
    },
}


def said(kind: str, **members: Any) -> list[tuple[str, str, str]]:
    """(severity, expression, rule) of the findings of a resource."""
    return [
        (each.severity, each.expression, each.rule) for each in check({"resourceType": kind, "text": TEXT, **BASE[kind], **members})
    ]


@pytest.mark.parametrize("kind", sorted(BASE.keys() - {"StructureDefinition"}))
def test_a_sound_resource_breaks_none(kind: str) -> None:
    assert said(kind) == []


@pytest.mark.parametrize(
    ("kind", "members", "expected"),
    [
        ("Patient", {"contact": [{"gender": "male"}]}, ("error", "Patient.contact[0]", "pat-1")),
        ("Patient", {"telecom": [{"value": "1"}]}, ("error", "Patient.telecom[0]", "cpt-2")),
        ("Patient", {"extension": [{"url": "urn:e"}]}, ("error", "Patient.extension[0]", "ext-1")),
        ("Patient", {"name": [{"id": "a"}]}, ("error", "Patient.name[0]", "ele-1")),
        ("Patient", {"photo": [{"data": "QUJD"}]}, ("error", "Patient.photo[0]", "att-1")),
        ("Patient", {"text": {**TEXT, "div": TEXT["div"].replace("A", " ")}}, ("error", "Patient.text.div", "txt-2")),
        ("Encounter", {"period": {"start": "2024-02", "end": "2024-01"}}, ("error", "Encounter.period", "per-1")),
        ("Encounter", {"length": {"code": "min"}}, ("error", "Encounter.length", "drt-1")),
        ("Observation", {"valueQuantity": {"value": 1, "code": "mg"}}, ("error", "Observation.valueQuantity", "qty-3")),
        ("Observation", {"referenceRange": [{"appliesTo": [{"text": "A"}]}]}, ("error", "Observation.referenceRange[0]", "obs-3")),
        ("Organization", {"address": [{"use": "home", "text": "A"}]}, ("error", "Organization.address[0]", "org-2")),
        ("Condition", {"abatementString": "A"}, ("error", "Condition", "con-4")),
        ("Questionnaire", {"name": "a-b"}, ("warning", "Questionnaire", "que-0")),
        ("Questionnaire", {"item": [{"linkId": "1", "type": "group"}]}, ("error", "Questionnaire.item[0]", "que-1")),
        (
            "Questionnaire",
            {"item": [{"linkId": "1", "type": "string"}, {"linkId": "1", "type": "string"}]},
            ("error", "Questionnaire", "que-2"),
        ),
        ("MedicationRequest", {"dosageInstruction": [{"timing": {"repeat": {"period": 1}}}]},
         ("error", "MedicationRequest.dosageInstruction[0].timing.repeat", "tim-2")),
        ("StructureDefinition", {}, ("error", "StructureDefinition", "sdf-6")),
    ],
)  # fmt: skip
def test_a_broken_one_is_told_by_its_key(kind: str, members: dict[str, Any], expected: tuple[str, str, str]) -> None:
    assert expected in said(kind, **members)


def test_a_resource_should_have_a_narrative_but_a_contained_one_need_not() -> None:
    organisation = {"resourceType": "Organization", "id": "o", "name": "A"}
    patient = {"resourceType": "Patient", "contained": [organisation], "managingOrganization": {"reference": "#o"}}
    assert [(each.severity, each.expression, each.rule) for each in check(patient)] == [("warning", "Patient", "dom-6")]


def test_what_gives_nothing_does_not_hold() -> None:
    """As HL7's validator has it: whether a day comes before a time of that day cannot be said."""
    assert ("error", "Encounter.period", "per-1") in said(
        "Encounter", period={"start": "2024-02-03", "end": "2024-02-03T10:00:00Z"}
    )


def test_a_constraint_of_a_profile_is_judged_at_a_node() -> None:
    constraint = {"key": "x-1", "severity": "warning", "human": "Has a name", "expression": "name.exists()"}
    broken = evaluate(constraint, Item({}, "Patient"), Environment())
    assert broken is not None
    assert (broken.severity, broken.code, broken.message, broken.rule) == ("warning", "invariant", "x-1: Has a name", "x-1")
    assert evaluate(constraint, Item({"name": [{"text": "A"}]}, "Patient"), Environment()) is None


@pytest.mark.parametrize("expression", ["name.", "name.first().nosuch()", "%nosuch"])
def test_one_that_cannot_be_evaluated_is_a_warning(expression: str) -> None:
    finding = evaluate(
        {"key": "x-1", "severity": "error", "human": "", "expression": expression}, Item({}, "Patient"), Environment()
    )
    assert finding is not None
    assert (finding.severity, finding.code, finding.message) == ("warning", "exception", "x-1 could not be evaluated")
