"""Writes through the API: journalled as messages of the feed ``api`` first, then applied; made again from the journal.

One write or all of a transaction are one entry of the journal and one change of the record.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar
from uuid import uuid4

import structlog

from interop.apply.asked import CREATE, DELETE, PATCH, UPDATE, Asked, Author, Criteria, Key, Resource, Understand, Written
from interop.apply.awaiting import WAITING
from interop.apply.drafts import OWNER, there
from interop.apply.identity import decisions_of, link
from interop.apply.journalled import ADAPTERS, Step, change_of, entry_of, keys_of, steps_of, takedown_of
from interop.apply.locks import Beyond, Locks, LocksLost, Name
from interop.apply.permitting import shown
from interop.apply.persons import Linking
from interop.apply.placed import placed
from interop.apply.underway import Underway
from interop.apply.withdrawing import withdrawing
from interop.apply.withdrawn import Why, Withdrawn
from interop.apply.witness import Remover, Witness
from interop.apply.work import Meant, Work, criteria_name
from interop.clock import Clock
from interop.errors import Problem
from interop.ports import MessageState
from interop.store.decision import PERMIT_ALL
from interop.store.plan import Heads, Message, Messages, Read, ReadVersion, Unfinished, Versions
from interop.store.seam import Store
from interop.store.values import LOCK, Change, Committed, Conflict, Entry, Head, Outcome, Put, Stored

T = TypeVar("T")
AGAIN = 1.0
"""Seconds between two tries while the disk cannot be had."""
UNSEEN = 5_000_000
"""Microseconds within which an entry that another process has dated is in the journal."""
GUARD = "?"
"""The type of the name of a lock that stands for a guard (``Guard.name``): taken with those of criteria."""
PASSING = ("journal-unavailable", "too-costly")
"""What is waited for once an entry is in the journal."""
log = structlog.get_logger(__name__)


class Left(Exception):
    """The locks of a write were lost when it was journalled and not applied: somebody else may have applied it."""

    def __init__(self, entry: Entry, work: Work) -> None:
        super().__init__(entry.message)
        self.entry, self.work = entry, work


class Writes:
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
        self._linking = linking or Linking()
        self.underway = underway or Underway()
        self._store = store
        self._clock = clock
        self._new_id = new_id
        self.update_creates = update_creates
        self._locks, self._beyond = Locks(beyond), beyond
        self._done = 0
        """Every entry of the API up to this one has its outcome."""
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
                await self._journal(entry)
            except LocksLost:
                raise Problem("journal-unavailable", detail="LocksLost") from None
            witness.journalled(entry)
            try:
                change: Change | None = await self._settled(entry, steps_of(entry))
            except LocksLost:
                change = None
        change = change or await self._finished(entry)
        if change.outcomes[0].state != MessageState.APPLIED:
            raise Problem(change.outcomes[0].reason or "fault")
        return entry.message, resources

    async def replay(self, entry: Entry) -> Change:
        """What an entry of this feed does to the record as it is now."""
        steps = steps_of(entry)
        return await change_of(entry, steps, await self._heads([step.key for step in steps]), self._clock.now())

    async def finish(self, entry: Entry) -> Change:
        """Apply an entry that was journalled and has no outcome: the process ended in between. Where the same resources have been
        written since, its client was told that it failed (the answer to the journal's commit was lost): it is refused. What came of
        it; nothing where whoever journalled it has done it meanwhile."""
        while True:
            try:
                keys = keys_of(entry)
                if self._beyond is not None and await self._passed_by(entry, keys):
                    return await self._refused(entry)
                async with self._locks.hold(keys), self._locks.hold(map(making, keys)):
                    return await self._finish(entry)
            except LocksLost:
                continue

    async def _passed_by(self, entry: Entry, keys: Sequence[Key]) -> bool:
        """Whether a client has written any of these since and the entry has no outcome: whoever journalled it has lost its locks
        and can no longer apply it. It is refused without them, so that no client waits for who is slow to do so. What has been
        written is read first: an outcome from before that is then seen."""
        heads = (await self._heads(keys)).values()
        passed = any(head.owner == OWNER and head.version and head.message > entry.message for head in heads)
        return passed and await self._waits(entry)

    async def _waits(self, entry: Entry) -> bool:
        found: list[Entry] = await self._store.query(Message(entry.message))
        return bool(found) and found[0].state in WAITING

    async def _finish(self, entry: Entry) -> Change:
        if self._beyond is not None and not await self._waits(entry):
            return Change()
        steps = steps_of(entry)
        heads = await self._heads([step.key for step in steps])
        if not any(head.message > entry.message for head in heads.values()):
            return await self._settled(entry, steps, heads)
        return await self._refused(entry)

    async def _refused(self, entry: Entry) -> Change:
        outcome = Outcome(entry.message, MessageState.REFUSED, self._clock.now(), "stale-version", "written again since")
        change = Change(outcomes=[outcome])
        if isinstance(await self._store.commit(change), Conflict):
            raise LocksLost
        return change

    async def complete(self) -> int:
        """The latest time of which every change that bears it or an earlier one is on disk, whatever process makes it, or never
        will be. Changes that are computed from messages are made under the lock of links and bear a time from within; writes of
        clients bear that of their entry."""
        if self._beyond is None:
            return self.underway.complete(self._clock.now())
        async with self._linking.lock:
            now = self._clock.now()
        upto = self.underway.complete(now - UNSEEN if await self._beyond.others() else now)
        return min([upto, *(entry.received - 1 for entry in await self.left())])

    async def others(self) -> bool:
        """Whether other processes may be writing."""
        return self._beyond is not None and await self._beyond.others() > 0

    async def left(self) -> list[Entry]:
        """Entries of the API that have no outcome, be it that they are being written."""
        last: list[Entry] = await self._store.query(Messages(count=1))
        found: list[Entry] = await self._store.query(Unfinished(self._done, ADAPTERS))
        upto = found[0].message - 1 if found else max((entry.message for entry in last), default=0)
        self._done = max(self._done, upto)  # numbers are given in the order of commits: none comes before those that were seen
        return [entry for entry in found if entry.body or not entry.size]

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

    async def _finished(self, entry: Entry) -> Change:
        """Finish an entry of our own whose locks were lost; while the database cannot be had, wait and try again."""
        while True:
            try:
                change = await self.finish(entry)
                return change if change.outcomes else await self._by_another(entry)
            except Problem as problem:
                if problem.reason.name not in PASSING:
                    raise
                log.error("record not writable; trying again", message=entry.message, action=problem.reason.action)
                await asyncio.sleep(AGAIN)

    async def _by_another(self, entry: Entry) -> Change:
        """What came of an entry that whoever looked for what was left has finished, be it that more has been written since."""
        (found,) = await self._store.query(Message(entry.message))
        keys = tuple(keys_of(entry))
        made = [each[:3] for each in await self._store.query(Versions(keys)) if each[3] == entry.message]
        puts = [Put(one, []) for each in made for one in await self._store.query(ReadVersion(PERMIT_ALL, *each))]
        return Change(puts=puts, outcomes=[Outcome(found.message, found.state, found.finished, found.reason)])

    async def _locked(self, asked: Sequence[Asked], understand: Understand | None) -> list[Written]:
        named = [criteria_name(one.criteria) for one in asked if one.criteria is not None]
        guards = [one.guard for one in asked if one.guard is not None]
        async with self._locks.hold([*named, *((GUARD, guard.name) for guard in guards)]):
            if (named or guards) and self._beyond is not None:
                await self._others({one.type for one in asked if one.criteria is not None or one.guard is not None})
            while True:
                meant = await self._meant(asked)
                keys = [(one.type, each.id) for one, each in zip(asked, meant, strict=True) if each.id is not None]
                async with self._locks.hold(keys):
                    if named and await self._meant(asked) != meant:
                        continue
                    for guard in guards:
                        await guard.check()
                    return await self._perform(asked, meant, await self._heads(keys), understand)

    async def _others(self, types: set[str]) -> None:
        """See to it that what other processes have journalled of these types is found by criteria: one may have ended before it
        was applied."""
        for entry in await self.left():
            if any(type_ in types for type_, _ in keys_of(entry)):
                await self.finish(entry)

    async def _journal(self, entry: Entry) -> None:
        if isinstance(await self._store.commit(Change(entries=[entry])), Conflict):
            raise LocksLost

    async def _meant(self, asked: Sequence[Asked]) -> list[Meant]:
        return [await self._one_meant(one) for one in asked]

    async def _one_meant(self, one: Asked) -> Meant:
        """FHIR R4 http, 3.1.0.7.1, 3.1.0.8.1, 3.1.0.9.1."""
        if one.criteria is None:
            return Meant(None if one.method == CREATE else one.id)
        with placed(one.place):
            found = await self._matches(one.criteria)
            if found is not None:
                said = (one.resource or {}).get("id") if one.method == UPDATE else None
                if said not in (None, found):
                    raise Problem("bad-parameter", where=f"{one.type}.id", detail="the criteria find a resource of another id")
                return Meant(found, True)
            if one.method == PATCH:
                raise Problem("not-found")
            if one.method == UPDATE and one.resource is not None and one.resource.get("id") is not None:
                return Meant(str(one.resource["id"]))
            return Meant("" if one.method == DELETE else None)

    async def _matches(self, criteria: Criteria) -> str | None:
        """The id of the one resource that criteria find, None for none; raises Problem ``several-matches``."""
        found = await criteria.find()
        if len(found) > 1:
            raise Problem("several-matches")
        return found[0].id if found else None

    async def _perform(
        self, asked: Sequence[Asked], meant: Sequence[Meant], heads: dict[Key, Head], understand: Understand | None
    ) -> list[Written]:
        if any(one.permit is not None for one in asked):
            named = [(one.type, each.id or "") for one, each in zip(asked, meant, strict=True)]
            heads = await shown(asked, named, heads)
        work = Work(asked, meant, heads, self._new_id)
        work.permit(self.update_creates)
        work.patch()
        work.clocks()
        body = b"" if work.unmask() or len(asked) > 1 else asked[0].body
        if understand is not None:
            criteria = understand
            await work.link(lambda type, text: self._matches(criteria(type, text)))
        steps = await work.steps()
        await work.about()
        for one, resource in zip(asked, work.resources, strict=True):
            if resource is not None and not one.own:
                with placed(one.place):
                    self.admit(one, resource)
        if not steps:
            return await self._answers(work, None, Change())
        new = [step.key for step in steps if step.key not in heads] if self._beyond is not None else []
        async with self._locks.hold(map(making, new)):
            return await self._do(work, steps, heads, body)

    async def _do(self, work: Work, steps: Sequence[Step], heads: dict[Key, Head], body: bytes) -> list[Written]:
        """Journal, then apply. What is made is locked till then: nobody else finishes it meanwhile."""
        entry = entry_of(steps, body, self._clock.now(), work.asked[0].author)
        if self.witness is not None:
            await self.witness.attempt(entry, steps, heads)
        await self._journal(entry)
        if self.witness is not None:
            self.witness.journalled(entry)
        try:
            change = await self._settled(entry, steps, heads)
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

    async def _settled(self, entry: Entry, steps: Sequence[Step], heads: dict[Key, Head] | None = None) -> Change:
        """The change that was made. An entry that breaks the writer is failed, so that it is not met again at each start."""
        try:
            return await self._apply(entry, steps, heads)
        except LocksLost:
            raise
        except Exception as error:
            kind = type(error).__name__
            if isinstance(error, Problem):
                if error.reason.name != "fault":
                    raise
                kind = error.detail or kind  # the database does not take it
            log.error("write failed", message=entry.message, error=kind)
            outcome = Outcome(entry.message, MessageState.FAILED, self._clock.now(), "fault", kind)
            await self._store.commit(Change(outcomes=[outcome]))
            return Change(outcomes=[outcome])

    async def _apply(self, entry: Entry, steps: Sequence[Step], heads: dict[Key, Head] | None) -> Change:
        """Try until nothing has come in between. While the disk fails, wait and try again: what is journalled is done before
        anything else is done to the same resources."""
        while True:
            try:
                if heads is None:
                    heads = await self._heads([step.key for step in steps])
                change = await change_of(entry, steps, heads, self._clock.now())
                said = decisions_of(change, steps, heads)
                if not said:
                    result = await self._store.commit(change)
                else:
                    async with self._linking.lock:
                        await link(self._store, change, said, entry)
                        result = await self._store.commit(change)
                if isinstance(result, Conflict) and result.type == LOCK:
                    raise LocksLost
                if isinstance(result, Committed):
                    self._linking.committed(change)
                    return change
                if self._beyond is not None:
                    before, heads = heads, await self._heads([step.key for step in steps])
                    if _overtaken(before, heads, entry):
                        return await self._refused(entry)
                    continue
            except Problem as problem:
                if problem.reason.name not in PASSING:
                    raise
                log.error("record not writable; trying again", message=entry.message, action=problem.reason.action)
                await asyncio.sleep(AGAIN)
            heads = None

    async def _heads(self, keys: Sequence[Key]) -> dict[Key, Head]:
        if not keys:
            return {}
        return {(head.type, head.id): head for head in await self._store.query(Heads(tuple(keys)))}


def _overtaken(before: dict[Key, Head], now: dict[Key, Head], entry: Entry) -> bool:
    """Whether a client has written any of these since: they are locked, so it was under locks that were lost meanwhile."""
    made = {key: head.message for key, head in before.items()}
    return any(
        head.owner == OWNER and head.message not in (entry.message, made.get(key, 0)) and head.version for key, head in now.items()
    )


def making(key: Key) -> Name:
    """A resource that is being made, as the name of a lock."""
    return f"+{key[0]}", key[1]


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
