"""e-Referral traffic of synthetic people: referred, booked, the referral moved on, sometimes cancelled; advice, worklists."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, time, timedelta

from conformance.generate import advice, clinical, stu3
from conformance.generate.people import EPOCH, People, Person, pick, randomness

LETTER = "Letter from the practice"
QUESTION = "May this wait for the clinic, and what is to be tried before?"
ANSWER = "Please try what the guideline says for six weeks; refer if it does not help."
LISTED = 20
"""Referrals on a worklist."""


def messages(seed: int, patients: int | None = None, *, start: datetime | None = None) -> Iterator[bytes]:
    """ReferralRequests and Appointments (STU3 JSON), 2.9 a person; three in ten are a later version of an earlier one.

    Beside them one person in ten is the subject of a conversation of advice, and those not yet booked stand on worklists.
    """
    people, now = People(seed), start or datetime.combine(EPOCH, time(9))
    waiting: list[tuple[Person, stu3.Referral]] = []
    index = 0
    while patients is None or index < patients:
        person, random = people[index], randomness(seed, index, topic=5)
        now += timedelta(minutes=2 + int(9 * random.random()))
        ubrn = f"{10 + seed % 90:02d}{index:010d}"
        urgent = pick(random, ("ROUTINE", "ROUTINE", "ROUTINE", "URGENT", "TWO_WEEK_WAIT"))
        needs = ("INTERPRETER",) if person.language not in ("en", "cy") else ()
        referral = stu3.Referral(ubrn, pick(random, clinical.SPECIALTIES), now, urgent, letter=LETTER, needs=needs)
        yield stu3.referral(person, referral)
        yield from _advice(seed, index, person, now)
        index += 1
        if random.random() < 0.08:
            waiting.append((person, referral))
            if len(waiting) == LISTED:
                yield advice.worklist(waiting, now)
                waiting.clear()
            continue
        now += timedelta(minutes=1)
        day = now.date() + timedelta(days=10 + int(80 * random.random()))
        slot = datetime.combine(day, time(9 + int(8 * random.random()), 15 * int(4 * random.random())))
        booked = stu3.Appointment(f"{seed % 90 + 10}{index:08d}", referral, slot, now)
        referral.version = 2
        yield stu3.appointment(person, booked)
        if random.random() < 0.75:
            referral.state = "BOOKED"
            yield stu3.referral(person, referral)
        if random.random() < 0.2:
            now += timedelta(minutes=1)
            booked.status, booked.version, booked.changed, booked.comment = "cancelled", 1, now, "Cancelled by the patient"
            yield stu3.appointment(person, booked)
    if waiting:
        yield advice.worklist(waiting, now)


def _advice(seed: int, index: int, person: Person, now: datetime) -> Iterator[bytes]:
    """A request for advice, its question, and mostly the answer, for one person in ten."""
    random = randomness(seed, index, topic=15)
    if random.random() >= 0.1:
        return
    asked = advice.Advice(f"{10 + seed % 90:02d}{5 * 10**9 + index:010d}", pick(random, clinical.SPECIALTIES), now, QUESTION)
    yield advice.request(person, asked)
    yield advice.conversation(asked)
    if random.random() < 0.8:
        asked.answer, asked.version = ANSWER, 2
        yield advice.request(person, asked)
        yield advice.conversation(asked)
