"""OpenHR extracts of synthetic people's GP records: a first one each, and for three messages in ten a later one."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from random import Random

from conformance.generate import clinical, emis
from conformance.generate.people import EPOCH, People, Person, pick, randomness
from conformance.generate.places import NURSES
from conformance.generate.record import Consultation, Entry, Problem, Record

RETURNS = 3 / 7
"""The share of people who come again: so that three of ten messages change what is known."""


def record(person: Person, random: Random, today: date) -> Record:
    """A life at the practice, up to ``today``: problems, consultations with values and medicines, an allergy, diary entries."""
    gp, nurse = person.gp, pick(random, NURSES)
    adult = max(1, person.aged - 20)
    made = Record(person, today - timedelta(days=365 * min(adult, 1 + int(30 * random.random()))))
    if person.aged < 1:
        made.registered = today - timedelta(days=10)
    terms = random.sample(clinical.PROBLEMS, min(4, int(random.random() * (1 + adult / 12))))
    for n, term in enumerate(terms):
        since = today - timedelta(days=30 + int(random.random() * 300 * adult))
        over = today - timedelta(days=20) if random.random() < 0.15 else None
        made.problems.append(Problem(f"problem/{n}", term, since, gp, "S" if random.random() < 0.7 else "M", over))
    for n in range(1 + int(3 * random.random())):
        day = today - timedelta(days=14 + 60 * n + int(40 * random.random()))
        at = datetime.combine(day, time(8 + int(10 * random.random()), 5 * int(12 * random.random())))
        made.consultations.append(_consultation(person, random, n, at))
    for n, problem in enumerate(made.problems):
        course = Entry(f"course/{n}", "MED", problem.term, problem.since, gp, medicine=pick(random, clinical.MEDICINES))
        issued = today - timedelta(days=int(28 * random.random()))
        issue = Entry(f"course/{n}/issue", "ISS", problem.term, issued, gp, medicine=course.medicine)
        made.loose += [course, issue]
        problem.about = (course.key,)
    if random.random() < 0.15:
        since = today - timedelta(days=365 * (1 + int(adult * random.random())))
        made.loose.append(Entry("allergy/0", "ALL", clinical.PENICILLIN, since, gp, "Rash as a child; do not give."))
    for n, term in enumerate(random.sample(clinical.DIARY, int(3 * random.random()))):
        due = today + timedelta(days=14 + int(200 * random.random()))
        text = "" if random.random() < 0.5 else f"To be seen by {nurse.spoken} at {person.practice.name}."
        made.loose.append(Entry(f"diary/{n}", "DRY", term, due, nurse, text, place=person.practice.name))
    return made


def _consultation(person: Person, random: Random, n: int, at: datetime) -> Consultation:
    by = person.gp if random.random() < 0.6 else pick(random, NURSES)
    measured = (
        ("weight", clinical.WEIGHT, f"{50 + 50 * random.random():.1f}", "kg"),
        ("systolic", clinical.SYSTOLIC, str(105 + int(60 * random.random())), "mm Hg"),
        ("diastolic", clinical.DIASTOLIC, str(60 + int(40 * random.random())), "mm Hg"),
    )
    entries = [
        Entry(f"visit/{n}/{name}", "VAL", term, at, by, value=value, unit=unit, heading="Examination")
        for name, term, value, unit in measured
    ]
    if random.random() < 0.3:
        key = f"visit/{n}/referral"
        entries.append(Entry(key, "REF", clinical.REFERRAL, at, by, "Please see and advise.", heading="New Referral"))
    return Consultation(f"visit/{n}", at, by, "GP" if by is person.gp else "FFC", 5 + 5 * int(4 * random.random()), entries)


def messages(seed: int, patients: int | None = None, *, start: datetime | None = None) -> Iterator[bytes]:
    """OpenHR documents (UTF-8 XML), 1.4 a person; the second, with a new consultation, follows those of a hundred others."""
    people, now = People(seed), start or datetime.combine(EPOCH, time(7))
    today = now.date()
    waiting: list[int] = []
    index = 0
    while patients is None or index < patients or waiting:
        more = patients is None or index < patients
        if more:
            now += timedelta(minutes=5)
            yield _extract(people, index, today, now, again=False)
            if randomness(seed, index, topic=2).random() < RETURNS:
                waiting.append(index)
            index += 1
        if waiting and (len(waiting) > 100 or not more):
            now += timedelta(minutes=5)
            yield _extract(people, waiting.pop(0), today, now, again=True)


def _extract(people: People, index: int, today: date, now: datetime, again: bool) -> bytes:
    person = people[index]
    random = randomness(people.seed, index, topic=3)
    made = record(person, random, today)
    if again:
        made.consultations.append(_consultation(person, random, 9, now - timedelta(hours=1)))
    return emis.document(made, now)
