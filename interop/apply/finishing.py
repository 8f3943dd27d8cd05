"""Writes that were journalled and have no outcome: the process ended in between, or its locks were lost."""

from __future__ import annotations

from collections.abc import Sequence

from interop.apply.asked import Key
from interop.apply.awaiting import WAITING
from interop.apply.drafts import OWNER
from interop.apply.journalled import ADAPTERS, keys_of, steps_of
from interop.apply.locks import Beyond, Locks, LocksLost, Name
from interop.apply.persons import Linking
from interop.apply.settling import Settling, waited
from interop.apply.underway import Underway
from interop.clock import Clock
from interop.errors import Problem
from interop.store.decision import PERMIT_ALL
from interop.store.plan import Message, Messages, ReadVersion, Unfinished, Versions
from interop.store.seam import Store
from interop.store.values import Change, Entry, Outcome, Put

UNSEEN = 5_000_000
"""Microseconds within which an entry that another process has dated is in the journal."""


class Finishing:
    """What writers share with who finishes what they left: the locks of resources, and which entries still have no outcome."""

    def __init__(self, store: Store, clock: Clock, linking: Linking, underway: Underway, beyond: Beyond | None) -> None:
        self._store, self._clock, self._linking, self.underway = store, clock, linking, underway
        self._locks, self._beyond = Locks(beyond), beyond
        self.settling = Settling(store, clock, linking, several=beyond is not None)
        self._done = 0
        """Every entry of the API up to this one has its outcome."""

    async def finish(self, entry: Entry) -> Change:
        """Apply an entry that was journalled and has no outcome: the process ended in between. Where the same resources have been
        written since, its client was told that it failed (the answer to the journal's commit was lost): it is refused. What came of
        it; nothing where whoever journalled it has done it meanwhile."""
        while True:
            try:
                keys = keys_of(entry)
                if self._beyond is not None and await self._passed_by(entry, keys):
                    return await self.settling.refused(entry)
                async with self._locks.hold(keys), self._locks.hold(map(making, keys)):
                    return await self._finish(entry)
            except LocksLost:
                continue

    async def _passed_by(self, entry: Entry, keys: Sequence[Key]) -> bool:
        """Whether a client has written any of these since and the entry has no outcome: whoever journalled it has lost its locks
        and can no longer apply it. It is refused without them, so that no client waits for who is slow to do so. What has been
        written is read first: an outcome from before that is then seen."""
        heads = (await self.settling.heads(keys)).values()
        passed = any(head.owner == OWNER and head.version and head.message > entry.message for head in heads)
        return passed and await self._waits(entry)

    async def _waits(self, entry: Entry) -> bool:
        found: list[Entry] = await self._store.query(Message(entry.message))
        return bool(found) and found[0].state in WAITING

    async def _finish(self, entry: Entry) -> Change:
        if self._beyond is not None and not await self._waits(entry):
            return Change()
        steps = steps_of(entry)
        heads = await self.settling.heads([step.key for step in steps])
        if not any(head.message > entry.message for head in heads.values()):
            return await self.settling.settled(entry, steps, heads)
        return await self.settling.refused(entry)

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

    async def _finished(self, entry: Entry) -> Change:
        """Finish an entry of our own whose locks were lost; while the database cannot be had, wait and try again."""
        while True:
            try:
                change = await self.finish(entry)
                return change if change.outcomes else await self._by_another(entry)
            except Problem as problem:
                await waited(entry, problem)

    async def _by_another(self, entry: Entry) -> Change:
        """What came of an entry that whoever looked for what was left has finished, be it that more has been written since."""
        (found,) = await self._store.query(Message(entry.message))
        keys = tuple(keys_of(entry))
        made = [each[:3] for each in await self._store.query(Versions(keys)) if each[3] == entry.message]
        puts = [Put(one, []) for each in made for one in await self._store.query(ReadVersion(PERMIT_ALL, *each))]
        return Change(puts=puts, outcomes=[Outcome(found.message, found.state, found.finished, found.reason)])


def making(key: Key) -> Name:
    """A resource that is being made, as the name of a lock."""
    return f"+{key[0]}", key[1]
