"""The validator: which profiles a resource is held to, resources inside others, order and bounds of what is found."""

from __future__ import annotations

import pytest

from tests.spec.fhir.profiles.kit import CORE, OURS, Json, element, errors, findings, profile, said, validator

NAMED = profile("Patient", element("Patient.name", min=1))
NAMELESS: Json = {"resourceType": "Patient", "active": True}


def claiming(*urls: str, **more: object) -> Json:
    return {"resourceType": "Patient", "meta": {"profile": list(urls)}, "active": True, **more}


def test_a_resource_is_held_to_the_profiles_that_it_claims() -> None:
    """meta.profile."""
    judge = validator(NAMED)
    assert said(judge.validate(claiming(OURS + "Ours")), "error") == [("Patient.name", "cardinality")]
    assert said(judge.validate(NAMELESS), "error") == []


def test_a_resource_is_held_to_the_profiles_that_the_caller_gives() -> None:
    """Beside those that it claims."""
    photographed = profile("Patient", element("Patient.photo", min=1), name="Photographed")
    found = validator(NAMED, photographed).validate(claiming(OURS + "Ours"), [OURS + "Photographed"])
    assert {(each.expression, each.profile) for each in found if each.severity == "error"} == {
        ("Patient.name", OURS + "Ours"),
        ("Patient.photo", OURS + "Photographed"),
    }


def test_a_claimed_profile_that_is_not_loaded_is_a_warning_and_a_given_one_an_error() -> None:
    """The resource may be right; the caller asked for what cannot be had."""
    judge = validator()
    assert ("Patient.meta.profile[0]", "profile") in said(judge.validate(claiming(OURS + "Missing")), "warning")
    assert said(judge.validate(NAMELESS, [OURS + "Missing"]), "error") == [("Patient", "profile")]


def test_a_claim_may_name_the_version_of_the_profile() -> None:
    """Another version is not loaded."""
    judge = validator({**NAMED, "version": "2.0.0"})
    assert said(judge.validate(claiming(OURS + "Ours|2.0.0")), "error") == [("Patient.name", "cardinality")]
    assert ("Patient.meta.profile[0]", "profile") in said(judge.validate(claiming(OURS + "Ours|1.0.0")), "warning")


def test_a_profile_of_another_type_is_an_error() -> None:
    """A Patient cannot be an Observation."""
    judge = validator()
    assert said(judge.validate(claiming(CORE + "bodyweight")), "error") == [("Patient.meta.profile[0]", "profile")]
    assert said(judge.validate(claiming(CORE + "Patient")), "error") == []


def test_a_profile_on_a_profile_holds_a_resource_to_both() -> None:
    """The snapshot of a profile has all of its base's rules."""
    derived = profile("Patient", element("Patient.photo", min=1), name="Derived", base=OURS + "Ours")
    assert errors(NAMELESS, derived, NAMED) == [("Patient.name", "cardinality"), ("Patient.photo", "cardinality")]


def test_a_guide_may_demand_a_profile_of_every_resource_of_a_type() -> None:
    """ImplementationGuide.global."""
    guide = {
        "resourceType": "ImplementationGuide",
        "url": "https://example.org/ImplementationGuide/ours",
        "global": [{"type": "Patient", "profile": OURS + "Ours"}],
    }
    assert said(validator(NAMED, guide).validate(NAMELESS), "error") == [("Patient.name", "cardinality")]


def test_contained_resources_and_entries_are_held_to_their_own_claims() -> None:
    """The expression leads to them from the resource that was given."""
    judge = validator(NAMED)
    inner = {**claiming(OURS + "Ours"), "id": "p"}
    account = {"resourceType": "Account", "status": "active", "contained": [inner], "subject": [{"reference": "#p"}]}
    assert said(judge.validate(account), "error") == [("Account.contained[0].name", "cardinality")]
    bundle = {
        "resourceType": "Bundle",
        "type": "transaction",
        "entry": [{"resource": inner, "request": {"method": "PUT", "url": "Patient/p"}}],
    }
    assert said(judge.validate(bundle), "error") == [("Bundle.entry[0].resource.name", "cardinality")]
    parameters = {"resourceType": "Parameters", "parameter": [{"name": "in", "resource": inner}]}
    assert said(judge.validate(parameters), "error") == [("Parameters.parameter[0].resource.name", "cardinality")]


def test_vital_signs_are_held_to_the_profile_of_their_code() -> None:
    """R4 demands it of every Observation with such a LOINC code, the official validator also by SNOMED CT; the caller may do
    without."""
    weight: Json = {
        "resourceType": "Observation",
        "status": "final",
        "category": [{"coding": [{"system": "http://terminology.hl7.org/CodeSystem/observation-category", "code": "vital-signs"}]}],
        "code": {"coding": [{"system": "http://loinc.org", "code": "29463-7"}]},
        "subject": {"reference": "Patient/1"},
        "effectiveDateTime": "2024-05-01",
        "valueQuantity": {"value": 70, "unit": "kg", "system": "http://unitsofmeasure.org", "code": "kg"},
    }
    judge = validator()
    assert said(judge.validate(weight), "error") == []
    bare = {key: value for key, value in weight.items() if key not in ("subject", "category")}
    found = judge.validate(bare)
    assert {each.expression for each in found if each.severity == "error"} == {"Observation.subject", "Observation.category"}
    assert {each.profile for each in found if each.severity == "error"} == {CORE + "bodyweight"}
    assert said(validator(vital_signs=False).validate(bare), "error") == []
    by_snomed = {**weight, "code": {"coding": [{"system": "http://snomed.info/sct", "code": "424927000"}]}}
    assert {each.profile for each in judge.validate(by_snomed) if each.severity == "error"} == {CORE + "bodyweight"}


def test_findings_stand_in_the_order_of_the_resource_each_once() -> None:
    """Two profiles with one rule say it once; what is missing comes last in its parent."""
    both = [NAMED, profile("Patient", element("Patient.name", min=1), name="Other")]
    patient = {"resourceType": "Patient", "contact": [{"gender": "?"}], "gender": "?"}
    found = validator(*both).validate(patient, [OURS + "Ours", OURS + "Other"])
    assert said(found, "error") == [
        ("Patient.contact[0]", "pat-1"),
        ("Patient.contact[0].gender", "binding"),
        ("Patient.gender", "binding"),
        ("Patient.name", "cardinality"),
    ]


def test_what_is_not_checked_for_one_reason_is_said_once() -> None:
    """A large Bundle is not flooded; the caller may have each place."""
    coding = {"coding": [{"system": "https://example.org/none", "code": "x"}]}
    patient = {"resourceType": "Patient", "communication": [{"language": coding}, {"language": coding}, {"language": coding}]}

    def places(gather: bool) -> int:
        found = validator(codes=True, gather=gather).validate(patient)
        return len([each for each in found if each.code == "not-supported" and each.expression.endswith("coding[0]")])

    assert (places(True), places(False)) == (1, 3)


def test_what_takes_too_much_work_is_given_up() -> None:
    """Work that grows faster than the resource: a finding of code too-costly; nothing is raised."""
    pairs = {
        "key": "our-1",
        "severity": "error",
        "human": "Pairs",
        "expression": "name.all(combine(%resource.name).count() > 0)",
    }
    squared = {**profile("Patient"), "differential": {"element": [{"path": "Patient", "constraint": [pairs]}]}}
    patient = {"resourceType": "Patient", "name": [{"family": "Ames"}] * 2000}
    found = validator(squared).validate(patient, [OURS + "Ours"])
    assert [each.code for each in found if each.severity == "error"] == ["too-costly"]


@pytest.mark.parametrize(
    "value",
    [None, 1, "Patient", [], {}, {"resourceType": []}, {"resourceType": "Nonsense"}, {"resourceType": "Patient", "meta": 1}],
)
def test_any_json_is_judged(value: object) -> None:
    """Nothing is raised, and what is no resource is an error."""
    assert any(each.severity == "error" for each in validator(NAMED).validate(value, [OURS + "Ours"]))


def test_deep_nesting_comes_to_an_end() -> None:
    """Extensions within extensions, far beyond what any resource has."""
    inner: Json = {"url": "https://example.org/x", "valueString": "x"}
    for _ in range(5000):
        inner = {"url": "https://example.org/x", "extension": [inner]}
    assert any(each.code == "too-costly" for each in findings({"resourceType": "Patient", "extension": [inner]}, NAMED))


@pytest.mark.parametrize("wrong", [{"min": "1"}, {"max": 1}, {"type": "HumanName"}, {"binding": []}, {"constraint": [{"key": 1}]}])
def test_a_definition_that_is_no_definition_is_not_used(wrong: Json) -> None:
    """It is told, and nothing is raised."""
    snapshot = {"element": [element("Patient", min=0, max="*"), element("Patient.name", **wrong)]}
    found = validator(profile("Patient", snapshot=snapshot)).validate(claiming(OURS + "Ours"))
    assert ("Patient.meta.profile[0]", "profile") in said(found, "warning")


def test_a_resource_with_very_many_mistakes_is_told_some_of_them() -> None:
    """And that there are more, so that findings do not grow with what a sender repeats."""
    act = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
    codings = [{"system": act, "code": f"none-{each}"} for each in range(2_500)]
    resource = {"resourceType": "Basic", "code": {"coding": codings}}
    found = validator(codes=True).validate(resource)
    assert 1_000 <= len(found) <= 2_100
    assert [each.expression for each in found if each.code == "too-costly"] == ["Basic"]
