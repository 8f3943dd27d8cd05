"""HL7 v2 messages of a hospital: many lives at once, each in its own order, three in ten messages changing what is known.

A life is a list of steps (booked, admitted, changed, merged, discharged). A pool of lives is walked in turn, so that a person's
messages lie hours apart and between those of others, as they do on a hospital's wire. Memory is that of the pool.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, time, timedelta
from random import Random

from conformance.generate import adt, clinical
from conformance.generate.adt import Envelope, Registration
from conformance.generate.itk import Booking, Visit
from conformance.generate.people import EPOCH, People, pick, randomness
from conformance.generate.places import CLINICS, OPERATORS, WARDS

LIVES = (
    (30, ("A01", "A08", "A03", "S12")),
    (30, ("A01", "A03", "S12", "S12")),
    (15, ("S12",)),
    (10, ("S12", "S12")),
    (5, ("A01", "A40", "A03", "S12", "S12")),
    (10, ("A01", "S12")),
)
"""Weight and steps. A03, A08 and A40 change what an earlier message made: 100 of each 320 messages."""
MORE_LIVES = (
    *LIVES,
    (20, ("A28", "A01", "A02", "A03", "S12")),
    (15, ("A28", "A31", "S12", "A04")),
    (10, ("A28", "S12", "A04")),
)
POOL = 1024
ROUND = timedelta(hours=12)
"""How long one walk of the pool takes: the time between two messages of one person."""
_REASONS = ("Follow-up after admission", "New referral from GP", "Review of results", "Annual review", "Routine follow-up")
_BY_CODE = {ward.code: ward for ward in WARDS}


class _Life:
    """One person's steps, and what they have led to so far."""

    __slots__ = ("booking", "index", "random", "registration", "steps", "temporary", "visit", "visits")

    def __init__(self, people: People, index: int, lives: tuple[tuple[int, tuple[str, ...]], ...]) -> None:
        self.index = index
        self.random: Random = randomness(people.seed, index, topic=1)
        self.steps = list(_weighted(self.random, lives))
        who = people[index]
        self.temporary = f"T{who.hospital_number[1:]}" if "A40" in self.steps else ""
        allergy = None
        if self.random.random() < 0.2:
            allergy = (*pick(self.random, clinical.DRUG_ALLERGIES), f"{who.birth_date.year + 16}0401")
        self.registration = Registration.of(who, allergy=allergy)
        self.visit: Visit | None = None
        self.booking: Booking | None = None
        self.visits = 0

    def next(self, envelope: Envelope) -> bytes:
        """The next message of this life."""
        step = self.steps.pop(0)
        who = self.registration
        if step == "S12":
            self.booking = self._booking(envelope.occurred)
            return adt.schedule("S12", who, self.booking, envelope)
        if step in ("A28", "A31"):
            return adt.person(step, who if step == "A28" else self._moved(), envelope)
        if step == "A04":
            booking = self.booking or self._booking(envelope.occurred)
            return adt.outpatient(step, who, booking, envelope)
        if step == "A01" or self.visit is None:
            return self._admit(envelope)
        if step == "A40":
            return adt.merge(who, self.temporary, envelope)
        if step == "A02":
            other = pick(self.random, WARDS)
            self.visit = self.visit._replace(ward=other, bed=f"B{1 + int(28 * self.random.random())}")
            return adt.transfer(who, self.visit, envelope)
        if step == "A08":
            if self.random.random() < 0.5:
                who = self._moved()
            self.visit = self.visit._replace(bed=f"B{1 + int(28 * self.random.random())}")
            return adt.update(who, self.visit, envelope, expected=envelope.occurred + timedelta(days=1))
        self.visit = self.visit._replace(discharged=envelope.occurred)
        return adt.discharge(who, self.visit, envelope)

    def _admit(self, envelope: Envelope) -> bytes:
        random, illness = self.random, pick(self.random, clinical.ILLNESSES)
        number = f"V{self.registration.person.hospital_number[1:]}{self.visits:02d}"
        self.visits += 1
        self.visit = Visit(
            number,
            _BY_CODE[illness.ward],
            f"B{1 + int(28 * random.random())}",
            illness,
            envelope.occurred,
            pick(random, ("A", "C", "F")),
            "12" if illness.opcs4 and random.random() < 0.4 else "21",
        )
        who = self.registration
        if self.temporary:
            who = Registration.of(who.person, number=self.temporary)
        return adt.admit(who, self.visit, envelope)

    def _booking(self, now: datetime) -> Booking:
        random = self.random
        day = now.date() + timedelta(days=7 + int(60 * random.random()))
        if day.weekday() > 4:
            day += timedelta(days=2)
        starts = datetime.combine(day, time(9 + int(7 * random.random()), pick(random, (0, 15, 30, 45))))
        number = f"AP{self.registration.person.hospital_number[1:]}{self.visits:02d}"
        self.visits += 1
        return Booking(number, pick(random, CLINICS), starts, pick(random, (15, 20, 30)), pick(random, _REASONS))

    def _moved(self) -> Registration:
        """The person with a new telephone number, which later messages keep."""
        old = self.registration
        person = old.person._replace(mobile=f"07700900{int(1000 * self.random.random()):03d}")
        self.registration = Registration.of(person)._replace(allergy=old.allergy)
        return self.registration


def _weighted(random: Random, lives: tuple[tuple[int, tuple[str, ...]], ...]) -> tuple[str, ...]:
    at = random.random() * sum(weight for weight, _ in lives)
    for weight, steps in lives:
        at -= weight
        if at < 0:
            return steps
    return lives[-1][1]


def messages(
    seed: int,
    patients: int | None = None,
    *,
    start: datetime | None = None,
    every: bool = False,
    lap: timedelta = ROUND,
    control: str = "",
) -> Iterator[bytes]:
    """ER7 bodies (CR after each segment, UTF-8, no MLLP frame) of ``patients`` people, or of all the 999 range has.

    Triggers A01, A03, A08, A40 and S12; with ``every`` also A02, A04, A28 and A31. Control ids are distinct and begin
    with ``control`` (the seed unless given). MSH-7 advances from
    ``start`` (EPOCH, eight o'clock), a ``lap`` between two messages of a person; EVN-6 is two minutes before it. About 3.2 messages
    a person. Raises IndexError past the range.
    """
    people = People(seed)
    lives = MORE_LIVES if every else LIVES
    now = start or datetime.combine(EPOCH, time(8))
    prefix = control or f"{seed:06d}"
    coming = 0
    active: list[_Life] = []
    number = 0
    at = 0
    while True:
        if at >= len(active):
            while len(active) < POOL and (patients is None or coming < patients):
                active.append(_Life(people, coming, lives))
                coming += 1
            if not active:
                return
            at = 0
            step = lap / len(active)
        life = active[at]
        now += step
        number += 1
        sent = now.replace(microsecond=0)
        yield life.next(Envelope(f"{prefix}{number:010d}", sent, number, OPERATORS[number % len(OPERATORS)]))
        if life.steps:
            at += 1
        elif patients is None or coming < patients:
            active[at] = _Life(people, coming, lives)
            coming += 1
            at += 1
        else:
            active[at] = active[-1]
            active.pop()
