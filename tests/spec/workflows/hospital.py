"""HL7 v2.4 of Eastmere General that the generator has no builder for: A&E, a stay without an expected date, a reading, a letter."""

from __future__ import annotations

from datetime import datetime

from conformance.generate import itk
from conformance.generate.itk import Visit
from conformance.generate.people import Person
from conformance.generate.places import COMMUNITY, OPERATORS, SITE, TRUST


def emergency(trigger: str, person: Person, number: str, began: datetime, sent: datetime, *, left: datetime | None = None) -> bytes:
    """A04: registered in A&E; A03: gone from there."""
    control = f"E{sent:%d%H%M}{trigger}{number}"
    times = f"{itk.ts(began)}|{itk.ts(left) if left else ''}"
    pv1 = f"PV1|1|E|Emergency Department^ED^^{SITE}|21|||||||||||||||{number}^^^VISITID{'|' * 25}{times}"
    return itk.message(
        itk.msh(f"ADT^{trigger}^{itk.STRUCTURES[trigger]}", control, sent, 1), itk.evn(sent, left or began, OPERATORS[0]),
        itk.pid(person), itk.pd1(person), pv1, itk.zu8(),
    )  # fmt: skip


def stay(
    trigger: str, person: Person, visit: Visit, sent: datetime, *, expected: datetime | None = None, fit: datetime | None = None
) -> bytes:
    """A01, A08, A03 of a stay; ``expected`` is PV2-9, ``fit`` since when the person is fit to leave (ZU1-24)."""
    return itk.message(
        itk.msh(f"ADT^{trigger}^{itk.STRUCTURES[trigger]}", f"S{sent:%d%H%M}{trigger}{visit.number}", sent, 1),
        itk.evn(sent, visit.discharged or sent, OPERATORS[0]), itk.pid(person), itk.pd1(person), itk.pv1(person, visit),
        itk.pv2(visit, expected), itk.dg1(visit, visit.admitted), itk.zu1(visit, fit), itk.zu3(), itk.zu8(),
    )  # fmt: skip


def result(
    person: Person,
    order: str,
    name: str,
    value: str,
    unit: str,
    usual: str,
    flag: str,
    sent: datetime,
    *,
    taken: datetime | None = None,
) -> bytes:
    """ORU: one final result; ``flag`` is OBX-8."""
    at, out = itk.ts(taken or sent), itk.ts(sent)
    return itk.message(
        itk.msh("ORU^R01^ORU_R01", f"R{order}", sent, 1), itk.pid(person), itk.pd1(person),
        f"OBR|1|{order}|F{order}|{name.upper()[:6]}^{name}^WINPATH|||{at}|||||||||||||||{out}||HM|F",
        f"OBX|1|NM|{name.upper()[:6]}^{name}^WINPATH||{value}|{unit}|{usual}|{flag}|||F|||{at}",
    )  # fmt: skip


def reading(person: Person, kind: tuple[str, str], said: tuple[str, str, str, str], taken: datetime) -> bytes:
    """ORU of a device at home: one reading of a vital sign (LOINC code and name), its value, unit, usual range and flag."""
    at = number = itk.ts(taken)
    (code, name), (value, unit, usual, flag) = kind, said
    head = itk.msh("ORU^R01^ORU_R01", f"T{number}", taken, 1).replace(f"|PAS|{TRUST.ods}|", f"|HUB|{COMMUNITY.ods}|")
    pid = itk.pid(person).replace(f"{person.hospital_number}^^^PAS", f"TH{person.serial}^^^HUB")
    return itk.message(
        head, pid, f"OBR|1||{number}^HUB|READ^Reading at home^HUB|||{at}|||||||||||||||{at}||NRS|F",
        f"OBX|1|NM|{code}^{name}^LN||{value}|{unit}|{usual}|{flag}|||F|||{at}",
    )  # fmt: skip


def letter(person: Person, number: str, written: datetime, *words: str) -> bytes:
    """MDM T02: a letter of a clinic, with what stands in it."""
    at = itk.ts(written)
    return itk.message(
        itk.msh("MDM^T02^MDM_T02", f"M{number}", written, 1), itk.evn(written, written, OPERATORS[0]), itk.pid(person),
        itk.pd1(person),
        f"PV1|1|O|Heart Failure Clinic^HFOP^^{SITE}",
        f"TXA|1|CN^Clinic letter|TX|{at}|C9990205^Deshmukh^Anil|{at}|{at}|||||{number}^LETTERS|||||AU|U|AV||||||Clinic letter",
        *(f"OBX|{place}|TX|LET^Letter text^L||{itk.st(each)}||||||F" for place, each in enumerate(words, 1)),
    )  # fmt: skip
