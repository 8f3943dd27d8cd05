"""HL7 v2.4 of Eastmere General that the generator has no builder for: A&E, a stay without an expected date, a reading, a letter."""

from __future__ import annotations

from datetime import datetime

from conformance.generate import itk
from conformance.generate.itk import Visit
from conformance.generate.people import Person
from conformance.generate.places import OPERATORS, SITE


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
