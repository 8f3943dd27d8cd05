"""The facts as GP Connect tells them."""

from __future__ import annotations

import json
from typing import Any

from tests.spec.families.gp_same_facts.facts import (
    ALLERGY,
    CODES,
    CONSULTATION,
    COURSE,
    DIARY,
    DOCTOR,
    DRUG,
    ISSUE,
    PATIENT,
    PRACTICE,
    PRESSURE,
    PROBLEM,
    READ,
    REFERRAL,
    SLOT,
    SNOMED,
    VACCINE,
    guid,
)


def gpconnect() -> list[bytes]:
    """A structured record, and an appointment with whom it is for."""

    def coded(name: str) -> dict[str, Any]:
        read, snomed, term = CODES[name]
        codings = [{"system": SNOMED, "code": snomed, "display": term}, {"system": READ, "code": read, "display": term}]
        return {"coding": codings, "text": term}

    def extension(name: str, **value: Any) -> dict[str, Any]:
        return {"url": f"https://fhir.hl7.org.uk/STU3/StructureDefinition/Extension-CareConnect-GPC-{name}-1", **value}

    def to(kind: str, one: str) -> dict[str, str]:
        return {"reference": f"{kind}/{one}"}

    when, recorded = "2025-03-04", "2025-03-04T10:25:00+00:00"
    subject, context, doctor = (
        {"subject": to("Patient", PATIENT)},
        {"context": to("Encounter", CONSULTATION)},
        to("Practitioner", DOCTOR),
    )
    drug = {
        "resourceType": "Medication",
        "id": guid(31),
        "code": {"coding": [{"system": SNOMED, "code": DRUG[0], "display": DRUG[1]}]},
    }
    medication = {"medicationReference": to("Medication", guid(31))}
    dose = [{"text": "One daily"}]
    supply = {"quantity": {"value": 28, "unit": "capsule"}, "expectedSupplyDuration": {"value": 28, "unit": "day", "code": "d"}}
    repeat = extension("PrescriptionType", valueCodeableConcept={"coding": [{"system": "urn:x", "code": "repeat"}]})
    read_by = {"resourceType": "Practitioner", "id": DOCTOR, "name": [{"family": "Marr"}]}
    practice = {
        "resourceType": "Organization",
        "id": PRACTICE,
        "identifier": [{"system": "https://fhir.nhs.uk/Id/ods-organization-code", "value": "B99996"}],
    }
    person = {
        "resourceType": "Patient",
        "id": PATIENT,
        "meta": {"profile": ["https://fhir.nhs.uk/STU3/StructureDefinition/CareConnect-GPC-Patient-1"]},
        "identifier": [{"system": "https://fhir.nhs.uk/Id/nhs-number", "value": "9990000034"}],
        "managingOrganization": to("Organization", PRACTICE),
    }

    def part(name: str, number: int) -> dict[str, Any]:
        unit = {"unit": "mmHg", "system": "http://unitsofmeasure.org", "code": "mm[Hg]"}
        return {"code": coded(name), "valueQuantity": {"value": number, **unit}}

    record: list[dict[str, Any]] = [
        person,
        practice,
        read_by,
        {
            "resourceType": "Encounter",
            "id": CONSULTATION,
            "status": "finished",
            "type": [{"text": "Telephone call to a patient"}],
            **subject,
            "participant": [
                {
                    "type": [{"coding": [{"system": "http://hl7.org/fhir/v3/ParticipationType", "code": "PPRF"}]}],
                    "individual": doctor,
                }
            ],
            "period": {"start": when},
            "serviceProvider": to("Organization", PRACTICE),
        },
        {
            "resourceType": "Condition",
            "id": PROBLEM,
            "extension": [
                extension("ProblemSignificance", valueCode="major"),
                extension("RelatedClinicalContent", valueReference=to("Observation", PRESSURE)),
            ],
            "clinicalStatus": "active",
            "category": [{"coding": [{"system": "http://hl7.org/fhir/condition-category", "code": "problem-list-item"}]}],
            "code": coded("problem"),
            **subject,
            **context,
            "onsetDateTime": "2019-06",
            "assertedDate": recorded,
            "asserter": doctor,
            "note": [{"text": "Since the health check"}],
        },
        {
            "resourceType": "AllergyIntolerance",
            "id": ALLERGY,
            "clinicalStatus": "active",
            "verificationStatus": "unconfirmed",
            "code": coded("allergy"),
            "patient": to("Patient", PATIENT),
            "onsetDateTime": "1988",
            "assertedDate": recorded,
            "recorder": doctor,
            "extension": [
                {
                    "url": "http://hl7.org/fhir/StructureDefinition/encounter-associatedEncounter",
                    "valueReference": context["context"],
                }
            ],
        },
        drug,
        {
            "resourceType": "MedicationStatement",
            "id": guid(32),
            "basedOn": [to("MedicationRequest", COURSE)],
            **context,
            "status": "active",
            **medication,
            "effectivePeriod": {"start": when},
            "dateAsserted": recorded,
            **subject,
            "taken": "unk",
            "dosage": dose,
        },
        {
            "resourceType": "MedicationRequest",
            "id": COURSE,
            "extension": [repeat],
            "status": "active",
            "intent": "plan",
            **medication,
            **subject,
            **context,
            "authoredOn": when,
            "requester": {"agent": doctor},
            "recorder": doctor,
            "dosageInstruction": dose,
            "dispenseRequest": supply,
        },
        {
            "resourceType": "MedicationRequest",
            "id": ISSUE,
            "basedOn": [to("MedicationRequest", COURSE)],
            "status": "completed",
            "intent": "order",
            **medication,
            **subject,
            **context,
            "authoredOn": when,
            "requester": {"agent": doctor},
            "recorder": doctor,
            "dosageInstruction": dose,
            "dispenseRequest": supply,
        },
        {
            "resourceType": "ProcedureRequest",
            "id": DIARY,
            "status": "active",
            "intent": "plan",
            "code": coded("diary"),
            **subject,
            **context,
            "occurrenceDateTime": "2025-09-04",
            "authoredOn": recorded,
            "requester": {"agent": doctor},
        },
        {
            "resourceType": "Observation",
            "id": PRESSURE,
            "status": "final",
            "code": coded("pressure"),
            **subject,
            **context,
            "effectiveDateTime": when,
            "issued": recorded,
            "performer": [doctor],
            "component": [part("systolic", 148), part("diastolic", 88)],
        },
        {
            "resourceType": "Immunization",
            "id": VACCINE,
            "extension": [
                extension("VaccinationProcedure", valueCodeableConcept=coded("vaccine")),
                extension("DateRecorded", valueDateTime=recorded),
            ],
            "status": "completed",
            "notGiven": False,
            "vaccineCode": {"text": CODES["vaccine"][2]},
            "patient": to("Patient", PATIENT),
            "encounter": context["context"],
            "date": when,
            "primarySource": True,
            "practitioner": [{"actor": doctor}],
        },
        {
            "resourceType": "ReferralRequest",
            "id": REFERRAL,
            "status": "unknown",
            "intent": "order",
            "priority": "urgent",
            **subject,
            **context,
            "authoredOn": when,
            "requester": {"agent": doctor},
            "reasonCode": [coded("referral")],
        },
    ]
    appointment = {
        "resourceType": "Appointment",
        "id": SLOT,
        "status": "booked",
        "start": "2025-03-04T10:20:00+00:00",
        "end": "2025-03-04T10:30:00+00:00",
        "created": "2025-03-01T09:00:00+00:00",
        "slot": [to("Slot", SLOT)],
        "participant": [{"actor": to("Patient", PATIENT), "status": "accepted"}],
    }
    return [
        json.dumps({"resourceType": "Bundle", "type": "collection", "entry": [{"resource": one} for one in some]}).encode()
        for some in (record, [person, practice, appointment])
    ]
