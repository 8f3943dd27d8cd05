"""Three ways out of GP systems, one standard: the same fact in OpenHR, in the EMIS extract and in GP Connect is the same in FHIR.

``tests/spec/families/gp_same_facts`` tells one person's facts in all three forms. Each difference is named, with why.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest

from interop.mapping.examples import value_at
from tests.spec.families import gp_same_facts
from tests.spec.families.gp_same_facts import CODES, READ, SNOMED
from tests.spec.families.maps import example, make

FAMILIES = ("openhr", "emis", "gpconnect")
DAY, RECORDED = "2025-03-04", "2025-03-04T10:25:00+00:00"
DIRECTIONS = "One daily"

NO_APPOINTMENTS = "OpenHR has no appointments: they are in the EMIS extract"
NO_COURSE = "what is on record for the course goes with its authorisation; the row of the course has no number of days"
NOT_DONE = "whether the entry was done is told by the extract and by GP Connect; OpenHR has no place for it"
NO_CLASS = "GP Connect has no class of an encounter: its type says in words that it was by telephone"
NO_TYPIST = "GP Connect names who recorded it and not who typed it in"
STU3_RECORDER = "STU3 has no recorder of a Condition"
STU3_ASSERTER = "GP Connect names the recorder alone"
STATED = "GP Connect demands a verification status; the others do not say whether an allergy was confirmed"
DISPENSED = "GP Connect says of an issue that it was given out; the others say neither that nor that it was not"
REASON = "a ReferralRequest of STU3 has no code: what for is its reason"
OWN_SLOT = "an appointment that comes without its slot has the slot's id alone"
NOBODY_ENTERED = "GP Connect has one author of a diary entry"

FACTS: list[tuple[str, str, Any, dict[str, tuple[Any, str]]]] = [
    # type (of a MedicationRequest with its intent), path, value, what is told otherwise: by whom and why
    ("Appointment", "status", "booked", {"openhr": (None, NO_APPOINTMENTS)}),
    ("Appointment", "start", "2025-03-04T10:20:00+00:00", {"openhr": (None, NO_APPOINTMENTS)}),
    ("Appointment", "end", "2025-03-04T10:30:00+00:00", {"openhr": (None, NO_APPOINTMENTS)}),
    ("Appointment", "participant[0].actor", "@Patient", {"openhr": (None, NO_APPOINTMENTS)}),
    ("Appointment", "participant[0].status", "accepted", {"openhr": (None, NO_APPOINTMENTS)}),
    ("Appointment", "slot[0]", "@Slot", {"openhr": (None, NO_APPOINTMENTS), "gpconnect": ("identifier", OWN_SLOT)}),
    ("Encounter", "status", "finished", {}),
    ("Encounter", "class.code", "VR", {"gpconnect": ("UNK", NO_CLASS)}),
    ("Encounter", "subject", "@Patient", {}),
    ("Encounter", "period.start", DAY, {}),
    ("Encounter", "participant[0].type[0].coding[0].code", "PPRF", {}),
    ("Encounter", "participant[0].individual", "@Practitioner", {}),
    ("Encounter", "participant[1].type[0].coding[0].code", "ENT", {"gpconnect": (None, NO_TYPIST)}),
    ("CarePlan", "status", "active", {"openhr": ("unknown", NOT_DONE)}),
    ("CarePlan", "intent", "plan", {}),
    ("CarePlan", "category[0].coding[0].code", "diary-entry", {}),
    ("CarePlan", "title", CODES["diary"][2], {}),
    ("CarePlan", "subject", "@Patient", {}),
    ("CarePlan", "encounter", "@Encounter", {}),
    ("CarePlan", "created", RECORDED, {}),
    ("CarePlan", "author", "@Practitioner", {}),
    ("CarePlan", "activity[0].detail.code", "diary", {}),
    ("CarePlan", "activity[0].detail.code.text", CODES["diary"][2], {}),
    ("CarePlan", "activity[0].detail.scheduledPeriod.start", "2025-09-04", {}),
    ("CarePlan", "contributor[0]", "@Practitioner/3", {"openhr": ("@Organization", NOT_DONE), "gpconnect": (None, NOBODY_ENTERED)}),
    ("Condition", "code", "problem", {}),
    ("Condition", "code.text", CODES["problem"][2], {}),
    ("Condition", "clinicalStatus.coding[0].code", "active", {}),
    ("Condition", "category[0].coding[0].code", "problem-list-item", {}),
    ("Condition", "extension:problemSignificance", "major", {}),
    ("Condition", "subject", "@Patient", {}),
    ("Condition", "encounter", "@Encounter", {}),
    ("Condition", "onsetDateTime", "2019-06", {}),
    ("Condition", "recordedDate", RECORDED, {}),
    ("Condition", "asserter", "@Practitioner", {}),
    ("Condition", "recorder", "@Practitioner/3", {"gpconnect": (None, STU3_RECORDER)}),
    ("Condition", "note[0].text", "Since the health check", {}),
    ("AllergyIntolerance", "code", "allergy", {}),
    ("AllergyIntolerance", "code.text", CODES["allergy"][2], {}),
    ("AllergyIntolerance", "clinicalStatus.coding[0].code", "active", {}),
    ("AllergyIntolerance", "verificationStatus.coding[0].code", None, {"gpconnect": ("unconfirmed", STATED)}),
    ("AllergyIntolerance", "patient", "@Patient", {}),
    ("AllergyIntolerance", "encounter", "@Encounter", {}),
    ("AllergyIntolerance", "onsetDateTime", "1988", {}),
    ("AllergyIntolerance", "recordedDate", RECORDED, {}),
    ("AllergyIntolerance", "asserter", "@Practitioner", {"gpconnect": (None, STU3_ASSERTER)}),
    ("MedicationStatement", "status", "active", {}),
    ("MedicationStatement", "medication", "Ramipril 5mg capsules", {}),
    ("MedicationStatement", "dosage[0].text", DIRECTIONS, {}),
    ("MedicationStatement", "effectivePeriod.start", DAY, {}),
    ("MedicationStatement", "dateAsserted", RECORDED, {}),
    ("MedicationStatement", "basedOn[0]", "@MedicationRequest plan", {}),
    ("MedicationRequest plan", "status", "active", {}),
    ("MedicationRequest plan", "medication", "Ramipril 5mg capsules", {}),
    ("MedicationRequest plan", "authoredOn", DAY, {}),
    ("MedicationRequest plan", "requester", "@Practitioner", {}),
    ("MedicationRequest plan", "courseOfTherapyType.coding[0].code", "continuous", {}),
    ("MedicationRequest plan", "dispenseRequest.quantity.value", "28", {}),
    ("MedicationRequest plan", "dispenseRequest.quantity.unit", "capsule", {}),
    ("MedicationRequest plan", "dispenseRequest.expectedSupplyDuration.value", "28", {"emis": (None, NO_COURSE)}),
    ("MedicationRequest plan", "dosageInstruction[0].text", DIRECTIONS, {}),
    ("MedicationRequest order", "status", "unknown", {"gpconnect": ("completed", DISPENSED)}),
    ("MedicationRequest order", "medication", "Ramipril 5mg capsules", {}),
    ("MedicationRequest order", "basedOn[0]", "@MedicationRequest plan", {}),
    ("MedicationRequest order", "authoredOn", DAY, {}),
    ("MedicationRequest order", "dispenseRequest.quantity.value", "28", {}),
    ("MedicationRequest order", "dispenseRequest.expectedSupplyDuration.value", "28", {}),
    ("Observation", "code", "pressure", {}),
    ("Observation", "status", "final", {}),
    ("Observation", "effectiveDateTime", DAY, {}),
    ("Observation", "issued", RECORDED, {}),
    ("Observation", "encounter", "@Encounter", {}),
    ("Observation", "performer[0]", "@Practitioner", {}),
    ("Observation", "category[0].coding[0].code", "vital-signs", {}),
    ("Observation", "component[0].code", "systolic", {}),
    ("Observation", "component[0].valueQuantity.value", "148", {}),
    ("Observation", "component[0].valueQuantity.code", "mm[Hg]", {}),
    ("Observation", "component[1].code", "diastolic", {}),
    ("Observation", "component[1].valueQuantity.value", "88", {}),
    ("Immunization", "status", "completed", {}),
    ("Immunization", "occurrenceDateTime", DAY, {}),
    ("Immunization", "recorded", RECORDED, {}),
    ("Immunization", "extension:vaccinationProcedure", "vaccine", {}),
    ("Immunization", "vaccineCode.text", CODES["vaccine"][2], {}),
    ("ServiceRequest", "status", "unknown", {}),
    ("ServiceRequest", "intent", "order", {}),
    ("ServiceRequest", "priority", "urgent", {}),
    ("ServiceRequest", "authoredOn", DAY, {}),
    ("ServiceRequest", "requester", "@Practitioner", {}),
    ("ServiceRequest", "category[0].coding[0].code", "3457005", {}),
    ("ServiceRequest", "code", "referral", {"gpconnect": (None, REASON)}),
    ("ServiceRequest", "reasonCode[0]", None, {"gpconnect": ("referral", REASON)}),
]
URLS = {
    "problemSignificance": "https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-ProblemSignificance",
    "vaccinationProcedure": "https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-VaccinationProcedure",
}


@cache
def resources(family: str) -> dict[str, dict[str, Any]]:
    """What a form makes of the facts, by type; a MedicationRequest with its intent, of the Observations the one with parts."""
    found: dict[str, dict[str, Any]] = {}
    for one in gp_same_facts.made(family):
        kind = one["resourceType"]
        if kind == "Observation" and "component" not in one:
            continue
        found.setdefault(f"{kind} {one['intent']}" if kind == "MedicationRequest" else kind, one)
    return found


def told(family: str, kind: str, path: str) -> Any:
    """What stands at a path: a reference, the text of a primitive, or of codes the name in the facts."""
    resource = resources(family).get(kind)
    if resource is None:
        return None
    if path == "medication":
        said = resource.get("medicationCodeableConcept", {}).get("text") or resource["medicationReference"].get("display")
        return said or resources(family)["Medication"]["code"]["coding"][0]["display"]
    if path.startswith("extension:"):
        url = URLS[path.partition(":")[2]]
        (extension,) = [one for one in resource["extension"] if one["url"] == url]
        value = extension.get("valueCode") or extension["valueCodeableConcept"]
    else:
        value = value_at(resource, path)
    if not isinstance(value, dict):
        return None if value is None else str(value)
    if "coding" in value:
        given = {(one.get("system"), one["code"]) for one in value["coding"]}
        return next((name for name, (read, snomed, _) in CODES.items() if {(READ, read), (SNOMED, snomed)} <= given), given)
    return value.get("reference", "identifier")


def wanted(family: str, value: Any) -> Any:
    """The value, a reference where it names a resource: ``@TYPE``, or ``@Practitioner/3`` who typed."""
    if not isinstance(value, str) or not value.startswith("@"):
        return value
    kind, _, number = value[1:].partition("/")
    if kind == "Practitioner":
        return f"Practitioner/{person(int(number or 2))}"
    named = resources(family).get(kind) or resources("openhr")[kind]
    return f"{kind.partition(' ')[0]}/{named['id']}"


@cache
def person(number: int) -> str:
    """The id of a member of staff: the same in all three."""
    ids = [one["id"] for one in gp_same_facts.made("openhr") if one["resourceType"] == "Practitioner"]
    return str(ids[number - 2])


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize(("kind", "path", "value", "otherwise"), FACTS, ids=[f"{kind}.{path}" for kind, path, *_ in FACTS])
def test_the_same_fact_is_the_same_in_fhir(
    family: str, kind: str, path: str, value: Any, otherwise: dict[str, tuple[Any, str]]
) -> None:
    """A difference that is named and no longer there fails too."""
    expected, why = otherwise.get(family, (value, ""))
    assert told(family, kind, path) == wanted(family, expected), why


def test_the_three_speak_of_one_resource() -> None:
    """Person, consultation, problem, allergy, course, issue, diary entry and clinician have the same ids in all three."""
    kinds = (
        "Patient",
        "Encounter",
        "Condition",
        "AllergyIntolerance",
        "MedicationRequest plan",
        "MedicationRequest order",
        "CarePlan",
    )
    for kind in (*kinds, "Observation", "Immunization", "ServiceRequest"):
        ids = {resources(family)[kind]["id"] for family in FAMILIES if kind in resources(family)}
        assert len(ids) == 1, kind


def test_the_tree_of_a_consultation_is_a_list_in_both() -> None:
    """OpenHR has one level with the heading of each entry; GP Connect topics and headings between; the extract has no order."""
    for family, file in (("openhr", "record.xml"), ("gpconnect", "record.json")):
        lists = [one for name in ("parts", "list") for one in make(family, example(family, file)).all(name)]
        consultation = [one for one in lists if value_at(one, "code.coding[0].code") == "325851000000107"]
        assert consultation, family
        assert all(one["encounter"]["reference"].startswith("Encounter/") for one in consultation), family
