"""What is committed of a write: its entry in the journal, then what it does to the record."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import structlog

from interop.apply.asked import Key
from interop.apply.drafts import OWNER
from interop.apply.identity import decisions_of, link
from interop.apply.journalled import Step, change_of
from interop.apply.locks import LocksLost
from interop.apply.persons import Linking
from interop.clock import Clock
from interop.errors import Problem
from interop.ports import MessageState
from interop.store.plan import Heads
from interop.store.seam import Store
from interop.store.values import LOCK, Change, Committed, Conflict, Entry, Head, Outcome

AGAIN = 1.0
"""Seconds between two tries while the disk cannot be had."""
PASSING = ("journal-unavailable", "too-costly")
"""What is waited for once an entry is in the journal."""
log = structlog.get_logger(__name__)


class Settling:
    """Commits entries and their changes, again where something came in between. ``several``: other processes may write the same."""

    def __init__(self, store: Store, clock: Clock, linking: Linking, *, several: bool) -> None:
        self._store, self._clock, self._linking, self._several = store, clock, linking, several

    async def journal(self, entry: Entry) -> None:
        """Commit an entry; raises LocksLost."""
        if isinstance(await self._store.commit(Change(entries=[entry])), Conflict):
            raise LocksLost

    async def settled(self, entry: Entry, steps: Sequence[Step], heads: dict[Key, Head] | None = None) -> Change:
        """The change that was made. An entry that breaks the writer is failed, so that it is not met again at each start. Raises
        LocksLost."""
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
                    heads = await self.heads([step.key for step in steps])
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
                if self._several:
                    before, heads = heads, await self.heads([step.key for step in steps])
                    if _overtaken(before, heads, entry):
                        return await self.refused(entry)
                    continue
            except Problem as problem:
                await waited(entry, problem)
            heads = None

    async def refused(self, entry: Entry) -> Change:
        """Refuse an entry: the same resources have been written since. Raises LocksLost."""
        outcome = Outcome(entry.message, MessageState.REFUSED, self._clock.now(), "stale-version", "written again since")
        change = Change(outcomes=[outcome])
        if isinstance(await self._store.commit(change), Conflict):
            raise LocksLost
        return change

    async def heads(self, keys: Sequence[Key]) -> dict[Key, Head]:
        """These resources as they are now; of those that are not there nothing."""
        if not keys:
            return {}
        return {(head.type, head.id): head for head in await self._store.query(Heads(tuple(keys)))}


def _overtaken(before: dict[Key, Head], now: dict[Key, Head], entry: Entry) -> bool:
    """Whether a client has written any of these since: they are locked, so it was under locks that were lost meanwhile."""
    made = {key: head.message for key, head in before.items()}
    return any(
        head.owner == OWNER and head.message not in (entry.message, made.get(key, 0)) and head.version for key, head in now.items()
    )


async def waited(entry: Entry, problem: Problem) -> None:
    """Wait until the next try where a journalled entry could not be applied; raises the problem where no waiting helps."""
    if problem.reason.name not in PASSING:
        raise problem
    log.error("record not writable; trying again", message=entry.message, action=problem.reason.action)
    await asyncio.sleep(AGAIN)
