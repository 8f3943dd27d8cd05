"""Bindings and codings: coded values against value sets and code systems (FHIR R4, terminologies, section 4.1.5)."""

from __future__ import annotations

from typing import Any

import pytest

from interop.fhir.findings import Findings
from tests.spec.fhir.profiles.kit import OURS, Json, element, findings, profile, said, validator

COLOURS = "https://example.org/CodeSystem/colours"
SYSTEM: Json = {
    "resourceType": "CodeSystem",
    "url": COLOURS,
    "status": "active",
    "content": "complete",
    "caseSensitive": True,
    "property": [{"code": "inactive", "uri": "http://hl7.org/fhir/concept-properties#inactive", "type": "boolean"}],
    "concept": [
        {"code": "red", "display": "Red"},
        {"code": "blue", "display": "Blue"},
        {"code": "mauve", "display": "Mauve", "property": [{"code": "inactive", "valueBoolean": True}]},
    ],
}
WARM: Json = {
    "resourceType": "ValueSet",
    "url": "https://example.org/ValueSet/warm",
    "status": "active",
    "compose": {"include": [{"system": COLOURS, "concept": [{"code": "red"}]}]},
}
ALL: Json = {
    "resourceType": "ValueSet",
    "url": "https://example.org/ValueSet/all",
    "status": "active",
    "compose": {"include": [{"system": COLOURS}]},
}


def bound(strength: str, path: str = "Observation.code", value_set: str = "https://example.org/ValueSet/warm", **more: Any) -> Json:
    return profile("Observation", element(path, binding={"strength": strength, "valueSet": value_set, **more}))


def judged(definition: Json, code: Json, **more: Any) -> list[tuple[str, str]]:
    resource = {"resourceType": "Observation", "status": "final", "code": code, **more}
    found = findings(resource, definition, SYSTEM, WARM, ALL, codes=True)
    return [(each.severity, each.expression) for each in found if each.rule == "binding"]


RED, BLUE = {"coding": [{"system": COLOURS, "code": "red"}]}, {"coding": [{"system": COLOURS, "code": "blue"}]}


@pytest.mark.parametrize(
    ("strength", "severity"), [("required", "error"), ("extensible", "warning"), ("preferred", "information"), ("example", "")]
)
def test_how_grave_it_is_to_miss_a_value_set_depends_on_the_strength(strength: str, severity: str) -> None:
    """required: error; extensible: warning; preferred: information; example: nothing."""
    assert judged(bound(strength), RED) == []
    assert judged(bound(strength), BLUE) == ([(severity, "Observation.code")] if severity else [])


def test_one_coding_of_the_value_set_is_enough() -> None:
    """A concept may have other codings beside."""
    assert judged(bound("required"), {"coding": [*BLUE["coding"], *RED["coding"]]}) == []


def test_a_concept_without_a_code_misses_a_required_value_set() -> None:
    """Text alone is an error where the binding is required, a warning where it is extensible."""
    assert judged(bound("required"), {"text": "red"}) == [("error", "Observation.code")]
    assert judged(bound("extensible"), {"text": "red"}) == [("warning", "Observation.code")]
    assert judged(bound("preferred"), {"text": "red"}) == []


def test_a_code_without_its_system_is_of_no_value_set() -> None:
    """Only an element of type code takes its system from the value set."""
    assert judged(bound("required"), {"coding": [{"code": "red"}]}) == [("error", "Observation.code")]


def test_a_maximum_value_set_is_required_whatever_the_strength() -> None:
    """The extension elementdefinition-maxValueSet on an extensible binding."""
    url = "http://hl7.org/fhir/StructureDefinition/elementdefinition-maxValueSet"
    both = bound("extensible", extension=[{"url": url, "valueCanonical": "https://example.org/ValueSet/all"}])
    assert judged(both, RED) == []
    assert judged(both, BLUE) == [("warning", "Observation.code")]
    foreign = {"coding": [{"system": "https://example.org/CodeSystem/foreign", "code": "x"}]}
    assert ("error", "Observation.code") in judged(both, foreign)


def test_a_code_a_coding_and_a_quantity_may_be_bound() -> None:
    """A code takes its system from the value set, a quantity its system and code."""
    code = profile("Patient", element("Patient.language", binding={"strength": "required", "valueSet": WARM["url"]}))
    for value, expected in (("red", []), ("blue", [("error", "Patient.language")])):
        found = findings({"resourceType": "Patient", "language": value}, code, SYSTEM, WARM, codes=True)
        assert [(each.severity, each.expression) for each in found if each.profile == OURS + "Ours"] == expected
    quantity = bound("required", "Observation.value[x]")
    amount = {"value": 1, "system": COLOURS, "code": "red"}
    assert judged(quantity, RED, valueQuantity=amount) == []
    assert judged(quantity, RED, valueQuantity={**amount, "code": "blue"}) == [("error", "Observation.valueQuantity")]


def test_a_binding_of_a_choice_says_nothing_of_forms_that_hold_no_code() -> None:
    """A date is no code."""
    assert judged(bound("required", "Observation.value[x]"), RED, valueDateTime="2024-05-01") == []
    assert judged(bound("required", "Observation.value[x]"), RED, valueCodeableConcept=BLUE) == [
        ("error", "Observation.valueCodeableConcept")
    ]


def test_a_value_set_that_is_not_loaded_is_not_checked() -> None:
    """Information that says so, whatever the strength."""
    unknown = bound("required", value_set="https://example.org/ValueSet/missing")
    assert judged(unknown, RED) == [("information", "Observation.code")]


def test_without_terminology_no_code_is_checked() -> None:
    """Neither passed silently nor an error."""
    resource = {"resourceType": "Observation", "status": "final", "code": BLUE}
    found = findings(resource, bound("required"), SYSTEM, WARM)
    assert {(each.severity, each.code) for each in found if each.rule == "binding"} == {("information", "not-supported")}


def plain(coding: Json, **options: Any) -> Findings:
    resource = {"resourceType": "Observation", "status": "final", "code": {"coding": [coding]}}
    judge = validator(SYSTEM, codes=True, **options)
    return [each for each in judge.validate(resource) if each.rule == "binding"]


def test_a_coding_is_a_code_of_its_system_though_nothing_binds_it() -> None:
    """A code that a complete code system lacks is an error; a system that is not loaded is not checked."""
    assert plain({"system": COLOURS, "code": "red"}) == []
    assert said(plain({"system": COLOURS, "code": "pink"}), "error") == [("Observation.code.coding[0].code", "binding")]
    assert said(plain({"system": "https://example.org/CodeSystem/none", "code": "x"}), "information") == [
        ("Observation.code.coding[0]", "binding")
    ]


def test_code_systems_that_grow_apart_from_r4_are_a_warning() -> None:
    """HL7 Terminology and UCUM: R4's copy of the one is old, and R4 demands no units of the other."""
    for system in ("http://terminology.hl7.org/CodeSystem/v3-ActReason", "http://unitsofmeasure.org"):
        coded = {"resourceType": "Patient", "maritalStatus": {"coding": [{"system": system, "code": "no-such-code"}]}}
        found = validator(codes=True).validate(coded)
        assert "Patient.maritalStatus.coding[0].code" in [where for where, _rule in said(found, "warning", ("binding",))]
        assert said(found, "error") == []


def test_a_display_is_one_of_the_code() -> None:
    """Without regard to case; how grave it is, the caller says."""
    assert plain({"system": COLOURS, "code": "red", "display": "RED"}) == []
    wrong = {"system": COLOURS, "code": "red", "display": "Blue"}
    assert said(plain(wrong), "warning") == [("Observation.code.coding[0].display", "binding")]
    assert said(plain(wrong, wrong_display="error"), "error") == [("Observation.code.coding[0].display", "binding")]
    assert plain(wrong, wrong_display="") == []


def test_a_code_that_is_not_active_is_a_warning() -> None:
    """It is a code all the same."""
    assert said(plain({"system": COLOURS, "code": "mauve"}), "warning") == [("Observation.code.coding[0].code", "binding")]


def test_a_message_holds_no_code_of_the_resource() -> None:
    """It may be logged."""
    secret = {"coding": [{"system": COLOURS, "code": "secret", "display": "Secret"}]}
    resource = {"resourceType": "Observation", "status": "final", "code": secret}
    found = findings(resource, bound("required"), SYSTEM, WARM, codes=True)
    assert found
    assert not any("ecret" in each.message for each in found)


def test_the_bindings_of_r4_itself_are_judged() -> None:
    """Patient.maritalStatus is extensible."""
    patient = {"resourceType": "Patient", "maritalStatus": RED}
    found = validator(SYSTEM, codes=True).validate(patient)
    assert ("Patient.maritalStatus", "binding") in said(found, "warning")


def test_the_binding_of_a_profile_stands_in_place_of_that_of_r4() -> None:
    """Patient.maritalStatus is extensible in R4; the profile's value set is asked alone."""
    colours = profile("Patient", element("Patient.maritalStatus", binding={"strength": "extensible", "valueSet": ALL["url"]}))
    found = findings({"resourceType": "Patient", "maritalStatus": BLUE}, colours, SYSTEM, ALL, codes=True)
    assert said(found, "warning", ["binding"]) == []


def test_a_supplement_is_no_system_of_codes() -> None:
    """What names the code system that it supplements is a supplement, though it says that it is complete."""
    more = {**SYSTEM, "url": "https://example.org/CodeSystem/more-colours", "supplements": COLOURS}
    painted = {"resourceType": "Observation", "status": "final", "code": {"coding": [{"system": more["url"], "code": "red"}]}}
    found = validator(SYSTEM, more, codes=True).validate(painted)
    assert [each.expression for each in found if each.severity == "error"] == ["Observation.code.coding[0].system"]
