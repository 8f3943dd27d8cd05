"""Whole ITK messages from a person and what happened (message structures: ITK HL7 v2 message specification 1.0.15, section 4)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

from conformance.generate import itk
from conformance.generate.itk import STRUCTURES, Booking, Visit
from conformance.generate.people import Person
from conformance.generate.places import OPERATORS, Clinician


class Envelope(NamedTuple):
    """What a message says of itself: control id, when sent, sequence number, operator; it happened ``lag`` earlier."""

    control: str
    sent: datetime
    sequence: int = 1
    operator: Clinician = OPERATORS[0]
    lag: timedelta = timedelta(minutes=2)

    @property
    def occurred(self) -> datetime:
        """EVN-6."""
        return self.sent - self.lag


class Registration(NamedTuple):
    """The segments that describe a person, made once for all their messages."""

    person: Person
    pid: str
    pd1: str
    nk1: str
    allergy: str = ""

    @classmethod
    def of(cls, person: Person, number: str = "", allergy: tuple[str, str, str] | None = None) -> Registration:
        """For a person with an optional allergy (Z88 code, words, date)."""
        return cls(person, itk.pid(person, number), itk.pd1(person), itk.nk1(person), itk.al1(*allergy) if allergy else "")


def _head(trigger: str, envelope: Envelope) -> tuple[str, str]:
    kind = f"ADT^{trigger}^{STRUCTURES[trigger]}"
    return (
        itk.msh(kind, envelope.control, envelope.sent, envelope.sequence),
        itk.evn(envelope.sent, envelope.occurred, envelope.operator),
    )


def admit(who: Registration, visit: Visit, envelope: Envelope) -> bytes:
    """A01: admitted; with the waiting list and the procedure intended where that was elective."""
    elective = visit.method.startswith("1")
    head = _head("A01", envelope)
    optional = [who.allergy] if who.allergy else []
    if visit.illness.opcs4 and elective:
        procedure = [itk.pr1(visit, visit.admitted + timedelta(hours=3))]
    else:
        procedure = []
    tail = [itk.zu4(visit.admitted - timedelta(days=63))] if elective else []
    return itk.message(
        *head, who.pid, who.pd1, who.nk1,
        itk.pv1(who.person, visit), itk.pv2(visit, visit.admitted + timedelta(days=3)),
        *optional, itk.dg1(visit, visit.admitted), *procedure,
        itk.zu1(visit), itk.zu3(), *tail, itk.zu8(),
    )  # fmt: skip


def update(
    who: Registration, visit: Visit, envelope: Envelope, *, expected: datetime | None = None, ready: datetime | None = None
) -> bytes:
    """A08: details changed: the person's, the bed's, the working diagnosis, the expected discharge, or fit since ``ready``."""
    procedure = [itk.pr1(visit, visit.admitted + timedelta(hours=5))] if visit.illness.opcs4 else []
    return itk.message(
        *_head("A08", envelope), who.pid, who.pd1, who.nk1,
        itk.pv1(who.person, visit), itk.pv2(visit, expected), *([who.allergy] if who.allergy else []),
        itk.dg1(visit, envelope.occurred, "W"), *procedure, itk.zu1(visit, ready), itk.zu3(), itk.zu8(),
    )  # fmt: skip


def transfer(who: Registration, visit: Visit, envelope: Envelope) -> bytes:
    """A02: moved to the ward and bed of ``visit``."""
    head = _head("A02", envelope)
    return itk.message(*head, who.pid, who.pd1, itk.pv1(who.person, visit), itk.pv2(visit), itk.zu1(visit), itk.zu8())


def discharge(who: Registration, visit: Visit, envelope: Envelope) -> bytes:
    """A03: ``visit.discharged`` says when; fit two hours before."""
    out = visit.discharged or envelope.occurred
    return itk.message(
        *_head("A03", envelope), who.pid, who.pd1,
        itk.pv1(who.person, visit), itk.pv2(visit), itk.zu1(visit, out - timedelta(hours=2)), itk.zu3(), itk.zu8(),
    )  # fmt: skip


def person(trigger: str, who: Registration, envelope: Envelope) -> bytes:
    """A28 or A31: the person alone; PV1 has class N, not applicable."""
    return itk.message(*_head(trigger, envelope), who.pid, who.pd1, who.nk1, "PV1|1|N", itk.zu8())


def merge(who: Registration, retired: str, envelope: Envelope) -> bytes:
    """A40: the local number ``retired`` was the same person."""
    return itk.message(*_head("A40", envelope), who.pid, who.pd1, f"MRG|{retired}^^^PAS")


def outpatient(trigger: str, who: Registration, booking: Booking, envelope: Envelope) -> bytes:
    """A04: arrived for an outpatient attendance, numbered as the appointment."""
    pv1 = f"{itk.pv1_outpatient(who.person, booking)}{'|' * 9}{booking.number}^^^VISITID{'|' * 25}{itk.ts(envelope.occurred)}"
    return itk.message(*_head(trigger, envelope), who.pid, who.pd1, who.nk1, pv1, itk.zu3(), itk.zu8())


def schedule(trigger: str, who: Registration, booking: Booking, envelope: Envelope) -> bytes:
    """SIU S12 (booked) to S26: one appointment. No PV1: an appointment is no visit until the person comes (A04)."""
    note = [f"NTE|1||{itk.st(booking.note)}"] if booking.note else []
    return itk.message(
        itk.msh(f"SIU^{trigger}^SIU_S12", envelope.control, envelope.sent, envelope.sequence),
        itk.sch(booking, envelope.operator), *note, who.pid, who.pd1,
        *itk.rgs_ais_ail_aip(booking),
    )  # fmt: skip
