"""Who and what the three tell of: identities and codes."""

from __future__ import annotations

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
