"""NHS 111 reports of synthetic people's calls: a report, and for three messages in ten a later version of one."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, time, timedelta

from conformance.generate import cda, clinical
from conformance.generate.people import EPOCH, People, pick, randomness
from conformance.generate.places import CALL_ADVISORS, TRUST

AGAIN = 3 / 7
"""The share of calls that are reported again, a version on: three of ten messages."""


def messages(seed: int, patients: int | None = None, *, start: datetime | None = None) -> Iterator[bytes]:
    """SOAP messages (UTF-8 XML), 1.4 a person, in order of time; the second version follows an hour after the first."""
    people, now = People(seed), start or datetime.combine(EPOCH, time(6))
    waiting: list[tuple[int, cda.Report]] = []
    index = 0
    while patients is None or index < patients or waiting:
        now += timedelta(minutes=3)
        if waiting and (waiting[0][1].ended + timedelta(hours=1) <= now or index == patients):
            at, report = waiting.pop(0)
            report.version, report.ended = 2, now
            report.call = report.call._replace(findings=(*report.call.findings, "Rang again: no change"))
            yield cda.message(people[at], report)
        elif index != patients:
            person, random = people[index], randomness(seed, index, topic=4)
            call = pick(random, clinical.CALLS)
            receiver = TRUST if call.disposition == "Dx05" else person.practice
            case = f"{seed:03d}{index:07d}"
            began = now - timedelta(minutes=6 + int(9 * random.random()))
            report = cda.Report(case, call, began, now, pick(random, CALL_ADVISORS), receiver)
            if person.aged < 16 or random.random() < 0.15:
                report.informant = ("3", "Parent") if person.aged < 16 else ("99", "Not specified")
            yield cda.message(person, report)
            if random.random() < AGAIN:
                waiting.append((index, report))
            index += 1
