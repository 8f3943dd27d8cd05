"""The three people of the example day, those who look after them, and where."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from conformance.generate.numbers import CAPACITY, nhs_number
from conformance.generate.people import Address, Kin, Person
from conformance.generate.places import CONSULTANTS, GPS, NURSES, PRACTICES, Clinician, Ward
from conformance.generate.words import COUNTY

PRACTICE, GP = PRACTICES[0], GPS[0]
NURSE, MATRON = NURSES[0], NURSES[2]
MEMORY_NURSE = Clinician("N9990104", "Ms", "Olwen", "Tregear", "Community Psychiatric Nurse")
THERAPIST = Clinician("P9990105", "Mr", "Samir", "Haddad", "Occupational Therapist")
PHYSIOTHERAPIST = Clinician("P9990106", "Miss", "Ffion", "Maddern", "Physiotherapist")
SOCIAL_WORKER = Clinician("S9990107", "Mrs", "Yvette", "Lascelles", "Social Worker")
DESK = "01632 960070"
"""The co-ordination desk, day and night."""

FALLS_CLINIC = Ward("FALLOP", "Falls and Bone Health Clinic", "430", CONSULTANTS[2])
MEMORY_CLINIC = Ward("MEMOP", "Memory Clinic", "715", CONSULTANTS[5])
FRACTURE_CLINIC = Ward("FRACOP", "Fracture Clinic", "110", CONSULTANTS[1])
PHYSIO_WETHERHAM = Ward("PHYWET", "Physiotherapy, Wetherham site", "650", CONSULTANTS[1])

_LAST = CAPACITY - 1000  # the serials that no seed uses


def _born(base: date, years: int, month: int, day: int) -> date:
    """A birthday such that the person is ``years`` old on ``base``."""
    return date(base.year - years - ((month, day) > (base.month, base.day)), month, day)


def working(base: date, days: int, hour: int = 0, minute: int = 0) -> datetime:
    """``days`` after ``base`` at that time, or the Monday after where that is a weekend."""
    day = base + timedelta(days=days)
    return datetime.combine(day + timedelta(days=(7 - day.weekday()) * (day.weekday() > 4)), time(hour, minute))


def laura(base: date) -> Person:
    """Laura, 72: a fall at home, and not conveyed."""
    return Person(
        serial=_LAST + 1,
        nhs_number=nhs_number(_LAST + 1),
        hospital_number=f"E{1_000_000 + _LAST + 1}",
        title="MRS",
        given="Laura",
        middle="Margaret",
        family="Ormsgill",
        maiden="Tattersby",
        birth_date=_born(base, 72, 3, 14),
        sex="F",
        address=Address("14 Almoner's Close", "Eastmere", COUNTY, "QX1 6LM"),
        phone="01632960272",
        mobile="07700900272",
        marital="W",
        religion="C22",
        ethnic="A",
        language="en",
        practice=PRACTICE,
        gp=GP,
        kin=Kin("MR", "Edwin", "Ormsgill", "9", "07700900273"),
    )


def susan(base: date) -> Person:
    """Susan, 57: an admission and back."""
    return Person(
        serial=_LAST + 2,
        nhs_number=nhs_number(_LAST + 2),
        hospital_number=f"E{1_000_000 + _LAST + 2}",
        title="MS",
        given="Susan",
        middle="Jane",
        family="Haldane",
        maiden="",
        birth_date=_born(base, 57, 8, 2),
        sex="F",
        address=Address("3 Ferryman's Way", "Wetherham", COUNTY, "QX4 1SH"),
        phone="01632960357",
        mobile="07700900357",
        marital="D",
        religion="",
        ethnic="A",
        language="en",
        practice=PRACTICE,
        gp=GP,
        kin=Kin("MISS", "Chloë", "Haldane", "9", "07700900358"),
    )


def bill(base: date) -> Person:
    """Bill, 66: dementia, and a carer at the end of her strength."""
    return Person(
        serial=_LAST + 3,
        nhs_number=nhs_number(_LAST + 3),
        hospital_number=f"E{1_000_000 + _LAST + 3}",
        title="MR",
        given="William",
        middle="Arthur",
        family="Crowhurst",
        maiden="",
        birth_date=_born(base, 66, 11, 23),
        sex="M",
        address=Address("27 Ropewalk", "Eastmere", COUNTY, "QX1 3WC"),
        phone="01632960466",
        mobile="",
        marital="M",
        religion="C1",
        ethnic="A",
        language="en",
        practice=PRACTICE,
        gp=GP,
        kin=Kin("MRS", "Joan", "Crowhurst", "1", "07700900467"),
    )
