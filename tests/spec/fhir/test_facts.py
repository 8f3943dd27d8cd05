"""FHIR R4: what elements, codes, search parameters and compartments there are."""

from __future__ import annotations

import importlib
import subprocess
import sys

import pytest

from interop.fhir import facts


def test_an_element_has_cardinality_type_and_targets() -> None:
    found = facts.element("Encounter.participant.individual")
    assert found is not None
    assert (found.min, found.max, found.types) == (0, 1, ("Reference",))
    assert found.targets == ("Practitioner", "PractitionerRole", "RelatedPerson")


def test_a_path_descends_into_datatypes() -> None:
    family, start = facts.element("Patient.name.family"), facts.element("Encounter.period.start")
    assert family
    assert family.types == ("string",)
    assert family.path == "Patient.name.family"
    assert start
    assert start.types == ("dateTime",)
    assert facts.element("Patient.birthDate.extension.valueString") is not None


def test_a_choice_is_named_with_its_type_or_with_x_and_never_bare() -> None:
    one, all_forms = facts.element("Patient.deceasedBoolean"), facts.element("Patient.deceased[x]")
    assert one
    assert one.types == ("boolean",)
    assert one.choice == "deceased[x]"
    assert all_forms
    assert all_forms.types == ("boolean", "dateTime")
    assert facts.element("Patient.deceased") is None
    assert facts.element("Patient.deceasedString") is None


def test_a_choice_of_reference_has_the_targets_of_that_type_only() -> None:
    found = facts.element("MedicationRequest.medicationReference")
    assert found
    assert found.targets == ("Medication",)
    concept = facts.element("MedicationRequest.medicationCodeableConcept")
    assert concept
    assert concept.targets == ()


def test_an_element_that_repeats_the_content_of_another_has_its_children() -> None:
    found = facts.element("Questionnaire.item.item.item.linkId")
    assert found
    assert (found.min, found.types) == (1, ("string",))
    link = facts.element("Bundle.entry.link")
    assert link
    assert link.content == "Bundle.link"


@pytest.mark.parametrize("path", ["Patient.colour", "Patients.name", "Patient", "Patient.name.family.given", "", "Patient..name"])
def test_what_r4_lacks_is_none(path: str) -> None:
    assert facts.element(path) is None


def test_children_come_in_the_standards_order() -> None:
    names = [each.name for each in facts.children("Encounter.location")]
    assert names == ["id", "extension", "modifierExtension", "location", "status", "physicalType", "period"]
    assert [each.path for each in facts.children("Encounter.period")][-2:] == ["Encounter.period.start", "Encounter.period.end"]
    assert facts.children("Nothing") == ()


def test_mandatory_children() -> None:
    assert facts.required("Encounter") == ("status", "class")
    assert facts.required("Appointment") == ("status", "participant")
    assert facts.required("MedicationRequest") == ("status", "intent", "medication[x]", "subject")


def test_resource_ids_are_ids_and_element_ids_are_strings() -> None:
    resource, element = facts.element("Patient.id"), facts.element("Patient.name.id")
    assert resource
    assert resource.types == ("id",)
    assert element
    assert element.types == ("string",)


def test_types() -> None:
    assert {"Patient", "Bundle", "Task", "ServiceRequest"} <= facts.resource_types()
    assert not {"Resource", "DomainResource", "HumanName", "Patient.contact"} & facts.resource_types()
    assert facts.is_primitive("dateTime")
    assert not facts.is_primitive("Period")


def test_required_bindings_are_expanded() -> None:
    gender = facts.element("Patient.gender")
    assert gender
    assert gender.binding == "http://hl7.org/fhir/ValueSet/administrative-gender"
    assert facts.codes(gender.binding) == {"male", "female", "other", "unknown"}
    assert ("http://hl7.org/fhir/administrative-gender", "male") in (facts.concepts(gender.binding + "|4.0.1") or ())


def test_code_systems_that_others_extend_are_open() -> None:
    kind = facts.element("Attachment.contentType")
    assert kind
    assert kind.binding
    assert facts.codes(kind.binding) is None


def test_every_required_binding_is_in_the_table() -> None:
    bound = {
        each.binding for each in facts.children("Claim") + facts.children("Patient") + facts.children("Bundle") if each.binding
    }
    assert bound
    for each in bound:
        facts.codes(each)


def test_search_parameters_include_those_of_the_base_types() -> None:
    found = facts.search_parameters("Encounter")
    assert found["patient"].type == "reference"
    assert found["date"].expression.count("Encounter.period") == 1
    assert {"_id", "_lastUpdated", "_tag"} <= found.keys()
    assert "_text" in found
    assert facts.search_parameters("Bundle").keys().isdisjoint({"_text"})
    assert facts.search_parameters("Nothing") == {}


def test_composites_name_their_components() -> None:
    found = facts.search_parameters("Observation")["code-value-quantity"]
    assert [code for code, _ in found.components] == ["code", "value-quantity"]


def test_compartments() -> None:
    patient = facts.compartment("Patient")
    assert patient["Appointment"] == ("actor",)
    assert "Organization" not in patient
    for name in ("Encounter", "Practitioner", "RelatedPerson", "Device"):
        assert facts.compartment(name)


@pytest.mark.parametrize("name", ["Patient", "Encounter", "Practitioner", "RelatedPerson", "Device"])
def test_compartments_name_only_parameters_that_exist(name: str) -> None:
    for kind, codes in facts.compartment(name).items():
        assert set(codes) - {"{def}"} <= facts.search_parameters(kind).keys(), kind


SAME_IN_R4B = [
    "Patient", "Practitioner", "PractitionerRole", "Organization", "Location", "Encounter", "Appointment", "Slot", "Schedule",
    "Condition", "AllergyIntolerance", "Observation", "Procedure", "CarePlan", "ServiceRequest", "MedicationRequest", "Flag",
    "Task", "Consent", "Composition", "Bundle", "HumanName", "Address", "Identifier", "CodeableConcept", "Timing", "Dosage",
]  # fmt: skip


@pytest.mark.parametrize("name", SAME_IN_R4B)
def test_elements_agree_with_an_independent_model(name: str) -> None:
    """fhir.resources' R4B models: these types are the same in 4.0.1 and 4.3.0."""
    model = getattr(importlib.import_module(f"fhir.resources.R4B.{name.lower()}"), name)
    theirs = {}
    for key, field in model.model_fields.items():
        if key in ("resource_type", "fhir_comments") or key.endswith("__ext"):
            continue
        annotation = str(field.annotation)
        theirs[field.alias or key] = "List[" in annotation or "list[" in annotation
    ours = {key: each.max is None for key, each in facts.block(name).items() if each.block}
    assert ours == theirs


def test_nothing_is_read_at_import_time() -> None:
    """Loading is for the first question."""
    code = "import interop.fhir.facts, interop.fhir.tables as tables; print(tables.table.cache_info().currsize)"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "0"


def test_an_instance_meets_the_invariants_of_its_bases_and_its_own() -> None:
    keys = {name: [each.key for each in facts.invariants(name)] for name in ("Patient", "Patient.contact", "Age", "Extension")}
    assert keys["Patient"] == ["dom-2", "dom-3", "dom-4", "dom-5", "dom-6"]
    assert keys["Patient.contact"] == ["ele-1", "pat-1"]
    assert keys["Age"] == ["ele-1", "qty-3", "age-1"]
    assert keys["Extension"] == ["ele-1", "ext-1"]
    assert facts.invariants("Patient.name") == facts.invariants("Nothing") == ()


def test_an_invariant_has_severity_words_and_expression_and_may_be_a_best_practice() -> None:
    named = {each.key: each for each in facts.invariants("Patient")}
    assert named["dom-6"].severity == "warning"
    assert named["dom-6"].best_practice
    assert not named["dom-2"].best_practice
    assert "contained" in named["dom-2"].expression
    assert named["dom-2"].human


def test_the_same_key_may_name_other_rules_elsewhere() -> None:
    one, other = facts.invariants("Parameters.parameter"), facts.invariants("TestReport.setup.action")
    assert one[-1].key == other[-1].key == "inv-1"
    assert one[-1].expression != other[-1].expression


@pytest.mark.parametrize(
    ("path", "keys"),
    [
        ("Organization.address", ["org-2"]),
        ("Patient.text.div", ["txt-1", "txt-2"]),
        ("RiskAssessment.prediction.probabilityDecimal", ["ras-1"]),
        ("Patient.contact", []),
        ("Period.extension", []),
        ("Patient.colour", []),
    ],
)
def test_an_element_may_demand_more_than_its_type(path: str, keys: list[str]) -> None:
    assert [each.key for each in facts.element_invariants(path)] == keys


def test_bindings_of_every_strength() -> None:
    marital, code, language = (facts.binding(path) for path in ("Patient.maritalStatus", "Condition.code", "Patient.language"))
    assert marital == facts.Binding("extensible", facts.VALUE_SET + "marital-status", "")
    assert code
    assert code.strength == "example"
    assert language == facts.Binding("preferred", facts.VALUE_SET + "languages", facts.VALUE_SET + "all-languages")
    assert facts.binding("Patient.name") is None


def test_profiles_that_r4_itself_puts_on_a_type() -> None:
    assert facts.profiles("Range.low") == facts.profiles("Observation.valueRange.low") == ("SimpleQuantity",)
    assert facts.profiles("Observation.valueQuantity") == facts.profiles("Nothing.at.all") == ()
