"""Rows of the EMIS extract: CareRecord_Observation of synthetic people, as many as are asked for."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from random import Random

from conformance.generate.emis import guid

COLUMNS = (
    "ObservationGuid,PatientGuid,OrganisationGuid,EffectiveDate,EffectiveDatePrecision,EnteredDate,EnteredTime,"
    "ClinicianUserInRoleGuid,EnteredByUserInRoleGuid,ParentObservationGuid,CodeId,ProblemGuid,AssociatedText,ConsultationGuid,"
    "Value,NumericUnit,ObservationType,NumericRangeLow,NumericRangeHigh,DocumentGuid,Deleted,IsConfidential,ProcessingId"
)
KINDS = (
    ("Value", "kg", 45, 110), ("Value", "mm Hg", 95, 180), ("Value", "mmol/L", 3, 12), ("Observation", "", 0, 0),
)  # fmt: skip
TEXTS = ("", "", "", "In indoor clothing", "Seated, left arm", 'Discussed, "watchful waiting", review in 6/52')
EACH = 40
"""Rows of one patient, four of them to a consultation."""


def rows(seed: int, count: int) -> Iterator[str]:
    """The header line, then ``count`` rows, each ended by CR LF."""
    yield COLUMNS + "\r\n"
    random = Random(seed)
    practice = guid("organisation/B99999")
    staff = [guid(f"staff/{number}") for number in range(12)]
    patient = visit = ""
    day = date(2025, 1, 6)
    for number in range(count):
        if number % EACH == 0:
            patient, day = guid(f"patient/{seed}/{number}"), date(2015, 1, 5) + timedelta(days=random.randrange(3_600))
        if number % 4 == 0:
            visit, day = guid(f"visit/{seed}/{number}"), day + timedelta(days=random.randrange(90))
        kind, unit, least, most = KINDS[number % 4]
        text = random.choice(TEXTS).replace('"', '""')
        value = f"{random.uniform(least, most):.1f}" if kind == "Value" else ""
        low, high = (str(least), str(most)) if value and number % 8 == 2 else ("", "")
        who, code = staff[number % 12], 100_000 + number % 700
        secret = "true" if number % 200 == 0 else "false"
        yield (
            f"{guid(f'observation/{seed}/{number}')},{patient},{practice},{day},YMD,{day},09:{number % 60:02d}:00,{who},{who},,"
            f'{code},,"{text}",{visit},{value},{unit},{kind},{low},{high},,false,{secret},12\r\n'
        )
