"""Types: narrowed types, profiles on types, targets of references (FHIR R4, ElementDefinition.type)."""

from __future__ import annotations

from typing import Any

from tests.spec.fhir.profiles.kit import CORE, OURS, Json, element, errors, findings, profile, said


def observation(**more: Any) -> Json:
    return {"resourceType": "Observation", "status": "final", "code": {"text": "weight"}, **more}


PRACTITIONER = profile("Practitioner", element("Practitioner.name", min=1), name="Named")
PERFORMER = profile(
    "Observation", element("Observation.performer", type=[{"code": "Reference", "targetProfile": [OURS + "Named"]}])
)


def test_a_choice_takes_only_the_types_that_the_profile_leaves() -> None:
    """value[x] narrowed to Quantity and string."""
    narrow = profile("Observation", element("Observation.value[x]", type=[{"code": "Quantity"}, {"code": "string"}]))
    assert errors(observation(valueString="amber"), narrow) == []
    assert errors(observation(valueBoolean=True), narrow) == [("Observation.valueBoolean", "structure")]


def test_a_value_keeps_to_the_profile_of_its_type() -> None:
    """type.profile: the findings are those of that profile, which they name."""
    family = profile("HumanName", element("HumanName.family", min=1), name="Family", kind="complex-type")
    patient = profile("Patient", element("Patient.name", type=[{"code": "HumanName", "profile": [OURS + "Family"]}]))
    found = findings({"resourceType": "Patient", "name": [{"text": "Ames"}]}, patient, family)
    assert [(each.expression, each.profile) for each in found if each.severity == "error"] == [
        ("Patient.name[0].family", OURS + "Family")
    ]
    assert errors({"resourceType": "Patient", "name": [{"family": "Ames"}]}, patient, family) == []


def test_of_several_profiles_of_a_type_one_is_enough() -> None:
    """A value that keeps to none is one error, at the value."""
    family = profile("HumanName", element("HumanName.family", min=1), name="Family", kind="complex-type")
    text = profile("HumanName", element("HumanName.text", min=1), name="Text", kind="complex-type")
    either = [{"code": "HumanName", "profile": [OURS + "Family", OURS + "Text"]}]
    patient = profile("Patient", element("Patient.name", type=either))
    assert errors({"resourceType": "Patient", "name": [{"text": "Ames"}, {"family": "Ames"}]}, patient, family, text) == []
    assert errors({"resourceType": "Patient", "name": [{"given": ["Bo"]}]}, patient, family, text) == [
        ("Patient.name[0]", "structure")
    ]


def test_a_profile_that_is_not_loaded_is_not_checked() -> None:
    """Neither passed silently nor an error."""
    patient = profile("Patient", element("Patient.name", type=[{"code": "HumanName", "profile": [OURS + "Missing"]}]))
    found = findings({"resourceType": "Patient", "name": [{"text": "Ames"}]}, patient)
    assert ("Patient.name[0]", "structure") in said(found, "information")
    assert said(found, "error") == []


def test_a_resource_inside_is_of_the_type_that_the_profile_says() -> None:
    """Bundle.entry.resource narrowed to Patient."""
    bundle = profile("Bundle", element("Bundle.entry.resource", type=[{"code": "Patient"}]))
    entry = {"fullUrl": "urn:uuid:0d5f2c2e-33a5-4dd1-9e4e-3cbf6a0a5d0f"}
    assert (
        errors(
            {"resourceType": "Bundle", "type": "collection", "entry": [{**entry, "resource": {"resourceType": "Patient"}}]}, bundle
        )
        == []
    )
    other = {"resourceType": "Bundle", "type": "collection", "entry": [{**entry, "resource": {"resourceType": "Device"}}]}
    assert errors(other, bundle) == [("Bundle.entry[0].resource", "structure")]


def test_a_reference_whose_form_tells_its_type_leads_to_an_allowed_type() -> None:
    """Nothing need be resolved to see that Organization is no Practitioner."""
    assert errors(observation(performer=[{"reference": "Practitioner/1"}]), PERFORMER, PRACTITIONER) == []
    assert errors(observation(performer=[{"reference": "Organization/1"}]), PERFORMER, PRACTITIONER) == [
        ("Observation.performer[0]", "reference")
    ]


def test_what_a_reference_leads_to_keeps_to_the_target_profile() -> None:
    """Where it is contained, in the same Bundle, or given by the caller's resolver."""
    named = {"resourceType": "Practitioner", "id": "p", "name": [{"family": "Ames"}]}
    nameless = {"resourceType": "Practitioner", "id": "p", "active": True}
    for target, expected in ((named, []), (nameless, [("Observation.performer[0]", "reference")])):
        contained = observation(contained=[target], performer=[{"reference": "#p"}])
        assert errors(contained, PERFORMER, PRACTITIONER) == expected
        outside = observation(performer=[{"reference": "Practitioner/p"}])
        assert errors(outside, PERFORMER, PRACTITIONER, resolve=lambda reference, target=target: dict(target)) == expected


def test_references_are_resolved_among_the_entries_of_a_bundle() -> None:
    """By fullUrl, and relative ones against the base of the entry's own fullUrl."""
    base = "https://example.org/fhir/"
    claiming = observation(id="o", meta={"profile": [OURS + "Ours"]}, performer=[{"reference": "Practitioner/p"}])
    entries = [
        {"fullUrl": base + "Observation/o", "resource": claiming},
        {"fullUrl": base + "Practitioner/p", "resource": {"resourceType": "Practitioner", "id": "p", "active": True}},
    ]
    bundle = {"resourceType": "Bundle", "type": "collection", "entry": entries}
    all_bundles = profile("Bundle", name="AnyBundle")
    assert errors(bundle, all_bundles, PERFORMER, PRACTITIONER) == [("Bundle.entry[0].resource.performer[0]", "reference")]


def test_a_circle_of_references_comes_to_an_end() -> None:
    """A resource under way is taken to keep to the profile, also where the resolver makes a new one each time."""
    linked = profile("Patient", element("Patient.link.other", type=[{"code": "Reference", "targetProfile": [OURS + "Ours"]}]))

    def patient(name: str, other: str) -> Json:
        return {"resourceType": "Patient", "id": name, "link": [{"type": "seealso", "other": {"reference": "Patient/" + other}}]}

    def resolve(reference: str) -> Json:
        return patient("b", "a") if reference == "Patient/b" else patient("a", "b")

    assert errors(patient("a", "b"), linked, resolve=resolve) == []


def test_a_reference_keeps_to_its_mode_of_aggregation() -> None:
    """aggregation contained: a reference elsewhere is an error."""
    kept = profile(
        "Observation",
        element(
            "Observation.device", type=[{"code": "Reference", "targetProfile": [CORE + "Device"], "aggregation": ["contained"]}]
        ),
    )
    device = {"resourceType": "Device", "id": "d"}
    assert errors(observation(contained=[device], device={"reference": "#d"}), kept) == []
    assert errors(observation(device={"reference": "Device/d"}), kept) == [("Observation.device", "reference")]


def test_one_profile_of_several_that_cannot_be_used_leaves_the_others() -> None:
    """A value that keeps to a sound one is well; one that keeps to none is not checked, for the broken one may allow it."""
    named = profile("Patient", element("Patient.name", min=1), name="Named")
    broken = profile("Patient", element("Patient.nickname", min=1), name="Broken")
    either = [{"code": "Resource", "profile": [OURS + "Named", OURS + "Broken"]}]
    entries = profile("Bundle", element("Bundle.entry.resource", type=either))

    def bundle(**patient: Any) -> Json:
        return {"resourceType": "Bundle", "type": "batch", "entry": [{"resource": {"resourceType": "Patient", **patient}}]}

    for whole in (bundle(name=[{"family": "Amesbury"}]), bundle(active=True)):
        found = findings(whole, entries, named, broken)
        assert not [each for each in found if each.rule == "profile" or (each.severity == "error" and each.rule == "structure")]
