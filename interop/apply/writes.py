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
from interop.apply.drafts import there
from interop.apply.identity import decisions_of, link
from interop.apply.journalled import Step, change_of, entry_of, keys_of, steps_of, takedown_of
from interop.apply.locks import Locks
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
from interop.store.plan import Heads, Read
from interop.store.seam import Store
from interop.store.values import Change, Conflict, Entry, Head, Outcome, Stored

T = TypeVar("T")
AGAIN = 1.0
"""Seconds between two tries while the disk cannot be had."""
PASSING = ("journal-unavailable", "too-costly")
"""What is waited for once an entry is in the journal."""
log = structlog.get_logger(__name__)


class Writes:
    """Writes resources that belong to the API. Writes to one resource wait for each other, so that the journal holds them in
    the order in which they were made. ``update_creates``: an update may make a resource under an id of the client's."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        *,
        new_id: Callable[[], str] = lambda: str(uuid4()),
        update_creates: bool = True,
        linking: Linking | None = None,
        underway: Underway | None = None,
    ) -> None:
        self._linking = linking or Linking()
        self.underway = underway or Underway()
        self._store = store
        self._clock = clock
        self._new_id = new_id
        self.update_creates = update_creates
        self._locks = Locks()
        self.witness: Witness | None = None
        self.admit: Callable[[Asked, Resource], None] = lambda asked, resource: None
        """Raises Problem for a resource that a client may not have kept, though R4 has nothing against it."""

    async def write(self, asked: Asked) -> Written:
        """Do one write.

        Raises Problem: ``bad-parameter``, ``invalid-resource`` (as Invalid), ``not-found``, ``gone``, ``stale-version``,
        ``several-matches``, ``id-taken``, ``feed-owned``, ``forbidden``, ``not-allowed``, and what ``Asked.change`` raises.
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
            await self._store.commit(Change(entries=[entry]))
            witness.journalled(entry)
            change = await self._settled(entry, steps_of(entry))
        if change.outcomes[0].state != MessageState.APPLIED:
            raise Problem(change.outcomes[0].reason or "fault")
        return entry.message, resources

    async def replay(self, entry: Entry) -> Change:
        """What an entry of this feed does to the record as it is now."""
        steps = steps_of(entry)
        return await change_of(entry, steps, await self._heads([step.key for step in steps]), self._clock.now())

    async def finish(self, entry: Entry) -> None:
        """Apply an entry that was journalled and has no outcome: the process ended in between. Where the same resources have been
        written since, its client was told that it failed (the answer to the journal's commit was lost): it is refused."""
        async with self._locks.hold(keys_of(entry)):
            steps = steps_of(entry)
            heads = await self._heads([step.key for step in steps])
            if any(head.message > entry.message for head in heads.values()):
                outcome = Outcome(entry.message, MessageState.REFUSED, self._clock.now(), "stale-version", "written again since")
                await self._store.commit(Change(outcomes=[outcome]))
            else:
                await self._settled(entry, steps, heads)

    async def _write(self, asked: Sequence[Asked], understand: Understand | None = None) -> list[Written]:
        named = [criteria_name(one.criteria) for one in asked if one.criteria is not None]
        async with self._locks.hold(named):
            while True:
                meant = await self._meant(asked)
                keys = [(one.type, each.id) for one, each in zip(asked, meant, strict=True) if each.id is not None]
                async with self._locks.hold(keys):
                    if named and await self._meant(asked) != meant:
                        continue
                    return await self._perform(asked, meant, await self._heads(keys), understand)

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
        entry = entry_of(steps, body, self._clock.now(), asked[0].author)
        if self.witness is not None:
            await self.witness.attempt(entry, steps, heads)
        await self._store.commit(Change(entries=[entry]))
        if self.witness is not None:
            self.witness.journalled(entry)
        change = await self._settled(entry, steps, heads)
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
                    done = not isinstance(await self._store.commit(change), Conflict)
                else:
                    async with self._linking.lock:
                        await link(self._store, change, said, entry)
                        done = not isinstance(await self._store.commit(change), Conflict)
                if done:
                    self._linking.heard(put.stored.id for put in change.puts if put.stored.type == "Patient")
                    return change
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


async def _whole(write: Awaitable[T]) -> T:
    """A write goes on to its end though the client may have gone."""
    return await asyncio.shield(asyncio.ensure_future(write))
