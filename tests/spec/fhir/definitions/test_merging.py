"""A snapshot is the base's snapshot with what the differential says merged in (FHIR R4, Profiling; ElementDefinition)."""

from __future__ import annotations

from interop.fhir.definitions import Definitions
from tests.spec.fhir.definitions.making import HERE, R4, element, extension, profile, snapshot, without_ids

SIMPLE_QUANTITY = R4 + "SimpleQuantity"


def test_what_a_differential_does_not_say_is_as_in_the_base() -> None:
    made = snapshot(profile("Patient", element("Patient.name", min=1)))
    base = {each["id"]: each for each in Definitions.base().snapshot("Patient")}
    assert list(made) == list(base)
    assert {id: each for id, each in made.items() if id != "Patient.name"} == {
        id: each for id, each in base.items() if id != "Patient.name"
    }
    assert made["Patient.name"] == {**base["Patient.name"], "min": 1}


def test_a_differential_that_says_nothing_is_the_base() -> None:
    nothing = profile("Patient", differential={"element": []})
    assert list(snapshot(nothing)) == [each["id"] for each in Definitions.base().snapshot("Patient")]


def test_cardinality_must_support_fixed_and_pattern_values_are_the_profiles() -> None:
    made = snapshot(
        profile(
            "Observation",
            element("Observation.status", fixedCode="final"),
            element("Observation.code", patternCodeableConcept={"text": "Mood"}, mustSupport=True),
            element("Observation.subject", min=1),
            element("Observation.note", max="1"),
        )
    )
    assert made["Observation.status"]["fixedCode"] == "final"
    assert made["Observation.code"]["patternCodeableConcept"] == {"text": "Mood"}
    assert made["Observation.code"]["mustSupport"] is True
    assert (made["Observation.subject"]["min"], made["Observation.note"]["max"]) == (1, "1")


def test_texts_are_left_out() -> None:
    made = snapshot(profile("Patient", element("Patient.name", short="A name", definition="Its name", mapping=[{"map": "x"}])))
    assert not {"short", "definition", "mapping"} & made["Patient.name"].keys()


def test_invariants_are_added_to_the_bases_with_the_profile_as_their_source() -> None:
    rule = {"key": "own-1", "severity": "error", "human": "A family name", "expression": "family.exists()"}
    made = snapshot(profile("Patient", element("Patient.name", constraint=[rule])))
    assert [each["key"] for each in made["Patient.name"]["constraint"]] == ["ele-1", "own-1"]
    assert made["Patient.name"]["constraint"][1]["source"] == HERE + "profile"


def test_extensions_of_an_element_are_kept() -> None:
    one, other = ({"url": HERE + name, "valueBoolean": True} for name in ("one", "other"))
    first = profile("Patient", element("Patient.name", extension=[one]), name="first")
    second = profile("Patient", element("Patient.name", extension=[one, other]), name="second", base=HERE + "first")
    assert snapshot(first, second)["Patient.name"]["extension"] == [one, other]


def test_an_invariant_said_again_is_there_once() -> None:
    rule = {"key": "own-1", "severity": "error", "human": "A family name", "expression": "family.exists()"}
    one = profile("Patient", element("Patient.name", constraint=[rule]), name="one")
    other = profile("Patient", element("Patient.name", constraint=[rule]), name="other", base=HERE + "one")
    said = snapshot(one, other)["Patient.name"]["constraint"]
    assert [(each["key"], each["source"]) for each in said[1:]] == [("own-1", HERE + "one")]


def test_a_binding_takes_the_place_of_the_bases_and_may_keep_its_value_set() -> None:
    made = snapshot(
        profile(
            "Patient",
            element("Patient.maritalStatus", binding={"strength": "required", "description": "All of them"}),
            element("Patient.contact.relationship", binding={"strength": "required", "valueSet": HERE + "kin"}),
            element("Patient.communication.language", binding={"valueSet": HERE + "tongues"}),
        )
    )
    assert made["Patient.maritalStatus"]["binding"] == {
        "strength": "required",
        "valueSet": "http://hl7.org/fhir/ValueSet/marital-status",
    }
    assert made["Patient.communication.language"]["binding"] == {"strength": "preferred", "valueSet": HERE + "tongues"}
    assert made["Patient.contact.relationship"]["binding"] == {"strength": "required", "valueSet": HERE + "kin"}


def test_a_binding_of_what_has_no_codes_is_left_out() -> None:
    bound = {"strength": "required", "valueSet": HERE + "kin"}
    made = snapshot(profile("Patient", element("Patient.extension:kin", type=[{"code": "Extension"}], binding=bound)))
    assert "binding" not in made["Patient.extension:kin"]


def test_types_and_targets_are_narrowed() -> None:
    to_patient = [{"code": "Reference", "targetProfile": [R4 + "Patient"]}]
    made = snapshot(
        profile(
            "Observation",
            element("Observation.subject", type=to_patient),
            element("Observation.effective[x]", type=[{"code": "dateTime"}, {"code": "Period"}]),
        )
    )
    assert made["Observation.subject"]["type"] == to_patient
    assert [each["code"] for each in made["Observation.effective[x]"]["type"]] == ["dateTime", "Period"]


def test_a_profile_of_a_profile_has_what_both_say() -> None:
    one = profile("Patient", element("Patient.name", min=1), name="one")
    other = profile("Patient", element("Patient.birthDate", min=1), name="other", base=HERE + "one")
    made = snapshot(one, other)
    assert (made["Patient.name"]["min"], made["Patient.birthDate"]["min"]) == (1, 1)


def test_a_datatype_is_walked_into_where_the_differential_goes_there() -> None:
    made = snapshot(profile("Patient", element("Patient.name.family", min=1), element("Patient.name.period.start", min=1)))
    inside = [id for id in made if id.startswith("Patient.name.")]
    assert inside[:3] == ["Patient.name.id", "Patient.name.extension", "Patient.name.use"]
    assert made["Patient.name.family"]["min"] == 1
    assert made["Patient.name.period.start"]["min"] == 1
    assert "Patient.address.line" not in made
    assert inside.index("Patient.name.period.start") < len(inside)


def test_a_primitive_is_walked_into_for_its_extensions() -> None:
    made = snapshot(profile("Patient", element("Patient.birthDate.extension", min=1), element("Patient.id.extension", max="0")))
    assert made["Patient.birthDate.extension"]["min"] == 1
    assert made["Patient.id.extension"]["max"] == "0"


def test_a_content_reference_is_walked_into_as_the_element_that_it_names() -> None:
    made = snapshot(profile("Questionnaire", element("Questionnaire.item.item.prefix", min=1)))
    assert made["Questionnaire.item.item.prefix"]["min"] == 1
    assert made["Questionnaire.item.prefix"]["min"] == 0
    assert "contentReference" not in made["Questionnaire.item.item"]
    assert made["Questionnaire.item.item.item"]["contentReference"] == "#Questionnaire.item"


def test_a_content_reference_within_a_resource_within_a_bundle_is_that_resources() -> None:
    made = snapshot(
        profile(
            "Bundle",
            element("Bundle.entry.resource", type=[{"code": "Questionnaire"}]),
            element("Bundle.entry.resource.item.item.prefix", min=1),
        )
    )
    assert made["Bundle.entry.resource.item.item.prefix"]["min"] == 1


def test_a_type_with_a_profile_has_that_profiles_elements() -> None:
    dose = profile("Quantity", element("Quantity.unit", min=1), name="dose", kind="complex-type")
    said = profile(
        "Observation",
        element("Observation.component.value[x]", type=[{"code": "Quantity", "profile": [HERE + "dose"]}]),
        element("Observation.component.value[x].system", min=1),
    )
    made = snapshot(dose, said)
    assert made["Observation.component.value[x].unit"]["min"] == 1
    assert made["Observation.component.value[x].system"]["min"] == 1


def test_the_profile_of_a_type_adds_its_own_invariants() -> None:
    rule = {"key": "dose-1", "severity": "error", "human": "Positive", "expression": "value > 0"}
    dose = profile("Quantity", element("Quantity", constraint=[rule]), name="dose", kind="complex-type")
    said = profile("Observation", element("Observation.value[x]", type=[{"code": "Quantity", "profile": [HERE + "dose"]}]))
    assert "dose-1" in [each["key"] for each in snapshot(dose, said)["Observation.value[x]"]["constraint"]]


def test_the_profile_of_a_type_may_be_a_part_of_an_extension() -> None:
    stay = extension(
        "stay",
        element("Extension.extension:ward", max="1"),
        element("Extension.extension:ward.url", fixedUri="ward"),
        element("Extension.extension:ward.value[x]", type=[{"code": "string"}]),
    )
    ward = [{"code": "Extension", "profile": [HERE + "stay#ward"]}]
    said = profile(
        "Encounter",
        element("Encounter.extension:stay", type=[{"code": "Extension", "profile": [HERE + "stay"]}]),
        element("Encounter.extension:stay.extension:ward", type=ward, min=1),
        element("Encounter.extension:stay.extension:ward.value[x].extension", max="0"),
    )
    made = snapshot(stay, said)
    assert made["Encounter.extension:stay.extension:ward.url"]["fixedUri"] == "ward"
    assert made["Encounter.extension:stay.extension:ward"]["max"] == "1"


def test_an_unknown_profile_of_a_type_is_passed_over_for_the_type() -> None:
    said = profile("Patient", element("Patient.name", type=[{"code": "HumanName", "profile": [HERE + "unknown"]}]))
    deeper = element("Patient.name.family", min=1)
    said["differential"]["element"].append(deeper)
    definitions = Definitions.base().with_resources([said])
    assert {each["id"]: each for each in definitions.snapshot(said["url"])}["Patient.name.family"]["min"] == 1
    assert definitions.problems == [(said["url"], f"Patient.name: nothing of its type's profile, {HERE}unknown, could be used")]


def test_elements_without_ids_are_placed_by_their_order() -> None:
    elements = without_ids(
        element("Patient.identifier", slicing={"discriminator": [{"type": "value", "path": "system"}], "rules": "open"}),
        element("Patient.identifier:one", min=1),
        element("Patient.identifier:one.system", fixedUri="urn:one"),
        element("Patient.identifier:other", max="1"),
        element("Patient.identifier:other.system", fixedUri="urn:other"),
    )
    made = snapshot(profile("Patient", *elements))
    assert made["Patient.identifier:one.system"]["fixedUri"] == "urn:one"
    assert made["Patient.identifier:other.system"]["fixedUri"] == "urn:other"


def test_extensions_that_refer_to_each_other_end() -> None:
    inner = [{"code": "Extension", "profile": [HERE + "tree"]}]
    tree = extension("tree", element("Extension.extension:branch", type=inner), element("Extension.extension:branch.id", max="0"))
    assert snapshot(tree)["Extension.extension:branch.id"]["max"] == "0"


def test_a_logical_model_has_its_own_elements() -> None:
    model = profile(
        "Referral",
        element("Referral"),
        element("Referral.reason", min=1, max="1", type=[{"code": "CodeableConcept"}]),
        element("Referral.reason.text", min=1),
        kind="logical",
        derivation="specialization",
        base=R4 + "Element",
    )
    made = snapshot(model)
    assert list(made)[:4] == ["Referral", "Referral.id", "Referral.extension", "Referral.reason"]
    assert made["Referral.reason.text"]["min"] == 1


def test_an_element_of_a_logical_model_may_have_elements_of_any_name() -> None:
    model = profile(
        "Referral",
        element("Referral"),
        element("Referral.reasons", min=0, max="*", type=[{"code": "Base"}]),
        element("Referral.reasons.first", min=1, max="1", type=[{"code": "string"}]),
        kind="logical",
        derivation="specialization",
        base=R4 + "Base",
    )
    assert snapshot(model)["Referral.reasons.first"]["min"] == 1


def test_a_logical_model_may_be_based_on_nothing() -> None:
    model = profile(
        "Referral",
        element("Referral"),
        element("Referral.reason", min=1, max="1", type=[{"code": "string"}]),
        kind="logical",
        derivation="specialization",
        base=R4 + "Base",
    )
    assert list(snapshot(model)) == ["Referral", "Referral.reason"]
