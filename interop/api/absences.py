"""What an answer about a person lacks, in codes and words: from agreements, consent and the health of feeds, never from rows."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

from interop.api.asgi import Request
from interop.api.feed_health import DOWN, WELL, said
from interop.api.feed_health import Told as Heard
from interop.api.services import Services
from interop.errors import Problem
from interop.policy.absence import SYSTEM, Absence, FeedHealth, absence, closed, gate
from interop.policy.asker import Asker
from interop.policy.decide import ROOM, Question
from interop.policy.facts import Facts
from interop.policy.rules import SECOND
from interop.ports import Feed
from interop.store.decision import Decision
from interop.store.plan import Feeds, Search
from interop.store.values import REPLAY, TAKEDOWN, FeedCount, Stored
from interop.store.where import All, Ids, Person, Where
from interop.store.where import Any as AnyOf

EVERY: Final = 10_000_000
"""Microseconds between two looks at the feeds."""
BEHIND: Final = 60_000_000
"""A feed of which a message waits for so many microseconds is as stale as one that is silent: what it said is not shown."""
OURS: Final = frozenset(("api", "engine", TAKEDOWN, REPLAY))
"""Names under which clients and operators write, no source does."""
Issue = dict[str, Any]


async def absences(
    services: Services, request: Request, interaction: str, patients: tuple[str, ...], shown: Iterable[Stored] = ()
) -> list[Issue]:
    """Issues of an OperationOutcome that tell what is absent of these persons and why; none where there is nothing to tell.

    ``shown`` is what is given of them: where anything but a Patient is, who asks is involved. Raises no Problem of its own."""
    if not patients:
        return []
    told = await telling(services, request, interaction, patients[0])
    return list(told.issues(await passes(services, told, patients, shown)))


async def telling(services: Services, request: Request, interaction: str, patient: str) -> Told:
    """What who asks is told of whomever in this second; ``patient`` is any of those whom the question is about."""
    facts, now, asker = services.facts(), services.clock.now(), request.asker
    feeds = await health(services)
    kept = _second(facts, feeds, now).told
    told = kept.get(asker)
    if told is None:
        told = kept[asker] = Told(Question(interaction, "Patient", patient, asker), facts, feeds, now)
    return told


def unseen(services: Services, request: Request, interaction: str, types: Iterable[str]) -> frozenset[str]:
    """Those of the types of which who asks is given nothing, whoever it is about."""
    asker = request.asker
    narrowed = services.narrowed(asker.scopes or ()) if asker.criteria else ()
    return closed(Question(interaction, "Patient", "", asker, narrowed), types, services.facts(), services.clock.now())


async def passes(services: Services, told: Told, patients: tuple[str, ...], shown: Iterable[Stored]) -> bool:
    """Whether these persons are known and what opens a record holds of each of them."""
    needed = told.gate
    if needed is None or any(each.type != "Patient" for each in shown):
        return True
    plan = Search(Decision("gate", needed), "Patient", Ids(patients), (), len(patients))
    return len(await services.store.query(plan)) == len(set(patients))


class Told:
    """What one who asks is told of whomever within a second, as decisions hold: the ``gate`` of a record, and what is absent of
    those for whom it does not hold and does. ``kept`` is for whoever finds out more of what the asker sees."""

    __slots__ = ("_absent", "_asked", "_issues", "gate", "kept")

    def __init__(self, question: Question, facts: Facts, feeds: tuple[FeedHealth, ...], now: int) -> None:
        self._asked = (question, facts, feeds, now)
        self.gate = gate(question, facts, now)
        self.kept: object = None
        self._absent: list[tuple[Absence, ...] | None] = [None, None]
        self._issues: list[list[Issue] | None] = [None, None]

    def absent(self, passed: bool) -> tuple[Absence, ...]:
        """What is absent of who ``passed`` the gate, or did not."""
        found = self._absent[passed]
        if found is None:
            question, facts, feeds, now = self._asked
            found = self._absent[passed] = absence(question, facts, feeds, passed, now)
        return found

    def issues(self, passed: bool) -> list[Issue]:
        """The same as issues."""
        found = self._issues[passed]
        if found is None:
            found = self._issues[passed] = [issue(each) for each in self.absent(passed)]
        return found


class _Second(NamedTuple):
    """What holds within a second, as decisions do, while nothing of what it is made of changes."""

    facts: Facts
    feeds: tuple[FeedHealth, ...]
    second: int
    told: dict[Asker, Told]


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
    now, known = services.clock.now(), services.feed_health
    if known and 0 <= now - known[0] < EVERY:
        return known[1]
    if services.feed_looking is None:
        services.feed_looking = asyncio.create_task(_looked(services, now))
    return await asyncio.shield(services.feed_looking)


async def _looked(services: Services, now: int) -> tuple[FeedHealth, ...]:
    """One look for all who ask meanwhile: it may have to count the journal."""
    this = asyncio.current_task()
    try:
        counts: list[FeedCount] = await services.store.query(Feeds())
        organisations = contributing(services.feeds, counts)
        told = await said(services, organisations)
        found = judged(counts, organisations, told, services.stale_after, now)
        if services.feed_looking is this:
            services.feed_health = (now, found)
        return found
    finally:
        if services.feed_looking is this:
            services.feed_looking = None


def contributing(feeds: Mapping[str, Feed], counts: Iterable[FeedCount]) -> dict[str, str]:
    """The organisations of feeds by name, '' where it is not known: of those that there are, of those that were opened by a message
    before this process began or by another one, and of those that were taken out while something of theirs is not in the record."""
    former: Mapping[str, Feed] = getattr(feeds, "former", {})
    found = {name: feed.organisation for name, feed in feeds.items()}
    for line in counts:
        if line.feed in OURS or line.feed in found:
            continue
        feed = feeds.get(line.feed)
        if feed is not None or line.incomplete_since or line.oldest_waiting:
            feed = feed or former.get(line.feed)
            found[line.feed] = feed.organisation if feed is not None else ""
    return found


def judged(
    counts: Iterable[FeedCount], organisations: Mapping[str, str], told: Mapping[str, Heard], stale_after: int, now: int
) -> tuple[FeedHealth, ...]:
    """The health of feeds. ``told`` is what was last said of their sources; ``stale_after`` how long one may be silent, 0 for ever,
    in microseconds. A source that has sent since it was down is no longer; one that was asked and had nothing is not silent.
    One of whose messages one is shelved is incomplete besides, since that one came."""
    lines = {each.feed: each for each in counts}
    last = {feed: each.last_received for feed, each in lines.items()}
    found = []
    for feed in sorted(organisations):
        heard, source = last.get(feed, 0), told.get(feed, Heard(WELL, 0))
        if source.state == WELL:
            heard = max(heard, source.since)
        state, since = "well", heard
        if source.state == DOWN and heard <= source.since:
            state, since = "down", source.since
        elif heard and stale_after and now - heard > stale_after:
            state = "stale"
        line = lines.get(feed)
        if state == "well" and line is not None and line.oldest_waiting and now - line.oldest_waiting > BEHIND:
            state, since = "stale", line.oldest_waiting
        found.append(FeedHealth(feed, organisations[feed], state, since))
        if line is not None and line.incomplete_since:
            found.append(FeedHealth(feed, organisations[feed], "incomplete", line.incomplete_since))
    return tuple(found)
