"""Replays: messages of the journal mapped again by the tables of today; what comes of it takes the place of what they had said.

A replay is an entry of the journal (feed and adapter ``replay``, the body names the messages) and is done in its place, when all
before it is applied; a rebuild repeats it and finds nothing to do (docs/decisions/0058-replay.md).
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import reduce
from typing import Any, Final, NamedTuple

import orjson

from interop.apply.applier import refusal_of
from interop.apply.asked import Author, Key
from interop.apply.awaiting import WAITING, Awaiting
from interop.apply.journalled import ADAPTERS, DOWN, ORDERS, REPLAYED
from interop.apply.keeping import Keeping
from interop.apply.mapping_work import Yield
from interop.apply.persons import Linking
from interop.apply.replaying import Replay
from interop.apply.retelling import Retelling, Teller, Ties, stays
from interop.apply.scanning import made_by
from interop.apply.underway import Underway
from interop.apply.witness import Replayer
from interop.clock import Clock
from interop.errors import Problem
from interop.formats.json import load_json
from interop.ports import AckState, MessageState
from interop.record.differing import CHANGE, NEW, VANISH, differing
from interop.record.sources import together
from interop.record.state import dump, load
from interop.store.plan import STOPPED, Heads, LinkHistory, Message, Pairs, Replayable, Versions
from interop.store.seam import Store
from interop.store.values import Change, Conflict, Entry, Head, Heard, LossCount, Outcome

MOST: Final = 1_000
"""Messages of one replay."""
AT_ONCE: Final = 200
"""Messages that a feed held back are applied so many at a time."""
TIED: Final = ("merge", "link")
"""Why two Patients became one person where a message said so."""


class Difference(NamedTuple):
    """What becomes of a resource: ``kind`` is change, vanish or new, ``paths`` say so of each element; ``message`` is the last of
    those that speak of it, 0 where none does any more. ``before`` and ``after`` are its contents, b'' for none."""

    type: str
    id: str
    kind: str
    paths: dict[str, str]
    message: int
    before: bytes
    after: bytes


class Held(NamedTuple):
    """A message that was applied and that the tables of today refuse, or whose content is gone, for the reason ``why``: it stays as
    it is, with the ``resources`` in which its word stands or of which it may have said that they are one person."""

    message: int
    why: str
    resources: tuple[Key, ...]


@dataclass(slots=True)
class Replayed:
    """What a replay comes to: how many ``messages`` were mapped again, those of another state (number, before, now), those that are
    ``held``, what becomes of resources, and the changes that make it so: none where the record and the states of messages stay.
    ``waiting``: how many were left out because their feed stands still and holds them back."""

    messages: int = 0
    moved: list[tuple[int, str, str]] = field(default_factory=list)
    held: list[Held] = field(default_factory=list)
    differences: list[Difference] = field(default_factory=list)
    patients: set[str] = field(default_factory=set)
    changes: list[Change] = field(default_factory=list)
    yields: list[Yield] = field(default_factory=list)
    waiting: int = 0

    @property
    def nothing(self) -> bool:
        """Whether the record and the states of messages stay as they are."""
        return not self.changes

    def add(self, other: Replayed) -> None:
        """What another part comes to as well."""
        self.messages += other.messages
        self.waiting += other.waiting
        for mine, theirs in (
            (self.moved, other.moved), (self.held, other.held), (self.differences, other.differences),
            (self.changes, other.changes), (self.yields, other.yields),
        ):  # fmt: skip
            mine += theirs  # type: ignore[operator]
        self.patients |= other.patients


async def chosen(store: Store, plan: Replayable) -> tuple[list[int], int]:
    """The messages that a plan means, at most its ``count``, and after which the next of them begin; 0 where there are no more."""
    numbers: list[int] = []
    while True:
        found: list[tuple[int, list[int]]] = await store.query(replace(plan, count=plan.count - len(numbers)))
        ((after, some),) = found
        numbers += some
        if not after or len(numbers) >= plan.count:
            return numbers, after
        plan = replace(plan, after=after)


class Replays:
    """``arrived`` is told that so many entries more wait in the journal."""

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
        parts, waiting = await self._parts(numbers, resume=resume)
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
        self._arrived(1)
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
        async for numbers in self._held_back(resume, entry.message) if resume else _once(said["messages"]):
            parts, waiting = await self._parts(numbers, resume=bool(resume))
            whole.waiting += waiting
            for part in parts:
                whole.add(await self._performed(part, entry.message))
        applied = Outcome(entry.message, MessageState.APPLIED, self._clock.now(), retracted=len(whole.differences))
        await self._store.commit(Change(outcomes=[applied], meta=[(STOPPED + resume, "")] if resume else []))
        if entry.message in self._waiting:
            self._done[entry.message] = whole
        return entry.message, MessageState.APPLIED, None

    async def _held_back(self, feed: str, before: int) -> AsyncIterator[list[int]]:
        """All that a feed that stands still holds back, in order; what comes behind the entry that lets it go on finds it going."""
        after = 0
        while True:
            plan = Replayable(feed, state=MessageState.HELD, after=after, upto=before, count=AT_ONCE)
            numbers, more = await chosen(self._store, plan)
            if numbers:
                yield numbers
            if not more:
                return
            after = more

    async def _parts(self, numbers: Iterable[int], *, resume: bool) -> tuple[list[list[Entry]], int]:
        """The messages that can be replayed, by feed, and how many are left out that a feed holds back."""
        parts: dict[str, list[Entry]] = {}
        waiting = 0
        for number in sorted({*numbers}):
            for entry in await self._store.query(Message(number)):
                refused = entry.state == MessageState.REFUSED and not entry.finished  # its sender was told before it was journalled
                emptied = entry.size and not entry.body and entry.state != MessageState.APPLIED
                ours = entry.adapter in (*ADAPTERS, *ORDERS)
                if entry.state == MessageState.HELD and not resume:
                    waiting += 1
                elif not (refused or emptied or ours or entry.state in WAITING or entry.reason == DOWN):
                    parts.setdefault(entry.feed, []).append(entry)
        return list(parts.values()), waiting

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
        work = _Work(self._teller, entries, made, number, now)
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


class _Work(Retelling):
    """One feed's messages while they are computed."""

    again = True
    order = REPLAYED

    def __init__(self, teller: Teller, messages: Sequence[Entry], made: Sequence[Yield], number: int, now: int) -> None:
        super().__init__(teller, messages, made, number, now)
        self.differences: list[Difference] = []
        applied = {each.message for each in messages if each.state == MessageState.APPLIED}
        self.refused = {each.message: each.problem[0] for each in made if each.problem is not None and each.message in applied}
        """The messages that were applied and that the tables of today refuse, and why."""
        self.held: dict[int, list[Key]] = {}
        """What is left as it is, by the message that was refused."""
        self.patients: set[str] = set()

    async def _shown(self) -> Iterable[Key]:
        return await made_by(self._store, *self._messages)

    def _leaves(self, type: str) -> bool:
        return False

    async def _tied(self, patients: set[str]) -> Ties:
        pairs = await self._store.query(Pairs(tuple(sorted(patients)))) if patients else []
        return {(each.a, each.b): (each.a, each.b, "") for each in pairs if each.tie}

    async def _read(self, entries: Sequence[Entry]) -> list[Yield]:
        found = await self._teller.tried(entries)
        self.refused.update((one.message, one.problem[0]) for one in found if one.problem is not None)
        return [one for one in found if one.problem is None]

    def _holds(self, head: Head) -> bool:
        """Whether the word of a message that cannot be told again stands in a resource: it is left as it is."""
        key = head.type, head.id
        spoke = self._spoke(head) | {message for _, message, _ in self._versions.get(key, ())}
        for number in spoke & self.refused.keys():
            self.held.setdefault(number, []).append(key)
        return not spoke.isdisjoint(self.refused)

    async def _stands(self, sides: tuple[str, str]) -> bool:
        """A tie ends only where every message that may have made it was read again; those that were not are named."""
        unread = await self._about(sides, self.refused)
        for side in sides:
            for each in await self._store.query(LinkHistory(side)):
                if each.why in TIED and each.message not in self._told and self._before([each.message]):
                    found: list[Entry] = await self._store.query(Message(each.message))
                    unread |= {one.message for one in found if one.reason != DOWN}
        for number in unread:
            self.refused.setdefault(number, "purged")
            held = self.held.setdefault(number, [])
            held += [key for key in (("Patient", side) for side in sides) if key not in held]
        return bool(unread)

    async def _about(self, sides: tuple[str, str], numbers: Iterable[int]) -> set[int]:
        """Those of these messages that may be about one of two Patients: where it is not known whom they name, all."""
        spoke = {row[3] for row in await self._store.query(Versions(tuple(("Patient", side) for side in sides)))}
        keys = {key for number in spoke for entry in await self._store.query(Message(number)) for key in entry.keys}
        found = [entry for number in numbers for entry in await self._store.query(Message(number))]
        return {entry.message for entry in found if not entry.keys or not keys or not keys.isdisjoint(entry.keys)}

    def _settle(self, head: Head, replay: Replay) -> None:
        key = head.type, head.id
        standing = replay.standing[key]
        if stays(head.type):  # who withdrew what is about nobody is not kept: it stays withdrawn
            for one, state in head.contributions.items():
                marks = {name: stamp for name, stamp in load(state).items() if name in ("d", "c")}
                if one[0] in self._feeds and marks:
                    standing.merge(one, dump({"r": {}, **marks}))
        self._states(head, replay.told(key))
        body, whole, shown = self._folded(head, standing)
        said = replay.sources.get(key, "")
        others = {feed for feed, _ in standing.stored} - set(self._feeds)
        if others or stays(head.type) or not said:
            said = reduce(together, filter(None, said.split(",")), head.source)
        if not shown and (body is None or said == head.source):
            return
        message, digest = replay.last.get(key, (0, ""))
        self._put(head, standing, body, whole, said, digest)
        self._differ(head, whole, message)

    def _differ(self, head: Head, whole: bytes, message: int) -> None:
        key = head.type, head.id
        before = load_json(head.body, values=None) if head.body and not head.deleted else None
        now = whole.removesuffix(b",") + b"}}" if whole else b""
        after = load_json(now, values=None) if now else None
        kind = NEW if before is None else VANISH if after is None else CHANGE
        spoke = [version for version in self._versions.get(key, []) if version[1] in self._messages]
        message = message or max((number for _, number, _ in spoke), default=0)
        was = b"" if before is None else head.body
        self.differences.append(Difference(*key, kind, differing(before, after), message, was, now))
        self.patients |= {subject for *_, subject in self._versions.get(key, ()) if subject}
        if head.type == "Patient":
            self.patients.add(head.id)
        for one in (before, after):
            self.patients |= _subjects(one)


def _subjects(body: dict[str, Any] | None) -> set[str]:
    """The Patients whom a resource names as those that it is about."""
    found = set()
    for name in ("subject", "patient", "beneficiary"):
        said = (body or {}).get(name)
        reference = said.get("reference", "") if isinstance(said, dict) else ""
        if isinstance(reference, str) and reference.startswith("Patient/"):
            found.add(reference.removeprefix("Patient/"))
    return found


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
