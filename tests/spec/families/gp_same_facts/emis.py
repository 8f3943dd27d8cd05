"""The facts as the EMIS extract tells them."""

from __future__ import annotations

from typing import Any

from tests.spec.families.gp_same_facts.facts import (
    ALLERGY,
    CLERK,
    CODES,
    CONSULTATION,
    COURSE,
    DIARY,
    DIASTOLIC,
    DOCTOR,
    DRUG,
    ISSUE,
    PATIENT,
    PRACTICE,
    PRESSURE,
    PROBLEM,
    REFERRAL,
    SLOT,
    SYSTOLIC,
    VACCINE,
    guid,
)


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
