"""FHIR R4: what a resource must keep to, whatever its profile."""

from __future__ import annotations

from copy import deepcopy
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interop.fhir import facts
from interop.fhir.findings import ERROR, Finding
from interop.fhir.primitives import valid
from interop.fhir.validation import check

ORGANISATION = {"resourceType": "Organization", "id": "o", "name": "A"}
PATIENT: dict[str, Any] = {
    "resourceType": "Patient",
    "id": "p1",
    "meta": {"profile": ["https://fhir.hl7.org.uk/StructureDefinition/UKCore-Patient"], "versionId": "1"},
    "text": {"status": "generated", "div": '<div xmlns="http://www.w3.org/1999/xhtml">Zoë</div>'},
    "contained": [ORGANISATION],
    "extension": [{"url": "https://example.org/e", "extension": [{"url": "code", "valueCode": "x"}]}],
    "identifier": [{"system": "https://fhir.nhs.uk/Id/nhs-number", "value": "9990000018"}],
    "active": True,
    "name": [
        {"family": "Éclair", "given": ["Zoë", None], "_given": [None, {"extension": [{"url": "urn:e", "valueBoolean": True}]}]}
    ],
    "gender": "female",
    "birthDate": "1980-05",
    "_birthDate": {"extension": [{"url": "http://hl7.org/fhir/StructureDefinition/patient-birthTime", "valueDateTime": "1980"}]},
    "multipleBirthInteger": 2,
    "communication": [{"language": {"text": "Welsh"}, "preferred": False}],
    "generalPractitioner": [{"reference": "Practitioner/g1"}, {"display": "Dr A"}],
    "managingOrganization": {"reference": "#o"},
}


def found(changes: dict[str, Any], base: dict[str, Any] | None = None) -> list[tuple[str, str]]:
    """(expression, code) of the errors after the changes; None takes an element away."""
    resource = deepcopy(PATIENT if base is None else base)
    resource.update(changes)
    said = check({name: value for name, value in resource.items() if value is not None or name in ("birthDate",)})
    return [(each.expression, each.code) for each in said if each.severity == ERROR]


def test_a_sound_resource_has_no_findings() -> None:
    assert check(PATIENT) == []


@pytest.mark.parametrize(
    ("changes", "expression", "code"),
    [
        ({"birthdate": "1950-12-31"}, "Patient.birthdate", "structure"),
        ({"_birthdate": {}}, "Patient._birthdate", "structure"),
        ({"colour": "red"}, "Patient.colour", "structure"),
        # What has not the form of an element's name may hold anything.
        ({"Mary Brook": "red"}, "Patient", "structure"),
        ({"name": [{"Nan": "x"}]}, "Patient.name[0]", "structure"),
        ({"deceased": True}, "Patient.deceased", "structure"),
        ({"name": {"family": "A"}}, "Patient.name", "structure"),
        ({"name": []}, "Patient.name", "structure"),
        ({"name": ["A"]}, "Patient.name[0]", "structure"),
        ({"name": [{}]}, "Patient.name[0]", "structure"),
        ({"name": [{"given": ["A", None]}]}, "Patient.name[0].given[1]", "value"),
        ({"gender": ["male"]}, "Patient.gender", "value"),
        ({"gender": "m"}, "Patient.gender", "code-invalid"),
        ({"active": "true"}, "Patient.active", "value"),
        ({"birthDate": "1980-02-30"}, "Patient.birthDate", "value"),
        ({"birthDate": "1980-05-01T10:00:00Z"}, "Patient.birthDate", "value"),
        ({"birthDate": None}, "Patient.birthDate", "value"),
        ({"multipleBirthInteger": 2.5}, "Patient.multipleBirthInteger", "value"),
        ({"multipleBirthBoolean": True}, "Patient.multipleBirth[x]", "structure"),
        ({"communication": [{"preferred": True}]}, "Patient.communication[0].language", "required"),
        ({"managingOrganization": {"reference": "Patient/p2"}, "contained": None}, "Patient.managingOrganization", "value"),
        ({"contained": [ORGANISATION, {"resourceType": "Ward"}]}, "Patient.contained[1]", "structure"),
        ({"contained": [{**ORGANISATION, "size": 3}]}, "Patient.contained[0].size", "structure"),
        ({"extension": [{"valueCode": "x"}]}, "Patient.extension[0].url", "required"),
        ({"text": {"status": "generated"}}, "Patient.text.div", "required"),
        ({"_birthDate": []}, "Patient._birthDate", "structure"),
        ({"_birthDate": {"value": "1980"}}, "Patient._birthDate.value", "structure"),
        ({"id": "p 1"}, "Patient.id", "value"),
        ({"id": ""}, "Patient.id", "value"),
    ],
)
def test_what_is_wrong_is_named(changes: dict[str, Any], expression: str, code: str) -> None:
    assert found(changes) == [(expression, code)]


def test_a_mandatory_choice_may_take_any_form() -> None:
    request = {"resourceType": "MedicationRequest", "status": "active", "intent": "order", "subject": {"reference": "Patient/p1"}}
    assert found({}, request) == [("MedicationRequest.medication[x]", "required")]
    assert found({"medicationReference": {"reference": "Medication/m"}}, request) == []
    assert found({"medicationCodeableConcept": {"text": "A"}}, request) == []


def test_a_mandatory_primitive_may_have_extensions_in_its_place() -> None:
    absent = {"extension": [{"url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason", "valueCode": "unknown"}]}
    attester = {"resourceType": "MessageHeader", "eventUri": "urn:e", "source": {}}
    assert found({"source": {"name": "A"}}, attester) == [("MessageHeader.source.endpoint", "required")]
    assert found({"source": {"name": "A", "_endpoint": absent}}, attester) == []


def test_a_code_of_a_required_value_set_may_not_be_left_out_for_an_extension() -> None:
    absent = {"extension": [{"url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason", "valueCode": "unknown"}]}
    encounter = {"resourceType": "Encounter", "class": {"code": "IMP"}}
    assert found({}, encounter) == [("Encounter.status", "required")]
    assert found({"_status": absent}, encounter) == [("Encounter._status", "code-invalid")]


def test_a_concept_with_a_required_value_set_has_one_of_its_codings() -> None:
    system = "http://terminology.hl7.org/CodeSystem/condition-clinical"
    condition = {"resourceType": "Condition", "subject": {"reference": "Patient/p1"}}
    local = {"system": "urn:local", "code": "A"}
    assert found({"clinicalStatus": {"coding": [local, {"system": system, "code": "active"}]}}, condition) == []
    for wrong in (
        {"coding": [local]},
        {"text": "active"},
        {"coding": [{"system": system, "code": "lively"}]},
        {"coding": [{"code": "active"}]},
    ):
        assert found({"clinicalStatus": wrong}, condition) == [("Condition.clinicalStatus", "code-invalid")]


def test_open_value_sets_take_any_code() -> None:
    document = {"resourceType": "Binary", "contentType": "application/x-anything", "data": "QUJD"}
    assert found({}, document) == []


def test_resources_inside_a_bundle_are_checked() -> None:
    bundle = {
        "resourceType": "Bundle",
        "type": "collection",
        "entry": [
            {"fullUrl": "urn:uuid:c757873d-ec9a-4326-a141-556f43239520", "resource": PATIENT},
            {"fullUrl": "urn:uuid:c757873d-ec9a-4326-a141-556f43239521", "resource": {"resourceType": "Encounter"}},
        ],
    }
    assert found({}, bundle) == [("Bundle.entry[1].resource.status", "required"), ("Bundle.entry[1].resource.class", "required")]


def test_content_that_repeats_is_checked_at_every_depth() -> None:
    form = {
        "resourceType": "QuestionnaireResponse",
        "status": "completed",
        "item": [{"linkId": "1", "item": [{"linkId": "2", "item": [{}]}]}],
    }
    assert ("QuestionnaireResponse.item[0].item[0].item[0].linkId", "required") in found({}, form)


def test_messages_never_hold_the_value() -> None:
    for each in check({**PATIENT, "birthDate": "SECRET", "gender": "SECRET", "id": "SECRET SECRET", "SECRET name £": 1}):
        assert "SECRET" not in each.message + each.expression
    assert check({"resourceType": "SECRET"}) == [Finding("error", "Resource", "structure", "has no resourceType of R4")]


@pytest.mark.parametrize("resource", [None, [], "Patient", 1, {}, {"resourceType": None}])
def test_what_is_no_resource(resource: Any) -> None:
    assert [each.code for each in check(resource)] == ["structure"]


def test_nesting_without_end_is_a_finding() -> None:
    resource: dict[str, Any] = {"resourceType": "Patient"}
    inner = resource
    for _ in range(5_000):
        inner["extension"] = [{"url": "urn:e"}]
        inner = inner["extension"][0]
    assert [each.code for each in check(resource)] == ["too-costly"]


@pytest.mark.parametrize(
    ("datatype", "good", "bad"),
    [
        ("base64Binary", ["QUJD", "QUI=", "QU JD\n"], ["", "QUJ", "QU=JD", "Q*JD"]),
        ("boolean", [True], [1, "true", None]),
        ("canonical", ["http://example.org/a|1"], ["a b", ""]),
        ("code", ["a", "a b"], ["", " a", "a  b", "a "]),
        ("date", ["2024", "2024-02", "2024-02-29"], ["2023-02-29", "2024-2", "2024-02-01T00:00:00Z", 2024]),
        (
            "dateTime",
            ["2024", "2024-02-03T10:11:12Z", "2024-02-03T10:11:12.5+01:00"],
            ["2024-02-03T10:11", "2024-02-03T10:11:12", "now"],
        ),
        ("decimal", [1, 1.5, Decimal("1.50"), -3], ["1.5", True]),
        ("id", ["a-1.B"], ["a_b", "a" * 65]),
        ("instant", ["2024-02-03T10:11:12Z"], ["2024-02-03"]),
        ("integer", [-(2**31), 2**31 - 1], [2**31, 1.0, "1", False]),
        ("oid", ["urn:oid:2.16.840"], ["2.16.840", "urn:oid:3.1", "urn:oid:1.01"]),
        ("positiveInt", [1], [0, -1]),
        ("string", ["a", " a\n", "é"], ["", "a\x00", 1]),
        ("time", ["09:05:00", "23:59:60.5"], ["24:00:00", "09:05"]),
        ("unsignedInt", [0], [-1]),
        ("uri", ["urn:x"], ["a b", ""]),
        ("uuid", ["urn:uuid:c757873d-ec9a-4326-a141-556f43239520"], ["c757873d-ec9a-4326-a141-556f43239520"]),
        ("xhtml", ['<div xmlns="http://www.w3.org/1999/xhtml">a</div>'], ["a", "<p>a</p>"]),
    ],
)
def test_primitives(datatype: str, good: list[Any], bad: list[Any]) -> None:
    assert [each for each in good if not valid(datatype, each)] == []
    assert [each for each in bad if valid(datatype, each)] == []


NAMES = ["url", "extension", "coding", "value", "reference", "resourceType", "_value"]
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=4),
    max_leaves=8,
)


@given(st.data())
def test_nothing_is_ever_raised(data: st.DataObject) -> None:
    kind = data.draw(st.sampled_from(["Patient", "Bundle", "Observation", "Parameters"]))
    names = sorted(facts.block(kind))
    names += ["_" + name for name in names]
    resource = data.draw(st.dictionaries(st.sampled_from(names), ANYTHING, max_size=5))
    assert all(isinstance(each, Finding) for each in check({**resource, "resourceType": kind}))
