"""Invariants of profiles: FHIRPath that holds of the element that has them (FHIR R4, ElementDefinition.constraint)."""

from __future__ import annotations

from tests.spec.fhir.profiles.kit import OURS, Json, element, errors, findings, profile, said


def ruled(path: str, expression: str, severity: str = "error") -> Json:
    """A profile on Patient with one invariant, at the resource or at an element."""
    rule = element(path, constraint=[{"key": "our-1", "severity": severity, "human": "Our rule", "expression": expression}])
    return profile("Patient", rule) if "." in path else {**profile("Patient"), "differential": {"element": [rule]}}


def test_an_invariant_of_the_resource_is_asked_of_it() -> None:
    """The finding's rule is the key of the invariant."""
    named = ruled("Patient", "name.exists()")
    assert errors({"resourceType": "Patient", "active": True}, named) == [("Patient", "our-1")]
    assert errors({"resourceType": "Patient", "name": [{"family": "Ames"}]}, named) == []


def test_an_invariant_of_an_element_is_asked_of_each_occurrence() -> None:
    """Also of primitives, which $this is."""
    family = ruled("Patient.name", "family.exists()")
    assert errors({"resourceType": "Patient", "name": [{"family": "Ames"}, {"text": "Bo"}]}, family) == [
        ("Patient.name[1]", "our-1")
    ]
    past = ruled("Patient.birthDate", "$this < @2020-01-01")
    assert errors({"resourceType": "Patient", "birthDate": "1985-04-12"}, past) == []
    assert errors({"resourceType": "Patient", "birthDate": "2021-04-12"}, past) == [("Patient.birthDate", "our-1")]


def test_an_invariant_may_be_a_warning() -> None:
    """severity of the constraint."""
    found = findings({"resourceType": "Patient", "active": True}, ruled("Patient", "name.exists()", "warning"))
    assert ("Patient", "our-1") in said(found, "warning")
    assert said(found, "error") == []


def test_an_invariant_that_gives_nothing_is_not_kept() -> None:
    """As the official validator has it: only true holds."""
    assert errors({"resourceType": "Patient", "gender": "female"}, ruled("Patient", "active")) == [("Patient", "our-1")]


def test_an_invariant_that_cannot_be_read_is_not_checked() -> None:
    """Neither passed silently nor an error."""
    found = findings({"resourceType": "Patient", "active": True}, ruled("Patient", "name.exists("))
    assert said(found, "error") == []
    assert ("Patient", "our-1") in said(found, "information")


def test_an_invariant_may_ask_the_resource_and_what_contains_it() -> None:
    """%resource is the nearest resource, %rootResource that which contains it."""
    inner = profile(
        "Practitioner",
        element(
            "Practitioner.name",
            constraint=[
                {
                    "key": "our-2",
                    "severity": "error",
                    "human": "Contained in a patient",
                    "expression": "%resource.is(Practitioner) and %rootResource.is(Patient)",
                }
            ],
        ),
        name="Inner",
    )
    contained = {"resourceType": "Practitioner", "id": "p", "meta": {"profile": [OURS + "Inner"]}, "name": [{"family": "Ames"}]}
    patient = {"resourceType": "Patient", "contained": [contained], "generalPractitioner": [{"reference": "#p"}]}
    outer = profile("Patient")
    assert errors(patient, outer, inner) == []
    assert errors({**contained, "id": "p"}, inner) == [("Practitioner.name[0]", "our-2")]


def test_an_invariant_may_follow_references() -> None:
    """resolve() within the resource and its Bundle."""
    active = ruled("Patient", "generalPractitioner.all(resolve().active)")
    practitioner = {"resourceType": "Practitioner", "id": "p", "active": True}
    patient = {"resourceType": "Patient", "contained": [practitioner], "generalPractitioner": [{"reference": "#p"}]}
    assert errors(patient, active) == []
    assert errors({**patient, "contained": [{**practitioner, "active": False}]}, active) == [("Patient", "our-1")]
