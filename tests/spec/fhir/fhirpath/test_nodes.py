"""FHIR R4, FHIRPath (2.1.9.1): how paths go over resources."""

from __future__ import annotations

from typing import Any

import pytest

from interop.fhir.fhirpath import Environment, FhirPathError, Item, compile
from interop.formats.json import Number

PATIENT: dict[str, Any] = {
    "resourceType": "Patient",
    "id": "p1",
    "birthDate": "1980-05-01",
    "_birthDate": {"extension": [{"url": "http://example.org/time", "valueDateTime": "1980-05-01T10:00:00Z"}]},
    "_gender": {"id": "g", "extension": [{"url": "http://example.org/absent", "valueCode": "unknown"}]},
    "multipleBirthInteger": 2,
    "name": [{"family": "Éclair", "given": ["Zoë", None, "Anne"], "_given": [None, {"id": "second"}]}],
    "contact": [{"name": {"family": "Oak"}, "relationship": [{"text": "friend"}]}],
    "contained": [{"resourceType": "Organization", "id": "o1", "name": "Ward", "partOf": {"reference": "#"}}],
    "managingOrganization": {"reference": "#o1"},
}


def values(text: str, resource: dict[str, Any] = PATIENT, environment: Environment | None = None) -> list[Any]:
    return [item.value for item in compile(text).evaluate(resource, environment)]


def kinds(text: str, resource: dict[str, Any] = PATIENT) -> list[str]:
    return [item.type for item in compile(text).evaluate(resource)]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Patient.birthDate", ["date"]),
        ("name", ["HumanName"]),
        ("contact", ["Patient.contact"]),
        ("contact.relationship", ["CodeableConcept"]),
        ("multipleBirth", ["integer"]),
        ("contained", ["Organization"]),
        ("id", ["id"]),
        ("name.given.count()", ["System.Integer"]),
        ("birthDate.extension.value", ["dateTime"]),
    ],
)
def test_every_node_knows_its_type(text: str, found: list[str]) -> None:
    assert kinds(text) == found


def test_a_backbone_element_is_one_by_type() -> None:
    assert values("contact.type().name") == ["BackboneElement"]
    assert values("contact.is(BackboneElement) and contact.is(Element)") == [True]


def test_content_that_repeats_itself_keeps_its_type() -> None:
    questionnaire = {"resourceType": "Questionnaire", "item": [{"linkId": "1", "item": [{"linkId": "1.1"}]}]}
    assert kinds("item.item", questionnaire) == ["Questionnaire.item"]
    assert values("repeat(item).linkId", questionnaire) == ["1", "1.1"]


def test_a_choice_is_named_by_its_stem() -> None:
    assert values("multipleBirth = 2") == [True]
    with pytest.raises(FhirPathError):
        values("multipleBirthInteger")
    assert values("multipleBirthInteger", environment=Environment(polymorphic=True)) == [2]


def test_a_primitive_may_have_extensions_and_no_value() -> None:
    assert values("gender.exists()") == [True]
    assert values("gender.hasValue()") == [False]
    assert values("gender.extension('http://example.org/absent').value") == ["unknown"]
    assert values("gender = 'male'") == []


def test_repeating_primitives_go_with_their_shadows() -> None:
    assert values("name.given") == ["Zoë", None, "Anne"]
    assert values("name.given.id") == ["second"]
    assert values("name.given.select(hasValue())") == [True, False, True]


def test_a_type_name_starts_a_path_over_that_type_or_one_built_on_it() -> None:
    assert values("Patient.id") == values("Resource.id") == values("DomainResource.id") == ["p1"]
    assert values("Observation.id") == []


def test_what_a_type_lacks_is_empty_or_in_strict_mode_an_error() -> None:
    assert values("name.surname") == []
    with pytest.raises(FhirPathError):
        values("name.surname", environment=Environment(strict=True))


@pytest.mark.parametrize("text", ["name.surname", "children().first()", "(multipleBirth as integer).unit", "name.where(x = 1)"])
def test_the_text_alone_shows_an_error(text: str) -> None:
    with pytest.raises(FhirPathError):
        compile(text).check("Patient")


@pytest.mark.parametrize("text", ["name.family", "Patient.name.given", "contact.select(name | id)", "children().exists()"])
def test_the_text_alone_suits_a_type(text: str) -> None:
    compile(text).check("Patient")


def test_contained_resources_resolve() -> None:
    assert values("managingOrganization.resolve().name") == ["Ward"]
    assert values("managingOrganization.resolve() is Organization") == [True]
    assert values("contained.partOf.resolve().id", environment=Environment(resource=PATIENT)) == ["p1"]


def test_entries_of_a_bundle_resolve() -> None:
    bundle = {
        "resourceType": "Bundle",
        "entry": [
            {"fullUrl": "http://example.org/fhir/Patient/p1", "resource": {"resourceType": "Patient", "id": "p1", "active": True}},
            {"fullUrl": "urn:uuid:1", "resource": {"resourceType": "Observation", "subject": {"reference": "Patient/p1"}}},
        ],
    }
    assert values("Bundle.entry.resource.ofType(Observation).subject.resolve().active", bundle) == [True]


def test_other_references_are_asked_of_the_environment() -> None:
    asked: list[str] = []

    def find(reference: str) -> dict[str, Any] | None:
        asked.append(reference)
        return {"resourceType": "Practitioner", "id": "x"} if reference == "Practitioner/x" else None

    patient = {"resourceType": "Patient", "generalPractitioner": [{"reference": "Practitioner/x"}, {"reference": "Practitioner/y"}]}
    assert values("generalPractitioner.resolve().id", patient, Environment(resolve=find)) == ["x"]
    assert asked == ["Practitioner/x", "Practitioner/y"]


def test_children_are_those_of_the_json() -> None:
    assert sorted(set(kinds("children()"))) == [
        *("HumanName", "Organization", "Patient.contact", "Reference", "code", "date", "id", "integer"),
    ]
    assert values("name.children().count()") == [4]


def test_json_of_no_known_type_is_walked_as_it_is() -> None:
    found = compile("parts.name").evaluate(Item({"parts": [{"name": "a"}, {"name": "b"}]}, ""))
    assert [item.value for item in found] == ["a", "b"]


def test_numbers_keep_their_precision() -> None:
    observation = {"resourceType": "Observation", "valueQuantity": {"value": Number("72.50"), "unit": "kg"}}
    assert values("value.value.toString()", observation) == ["72.50"]
    assert values("value.value = 72.5", observation) == [True]
    assert values("value.value.precision()", observation) == [2]


def test_a_quantity_compares_with_literals_in_any_unit_of_its_kind() -> None:
    observation = {
        "resourceType": "Observation",
        "valueQuantity": {"value": 72.5, "unit": "kg", "system": "http://unitsofmeasure.org", "code": "kg"},
    }
    assert values("value > 72000 'g' and value = 72500.0 'g'", observation) == [True]
    assert values("value > 3 'm'", observation) == []


def test_a_unit_of_another_system_is_like_nothing_but_itself() -> None:
    local = {"resourceType": "Observation", "valueQuantity": {"value": 1, "system": "http://example.org/units", "code": "g"}}
    assert values("value = 1 'g'", local) == []
    assert values("value = value", local) == [True]
