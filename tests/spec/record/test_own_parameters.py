"""SearchParameter resources of clients: which take effect, and on what (FHIR R4, searchparameter.html)."""

from __future__ import annotations

from typing import Any

import pytest

from interop.fhir import facts
from interop.record.indexing import Indexing


def definition(**parts: Any) -> dict[str, Any]:
    """A parameter of a Patient's marital status, otherwise as named; None leaves a part out."""
    made = {
        "resourceType": "SearchParameter",
        "url": "http://example.org/sp/marital",
        "status": "active",
        "code": "marital",
        "base": ["Patient"],
        "type": "token",
        "expression": "Patient.maritalStatus",
        **parts,
    }
    return {name: value for name, value in made.items() if value is not None}


def added(*definitions: dict[str, Any] | None) -> dict[str, set[str]]:
    """The codes that definitions add, by type."""
    indexing = Indexing()
    indexing.heard({f"d{number}": each for number, each in enumerate(definitions)})
    return {kind: codes for kind in sorted(facts.resource_types()) if (codes := {each.code for each in indexing.own(kind)})}


@pytest.mark.parametrize("status", ["active", "draft"])
def test_one_in_use_takes_effect(status: str) -> None:
    assert added(definition(status=status)) == {"Patient": {"marital"}}


@pytest.mark.parametrize(
    "parts",
    [
        {"status": "retired"},
        {"status": None},
        {"code": "name"},
        {"code": "a:b"},
        {"code": "_own"},
        {"type": "special"},
        {"type": "date"},
        {"base": ["Nobody"]},
        {"expression": None},
        {"expression": "Patient.maritalStatus.first("},
        {"expression": "Patient.name.frist()"},
        {"expression": "Observation.code"},
        {"expression": "a" * 3000},
        {"expression": "Patient.extension.value.extension.value.extension.value"},
        {"status": ["active"]},
        {"base": [["Patient"]]},
    ],
)
def test_what_cannot_be_indexed_or_is_r4_s_takes_none(parts: dict[str, Any]) -> None:
    assert added(definition(**parts)) == {}


@pytest.mark.parametrize(
    ("kind", "expression", "found"),
    [
        ("string", "Patient.name.where(use = 'official' and family.exists()).given.first()", {"zoe"}),
        ("string", "Patient.extension.where(url = 'urn:race').value.text", {"mixed"}),
        ("string", "Patient.name.select(given.first() + ' ' + family)", {"zoe eclair", "ann eclair"}),
        ("token", "Patient.extension.where(url = 'urn:race').value.coding", {"urn:s"}),
        ("token", "Patient.name.count() > 1", {""}),
        ("number", "Patient.name.count()", {2.0}),
        ("reference", "Patient.generalPractitioner.where(resolve() is Practitioner).first()", {"Practitioner/1"}),
        ("string", "Patient.name.given & 'two are given'", set()),
    ],
)
def test_expressions_of_any_shape(kind: str, expression: str, found: set[object]) -> None:
    patient = {
        "resourceType": "Patient",
        "name": [
            {"use": "official", "given": ["Zoë", "Ann"], "family": "Éclair"},
            {"use": "old", "given": ["Ann"], "family": "Éclair"},
        ],
        "extension": [{"url": "urn:race", "valueCodeableConcept": {"coding": [{"system": "urn:s", "code": "m"}], "text": "Mixed"}}],
        "generalPractitioner": [{"reference": "Organization/1"}, {"reference": "Practitioner/1"}],
    }
    indexing = Indexing()
    indexing.heard({"d": definition(code="own", type=kind, expression=expression)})
    assert [each.code for each in indexing.own("Patient")] == ["own"]
    assert {row.a for row in indexing.rows_of(patient, "own") if row.kind == kind} == found


def test_of_several_types_those_count_that_r4_has_no_such_parameter_for() -> None:
    parts = {"code": "gender", "base": ["Patient", "Group"], "expression": "Patient.gender | Group.type"}
    assert added(definition(**parts)) == {"Group": {"gender"}}


def test_one_of_every_resource() -> None:
    found = added(definition(code="lang", base=["Resource"], type="token", expression="Resource.language"))
    assert found.keys() == facts.resource_types()
    assert set.union(*found.values()) == {"lang"}


def test_of_two_with_one_code_the_first_counts() -> None:
    indexing = Indexing()
    indexing.heard({"b": definition(expression="Patient.gender"), "a": definition()})
    assert [each.expression for each in indexing.own("Patient")] == ["Patient.maritalStatus"]
    indexing.heard({"a": None})
    assert [each.expression for each in indexing.own("Patient")] == ["Patient.gender"]


def test_a_composite_names_r4_s_parameters_by_url() -> None:
    parts = [
        {"definition": "http://hl7.org/fhir/SearchParameter/individual-address-use", "expression": "use"},
        {"definition": "http://hl7.org/fhir/SearchParameter/individual-address-city|4.0.1", "expression": "city"},
    ]
    both = definition(code="use-city", type="composite", expression="Patient.address", component=parts)
    assert added(both) == {"Patient": {"use-city"}}
    indexing = Indexing()
    indexing.heard({"a": both})
    rows = indexing.rows({"resourceType": "Patient", "address": [{"use": "home", "city": "Leeds"}]})
    assert {(row.b, row.c.kind) for row in rows if row.parameter == "use-city"} == {(0, "token"), (1, "string")}
    parts[0]["definition"] = "http://example.org/sp/use"
    assert added(definition(code="use-city", type="composite", expression="Patient.address", component=parts)) == {}


def test_it_is_answered_once_everything_is_indexed() -> None:
    indexing = Indexing()
    before = indexing.digest("Patient")
    assert indexing.heard({"a": definition()})
    assert indexing.waiting("Patient") == {"marital"}
    assert "marital" not in indexing.parameters("Patient")
    assert indexing.digest("Patient") != before
    revision = indexing.revision
    indexing.ready("Patient", indexing.own("Patient"))
    assert indexing.revision > revision
    assert not indexing.waiting("Patient")
    assert indexing.parameters("Patient")["marital"].type == "token"
    assert indexing.heard({"a": definition(status="retired")})
    assert "marital" not in indexing.parameters("Patient")
    assert indexing.digest("Patient") == before
