"""Takedown of a message: what it said of persons goes, what was said before comes back; versions that held it are not given again.

A takedown is an entry of the journal (feed and adapter ``takedown``, the body says which message and why) and is done in its place,
so that a rebuild repeats it. The contributions of the message's feed to whatever it touched are told again by the messages that are
left, by the tables of today (docs/decisions/0053-takedown.md). What is about no person (an Organization, a Schedule) stays.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

import orjson

from interop.apply.asked import Author, Key
from interop.apply.jobs import job_of
from interop.apply.journalled import ADAPTERS, DOWN, TAKEN
from interop.apply.mapping_work import Yield
from interop.apply.persons import MERGE, TIE, Linker, Linking, linked_with
from interop.apply.pool import Mappers
from interop.apply.replaying import Replay
from interop.apply.scanning import made_by, sharing_with
from interop.apply.standing import Standing
from interop.apply.witness import Remover
from interop.clock import Clock, instant
from interop.errors import Problem
from interop.identity.grouping import pair
from interop.identity.linking import identity_of
from interop.identity.sources import verified
from interop.policy.tables import tables
from interop.ports import AckState, Feed, MessageState
from interop.ports.demographics import PDS
from interop.record.fold import content, fold, render, same_content, source
from interop.record.indexing import indexed
from interop.record.state import load
from interop.record.umbrella import ENGINE
from interop.store.plan import Heads, Message, Said, Snapshots, Versions
from interop.store.seam import Store
from interop.store.values import (
    Change,
    Conflict,
    ContributionState,
    Entry,
    Head,
    IndexRow,
    Outcome,
    Put,
    Snapshot,
    Stored,
    Withheld,
    taken_down,
)

TOGETHER: Final = 64
"""Messages that are mapped at a time."""
WAITING: Final = (MessageState.RECEIVED, MessageState.MAPPED)
UNTOLD: Final = (0, 0, "", 0)
"""The latest snapshot of a scope of which there is none."""


def stays(type: str) -> bool:
    """Whether resources of a type are about nobody: messages about anyone speak of them, and a takedown leaves them."""
    return tables().types.get(type) in ("directory", "book")


class Taken(NamedTuple):
    """What becomes of a resource: ``paths`` are the elements of which the message spoke; ``gone``: nothing is left of it;
    ``withheld``: so many versions are never given again; ``stands``: it stays as others have written it since."""

    type: str
    id: str
    paths: tuple[str, ...]
    gone: bool
    withheld: int
    stands: bool = False


@dataclass(slots=True)
class Removal:
    """What a takedown comes to: the change, the resources, and the Patients whom they were about."""

    message: Entry
    change: Change = field(default_factory=Change)
    taken: list[Taken] = field(default_factory=list)
    patients: tuple[str, ...] = ()


class Takedowns:
    """``arrived`` is told that so many entries more wait in the journal."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        mappers: Mappers,
        feeds: Mapping[str, Feed],
        linking: Linking,
        arrived: Callable[[int], None],
    ) -> None:
        self._store, self._clock, self._mappers, self._feeds = store, clock, mappers, feeds
        self._linking, self._arrived = linking, arrived
        self._waiting: dict[int, list[asyncio.Future[None]]] = {}
        self._done: dict[int, Removal] = {}
        self.untold: list[int] = []
        """Those that are done and that nobody has waited for."""

    async def plan(self, message: int, number: int = 0) -> Removal:
        """What taking a message down comes to now, or at the entry of that number; raises Problem ``not-found``."""
        found: list[Entry] = await self._store.query(Message(message))
        if not found or found[0].adapter in (*ADAPTERS, TAKEN):
            raise Problem("not-found")
        removal = Removal(found[0])
        if found[0].reason != DOWN:
            await _Work(self, removal, number, self._clock.now()).run()
        return removal

    async def ask(self, message: int, reason: str, author: Author, witness: Remover) -> tuple[int, Removal]:
        """Take a message down; the number of the takedown once it is done, and what it came to: nothing where it was done before.
        ``witness`` is told of it before the journal is.

        Raises Problem ``not-found``, ``fault``, and what ``witness`` raises."""
        for entry in await self._store.query(Message(message)):
            if entry.state in WAITING:
                await self._settled(message)  # what it says of whom is known then
        removal = await self.plan(message)
        about = removal.message
        if about.reason == DOWN:
            return int(about.detail), removal
        body = orjson.dumps({"message": message, "reason": reason, "author": author._asdict()})
        again = taken_down(about.feed, about.duplicate)
        entry = Entry(
            0,
            TAKEN,
            TAKEN,
            self._clock.now(),
            "",
            f"{TAKEN} {message}",
            body,
            ack=AckState.SENT,
            duplicate=again,
            digest=about.digest,
        )
        await witness.take_down(entry, [(one.type, one.id) for one in removal.taken], removal.patients)
        await self._store.commit(Change(entries=[entry]))
        if not entry.message and await self._in_vain(entry.repeats):
            entry.repeats, entry.duplicate = 0, ""
            await self._store.commit(Change(entries=[entry]))
        if entry.message:
            witness.journalled(entry)
            self._arrived(1)
        number = entry.message or entry.repeats
        await self._settled(number)
        done = self._done.pop(number, None)
        found: list[Entry] = await self._store.query(Message(message))
        if found[0].reason != DOWN:
            raise Problem("fault")
        return int(found[0].detail), done or Removal(found[0])

    async def _in_vain(self, number: int) -> bool:
        """Whether a takedown that was asked for before has failed: it is asked for anew."""
        found: list[Entry] = await self._store.query(Message(number))
        return bool(found) and found[0].state == MessageState.FAILED

    async def _settled(self, number: int) -> None:
        """Wait until an entry has its outcome on disk."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(number, []).append(future)
        found: list[Entry] = await self._store.query(Message(number))
        if found[0].state in WAITING:
            await future
        if future in (others := self._waiting.get(number, [])):
            others.remove(future)
            if not others:
                del self._waiting[number]

    def finished(self, number: int, state: MessageState, problem: Problem | None) -> None:
        """An entry has its outcome on disk."""
        for future in self._waiting.pop(number, ()):
            if not future.done():
                future.set_result(None)

    async def perform(self, entry: Entry) -> tuple[int, MessageState, Problem | None]:
        """Do what an entry asks, in its place; what became of it. Raises Problem where the store cannot be written."""
        said = orjson.loads(entry.body)
        while True:
            async with self._linking.lock:
                removal = await self.plan(said["message"], entry.message)
                change, message = removal.change, removal.message
                now = self._clock.now()
                change.outcomes.append(Outcome(entry.message, MessageState.APPLIED, now, retracted=len(removal.taken)))
                if message.reason != DOWN:
                    change.outcomes.append(
                        Outcome(
                            message.message, message.state, message.finished, DOWN, str(entry.message), "", message.carried,
                            message.lost, message.retracted,
                        )
                    )  # fmt: skip
                done = not isinstance(await self._store.commit(change), Conflict)
            if done:
                self._linking.heard(put.stored.id for put in change.puts if put.stored.type == "Patient")
                if entry.message in self._waiting:
                    self._done[entry.message] = removal
                else:
                    self.untold.append(entry.message)
                return entry.message, MessageState.APPLIED, None

    async def read(self, numbers: Sequence[int]) -> list[Entry]:
        """Those of these messages whose facts are in the record."""
        found = []
        for number in numbers:
            for entry in await self._store.query(Message(number)):
                if entry.state == MessageState.APPLIED and entry.reason != DOWN and entry.adapter not in (*ADAPTERS, TAKEN):
                    found.append(entry)
        return found

    async def mapped(self, entries: Sequence[Entry]) -> list[Yield]:
        """What messages yield by the tables of today.

        Raises Problem ``fault`` where they refuse one that was applied: what it said would be lost."""
        found = await self._mappers.map([job_of(entry, self._feeds) for entry in entries])
        for entry, made in zip(entries, found, strict=True):
            if made.problem is not None and entry.state == MessageState.APPLIED:
                raise Problem("fault", detail=f"message {entry.message} was applied and the tables of today refuse it")
        return found

    @property
    def store(self) -> Store:
        """Where the record is."""
        return self._store

    def identity(self, patient: dict[str, Any], names: set[str], message: Entry) -> str:
        """What is compared of a Patient to which these feeds contribute, as it was when ``message`` came."""
        feed = self._feeds.get(message.feed)
        return identity_of(
            patient,
            test_numbers=feed is not None and feed.test_numbers,
            national=names == {PDS},
            verified=verified(self._feeds, names, message.feed, message.adapter),
        )


class _Work:
    """One takedown while it is computed."""

    def __init__(self, of: Takedowns, removal: Removal, number: int, now: int) -> None:
        self._of, self._store, self._removal = of, of.store, removal
        self._number, self._now = number, now
        self._message = removal.message.message
        self._feed = removal.message.feed
        self._feeds = (self._feed, ENGINE)
        self._change = removal.change
        self._paths: dict[Key, dict[str, None]] = {}
        self._linker = Linker(of.store)

    async def run(self) -> None:
        """Fill in the removal."""
        (made,) = await self._of.mapped([self._removal.message])
        keys, snapshots = await self._touched(made)
        if snapshots:
            keys = list(dict.fromkeys([*keys, *await self._left_out(snapshots)]))
        heads: list[Head] = await self._store.query(Heads(tuple(keys))) if keys else []
        there = {(head.type, head.id) for head in heads}
        heads += [Head(*key, 0, "", b"", True) for key in keys if key not in there]
        versions: dict[Key, list[tuple[int, int, str]]] = {}
        for type_, id_, version, message, subject in await self._store.query(Versions(tuple(keys))) if keys else ():
            versions.setdefault((type_, id_), []).append((version, message, subject))
        replay = Replay(heads, self._feeds, await self._since(heads, snapshots))
        patients = {id_ for type_, id_ in keys if type_ == "Patient"}
        await self._linker.load([], patients | {side for relink in made.relinks for side in relink[:2]})
        ties = await self._tell(replay, made, await self._others(heads, versions))
        for head in heads:
            self._settle(head, replay, versions.get((head.type, head.id), []))
        self._untie(ties, replay)
        for scope in snapshots:
            self._change.snapshots.append(replay.latest.get((self._feed, scope), Snapshot(self._feed, scope, *UNTOLD)))
        change = self._change
        change.links, change.link_events, change.pairs = await self._linker.settled()
        about = {one.id for one in self._removal.taken if one.type == "Patient"}
        for one in self._removal.taken:
            about.update(subject for *_, subject in versions.get((one.type, one.id), ()) if subject)
        self._removal.patients = tuple(sorted(about))

    async def _touched(self, made: Yield) -> tuple[list[Key], list[str]]:
        """The resources about persons of which the message spoke, or kept silent in a snapshot; the scopes of which it is the
        latest snapshot."""
        keys: dict[Key, None] = {}
        for piece in made.pieces:
            if piece.feed in self._feeds:
                keys[piece.type, piece.id] = None
                paths = self._paths.setdefault((piece.type, piece.id), {})
                paths.update((register.partition(":")[0], None) for register in load(piece.state)["r"])
        keys.update(dict.fromkeys(await made_by(self._store, self._message)))
        scopes = tuple((self._feed, scope) for scope in made.whole)
        latest: list[str] = []
        if scopes:
            latest = [one.scope for one in await self._store.query(Snapshots(scopes)) if one.message == self._message]
            keys.update({(type_, id_): None for _, _, type_, id_ in await self._store.query(Said(scopes))})
        return [key for key in keys if not stays(key[0])], latest

    async def _left_out(self, scopes: Sequence[str]) -> list[Key]:
        """What other messages say in scopes of which this one is the latest snapshot: it may have kept them out of the record."""
        numbers = await sharing_with(self._store, self._message)
        keys: dict[Key, None] = {}
        async for made in self._mapped(self._before(numbers)):
            keys.update(((piece.type, piece.id), None) for piece in made.pieces if piece.event in scopes)
        return [key for key in keys if not stays(key[0])]

    async def _since(self, heads: Sequence[Head], apart: Sequence[str]) -> list[Snapshot]:
        """The latest snapshots of the scopes of these resources, without those ``apart``."""
        scopes = {said: None for head in heads for said in head.contributions if said[0] == self._feed and said[1] not in apart}
        return await self._store.query(Snapshots(tuple(scopes))) if scopes else []

    async def _others(self, heads: Sequence[Head], versions: Mapping[Key, list[tuple[int, int, str]]]) -> list[int]:
        """The messages that may have spoken of the same resources, in the journal's order."""
        numbers = await sharing_with(self._store, self._message)
        numbers |= {message for of in versions.values() for _, message, _ in of}
        for head in heads:
            for (feed, _), state in head.contributions.items():
                if feed in self._feeds:
                    numbers |= {value[3] for value in load(state)["r"].values()}
        return self._before(numbers - {self._message})

    def _before(self, numbers: Iterable[int]) -> list[int]:
        """Those that come before the takedown, in the journal's order."""
        return sorted(each for each in numbers if not self._number or each < self._number)

    async def _mapped(self, numbers: Sequence[int]) -> AsyncIterator[Yield]:
        for start in range(0, len(numbers), TOGETHER):
            for one in await self._of.mapped(await self._of.read(numbers[start : start + TOGETHER])):
                yield one

    async def _tell(self, replay: Replay, made: Yield, numbers: Sequence[int]) -> dict[tuple[str, str], tuple[str, str, str]]:
        """Tell again what is left; what is said of the pairs of Patients that the message has brought together."""
        ties = {pair(*relink[:2]): (*relink[:2], "") for relink in made.relinks}
        async for one in self._mapped(numbers):
            replay.message(one)
            for patient, into, paired in one.relinks:
                if pair(patient, into) in ties:
                    ties[pair(patient, into)] = patient, into, TIE if paired else MERGE
        return ties

    def _untie(self, ties: Mapping[tuple[str, str], tuple[str, str, str]], replay: Replay) -> None:
        bodies = {(put.stored.type, put.stored.id): put.stored.body for put in self._change.puts}
        for patient, into, tie in ties.values():
            if tie == TIE:
                standing = replay.standing.get(("Patient", patient))
                body = bodies.get(("Patient", patient), standing.body if standing is not None else b"")
                tie = TIE if into in linked_with(body) else ""
            self._linker.taken_down(patient, into, tie, self._number, self._now)

    def _settle(self, head: Head, replay: Replay, versions: Sequence[tuple[int, int, str]]) -> None:
        key = head.type, head.id
        standing = replay.standing[key]
        before = {said: state for said, state in head.contributions.items() if said[0] in self._feeds}
        told = replay.told(key)
        differs = before.keys() != told.keys() or any(load(before[said]) != load(told[said]) for said in before)
        body = fold(head.type, standing.all_states()) if standing.stored else None
        whole = b"" if body is None else content(head.type, head.id, dict(body))
        shown = any(message == self._message for _, message, _ in versions)
        shown = shown or (body is None) != head.deleted or (body is not None and not same_content(head.body, whole))
        if not (differs or shown):
            return
        for said in before.keys() | told.keys():
            self._change.states.append(ContributionState(*key, *said, told.get(said, b"")))
        self._change.expect[key] = head.version
        if not shown:
            return
        self._put(head, standing, body, whole, replay.sources.get(key, ""))
        held = [version for version, message, _ in versions if message >= self._message]
        if held:
            self._change.withheld.append(Withheld(*key, min(held), head.version))
        self._removal.taken.append(Taken(*key, tuple(sorted(self._paths.get(key, ()))), body is None, len(held)))

    def _put(self, head: Head, standing: Standing, body: dict[str, Any] | None, whole: bytes, said: str) -> None:
        owners = {feed for feed, _ in standing.stored}
        owner = ENGINE if ENGINE in owners else ",".join(sorted(owners)) or head.owner
        contributed = head.source if owners - set(self._feeds) or not said else said
        stored = Stored(
            head.type, head.id, head.version + 1, self._now, b"", body is None, owner, self._number, "", source=contributed,
            told="PUT 201" if body is not None and head.version and head.deleted else "",
        )  # fmt: skip
        index: list[IndexRow] = []
        if body is not None:
            stored.body = render(whole, stored.version, instant(self._now), TAKEN, self._number)
            index = [*indexed(body), IndexRow("_source", "uri", source(TAKEN, self._number))]
        self._change.puts.append(Put(stored, index))
        if head.type == "Patient":
            identity = "" if body is None else self._of.identity(body, owners, self._removal.message)
            self._linker.seen(head.id, identity, self._number, self._now)
