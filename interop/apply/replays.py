"""Replays: messages of the journal mapped again by the tables of today; what comes of it takes the place of what they had said.

A replay is an entry of the journal (feed and adapter ``replay``, the body names the messages) and is done in its place, when all
before it is applied; a rebuild repeats it and finds nothing to do (docs/decisions/0058-replay.md).
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence

import orjson

from interop.apply.asked import Author
from interop.apply.awaiting import Awaiting
from interop.apply.batch import refusal_of
from interop.apply.choosing import by_feed, held_back
from interop.apply.journalled import REPLAYED
from interop.apply.keeping import Keeping
from interop.apply.mapping_work import Yield
from interop.apply.persons import Linking
from interop.apply.replay_work import ReplayWork
from interop.apply.replayed import Held, Replayed
from interop.apply.retelling import Teller
from interop.apply.underway import Underway
from interop.apply.witness import Replayer
from interop.clock import Clock
from interop.errors import Problem
from interop.ports import AckState, MessageState
from interop.store.plan import STOPPED, Heads, Message
from interop.store.seam import Store
from interop.store.values import Change, Conflict, Entry, Heard, LossCount, Outcome


class Replays:
    """``arrived`` is told the number of each entry that is in the journal now."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        teller: Teller,
        linking: Linking,
        keeping: Keeping | None,
        arrived: Callable[[int], None],
        underway: Underway | None = None,
    ) -> None:
        self._underway = underway or Underway()
        self._store, self._clock, self._teller, self._linking = store, clock, teller, linking
        self._keeping, self._arrived = keeping, arrived
        self._waiting = Awaiting(store)
        self._done: dict[int, Replayed] = {}

    async def plan(self, numbers: Sequence[int], number: int = 0, *, resume: bool = False) -> Replayed:
        """What replaying these messages comes to now, or at the entry of that number. ``resume``: a feed that stands still goes on;
        otherwise what it holds back is left out, for it builds on a message that is missing."""
        parts, waiting = await by_feed(self._store, numbers, resume=resume)
        whole = Replayed(waiting=waiting)
        for part in parts:
            whole.add(await self._told(part, number))
        return whole

    async def ask(self, numbers: Sequence[int], author: Author, witness: Replayer, resume: str = "") -> tuple[int, Replayed]:
        """Replay these messages; the number of the replay once it is done, 0 where there was nothing to do, and what it came to.
        ``witness`` is told of it before the journal is. ``resume``: a feed that stands still goes on, and these are the
        first of those that it holds back.

        Raises Problem ``fault``, and what ``witness`` raises."""
        planned = await self.plan(numbers, resume=bool(resume))
        if planned.nothing and not resume:
            return 0, planned
        numbers = sorted({*numbers})
        said = {"messages": numbers, "author": author._asdict()} | ({"resume": resume} if resume else {})
        what = f"{REPLAYED} {len(numbers)}" + (f" resume {resume}" if resume else "")
        entry = Entry(0, REPLAYED, REPLAYED, self._clock.now(), "", what, orjson.dumps(said), ack=AckState.SENT)
        await witness.replay(entry, [(one.kind, one.type, one.id) for one in planned.differences], sorted(planned.patients))
        await self._store.commit(Change(entries=[entry]))
        witness.journalled(entry)
        self._arrived(entry.message)
        await self._waiting.settled(entry.message)
        done = self._done.pop(entry.message, None)
        found: list[Entry] = await self._store.query(Message(entry.message))
        if found[0].state != MessageState.APPLIED:
            raise Problem("fault")
        return entry.message, done or planned  # another process did it

    def awaited(self) -> list[int]:
        """The entries whose outcome somebody waits for."""
        return self._waiting.numbers()

    def finished(self, number: int) -> None:
        """An entry has its outcome on disk."""
        self._waiting.finished(number)

    async def perform(self, entry: Entry) -> tuple[int, MessageState, Problem | None]:
        """Do what an entry asks, in its place; what became of it. Raises Problem where the store cannot be written."""
        whole, said = Replayed(), orjson.loads(entry.body)
        resume = said.get("resume", "")
        async for numbers in held_back(self._store, resume, entry.message) if resume else _once(said["messages"]):
            parts, waiting = await by_feed(self._store, numbers, resume=bool(resume))
            whole.waiting += waiting
            for part in parts:
                whole.add(await self._performed(part, entry.message))
        applied = Outcome(entry.message, MessageState.APPLIED, self._clock.now(), retracted=len(whole.differences))
        await self._store.commit(Change(outcomes=[applied], meta=[(STOPPED + resume, "")] if resume else []))
        if entry.message in self._waiting:
            self._done[entry.message] = whole
        return entry.message, MessageState.APPLIED, None

    async def _performed(self, entries: Sequence[Entry], number: int) -> Replayed:
        while True:
            async with self._linking.lock:
                with self._underway.at(self._clock.now()):
                    told = await self._told(entries, number)
                    if self._keeping is not None:
                        await self._keeping.keep(told.yields)
                    done = [not isinstance(await self._store.commit(change), Conflict) for change in told.changes]
            if all(done):
                self._linking.committed(*told.changes)
                return told

    async def _told(self, entries: Sequence[Entry], number: int) -> Replayed:
        """What these messages of one feed come to."""
        made = await self._teller.tried(entries)
        now = self._clock.now()
        work = ReplayWork(self._teller, entries, made, number, now)
        await work.run()
        moved = []
        for entry, one in zip(entries, made, strict=True):
            outcome = None if entry.message in work.refused else _outcome(entry, one, now)
            if outcome is None:
                continue
            work.change.outcomes.append(outcome)
            if outcome.state != entry.state:
                moved.append((entry.message, entry.state, str(outcome.state)))
                if outcome.state == MessageState.APPLIED:
                    work.change.heard.append(await self._heard(one, work.change))
                work.change.losses += [LossCount(one.feed, one.type, *loss) for loss in one.losses]
        changes = [work.change] if work.change != Change() else []
        held = [Held(number, why, tuple(work.held.get(number, ()))) for number, why in sorted(work.refused.items())]
        held = [one for one in held if one.resources or one.message in {entry.message for entry in entries}]
        return Replayed(len(entries), moved, held, work.differences, work.patients, changes, list(made))

    async def _heard(self, made: Yield, change: Change) -> Heard:
        """A message that is applied only now, for whoever decides where messages go."""
        keys = tuple(dict.fromkeys((piece.type, piece.id) for piece in made.pieces))
        there = {(put.stored.type, put.stored.id) for put in change.puts}
        if keys:
            there |= {(head.type, head.id) for head in await self._store.query(Heads(keys)) if head.version}
        concerns = " ".join("/".join(key) for key in keys if key in there)
        return Heard(made.message, made.feed, made.family, made.type, made.sender, made.receiver, concerns)


async def _once(numbers: list[int]) -> AsyncIterator[list[int]]:
    yield numbers


def _outcome(entry: Entry, made: Yield, now: int) -> Outcome | None:
    """What becomes of a message; None where it is what became of it before."""
    if made.problem is not None:
        outcome = refusal_of(made, now)
        same = (entry.state, entry.reason, entry.detail, entry.where)
        return None if same == (outcome.state, outcome.reason, outcome.detail, outcome.where) else outcome
    lost = sum(count for *_, count in made.losses)
    if entry.state == MessageState.APPLIED:
        if (entry.carried, entry.lost) == (made.carried, lost):
            return None
        return Outcome(entry.message, entry.state, entry.finished, carried=made.carried, lost=lost, retracted=entry.retracted)
    return Outcome(entry.message, MessageState.APPLIED.value, now, carried=made.carried, lost=lost)
