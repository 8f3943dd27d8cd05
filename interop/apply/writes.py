"""Writes through the API: journalled as messages of the feed ``api`` first, then applied; made again from the journal.

One write or all of a transaction are one entry of the journal and one change of the record.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import TypeVar
from uuid import uuid4

import structlog

from interop.apply.asked import Asked, Author, Key, Resource, Understand, Written
from interop.apply.drafts import there
from interop.apply.finishing import Finishing, making
from interop.apply.journalled import Step, change_of, entry_of, keys_of, steps_of, takedown_of
from interop.apply.locks import Beyond, LocksLost
from interop.apply.matching import matches, understood
from interop.apply.permitting import shown
from interop.apply.persons import Linking
from interop.apply.placed import placed
from interop.apply.times import NotHeld, times
from interop.apply.underway import Underway
from interop.apply.withdrawing import withdrawing
from interop.apply.withdrawn import Why, Withdrawn
from interop.apply.witness import Remover, Witness
from interop.apply.work import Meant, Work, criteria_name
from interop.clock import Clock
from interop.errors import Problem
from interop.ports import MessageState
from interop.store.decision import PERMIT_ALL
from interop.store.plan import Read
from interop.store.seam import Store
from interop.store.values import Change, Entry, Head, Stored

T = TypeVar("T")
GUARD = "?"
"""The type of the name of a lock that stands for a guard (``Guard.name``): taken with those of criteria."""
log = structlog.get_logger(__name__)


class Left(Exception):
    """The locks of a write were lost when it was journalled and not applied: somebody else may have applied it."""

    def __init__(self, entry: Entry, work: Work) -> None:
        super().__init__(entry.message)
        self.entry, self.work = entry, work


class Writes(Finishing):
    """Writes resources that belong to the API. Writes to one resource wait for each other, so that the journal holds them in
    the order in which they were made. ``update_creates``: an update may make a resource under an id of the client's. ``beyond``
    keeps names from other processes."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        *,
        new_id: Callable[[], str] = lambda: str(uuid4()),
        update_creates: bool = True,
        linking: Linking | None = None,
        underway: Underway | None = None,
        beyond: Beyond | None = None,
    ) -> None:
        super().__init__(store, clock, linking or Linking(), underway or Underway(), beyond)
        self._new_id = new_id
        self.update_creates = update_creates
        self.witness: Witness | None = None
        self.admit: Callable[[Asked, Resource], None] = lambda asked, resource: None
        """Raises Problem for a resource that a client may not have kept, though R4 has nothing against it."""

    async def write(self, asked: Asked) -> Written:
        """Do one write.

        Raises Problem: ``bad-parameter``, ``invalid-resource`` (as Invalid), ``not-found``, ``gone``, ``stale-version``,
        ``several-matches``, ``id-taken``, ``feed-owned``, ``engine-owned``, ``forbidden``, ``not-allowed``, and what
        ``Asked.change`` raises.
        """
        return (await _whole(self._timed(self._write([asked]))))[0]

    async def transaction(self, asked: Sequence[Asked], understand: Understand) -> list[Written]:
        """Do all or nothing, in the order that R4 gives (3.1.0.11.2); the answers are in the order of ``asked``.

        Raises Problem: those of ``write``, each with the place in the Bundle; ``same-resource``, ``no-match``.
        """
        return await _whole(self._timed(self._write(asked, understand)))

    async def take_down(
        self, keys: Sequence[Key], why: Why, author: Author, witness: Remover, patients: Sequence[str]
    ) -> tuple[int, list[Withdrawn]]:
        """Take back what a message wrote, or with ``why.message`` 0 these resources whole; the number of the takedown, 0 where
        there was nothing to take. ``witness`` is told of it before the journal is.

        Raises Problem ``not-found``, ``feed-owned``, and what ``witness`` raises."""
        return await _whole(self._timed(self._take_down(keys, why, author, witness, patients)))

    async def _timed(self, write: Awaitable[T]) -> T:
        """What it writes bears no earlier time than now."""
        with self.underway.at(self._clock.now()):
            return await write

    async def _take_down(
        self, keys: Sequence[Key], why: Why, author: Author, witness: Remover, patients: Sequence[str]
    ) -> tuple[int, list[Withdrawn]]:
        async with self._locks.hold(keys):
            resources = await withdrawing(self._store, keys, why.message)
            if not resources:
                return 0, []
            entry = takedown_of(why, resources, self._clock.now(), author)
            await witness.take_down(entry, [one.key for one in resources], patients)
            try:
                await self.settling.journal(entry)
            except LocksLost:
                raise Problem("journal-unavailable", detail="LocksLost") from None
            witness.journalled(entry)
            try:
                change: Change | None = await self.settling.settled(entry, steps_of(entry))
            except LocksLost:
                change = None
        change = change or await self._finished(entry)
        if change.outcomes[0].state != MessageState.APPLIED:
            raise Problem(change.outcomes[0].reason or "fault")
        return entry.message, resources

    async def replay(self, entry: Entry) -> Change:
        """What an entry of this feed does to the record as it is now."""
        steps = steps_of(entry)
        return await change_of(entry, steps, await self.settling.heads([step.key for step in steps]), self._clock.now())

    async def _write(self, asked: Sequence[Asked], understand: Understand | None = None) -> list[Written]:
        while True:
            try:
                return await self._locked(asked, understand)
            except Left as left:
                change = await self._finished(left.entry)
                if change.outcomes and change.outcomes[0].state != MessageState.APPLIED:
                    raise Problem(change.outcomes[0].reason or "fault") from None
                return await self._answers(left.work, left.entry, change)
            except LocksLost:
                log.warning("locks lost before a write was journalled; trying again")

    async def _locked(self, asked: Sequence[Asked], understand: Understand | None) -> list[Written]:
        named = [criteria_name(one.criteria) for one in asked if one.criteria is not None]
        guards = [one.guard for one in asked if one.guard is not None]
        async with self._locks.hold([*named, *((GUARD, guard.name) for guard in guards)]):
            if (named or guards) and self._beyond is not None:
                await self._others({one.type for one in asked if one.criteria is not None or one.guard is not None})
            beside: set[Key] = set()
            while True:
                meant = await understood(asked)
                keys = {(one.type, each.id) for one, each in zip(asked, meant, strict=True) if each.id is not None} | beside
                async with self._locks.hold(keys):
                    if named and await understood(asked) != meant:
                        continue
                    for guard in guards:
                        await guard.check()
                    try:
                        return await self._perform(asked, meant, await self.settling.heads(list(keys)), understand, beside)
                    except NotHeld as wanted:
                        beside = wanted.keys

    async def _others(self, types: set[str]) -> None:
        """See to it that what other processes have journalled of these types is found by criteria: one may have ended before it
        was applied."""
        for entry in await self.left():
            if any(type_ in types for type_, _ in keys_of(entry)):
                await self.finish(entry)

    async def _perform(
        self,
        asked: Sequence[Asked],
        meant: Sequence[Meant],
        heads: dict[Key, Head],
        understand: Understand | None,
        beside: Collection[Key],
    ) -> list[Written]:
        """``beside`` are held with what is meant. Raises NotHeld."""
        if any(one.permit is not None for one in asked):
            named = [(one.type, each.id or "") for one, each in zip(asked, meant, strict=True)]
            heads = await shown(asked, named, heads)
        work = Work(asked, meant, heads, self._new_id)
        work.permit(self.update_creates)
        work.patch()
        work.clocks()
        work.choices()
        body = b"" if work.unmask() or len(asked) > 1 else asked[0].body
        try:
            if understand is not None:
                criteria = understand
                await work.link(lambda type, text: matches(criteria(type, text)))
            steps = await work.steps()
            await work.about()
            for one, resource in zip(asked, work.resources, strict=True):
                if resource is not None and not one.own:
                    with placed(one.place):
                        self.admit(one, resource)
            if also := await times(self._store, work, beside):
                steps, body = [*steps, *also], b""
            if not steps:
                return await self._answers(work, None, Change())
            new = [step.key for step in steps if step.key not in heads] if self._beyond is not None else []
            async with self._locks.hold(map(making, new)):
                return await self._do(work, steps, heads, body)
        except (LocksLost, NotHeld):
            work.unlink()
            raise

    async def _do(self, work: Work, steps: Sequence[Step], heads: dict[Key, Head], body: bytes) -> list[Written]:
        """Journal, then apply. What is made is locked till then: nobody else finishes it meanwhile."""
        entry = entry_of(steps, body, self._clock.now(), work.asked[0].author)
        if self.witness is not None:
            await self.witness.attempt(entry, steps, heads)
        await self.settling.journal(entry)
        if self.witness is not None:
            self.witness.journalled(entry)
        try:
            change = await self.settling.settled(entry, steps, heads)
        except LocksLost:
            raise Left(entry, work) from None
        if change.outcomes[0].state != MessageState.APPLIED:
            raise Problem(change.outcomes[0].reason or "fault")
        return await self._answers(work, entry, change)

    async def _answers(self, work: Work, entry: Entry | None, change: Change) -> list[Written]:
        made = {(put.stored.type, put.stored.id): put.stored for put in change.puts}
        stood: dict[Key, Stored] = {}
        for one, key in zip(work.asked, work.keys, strict=True):
            if key in made or not key[1]:
                continue
            if one.permit is None:  # nothing is withheld
                stood.update((key, each) for each in await self._store.query(Read(PERMIT_ALL, *key)))
            elif (seen := await one.permit.see(key)) is not None:
                stood[key] = seen
        message = entry.message if entry is not None else 0
        made |= {key: one for key, one in stood.items() if message and one.message == message}  # the first commit's answer was lost
        return [
            Written(made[key], not (idle or there(work.heads.get(key))), message)
            if key in made
            else Written(stood.get(key), False, 0)
            for key, idle in zip(work.keys, work.idle, strict=True)
        ]


async def _whole(write: Awaitable[T]) -> T:
    """A write goes on to its end though the client may have gone."""
    task = asyncio.ensure_future(write)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        task.add_done_callback(_unheard)
        raise


def _unheard(write: asyncio.Task[T]) -> None:
    """What a write comes to for which nobody waits: a refusal has nobody to be told."""
    error = None if write.cancelled() else write.exception()
    if error is not None and not isinstance(error, Problem):
        log.error("a write failed whose client had gone", error=type(error).__name__)
