"""Segments of ITK HL7 v2.4 messages (HSCIC ITK HL7 v2 message specification 1.0.15, section 5; SIU: HL7 v2.4 chapter 10)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

from conformance.generate.clinical import Illness
from conformance.generate.people import Person
from conformance.generate.places import SITE, TRUST, Clinician, Ward

STRUCTURES = {
    "A01": "ADT_A01", "A02": "ADT_A02", "A03": "ADT_A03", "A04": "ADT_A01", "A08": "ADT_A01", "A28": "ADT_A05", "A31": "ADT_A05",
    "A40": "ADT_A39",
}  # fmt: skip
SEXES = {"M": "1", "F": "2"}
TRACED, TO_TRACE = "NSTS01", "NSTS03"
"""Table 0445 in PID-32: number present and verified; trace required."""


class Visit(NamedTuple):
    """An inpatient spell: its number, ward and bed, illness, and when it began (and ended).

    ``method`` is ADMISSION METHOD (21 A&E; 11 to 13 elective), ``arrival`` a code of table 0430.
    """

    number: str
    ward: Ward
    bed: str
    illness: Illness
    admitted: datetime
    arrival: str = "A"
    method: str = "21"
    discharged: datetime | None = None
    note: str = ""


class Booking(NamedTuple):
    """An outpatient appointment: its number, clinic, time, length in minutes, reason, status of table 0278, a note."""

    number: str
    clinic: Ward
    starts: datetime
    minutes: int
    reason: str
    status: str = "Booked"
    note: str = ""
    clinician: Clinician | None = None


def ts(at: datetime) -> str:
    """TS to the second."""
    return f"{at.year:04d}{at.month:02d}{at.day:02d}{at.hour:02d}{at.minute:02d}{at.second:02d}"


def st(text: str) -> str:
    """Text with the delimiters of ``|^~\\&`` escaped (HL7 v2.4, 2.10)."""
    for character, escape in (("\\", "\\E\\"), ("|", "\\F\\"), ("^", "\\S\\"), ("~", "\\R\\"), ("&", "\\T\\")):
        if character in text:
            text = text.replace(character, escape)
    return text


def xcn(who: Clinician) -> str:
    """XCN: code, family, given, prefix, and the authority the code is of."""
    authority = {"C": "GMC", "G": "GMP"}.get(who.code[0], SITE)
    return f"{who.code}^{who.family}^{who.given}^^^{who.title}^^^{authority}"


def msh(kind: str, control: str, at: datetime, sequence: int) -> str:
    """MSH: ``kind`` is the whole of MSH-9."""
    return f"MSH|^~\\&|PAS|{TRUST.ods}|ROUTE|ROUTE|{ts(at)}||{kind}|{control}|P|2.4|{sequence}||||GBR|UNICODE UTF-8|EN||iTKv1.0"


def evn(recorded: datetime, occurred: datetime, operator: Clinician) -> str:
    """EVN: when it was recorded, who did so, when it happened."""
    return f"EVN||{ts(recorded)}|||{xcn(operator)}|{ts(occurred)}"


def pid(person: Person, number: str = "") -> str:
    """PID. With ``number`` the person is registered under that local number alone, and the NHS number is yet to be traced."""
    a = person.address
    ids = f"{number}^^^PAS" if number else f"{person.hospital_number}^^^PAS~{person.nhs_number}^^^NHS"
    phones = f"{person.phone}^PRN^PH" + (f"~{person.mobile}^PRN^CP" if person.mobile else "")
    return (
        f"PID|1||{ids}||{person.family.upper()}^{person.given.upper()}^{person.middle.upper()}^^{person.title}^^L"
        f"|{person.maiden.upper()}"
        f"|{person.birth_date:%Y%m%d}|{SEXES[person.sex]}|||{a.street}^^{a.town}^{a.county}^{a.postcode}^GBR^H|"
        f"|{phones}||{person.language}"
        f"|{person.marital}|{person.religion}|||||{person.ethnic}||||GBR||GBR||||{TO_TRACE if number else TRACED}"
    )


def pd1(person: Person) -> str:
    """PD1: practice and registered GP."""
    return f"PD1|||{st(person.practice.name)}^^{person.practice.ods}|{xcn(person.gp)}"


def nk1(person: Person) -> str:
    """NK1: next of kin, at the same address."""
    k, a = person.kin, person.address
    return (
        f"NK1|1|{k.family.upper()}^{k.given.upper()}^^^{k.title}^^L|{k.relationship}"
        f"|{a.street}^^{a.town}^{a.county}^{a.postcode}^GBR^H|{k.phone}^PRN^CP"
    )


def pv1(person: Person, visit: Visit) -> str:
    """PV1 of a spell, with the time of discharge and where to if it is over."""
    ward, consultant = visit.ward, xcn(visit.ward.consultant)
    out = visit.discharged
    return (
        f"PV1|1|I|{st(ward.name)}^{ward.code}^{visit.bed}^{SITE}|{visit.method}|||{consultant}|{xcn(person.gp)}|{consultant}"
        f"|{ward.specialty}"
        f"||||19|||{consultant}|"
        f"|{visit.number}^^^VISITID{'|' * 17}{'2|19' if out else '|'}{'|' * 7}{ts(visit.admitted)}|{ts(out) if out else ''}"
    )


def pv2(visit: Visit, expected: datetime | None = None) -> str:
    """PV2: why admitted, expected discharge, how the person arrived."""
    return f"PV2|||{st(visit.illness.name)}||||||{ts(expected) if expected else ''}|||{st(visit.note)}{'|' * 26}{visit.arrival}"


def al1(code: str, text: str, since: str) -> str:
    """AL1: a drug allergy with an ICD-10 Z88 code."""
    return f"AL1|1|DA|{code}^{text}^ICD10|5||{since}"


def dg1(visit: Visit, at: datetime, kind: str = "A") -> str:
    """DG1: ICD-10 diagnosis; A admitting, W working, F final."""
    ill = visit.illness
    return f"DG1|1||{ill.icd10}^{st(ill.name)}^ICD10||{ts(at)}|{kind}{'|' * 9}1|{xcn(visit.ward.consultant)}|D|N|{ts(at)}"


def pr1(visit: Visit, at: datetime) -> str:
    """PR1: OPCS-4 procedure."""
    ill = visit.illness
    return f"PR1|1||{ill.opcs4}^{st(ill.procedure)}^OPCS4||{ts(at)}|P|40|||||{xcn(visit.ward.consultant)}||1|{ill.icd10}"


def zu1(visit: Visit, ready: datetime | None = None) -> str:
    """ZU1: decision to admit, intended management, consultant episode, main specialty, medically fit since ``ready``."""
    ended = ts(visit.discharged) if visit.discharged else ""
    fit = f"{'|' * 16}Y||{ts(ready)}" if ready else ""
    return f"ZU1|{ts(visit.admitted)}|1||{ts(visit.admitted)}|{ended}|{visit.ward.specialty}{fit}"


def zu3() -> str:
    """ZU3: ward on an NHS site, seen by a consultant, attended; general patients, first attendance."""
    return f"ZU3|4|1|5{'|' * 8}1|1"


def zu4(listed: datetime) -> str:
    """ZU4: when the person went on this provider's elective list."""
    return f"ZU4|{ts(listed)}|{ts(listed)}{'|' * 11}1"


def zu8() -> str:
    """ZU8: consent to share stated, no location hiding."""
    return "ZU8||1|Yes"


def sch(booking: Booking, operator: Clinician) -> str:
    """SCH: numbers, reason, length, times (SCH-11 components 4 and 5), who keeps the diary, status."""
    finish = booking.starts + timedelta(minutes=booking.minutes)
    who = booking.clinician or booking.clinic.consultant
    return (
        f"SCH|{booking.number}^PAS|{booking.number}^PAS|||{booking.clinic.code}|ROUTINE|{st(booking.reason)}|Normal"
        f"|{booking.minutes}|min"
        f"|^^M{booking.minutes}^{ts(booking.starts)}^{ts(finish)}|||||{xcn(who)}||||{xcn(operator)}|||||{booking.status}"
    )


def rgs_ais_ail_aip(booking: Booking) -> tuple[str, str, str, str]:
    """RGS, and the service, place and person of the appointment."""
    clinic, start = booking.clinic, ts(booking.starts)
    who = booking.clinician or clinic.consultant
    tail = f"|{start}|||{booking.minutes}|min||{booking.status}"
    return (
        "RGS|1|A",
        f"AIS|1|A|{clinic.specialty}^{st(booking.reason)}^NHSTFC{tail}",
        f"AIL|1|A|{st(clinic.name)}^{clinic.code}^^{SITE}|C|{tail}",
        f"AIP|1|A|{xcn(who)}|{who.role}|{tail}",
    )


def pv1_outpatient(person: Person, booking: Booking) -> str:
    """PV1 of an appointment: outpatient, clinic, who will see the person, who referred."""
    clinic = booking.clinic
    who = xcn(booking.clinician or clinic.consultant)
    return f"PV1|1|O|{st(clinic.name)}^{clinic.code}^^{SITE}||||{who}|{xcn(person.gp)}||{clinic.specialty}"


def message(*segments: str) -> bytes:
    """The body: segments ended by CR, in UTF-8 as MSH-18 says."""
    return ("\r".join(segments) + "\r").encode()
