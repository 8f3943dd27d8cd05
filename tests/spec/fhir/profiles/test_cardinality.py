"""Cardinality: how often an element is there (FHIR R4, ElementDefinition.min and max)."""

from __future__ import annotations

from tests.spec.fhir.profiles.kit import CORE, OURS, element, errors, findings, profile, said, slicing

MANDATORY = profile("Patient", element("Patient.birthDate", min=1))


def test_an_element_that_the_profile_makes_mandatory_must_be_there() -> None:
    """min 1 where R4 has 0."""
    assert errors({"resourceType": "Patient", "active": True}, MANDATORY) == [("Patient.birthDate", "cardinality")]
    assert errors({"resourceType": "Patient", "birthDate": "1985-04-12"}, MANDATORY) == []


def test_a_primitive_with_an_extension_and_no_value_is_there() -> None:
    """The element exists, though its value does not."""
    absent = {"extension": [{"url": CORE + "data-absent-reason", "valueCode": "unknown"}]}
    assert errors({"resourceType": "Patient", "_birthDate": absent}, MANDATORY) == []


def test_an_element_that_the_profile_prohibits_must_not_be_there() -> None:
    """max 0."""
    without = profile("Patient", element("Patient.photo", max="0"))
    assert errors({"resourceType": "Patient", "photo": [{"url": "https://example.org/photo"}]}, without) == [
        ("Patient.photo", "cardinality")
    ]
    assert errors({"resourceType": "Patient", "active": True}, without) == []


def test_an_element_is_there_no_more_often_than_the_profile_allows() -> None:
    """max 1 where R4 has no end: the JSON is an array all the same."""
    one = profile("Patient", element("Patient.name", max="1"))
    assert errors({"resourceType": "Patient", "name": [{"family": "Ames"}]}, one) == []
    assert errors({"resourceType": "Patient", "name": [{"family": "Ames"}, {"family": "Byrne"}]}, one) == [
        ("Patient.name", "cardinality")
    ]


def test_children_are_asked_of_every_occurrence_that_is_there() -> None:
    """A mandatory child of an optional element is missed only where the element is; the expression says which one."""
    family = profile("Patient", element("Patient.name.family", min=1))
    assert errors({"resourceType": "Patient", "active": True}, family) == []
    patient = {"resourceType": "Patient", "name": [{"family": "Ames"}, {"given": ["Bo"]}]}
    assert errors(patient, family) == [("Patient.name[1].family", "cardinality")]


def test_elements_of_a_backbone_are_reached() -> None:
    """Patient.contact.relationship, two levels down."""
    contact = profile("Patient", element("Patient.contact.relationship", min=1))
    assert errors({"resourceType": "Patient", "contact": [{"name": {"text": "Cal"}}]}, contact) == [
        ("Patient.contact[0].relationship", "cardinality")
    ]


def test_extensions_of_a_primitive_are_reached() -> None:
    """They are in its _name sibling."""
    url = CORE + "patient-birthTime"
    timed = profile(
        "Patient",
        element("Patient.birthDate.extension", slice="time", min=1, type=[{"code": "Extension", "profile": [url]}]),
    )
    time = {"extension": [{"url": url, "valueDateTime": "1985-04-12T09:00:00Z"}]}
    assert errors({"resourceType": "Patient", "birthDate": "1985-04-12", "_birthDate": time}, timed) == []
    assert errors({"resourceType": "Patient", "birthDate": "1985-04-12"}, timed) == [("Patient.birthDate.extension", "slicing")]


def test_a_choice_counts_in_any_of_its_forms() -> None:
    """value[x] with min 1."""
    value = profile("Observation", element("Observation.value[x]", min=1))
    plain = {"resourceType": "Observation", "status": "final", "code": {"text": "colour"}}
    assert errors(plain, value) == [("Observation.value[x]", "cardinality")]
    assert errors({**plain, "valueString": "amber"}, value) == []
    assert errors({**plain, "valueInteger": 3}, value) == []


def test_what_an_item_says_holds_for_items_within_items() -> None:
    """contentReference: Questionnaire.item.item is as Questionnaire.item."""
    texts = profile("Questionnaire", element("Questionnaire.item.text", min=1))
    inner = {"linkId": "1.1", "type": "string"}
    outer = {"linkId": "1", "type": "group", "text": "About you", "item": [inner]}
    form = {"resourceType": "Questionnaire", "status": "draft", "item": [outer]}
    assert errors(form, texts) == [("Questionnaire.item[0].item[0].text", "cardinality")]
    assert errors({**form, "item": [{**outer, "item": [{**inner, "text": "Name"}]}]}, texts) == []


def test_a_slice_of_a_repeated_element_that_is_walked_into_has_a_content_of_its_own() -> None:
    """What Parameters.parameter demands of its name is not asked of a part for which the profile says another name."""
    group = profile(
        "Parameters",
        element("Parameters.parameter.name", patternString="ward"),
        element("Parameters.parameter.part", slicing=slicing("value", "name")),
        element("Parameters.parameter.part", slice="bed", min=1),
        element("Parameters.parameter.part.name", fixedString="bed"),
        element("Parameters.parameter.part.value[x]", min=1),
    )
    bed = {"name": "bed", "valueString": "4"}
    assert errors({"resourceType": "Parameters", "parameter": [{"name": "ward", "part": [bed]}]}, group) == []
    empty = {"name": "bed", "resource": {"resourceType": "Patient", "active": True}}
    wrong = errors({"resourceType": "Parameters", "parameter": [{"name": "ward", "part": [empty]}]}, group)
    assert wrong == [("Parameters.parameter[0].part[0].value[x]", "cardinality")]


def test_a_finding_names_the_profile_whose_rule_it_is() -> None:
    """Findings of base R4 name none."""
    found = findings({"resourceType": "Patient", "name": []}, MANDATORY)
    assert {(each.expression, each.profile) for each in found if each.severity == "error"} == {
        ("Patient.name", ""),
        ("Patient.birthDate", OURS + "Ours"),
    }


def test_must_support_is_reported_where_it_is_asked_for() -> None:
    """mustSupport says nothing of an instance: an absent element is information, and only on demand."""
    supported = profile("Patient", element("Patient.gender", mustSupport=True))
    assert said(findings({"resourceType": "Patient", "active": True}, supported), "information", ["must-support"]) == []
    asked = findings({"resourceType": "Patient", "active": True}, supported, must_support=True)
    assert said(asked, "information", ["must-support"]) == [("Patient.gender", "must-support")]
    there = findings({"resourceType": "Patient", "gender": "female"}, supported, must_support=True)
    assert said(there, "information", ["must-support"]) == []
