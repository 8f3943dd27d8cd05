"""Slicing: which occurrence is of which slice, and what each slice demands (FHIR R4, profiling, section 5.1.0.15)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.spec.fhir.profiles.kit import CORE, OURS, Json, element, errors, extension, findings, profile, said, slicing

NHS, LOCAL = "https://fhir.nhs.uk/Id/nhs-number", "https://example.org/local"


def identified(*identifiers: Json) -> Json:
    return {"resourceType": "Patient", "identifier": list(identifiers)}


def by_system(rules: str = "open", ordered: bool = False, least: int = 0) -> Json:
    """Patient.identifier in two slices by system."""
    return profile(
        "Patient",
        element("Patient.identifier", slicing=slicing("value", "system", rules, ordered)),
        element("Patient.identifier", slice="nhs", min=least, max="1"),
        element("Patient.identifier.system", min=1, fixedUri=NHS),
        element("Patient.identifier.value", min=1),
        element("Patient.identifier", slice="local", min=0, max="2"),
        element("Patient.identifier.system", min=1, fixedUri=LOCAL),
    )


NUMBER = {"system": NHS, "value": "9990000018"}
CASE = {"system": LOCAL, "value": "C1"}
OTHER = {"system": "https://example.org/other", "value": "X"}


def test_a_slice_asks_only_what_belongs_to_it() -> None:
    """The value is mandatory in the slice, not elsewhere."""
    assert errors(identified(NUMBER, {"system": LOCAL}, OTHER), by_system()) == []
    assert errors(identified(CASE, {"system": NHS}), by_system()) == [("Patient.identifier[1].value", "cardinality")]


def test_a_slice_has_a_cardinality_of_its_own() -> None:
    """min and max of a slice count what belongs to it."""
    assert errors(identified(CASE), by_system(least=1)) == [("Patient.identifier", "slicing")]
    assert errors(identified(CASE, NUMBER), by_system(least=1)) == []
    assert errors(identified(NUMBER, NUMBER), by_system()) == [("Patient.identifier", "slicing")]


def test_what_is_of_no_slice_is_an_error_where_slicing_is_closed() -> None:
    """closed, and open."""
    assert errors(identified(NUMBER, OTHER), by_system("closed")) == [("Patient.identifier[1]", "slicing")]
    assert errors(identified(NUMBER, OTHER), by_system("open")) == []


def test_what_is_of_no_slice_is_told_where_it_is_asked_for() -> None:
    """Information, for it is allowed."""
    asked = findings(identified(NUMBER, OTHER), by_system(), unsliced=True)
    assert said(asked, "information", ["slicing"]) == [("Patient.identifier[1]", "slicing")]
    assert said(findings(identified(NUMBER, OTHER), by_system()), "information", ["slicing"]) == []


def test_what_is_of_no_slice_stands_at_the_end_where_the_profile_says_so() -> None:
    """openAtEnd."""
    assert errors(identified(NUMBER, OTHER), by_system("openAtEnd")) == []
    assert errors(identified(OTHER, NUMBER), by_system("openAtEnd")) == [("Patient.identifier[1]", "slicing")]


def test_ordered_slices_stand_in_the_order_of_the_profile() -> None:
    """ordered."""
    assert errors(identified(NUMBER, CASE, CASE), by_system(ordered=True)) == []
    assert errors(identified(CASE, NUMBER), by_system(ordered=True)) == [("Patient.identifier[1]", "slicing")]
    assert errors(identified(CASE, NUMBER), by_system()) == []


def test_a_pattern_tells_slices_apart() -> None:
    """The discriminator leads to a pattern, which the value holds."""
    sliced = profile(
        "Observation",
        element("Observation.component", slicing=slicing("pattern", "code")),
        element("Observation.component", slice="pulse", min=1),
        element("Observation.component.code", patternCodeableConcept={"coding": [{"code": "p"}]}),
        element("Observation.component.value[x]", min=1),
    )
    pulse = {"code": {"coding": [{"system": LOCAL, "code": "x"}, {"system": LOCAL, "code": "p"}]}}
    assert errors(observed(component=[pulse]), sliced) == [("Observation.component[0].value[x]", "cardinality")]
    assert errors(observed(component=[{**pulse, "valueInteger": 60}]), sliced) == []
    assert errors(observed(component=[{"code": {"text": "p"}}]), sliced) == [("Observation.component", "slicing")]


def observed(**more: Any) -> Json:
    return {"resourceType": "Observation", "status": "final", "code": {"text": "x"}, **more}


def test_a_discriminator_may_lead_into_a_fixed_or_pattern_value_above() -> None:
    """code.coding.code where only code has a pattern."""
    sliced = profile(
        "Observation",
        element("Observation.component", slicing=slicing("value", "code.coding.code")),
        element("Observation.component", slice="pulse", max="1"),
        element("Observation.component.code", patternCodeableConcept={"coding": [{"code": "p"}]}),
    )
    pulse = {"code": {"coding": [{"system": LOCAL, "code": "p"}]}}
    assert errors(observed(component=[pulse]), sliced) == []
    assert errors(observed(component=[pulse, pulse]), sliced) == [("Observation.component", "slicing")]


def test_the_occurrence_itself_may_tell_its_slice() -> None:
    """$this, of concepts by pattern or by a required binding, and of primitives by value."""
    coding = {"system": LOCAL, "code": "vital"}
    concept = profile(
        "Observation",
        element("Observation.category", slicing=slicing("pattern", "$this")),
        element("Observation.category", slice="vital", min=1, max="1", patternCodeableConcept={"coding": [coding]}),
    )
    assert errors(observed(category=[{"coding": [coding], "text": "Vital"}, {"text": "other"}]), concept) == []
    assert errors(observed(category=[{"text": "other"}]), concept) == [("Observation.category", "slicing")]
    given = profile(
        "Patient",
        element("Patient.name.given", slicing=slicing("value", "$this")),
        element("Patient.name.given", slice="x", max="1", fixedString="X"),
    )
    assert errors({"resourceType": "Patient", "name": [{"given": ["X", "Y"]}]}, given) == []
    assert errors({"resourceType": "Patient", "name": [{"given": ["X", "Y", "X"]}]}, given) == [
        ("Patient.name[0].given", "slicing")
    ]


def test_a_required_binding_tells_slices_apart() -> None:
    """The occurrence is of the slice whose value set has its code."""
    codes = {
        "resourceType": "CodeSystem",
        "url": LOCAL,
        "status": "active",
        "content": "complete",
        "concept": [{"code": "a"}, {"code": "b"}],
    }
    only = {
        "resourceType": "ValueSet",
        "url": LOCAL + "/vs",
        "status": "active",
        "compose": {"include": [{"system": LOCAL, "concept": [{"code": "a"}]}]},
    }
    sliced = profile(
        "Observation",
        element("Observation.category", slicing=slicing("value", "$this")),
        element("Observation.category", slice="a", min=1, binding={"strength": "required", "valueSet": LOCAL + "/vs"}),
    )
    a, b = ({"coding": [{"system": LOCAL, "code": code}]} for code in "ab")
    assert errors(observed(category=[b, a]), sliced, codes, only, codes=True) == []
    assert errors(observed(category=[b]), sliced, codes, only, codes=True) == [("Observation.category", "slicing")]


def test_several_discriminators_must_all_agree() -> None:
    """A phone for work is neither a phone for home nor an email for work."""
    telecom = profile(
        "Patient",
        element(
            "Patient.telecom",
            slicing={"discriminator": [{"type": "value", "path": "system"}, {"type": "value", "path": "use"}], "rules": "open"},
        ),
        element("Patient.telecom", slice="work", max="1"),
        element("Patient.telecom.system", min=1, fixedCode="phone"),
        element("Patient.telecom.use", min=1, fixedCode="work"),
    )
    work, home = {"system": "phone", "use": "work", "value": "1"}, {"system": "phone", "use": "home", "value": "2"}
    assert (
        errors({"resourceType": "Patient", "telecom": [work, home, {"system": "email", "use": "work", "value": "a@b"}]}, telecom)
        == []
    )
    assert errors({"resourceType": "Patient", "telecom": [work, home, work]}, telecom) == [("Patient.telecom", "slicing")]


@pytest.mark.parametrize(("rule", "with_end", "without"), [("absent", 1, 0), ("present", 0, 1)])
def test_slices_may_be_told_by_whether_an_element_exists(rule: str, with_end: int, without: int) -> None:
    """exists: max 0 is absent, min 1 present."""
    said = {"max": "0"} if rule == "absent" else {"min": 1}
    sliced = profile(
        "Patient",
        element("Patient.address", slicing=slicing("exists", "period.end")),
        element("Patient.address", slice="one", min=1),
        element("Patient.address.period.end", **said),
    )
    ended = {"resourceType": "Patient", "address": [{"city": "Leeds", "period": {"end": "2020-01-01"}}]}
    current = {"resourceType": "Patient", "address": [{"city": "Leeds"}]}
    assert len(errors(ended, sliced)) == with_end
    assert len(errors(current, sliced)) == without


def test_slices_of_a_choice_are_told_by_type() -> None:
    """value[x]:valueQuantity, with no slicing said."""
    sliced = profile(
        "Observation",
        element("Observation.value[x]", slicing=slicing("type", "$this")),
        element("Observation.value[x]", slice="valueQuantity", type=[{"code": "Quantity"}]),
        element("Observation.value[x].unit", min=1),
    )
    assert errors(observed(valueQuantity={"value": 1}), sliced) == [("Observation.valueQuantity.unit", "cardinality")]
    assert errors(observed(valueString="amber"), sliced) == []


def test_slices_may_be_told_by_the_type_of_a_resource_inside() -> None:
    """type at resource, of Bundle.entry."""
    sliced = profile(
        "Bundle",
        element("Bundle.entry", slicing=slicing("type", "resource", "closed")),
        element("Bundle.entry", slice="patient", min=1, max="1"),
        element("Bundle.entry.resource", type=[{"code": "Patient"}]),
    )
    entry = {"fullUrl": "urn:uuid:0d5f2c2e-33a5-4dd1-9e4e-3cbf6a0a5d0f", "resource": {"resourceType": "Patient"}}
    other = {"fullUrl": "urn:uuid:1d5f2c2e-33a5-4dd1-9e4e-3cbf6a0a5d0f", "resource": {"resourceType": "Device"}}
    assert errors({"resourceType": "Bundle", "type": "collection", "entry": [entry]}, sliced) == []
    assert errors({"resourceType": "Bundle", "type": "collection", "entry": [entry, other]}, sliced) == [
        ("Bundle.entry[1]", "slicing")
    ]


TEAM = profile(
    "CareTeam",
    element("CareTeam.participant", slicing=slicing("type", "member.resolve()")),
    element("CareTeam.participant", slice="person", min=1),
    element("CareTeam.participant.member", type=[{"code": "Reference", "targetProfile": [CORE + "Practitioner"]}]),
    element("CareTeam.participant.onBehalfOf", min=1),
)


def team(reference: str, *contained: Json) -> Json:
    return {"resourceType": "CareTeam", "contained": list(contained), "participant": [{"member": {"reference": reference}}]}


def test_slices_may_be_told_by_what_a_reference_leads_to() -> None:
    """member.resolve(): contained, or by the type that the reference itself tells."""
    practitioner, patient = {"resourceType": "Practitioner", "id": "p"}, {"resourceType": "Patient", "id": "p"}
    assert errors(team("#p", practitioner), TEAM) == [("CareTeam.participant[0].onBehalfOf", "cardinality")]
    assert errors(team("#p", patient), TEAM) == [("CareTeam.participant", "slicing")]
    assert errors({**team("Practitioner/1"), "contained": [practitioner]}, TEAM)[-1] == (
        "CareTeam.participant[0].onBehalfOf",
        "cardinality",
    )


def test_what_cannot_be_resolved_is_not_checked() -> None:
    """A slice that may be there is neither found nor missed."""
    sliced = profile(
        "CareTeam",
        element("CareTeam.participant", slicing=slicing("value", "member.resolve().active")),
        element("CareTeam.participant", slice="active", min=1),
        element("CareTeam.participant.member", type=[{"code": "Reference", "targetProfile": [OURS + "Active"]}]),
    )
    active = profile("Practitioner", element("Practitioner.active", min=1, fixedBoolean=True), name="Active")
    found = findings({"resourceType": "CareTeam", "participant": [{"member": {"reference": "Practitioner/1"}}]}, sliced, active)
    assert said(found, "error") == []
    assert ("CareTeam.participant", "slicing") in said(found, "information")
    yes = {"resourceType": "Practitioner", "id": "p", "active": True}
    assert errors(team("#p", yes), sliced, active) == []
    assert ("CareTeam.participant", "slicing") in errors(team("#p", {**yes, "active": False}), sliced, active)


def test_slices_may_be_told_by_the_profile_that_they_keep_to() -> None:
    """profile at resource."""
    named = profile("Patient", element("Patient.name", min=1), name="Named")
    sliced = profile(
        "Bundle",
        element("Bundle.entry", slicing=slicing("profile", "resource")),
        element("Bundle.entry", slice="named", min=1),
        element("Bundle.entry.resource", type=[{"code": "Patient", "profile": [OURS + "Named"]}]),
    )
    url = "urn:uuid:0d5f2c2e-33a5-4dd1-9e4e-3cbf6a0a5d0f"
    good = {"fullUrl": url, "resource": {"resourceType": "Patient", "name": [{"family": "Ames"}]}}
    bad = {"fullUrl": url, "resource": {"resourceType": "Patient", "active": True}}
    assert errors({"resourceType": "Bundle", "type": "collection", "entry": [good]}, sliced, named) == []
    assert errors({"resourceType": "Bundle", "type": "collection", "entry": [bad]}, sliced, named) == [("Bundle.entry", "slicing")]


def test_extensions_are_told_apart_by_url() -> None:
    """Implicit: no discriminator need be said."""
    ward = extension("Ward", element("Extension.value[x]", min=1, type=[{"code": "string"}]), context="Patient")
    sliced = profile(
        "Patient",
        element("Patient.extension", slice="ward", min=1, max="1", type=[{"code": "Extension", "profile": [OURS + "Ward"]}]),
    )
    there = {"url": OURS + "Ward", "valueString": "7"}
    assert errors({"resourceType": "Patient", "extension": [there]}, sliced, ward) == []
    assert errors({"resourceType": "Patient", "active": True}, sliced, ward) == [("Patient.extension", "slicing")]
    assert errors({"resourceType": "Patient", "extension": [there, there]}, sliced, ward) == [("Patient.extension", "slicing")]


def test_a_discriminator_may_lead_through_an_extension() -> None:
    """extension('url').value."""
    kind = extension("Kind", element("Extension.value[x]", min=1, type=[{"code": "code"}]))
    sliced = profile(
        "Patient",
        element("Patient.contact", slicing=slicing("value", f"extension('{OURS}Kind').value")),
        element("Patient.contact", slice="first", max="1"),
        element("Patient.contact.extension", slice="kind", min=1, type=[{"code": "Extension", "profile": [OURS + "Kind"]}]),
        element("Patient.contact.extension.value[x]", fixedCode="first"),
    )
    first = {"extension": [{"url": OURS + "Kind", "valueCode": "first"}], "name": {"text": "Cal"}}
    second = {"extension": [{"url": OURS + "Kind", "valueCode": "second"}], "name": {"text": "Di"}}
    assert errors({"resourceType": "Patient", "contact": [first, second, second]}, sliced, kind) == []
    assert errors({"resourceType": "Patient", "contact": [first, first]}, sliced, kind) == [("Patient.contact", "slicing")]


def test_a_slice_may_be_sliced_again() -> None:
    """nhs/old and nhs/new by use, within nhs by system."""
    again = profile(
        "Patient",
        element("Patient.identifier", slicing=slicing("value", "system")),
        element("Patient.identifier", slice="nhs", max="2", slicing=slicing("value", "use", "closed")),
        element("Patient.identifier.system", min=1, fixedUri=NHS),
        element("Patient.identifier", slice="nhs/old", max="1"),
        element("Patient.identifier.use", min=1, fixedCode="old"),
        element("Patient.identifier", slice="nhs/official", max="1"),
        element("Patient.identifier.use", min=1, fixedCode="official"),
    )
    old, official = {**NUMBER, "use": "old"}, {**NUMBER, "use": "official"}
    assert errors(identified(old, official, CASE, OTHER), again) == []
    assert errors(identified(old, old), again) == [("Patient.identifier", "slicing")]
    assert errors(identified(old, {**NUMBER, "use": "temp"}), again) == [("Patient.identifier[1]", "slicing")]


def test_slices_within_slices_are_asked_in_each() -> None:
    """component:pulse.code.coding:local."""
    sliced = profile(
        "Observation",
        element("Observation.component", slicing=slicing("value", "code.coding.code")),
        element("Observation.component", slice="pulse", min=0),
        element("Observation.component.code.coding", slicing=slicing("value", "code")),
        element("Observation.component.code.coding", slice="local", min=1, max="1"),
        element("Observation.component.code.coding.code", min=1, fixedCode="p"),
        element("Observation.component.code.coding.system", min=1, fixedUri=LOCAL),
    )
    assert errors(observed(component=[{"code": {"coding": [{"system": LOCAL, "code": "p"}]}}]), sliced) == []
    wrong = {"code": {"coding": [{"system": NHS, "code": "p"}]}}
    assert errors(observed(component=[wrong]), sliced) == [("Observation.component[0].code.coding[0].system", "fixed")]


def test_the_default_slice_takes_what_is_of_no_other() -> None:
    """@default."""
    sliced = profile(
        "Patient",
        element("Patient.identifier", slicing=slicing("value", "system", "closed")),
        element("Patient.identifier", slice="nhs"),
        element("Patient.identifier.system", min=1, fixedUri=NHS),
        element("Patient.identifier", slice="@default"),
        element("Patient.identifier.assigner", min=1),
    )
    assert errors(identified(NUMBER), sliced) == []
    assert errors(identified(OTHER), sliced) == [("Patient.identifier[0].assigner", "cardinality")]


def test_a_discriminator_outside_the_grammar_is_not_checked() -> None:
    """The slices cannot be told apart: neither passed silently nor an error."""
    sliced = profile(
        "Patient",
        element("Patient.identifier", slicing=slicing("value", "system.where(true)", "closed")),
        element("Patient.identifier", slice="nhs", min=1),
        element("Patient.identifier.system", fixedUri=NHS),
    )
    found = findings(identified(OTHER), sliced)
    assert said(found, "error") == []
    assert said(found, "information", ["slicing"]) == [("Patient.identifier", "slicing"), ("Patient.identifier[0]", "slicing")]


def test_a_slice_of_a_slice_tells_by_the_extension_that_it_demands() -> None:
    """extension(url).value is fixed below a re-slice of the extension."""
    kind = extension("Kind", element("Extension.value[x]", min=1, type=[{"code": "code"}]))
    of_kind = [{"code": "Extension", "profile": [OURS + "Kind"]}]
    elements = [element("PlanDefinition.action", slicing=slicing("value", f"extension('{OURS}Kind').value"))]
    elements.append(element("PlanDefinition.action.extension", slice="kind", type=of_kind))
    for name, needed in (("single", "title"), ("other", "prefix")):
        elements += [
            element("PlanDefinition.action", slice=name, min=1, max="*"),
            element("PlanDefinition.action.extension", slice=f"kind/{name}", min=1, max="1", type=of_kind),
            element("PlanDefinition.action.extension.value[x]", min=1, type=[{"code": "code"}], fixedCode=name),
            element(f"PlanDefinition.action.{needed}", min=1),
        ]
    plan = profile("PlanDefinition", *elements)

    def action(kind: str, **said: str) -> Json:
        return {"extension": [{"url": OURS + "Kind", "valueCode": kind}], **said}

    def planned(*actions: Json) -> Json:
        return {"resourceType": "PlanDefinition", "status": "draft", "action": list(actions)}

    assert errors(planned(action("single", title="A"), action("other", prefix="1")), plan, kind) == []
    wrong = errors(planned(action("single", title="A"), action("other", title="B")), plan, kind)
    assert wrong == [("PlanDefinition.action[1].prefix", "cardinality")]
