"""The same facts of one made-up person as the three ways out of a GP system tell them: OpenHR, the EMIS extract, GP Connect."""

from __future__ import annotations

import json
from io import BytesIO
from typing import Any

from interop.mapping.library import adapters
from tests.spec.families.maps import make

SNOMED = "http://snomed.info/sct"
READ = "http://read.info/readv2"


def guid(number: int) -> str:
    """The identity of a thing in all three."""
    return f"7a9d3c10-4b52-4c6e-8f01-{number:012d}"


PATIENT, CLERK, DOCTOR, PRACTICE = guid(1), guid(3), guid(2), guid(4)
CONSULTATION, PROBLEM, ALLERGY, COURSE, ISSUE, DIARY, PRESSURE, SYSTOLIC, DIASTOLIC, VACCINE, REFERRAL, SLOT = map(
    guid, range(10, 22)
)
CODES = {
    "problem": ("G20..", "59621000", "Essential hypertension"),
    "allergy": ("14L1.", "91936005", "Allergy to penicillin"),
    "diary": ("9Oi..", "413606001", "Blood pressure monitoring due"),
    "pressure": ("246..", "163020007", "Blood pressure reading"),
    "systolic": ("2469.", "163030003", "Systolic blood pressure"),
    "diastolic": ("246A.", "163031004", "Diastolic blood pressure"),
    "vaccine": ("65E..", "86198006", "Influenza vaccination"),
    "referral": ("8H44.", "183519002", "Cardiological referral"),
}
DRUG = ("318906001", "Ramipril 5mg capsules")


def openhr() -> bytes:
    """One OpenHR document."""

    def event(number: str, kind: str, code: str, when: str, inner: str, part: str = "YMD", note: str = "") -> str:
        read, snomed, term = CODES.get(code, ("RACA5", *DRUG))
        system = "2.16.840.1.113883.2.1.6.2" if code in CODES else "EMISPREPARATION"
        text = f'<associatedText associatedTextType="POST"><value>{note}</value></associatedText>' if note else ""
        return (
            f'<event updateMode="add"><id>{number}</id><patient>{PATIENT}</patient><eventType>{kind}</eventType>'
            f'<effectiveTime datepart="{part}" value="{when}T00:00:00"/>'
            "<availabilityTimeStamp>2025-03-04T10:25:00</availabilityTimeStamp>"
            f"<authorisingUserInRole>{DOCTOR}</authorisingUserInRole><enteredByUserInRole>{CLERK}</enteredByUserInRole>"
            f'<code codeSystem="{system}" displayName="{term}" code="{read}"><translation '
            f'codeSystem="2.16.840.1.113883.2.1.3.2.4.15" displayName="{term}" code="{snomed}"/></code>'
            f"<displayTerm>{term}</displayTerm>{text}<organisation>{PRACTICE}</organisation>{inner}</event>"
        )

    def value(number: int) -> str:
        return f"<observation><value><numeric><value>{number}</value><units>mmHg</units></numeric></value></observation>"

    links = f"<childLink>{SYSTOLIC}</childLink><childLink>{DIASTOLIC}</childLink>"
    dose = (
        "<dosage>One daily</dosage><quantity>28</quantity><quantityUnit>capsule</quantityUnit>"
        "<durationOfIssue>28</durationOfIssue><prescriptionType>R</prescriptionType>"
    )
    entries = (PROBLEM, ALLERGY, COURSE, ISSUE, DIARY, PRESSURE, VACCINE, REFERRAL)
    parts = "".join(f'<component updateMode="add"><event>{one}</event></component>' for one in entries)
    return (
        f'<openHealthRecord xmlns="http://www.e-mis.com/emisopen" schemaVersion="2.1.1"><id>{guid(5)}</id>'
        "<creationTime>2025-03-05T06:30:00</creationTime><author><system><systemType>EMISWEB</systemType></system>"
        f"<organisation>{PRACTICE}</organisation></author><adminDomain>"
        f"<patient><id>{PATIENT}</id><patientIdentifier><identifierType>NHS</identifierType><value>9990000034</value>"
        f"</patientIdentifier></patient><organisation><id>{PRACTICE}</id><name>Beck Surgery</name>"
        f"<nationalPracticeCode>B99996</nationalPracticeCode></organisation><userInRole><id>{DOCTOR}</id></userInRole>"
        f"<userInRole><id>{CLERK}</id></userInRole></adminDomain><healthDomain>"
        f'<encounter updateMode="add"><id>{CONSULTATION}</id><patient>{PATIENT}</patient>'
        f'<effectiveTime datepart="YMD" value="2025-03-04T00:00:00"/><authorisingUserInRole>{DOCTOR}</authorisingUserInRole>'
        f"<enteredByUserInRole>{CLERK}</enteredByUserInRole><organisation>{PRACTICE}</organisation>"
        f"<consultationType>TTC</consultationType>{parts}</encounter>"
        + event(PROBLEM, "OBS", "problem", "2019-06-01", "<observation/>", "YM", "Since the health check")
        + event(ALLERGY, "ALL", "allergy", "1988-01-01", "<allergy/>", "Y")
        + event(
            COURSE,
            "MED",
            "drug",
            "2025-03-04",
            f"<medication>{dose}<drugStatus>A</drugStatus><private>false</private><numberOfIssues>1</numberOfIssues>"
            f"<authorisedIssues><authorisedIssues>6</authorisedIssues></authorisedIssues></medication>",
        )
        + event(
            ISSUE,
            "ISS",
            "drug",
            "2025-03-04",
            f"<medicationIssue><medication>{COURSE}</medication>{dose}<estimatedNHSCost>1</estimatedNHSCost><issueMethod>E</issueMethod>"
            "<private>false</private><cancelled>false</cancelled></medicationIssue>",
        )
        + event(DIARY, "DRY", "diary", "2025-09-04", "<diary><durationTerm>6 months</durationTerm></diary>")
        + event(
            PRESSURE,
            "VAL",
            "pressure",
            "2025-03-04",
            f"<observation><complexObservation>{links}</complexObservation></observation>",
        )
        + event(SYSTOLIC, "VAL", "systolic", "2025-03-04", value(148))
        + event(DIASTOLIC, "VAL", "diastolic", "2025-03-04", value(88))
        + event(VACCINE, "IMM", "vaccine", "2025-03-04", "<observation/>")
        + event(REFERRAL, "REF", "referral", "2025-03-04", "<referral><urgency>U</urgency></referral>")
        + f'<problem updateMode="add"><id>{PROBLEM}</id><status>A</status><significance>S</significance>'
        f'<eventLink updateMode="add"><id>{PRESSURE}</id></eventLink></problem></healthDomain></openHealthRecord>'
    ).encode()


def emis() -> bytes:
    """The files of one delivery, one after another."""

    def table(**columns: list[Any]) -> str:
        rows = zip(*columns.values(), strict=True)
        return "\r\n".join([",".join(columns), *(",".join(str(cell) for cell in row) for row in rows)]) + "\r\n"

    number = {name: 500 + place for place, name in enumerate(CODES)}
    kinds = {
        PROBLEM: ("problem", "Observation"),
        ALLERGY: ("allergy", "Allergy"),
        PRESSURE: ("pressure", "Value"),
        SYSTOLIC: ("systolic", "Value"),
        DIASTOLIC: ("diastolic", "Value"),
        VACCINE: ("vaccine", "Immunisation"),
        REFERRAL: ("referral", "Referral"),
    }
    many = len(kinds)
    dates = {PROBLEM: ("2019-06-01", "YM"), ALLERGY: ("1988-01-01", "Y")}
    entered: dict[str, list[Any]] = {"EnteredDate": ["2025-03-04"], "EnteredTime": ["10:25:00"]}
    who: dict[str, list[Any]] = {"ClinicianUserInRoleGuid": [DOCTOR], "EnteredByUserInRoleGuid": [CLERK]}
    day: dict[str, list[Any]] = {"EffectiveDate": ["2025-03-04"], "EffectiveDatePrecision": ["YMD"]}
    whose: dict[str, list[Any]] = {"PatientGuid": [PATIENT], "OrganisationGuid": [PRACTICE]}
    end: dict[str, list[Any]] = {"Deleted": ["false"], "ProcessingId": [7]}
    dose: dict[str, list[Any]] = {"CodeId": [900], "Dosage": ["One daily"], "Quantity": [28], "QuantityUnit": ["capsule"]}
    observed = {name: cells * many for name, cells in (whose | entered | who | end).items()}
    return (
        table(
            CodeId=list(number.values()),
            Term=[term for _, _, term in CODES.values()],
            ReadTermId=[read for read, _, _ in CODES.values()],
            SnomedCTConceptId=[snomed for _, snomed, _ in CODES.values()],
            ProcessingId=[7] * len(CODES),
        )
        + table(CodeId=[900], Term=[DRUG[1]], DmdProductCodeId=[DRUG[0]], ProcessingId=[7])
        + table(
            ObservationGuid=[PROBLEM],
            **whose,
            ParentProblemObservationGuid=[""],
            ProblemStatusDescription=["Active Problem"],
            SignificanceDescription=["Significant Problem"],
            **end,
        )
        + table(
            ObservationGuid=list(kinds),
            **observed,
            EffectiveDate=[dates.get(one, ("2025-03-04", ""))[0] for one in kinds],
            EffectiveDatePrecision=[dates.get(one, ("", "YMD"))[1] for one in kinds],
            ParentObservationGuid=[PRESSURE if one in (SYSTOLIC, DIASTOLIC) else "" for one in kinds],
            CodeId=[number[code] for code, _ in kinds.values()],
            ProblemGuid=[PROBLEM if one == PRESSURE else "" for one in kinds],
            AssociatedText=["Since the health check" if one == PROBLEM else "" for one in kinds],
            ConsultationGuid=[CONSULTATION] * many,
            Value=[{SYSTOLIC: 148, DIASTOLIC: 88}.get(one, "") for one in kinds],
            NumericUnit=["mmHg" if one in (SYSTOLIC, DIASTOLIC) else "" for one in kinds],
            ObservationType=[kind for _, kind in kinds.values()],
        )
        + table(ObservationGuid=[REFERRAL], **whose, ReferralUrgency=["Urgent"], ProcessingId=[7])
        + table(
            ConsultationGuid=[CONSULTATION],
            **whose,
            **day,
            **entered,
            **who,
            ConsultationSourceTerm=["Telephone call to a patient"],
            Complete=["true"],
            **end,
        )
        + table(
            DiaryGuid=[DIARY],
            **whose,
            EffectiveDate=["2025-09-04"],
            EffectiveDatePrecision=["YMD"],
            **entered,
            **who,
            CodeId=[number["diary"]],
            OriginalTerm=[CODES["diary"][2]],
            DurationTerm=["6 months"],
            ConsultationGuid=[CONSULTATION],
            IsActive=["true"],
            IsComplete=["false"],
            **end,
        )
        + table(
            DrugRecordGuid=[COURSE],
            **whose,
            **day,
            **entered,
            **who,
            **dose,
            PrescriptionType=["Repeat"],
            IsActive=["true"],
            NumberOfIssues=[1],
            NumberOfIssuesAuthorised=[6],
            **end,
        )
        + table(
            IssueRecordGuid=[ISSUE],
            DrugRecordGuid=[COURSE],
            **whose,
            **day,
            **entered,
            **who,
            **dose,
            CourseDurationInDays=[28],
            **end,
        )
        + table(
            SlotGuid=[SLOT],
            AppointmentDate=["2025-03-04"],
            AppointmentStartTime=["10:20:00"],
            PlannedDurationInMinutes=[10],
            PatientGuid=[PATIENT],
            SessionGuid=[guid(30)],
            OrganisationGuid=[PRACTICE],
            DidNotAttend=["false"],
            **end,
        )
    ).encode()


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


def made(family: str) -> list[dict[str, Any]]:
    """What one of the three makes of them."""
    bodies = {"openhr": lambda: [openhr()], "emis": lambda: list(adapters()["emis"].split(BytesIO(emis()))), "gpconnect": gpconnect}
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for body in bodies[family]():
        outcome = make(family, body)
        for name in dict.fromkeys(one.name for one in outcome.contributions if one.effect == "upsert"):
            for one in outcome.all(name):
                known = found.setdefault((one["resourceType"], one["id"]), {})
                for key, value in one.items():
                    known[key] = [*known[key], *value] if isinstance(value, list) and key in known else value
    return list(found.values())
