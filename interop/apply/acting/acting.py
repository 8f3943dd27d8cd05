"""What follows from one new version by the rules: found and written, with the effect of once however often it is asked for."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from typing import Final

import structlog

from interop.apply.acting.actions import DOES
from interop.apply.acting.doing import Do, Doing, Wanted
from interop.apply.acting.ending import PATIENT, made_of, of_event, stopped_reminders
from interop.apply.acting.person import Resource, body, pieces
from interop.apply.acting.recent import recent
from interop.apply.acting.recipients import CLIENT, Recipients
from interop.apply.acting.resting import labelled_later, resting
from interop.apply.acting.standing import standing
from interop.apply.acting.versions import Heard, Seen, heard, taken_back, versions
from interop.apply.asked import UPDATE, Asked, Author, Criteria
from interop.apply.writes import Writes
from interop.clock import MICROSECONDS, Clock
from interop.errors import Problem
from interop.ids import Mint
from interop.notify.routes import CREATED, DELETED, UPDATED
from interop.rules.actions import CANCEL, STOP_REMINDERS
from interop.rules.expressions import BEFORE, RuleFailed, holds
from interop.rules.happening import befallen, happened, time_of
from interop.rules.making import Occurrence, ended_by_us, labels_of, relabelled, whom
from interop.rules.tables import PERSON, RECIPIENT, Event, Rule, RuleTables
from interop.store.plan import Heads
from interop.store.seam import Store
from interop.store.values import Delivery, Head, Stored

ACTED, LATE, NOT_MET, AGAIN, NOBODY, FAILED = "acted", "late", "not-met", "again", "nobody", "failed"
RESULTS: Final = (ACTED, NOBODY, AGAIN, NOT_MET)
"""What came of a rule for somebody; the first that holds for anybody is told."""
TRIES: Final = 3
PAGE: Final = 200
"""Resources that are written at a time."""
MARGIN: Final = 24 * 3_600 * MICROSECONDS
"""What is said to happen longer after we heard of it than a clock may be wrong or a day is long counts from when we heard."""
Back = Callable[[Doing, Resource | None], Awaitable[list[Wanted]]]
"""What is done where what was said of a resource is no longer true, beside ending what it had made."""
_log = structlog.get_logger("interop.rules")


class Acting:
    """Acts by the rules; ``does`` are the actions by their names. ``counts`` are by rule and what came of it: ``acted``; ``late``:
    it happened too long ago; ``not-met``: the condition does not hold; ``again``: it was done for the person already; ``nobody``:
    there is nobody who may be told, or nothing to be done; ``failed``."""

    def __init__(
        self,
        tables: RuleTables,
        store: Store,
        writes: Writes,
        recipients: Recipients,
        mint: Mint,
        clock: Clock,
        does: Mapping[str, Do] = DOES,
        back: Back | None = None,
    ) -> None:
        self.tables, self._does, self._back = tables, does, back
        self._store, self._writes, self.recipients, self._mint, self._clock = store, writes, recipients, mint, clock
        self.counts: Counter[tuple[str, str]] = Counter()

    async def act(self, delivery: Delivery) -> None:
        """Do what the rules say of a version. Raises Problem: ``rule-fault`` where a rule failed and the others are done; those of
        writes, ``stale-version`` where what is to be changed changes all the time."""
        for again in range(TRIES):
            told: Counter[tuple[str, str]] = Counter()
            wanted = await self._wanted(delivery, told)
            try:
                await self._write(wanted)
                break
            except Problem as problem:
                if problem.reason.name != "stale-version" or again == TRIES - 1:
                    raise
        self.counts += told
        if any(result == FAILED for _, result in told):
            raise Problem("rule-fault")

    async def preview(self, delivery: Delivery) -> Counter[tuple[str, str]]:
        """What would come of it, by rule and result; nothing is written."""
        told: Counter[tuple[str, str]] = Counter()
        await self._wanted(delivery, told)
        return told

    async def _wanted(self, delivery: Delivery, told: Counter[tuple[str, str]]) -> list[Wanted]:
        wanted: list[Wanted] = []
        seen = await versions(self._store, delivery)
        if seen is None:
            return wanted
        stored, new, before, former = seen
        if await taken_back(self._store, stored, delivery):
            return await self._undone(delivery, stored, new, told)
        if former:
            wanted += await self._undone(delivery, replace(stored, subject=former), None, told)
            before = None
        kind = DELETED if new is None else CREATED if before is None else UPDATED
        for event in self.tables.at(delivery.type):
            if kind not in event.on:
                continue
            for rule in self.tables.of(event):
                try:
                    made, result = await self._ruled(rule, delivery, wanted, stored, new, before)
                except Problem:
                    raise
                except Exception as error:
                    made, result = [], FAILED
                    _log.error(
                        "a rule failed", rule=rule.id, reason=str(error) if isinstance(error, RuleFailed) else type(error).__name__
                    )
                wanted += made
                if result:
                    told[rule.id, result] += 1
            for rule in [each for each in self.tables.of(event) if each.action == CANCEL and told[each.id, ACTED]][:1]:
                try:
                    wanted += await self._instead(event, delivery, seen, wanted)
                except RuleFailed as error:
                    told[rule.id, FAILED] += 1
                    _log.error("a rule failed", rule=rule.id, reason=str(error))
        return wanted + await self._labelled(delivery, stored, new, seen.before, wanted)

    async def _instead(self, event: Event, delivery: Delivery, seen: Seen, so_far: Sequence[Wanted]) -> list[Wanted]:
        """What rules do of what still stands, where they had done it of what did not happen."""
        wanted: list[Wanted] = []
        key, patient, now = (delivery.type, delivery.resource), seen.stored.subject, self._clock.now()
        async for rule, stored, said, at in standing(self._store, self.tables, event, seen.new, key, patient, now):
            named = "\x1f".join((rule.event.id, stored.type, stored.id, str(at), patient))
            what = Occurrence(said, stored.type, stored.id, patient, delivery.made, at, named, stored.source)
            wanted += (await self._befell(rule, what, [*so_far, *wanted], None, now))[0]
        return wanted

    async def _labelled(
        self, delivery: Delivery, stored: Stored, new: Resource | None, before: Resource | None, wanted: Sequence[Wanted]
    ) -> list[Wanted]:
        """What rules have made of a resource, where it has labels now that it had not."""
        if new is None or before is None or relabelled(before, labels_of(new)) is None:
            return []
        patient = stored.id if stored.type == PATIENT else stored.subject
        what = Occurrence(new, stored.type, stored.id, patient, delivery.made, delivery.made, "", stored.source)
        return await labelled_later(self._store, self.tables, what, wanted) if patient else []

    async def _undone(
        self, delivery: Delivery, stored: Stored, new: Resource | None, told: Counter[tuple[str, str]]
    ) -> list[Wanted]:
        """End what events have made of a resource that, as it is now, do not hold of it. Where what is left of it is what an event
        says that takes one of these back, that has happened."""
        wanted: list[Wanted] = []
        patient = stored.id if stored.type == PATIENT else stored.subject
        if not patient:
            return wanted
        now, key = self._clock.now(), (delivery.type, delivery.resource)
        gone = {
            event.id
            for event in self.tables.at(delivery.type)
            if event.now is not None and not holds(event.now, new, {BEFORE: None}, now)
        }
        bygone = {each for each in gone if await self._bore(each, patient, key)}
        for each in sorted(bygone):
            wanted += await made_of(self._store, self.tables, each, patient, key)
        of = Occurrence(new or {}, stored.type, stored.id, patient, delivery.made, delivery.made, "", stored.source)
        known_ = self._store, self.recipients, self._mint, now, self.tables
        if self._back is not None and self.tables.rules:
            wanted += await self._back(Doing(self.tables.rules[0], of, *known_, wanted), new)
        for event in self.tables.at(delivery.type):
            takes = {rule.word for rule in self.tables.of(event) if rule.action == CANCEL}
            if takes.isdisjoint(bygone) or event.now is None or not holds(event.now, new, {BEFORE: None}, now):
                continue
            named = "\x1f".join((event.id, *key, str(delivery.version), patient))
            for rule in self.tables.of(event):
                more, result = await self._befell(rule, replace(of, key=named), wanted, None, now)
                wanted += more
                told[rule.id, result] += 1
        return wanted

    async def _bore(self, event: str, patient: str, key: tuple[str, str]) -> bool:
        """Whether anything is there that an event of a resource has made or stopped."""
        if await of_event(self._store, self.tables, event, patient, key):
            return True
        stops = any(rule.event.id == event and rule.action == STOP_REMINDERS for rule in self.tables.rules)
        return stops and bool(await stopped_reminders(self._store, patient))

    async def _ruled(
        self,
        rule: Rule,
        delivery: Delivery,
        wanted: Sequence[Wanted],
        stored: Stored,
        new: Resource | None,
        before: Resource | None,
    ) -> tuple[list[Wanted], str]:
        """What one rule wants done, and what came of it: '' where its event did not happen."""
        now, event = self._clock.now(), rule.event
        said = new if new is not None else before
        if said is None or not happened(event, new, before, now):
            return [], ""
        patients = await asyncio.to_thread(befallen, event, new, before, now) if event.of is not None else None
        if patients is None:
            patients = [stored.id if stored.type == PATIENT else stored.subject]
        clinical = time_of(event, new, before, now)
        told = await heard(self._store, stored) if clinical is None else Heard(clinical, clinical)
        if told is None or delivery.made - told.said > rule.within:
            return [], LATE
        at = told.came
        key = "\x1f".join((event.id, delivery.type, delivery.resource, _which(event, at, delivery)))
        if at > delivery.made + MARGIN:
            at = delivery.made
        results = []
        made: list[Wanted] = []
        so_far = list(wanted)
        for patient in filter(None, patients):
            await asyncio.sleep(0)
            named = f"{key}\x1f{patient}"
            also = ((PATIENT, patient),) if event.of is not None else ()
            what = Occurrence(said, stored.type, stored.id, patient, delivery.made, at, named, stored.source, also)
            more, result = await self._befell(rule, what, so_far, before, now)
            made += more
            so_far += more
            results.append(result)
        return made, next((each for each in RESULTS if each in results), "")

    async def _befell(
        self, rule: Rule, what: Occurrence, so_far: Sequence[Wanted], before: Resource | None, now: int
    ) -> tuple[list[Wanted], str]:
        variables = await pieces(self._store, what.patient, rule.variables - {BEFORE}, now)
        values = {name: [each.resource for each in some] for name, some in variables.items()}
        if not holds(rule.condition, what.resource, {BEFORE: before, **values}, now):
            return [], NOT_MET
        if rule.once == PERSON and await recent(self._store, self.tables, rule, what, now):
            return [], AGAIN
        what = await resting(rule.condition, what, variables, before, now)
        known_ = self._store, self.recipients, self._mint, now, self.tables, so_far
        made = await self._does[rule.action](Doing(rule, what, *known_))
        if not made:
            return [], NOBODY
        if rule.once == RECIPIENT:
            before_ = {whom(each) for each in await recent(self._store, self.tables, rule, what, now)}
            made = [each for each in made if whom(each.resource) not in before_]
        return made, ACTED if made else AGAIN

    async def _write(self, wanted: Sequence[Wanted]) -> None:
        """Write it, what is of one author all or nothing: the journal keeps one of a transaction, and their organisation is the
        source; what is about very many, PAGE at a time. Raises Problem ``stale-version`` where somebody has written since."""
        each = {(one.type, one.id): one for one in wanted}
        for place in range(0, len(each), PAGE):
            asked = await self._asked(dict(islice(each.items(), place, place + PAGE)))
            for author in dict.fromkeys(one.author for one in asked):
                some = [one for one in asked if one.author == author]
                await (self._writes.write(some[0]) if len(some) == 1 else self._writes.transaction(some, _understand))

    async def _asked(self, each: Mapping[tuple[str, str], Wanted]) -> list[Asked]:
        heads: list[Head] = await self._store.query(Heads(tuple(each))) if each else []
        there = {(head.type, head.id): head for head in heads}
        asked = []
        for key, one in each.items():
            head = there.get(key)
            version = head.version if head is not None else 0
            if not one.version and version and not (head is not None and _reopens(head)):
                continue
            author = Author(role="system", organisation=one.source, client=CLIENT)
            expected = one.version or version
            asked.append(Asked(UPDATE, *key, resource=one.resource, expected=(expected,), author=author, own=True))
        return asked


def _which(event: Event, at: int, delivery: Delivery) -> str:
    """What tells two occurrences of one event of one resource apart: when it happened, or else was told."""
    return str(delivery.version) if event.differs is not None else str(at)


def _reopens(head: Head) -> bool:
    """Whether what is there was ended by the engine alone, when what it was about had been taken back: it holds again."""
    return not head.deleted and ended_by_us(body(Stored(head.type, head.id, head.version, 0, head.body)))


def _understand(type: str, text: str) -> Criteria:
    raise Problem("bad-parameter", detail="rules refer to nothing by criteria")
