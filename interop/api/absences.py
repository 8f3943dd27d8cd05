"""What an answer about a person lacks, in codes and words: from agreements, consent and the health of feeds, never from rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

from interop.api.asgi import Request
from interop.api.feed_health import DOWN, WELL, Told, said
from interop.api.services import Services
from interop.errors import Problem
from interop.policy.absence import SYSTEM, Absence, FeedHealth, absence, gate
from interop.policy.asker import Asker
from interop.policy.decide import ROOM, Question
from interop.policy.facts import Facts
from interop.policy.rules import SECOND
from interop.store.decision import Decision
from interop.store.plan import Feeds, Search
from interop.store.values import FeedCount, Stored
from interop.store.where import All, Ids, Person, Where
from interop.store.where import Any as AnyOf

EVERY: Final = 10_000_000
"""Microseconds between two looks at the feeds."""
Issue = dict[str, Any]


async def absences(
    services: Services, request: Request, interaction: str, patients: tuple[str, ...], shown: Iterable[Stored] = ()
) -> list[Issue]:
    """Issues of an OperationOutcome that tell what is absent of these persons and why; none where there is nothing to tell.

    ``shown`` is what is given of them: where anything but a Patient is, who asks is involved. Raises no Problem of its own."""
    if not patients:
        return []
    facts, now, asker = services.facts(), services.clock.now(), request.asker
    feeds = await health(services)
    question = Question(interaction, "Patient", patients[0], asker)
    kept = _second(facts, feeds, now).told
    told = kept.get(asker)
    if told is None:
        told = kept[asker] = _Told(gate(question, facts, now))
    needed = told.gate
    passed = needed is None or any(each.type != "Patient" for each in shown)
    if needed is not None and not passed:
        plan = Search(Decision("gate", needed), "Patient", Ids(patients), (), len(patients))
        passed = len(await services.store.query(plan)) == len(set(patients))
    issues = told.issues[passed]
    if issues is None:
        issues = told.issues[passed] = [issue(each) for each in absence(question, facts, feeds, passed, now)]
    return list(issues)


class _Told:
    """What one who asks is told of whomever: the gate, and the issues of those for whom it does not hold and does."""

    __slots__ = ("gate", "issues")

    def __init__(self, gate: Where | None) -> None:
        self.gate = gate
        self.issues: list[list[Issue] | None] = [None, None]


class _Second(NamedTuple):
    """What holds within a second, as decisions do, while nothing of what it is made of changes."""

    facts: Facts
    feeds: tuple[FeedHealth, ...]
    second: int
    told: dict[Asker, _Told]


_kept = _Second(Facts(), (), -1, {})


def _second(facts: Facts, feeds: tuple[FeedHealth, ...], now: int) -> _Second:
    global _kept
    kept, second = _kept, now // SECOND
    if kept.second != second or kept.facts is not facts or kept.feeds is not feeds or len(kept.told) > ROOM:
        kept = _kept = _Second(facts, feeds, second, {})
    return kept


async def missing(services: Services, request: Request, interaction: str, patient: str, problem: Problem) -> Problem:
    """A Problem that tells beside itself what is absent of the person."""
    problem.more = await absences(services, request, interaction, (patient,))  # type: ignore[attr-defined]
    return problem


def issue(absent: Absence) -> Issue:
    """One absence as an issue."""
    coded = {"coding": [{"system": SYSTEM, "code": absent.code}], "text": absent.words}
    return {"severity": "warning", "code": absent.issue, "details": coded, "diagnostics": absent.words}


def persons(where: Where | None) -> tuple[str, ...]:
    """The Patients whose persons a question is about as a whole."""
    match where:
        case Person(_, patients):
            return patients
        case All(parts):
            return next((found for part in parts if (found := persons(part))), ())
        case AnyOf(parts):
            return tuple(dict.fromkeys(patient for part in parts for patient in persons(part)))
    return ()


async def health(services: Services) -> tuple[FeedHealth, ...]:
    """How the feeds are that have ever sent anything, looked at every ``EVERY``."""
    now = services.clock.now()
    if not services.feed_health or not 0 <= now - services.feed_health[0] < EVERY:
        counts: list[FeedCount] = await services.store.query(Feeds())
        organisations = {name: feed.organisation for name, feed in services.feeds.items()}
        told = await said(services, organisations)
        found = judged(counts, organisations, told, services.stale_after, now)
        services.feed_health = (now, found)
    return services.feed_health[1]


def judged(
    counts: Iterable[FeedCount], organisations: Mapping[str, str], told: Mapping[str, Told], stale_after: int, now: int
) -> tuple[FeedHealth, ...]:
    """The health of feeds. ``told`` is what was last said of their sources; ``stale_after`` how long one may be silent, 0 for ever,
    in microseconds. A source that has sent since it was down is no longer; one that was asked and had nothing is not silent."""
    last = {each.feed: each.last_received for each in counts}
    found = []
    for feed in sorted(organisations):
        heard, source = last.get(feed, 0), told.get(feed, Told(WELL, 0))
        if source.state == WELL:
            heard = max(heard, source.since)
        state, since = "well", heard
        if source.state == DOWN and heard <= source.since:
            state, since = "down", source.since
        elif heard and stale_after and now - heard > stale_after:
            state = "stale"
        found.append(FeedHealth(feed, organisations[feed], state, since))
    return tuple(found)
