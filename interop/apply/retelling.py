"""What a feed says of the resources that some of its messages have touched, told again by the messages that count.

For a takedown those are all but the one that is taken down; for a replay all, these as the tables of today map them. What other
feeds say stands as it is.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from typing import Any, Final

from interop.apply.asked import Key
from interop.apply.jobs import job_of
from interop.apply.journalled import ADAPTERS, DOWN, ORDERS
from interop.apply.mapping_work import Yield
from interop.apply.persons import Linker, linked_with
from interop.apply.pool import Mappers
from interop.apply.replaying import Replay
from interop.apply.scanning import sharing_with
from interop.apply.standing import Standing
from interop.clock import instant
from interop.errors import Problem
from interop.fhir.rows import IndexRow
from interop.identity.grouping import pair
from interop.identity.linking import identity_of
from interop.identity.sources import verified
from interop.identity.ties import LINK, with_link, with_merge
from interop.mapping.snapshots import MARK
from interop.policy.tables import tables
from interop.ports import Feed, MessageState
from interop.ports.demographics import PDS
from interop.record.fold import content, fold, render, same_content, source
from interop.record.indexing import indexed
from interop.record.state import load
from interop.record.umbrella import ENGINE
from interop.store.plan import Heads, Message, Pairs, Said, Snapshots, Versions
from interop.store.seam import Store
from interop.store.values import Change, ContributionState, Entry, Head, Put, Snapshot, Stored

TOGETHER: Final = 64
"""Messages that are mapped at a time."""
Version = tuple[int, int, str]
"""Number, message and subject."""
Ties = dict[tuple[str, str], tuple[str, str, str]]
"""What is said of two Patients, by the pair."""


def stays(type: str) -> bool:
    """Whether resources of a type are about nobody: messages about anyone speak of them, and which did is not kept."""
    return tables().types.get(type) in ("directory", "book")


class Teller:
    """Maps messages of the journal again."""

    def __init__(self, store: Store, mappers: Mappers, feeds: Mapping[str, Feed]) -> None:
        self.store, self._mappers, self._feeds = store, mappers, feeds

    async def read(self, numbers: Iterable[int]) -> list[Entry]:
        """Those of these messages whose facts are in the record."""
        found = []
        for number in numbers:
            for entry in await self.store.query(Message(number)):
                if entry.state == MessageState.APPLIED and entry.reason != DOWN and entry.adapter not in (*ADAPTERS, *ORDERS):
                    found.append(entry)
        return found

    async def mapped(self, entries: Sequence[Entry]) -> list[Yield]:
        """What messages yield by the tables of today.

        Raises Problem ``fault`` where they refuse one that was applied: what it said would be lost."""
        for entry in entries:
            if entry.size and not entry.body:
                raise Problem("purged", detail=f"message {entry.message}, which speaks of the same")
        found = await self.tried(entries)
        for entry, made in zip(entries, found, strict=True):
            if made.problem is not None and entry.state == MessageState.APPLIED:
                raise Problem("fault", detail=f"message {entry.message} was applied and the tables of today refuse it")
        return found

    async def tried(self, entries: Sequence[Entry]) -> list[Yield]:
        """The same, with the problem of each that they refuse: ``purged`` where its content is gone."""
        found: dict[int, Yield] = {}
        for entry in entries:
            if entry.size and not entry.body:
                found[entry.message] = Yield(entry.message, entry.feed, entry.type, problem=("purged", "", ""))
        left = [entry for entry in entries if entry.message not in found]
        for start in range(0, len(left), TOGETHER):
            made = await self._mappers.map([job_of(entry, self._feeds) for entry in left[start : start + TOGETHER]])
            found |= {one.message: one for one in made}
        return [found[entry.message] for entry in entries]

    def identity(self, patient: dict[str, Any], names: set[str], message: Entry) -> str:
        """What is compared of a Patient to which these feeds contribute, as it was when ``message`` came."""
        feed = self._feeds.get(message.feed)
        return identity_of(
            patient,
            test_numbers=feed is not None and feed.test_numbers,
            national=names == {PDS},
            verified=verified(self._feeds, names, message.feed, message.adapter),
        )


class Retelling(ABC):
    """``messages`` of one feed and what they yield today. ``number`` is the entry that asks for it, whose ``order`` (a feed of the
    engine's) new versions name: messages before it count, with 0 all. ``again``: these messages too."""

    again: bool
    order: str

    def __init__(self, teller: Teller, messages: Sequence[Entry], made: Sequence[Yield], number: int, now: int) -> None:
        self._teller, self._store = teller, teller.store
        self._messages = tuple(each.message for each in messages)
        self._first = messages[0]
        self._made = {each.message: each for each in made if each.problem is None}
        self._feed = self._first.feed
        self._feeds = (self._feed, ENGINE)
        self._number, self._now = number, now
        self.change = Change()
        self._linker = Linker(teller.store)
        self._versions: dict[Key, list[Version]] = {}
        self._told: set[int] = set()
        """The messages that were told again."""

    @abstractmethod
    async def _shown(self) -> Iterable[Key]:
        """The resources of which the messages have made a version."""

    @abstractmethod
    def _leaves(self, type: str) -> bool:
        """Whether resources of a type are left as they are."""

    @abstractmethod
    async def _tied(self, patients: set[str]) -> Ties:
        """The pairs of these Patients of which it is to be told anew what they are; '' where nobody says anything."""

    async def _read(self, entries: Sequence[Entry]) -> list[Yield]:
        """What messages beside these yield."""
        return await self._teller.mapped(entries)

    def _holds(self, head: Head) -> bool:
        """Whether a resource is left as it is because not all who speak of it can be told again."""
        return False

    async def _stands(self, sides: tuple[str, str]) -> bool:
        """Whether what was said of two Patients stays, of whom none of those that were told again says anything."""
        return False

    @abstractmethod
    def _settle(self, head: Head, replay: Replay) -> None:
        """Put into the change what becomes of a resource."""

    async def run(self) -> None:
        """Fill in the change."""
        keys = await self._touched()
        heads = await self._heads(keys)
        scopes = await self._latest(heads)
        if scopes:
            more = [key for key in await self._left_out(scopes) if key not in keys]
            heads += await self._heads(more)
            keys |= dict.fromkeys(more)
        for type_, id_, version, message, subject in await self._store.query(Versions(tuple(keys))) if keys else ():
            self._versions.setdefault((type_, id_), []).append((version, message, subject))
        replay = Replay(heads, self._feeds, await self._since(heads, scopes))
        patients = {id_ for type_, id_ in keys if type_ == "Patient"}
        relinked = {side for made in self._made.values() for relink in made.relinks for side in relink[:2]}
        await self._linker.load([], patients | relinked)
        ties = await self._tell(replay, await self._tied(patients), await self._others(heads))
        held = {(head.type, head.id) for head in heads if self._holds(head)}
        for head in heads:
            if (head.type, head.id) not in held:
                self._settle(head, replay)
        await self._untie({key: said for key, said in ties.items() if held.isdisjoint(("Patient", side) for side in key)}, replay)
        for scope in self._whole() | {(self._feed, scope): None for scope in scopes}:
            latest = replay.latest.get(scope) or (Snapshot(*scope, 0, 0, "", 0) if scope[1] in scopes else None)
            if latest is not None and latest != self._snapshots.get(scope):
                self.change.snapshots.append(latest)
        self.change.links, self.change.link_events, self.change.pairs = await self._linker.settled()

    async def _touched(self) -> dict[Key, None]:
        """The resources of which the messages speak, spoke, or kept silent in a snapshot."""
        keys: dict[Key, None] = {}
        for made in self._made.values():
            keys.update(((piece.type, piece.id), None) for piece in made.pieces if piece.feed in self._feeds)
        keys.update(dict.fromkeys(await self._shown()))
        whole = tuple(self._whole())
        for _, _, type_, id_ in await self._store.query(Said(whole)) if whole else ():
            keys[type_, id_] = None
        return {key: None for key in keys if not self._leaves(key[0])}

    def _whole(self) -> dict[tuple[str, str], None]:
        """The scopes of which the messages tell all."""
        return {(self._feed, scope): None for made in self._made.values() for scope in made.whole}

    async def _heads(self, keys: Iterable[Key]) -> list[Head]:
        wanted = tuple(keys)
        heads: list[Head] = await self._store.query(Heads(wanted)) if wanted else []
        there = {(head.type, head.id) for head in heads}
        return heads + [Head(*key, 0, "", b"", True) for key in wanted if key not in there]

    async def _latest(self, heads: Sequence[Head]) -> list[str]:
        """The scopes of which one of the messages is the latest snapshot."""
        scopes = self._whole() | {
            said: None for head in heads for said in head.contributions if said[0] == self._feed and said[1][:1] == MARK
        }
        self._snapshots = {(one.feed, one.scope): one for one in await self._known(scopes)}
        return [one.scope for one in self._snapshots.values() if one.message in self._made]

    async def _known(self, scopes: Iterable[tuple[str, str]]) -> list[Snapshot]:
        wanted = tuple(scopes)
        return await self._store.query(Snapshots(wanted)) if wanted else []

    async def _left_out(self, scopes: Sequence[str]) -> list[Key]:
        """What other messages say in scopes of which one of these is the latest snapshot: it may have kept them out."""
        keys: dict[Key, None] = {}
        async for made in self._mapped(self._before(await sharing_with(self._store, *self._messages))):
            keys.update(((piece.type, piece.id), None) for piece in made.pieces if piece.event in scopes)
        return [key for key in keys if not self._leaves(key[0])]

    async def _since(self, heads: Sequence[Head], apart: Sequence[str]) -> list[Snapshot]:
        """The latest snapshots of the scopes of these resources, without those ``apart``."""
        said = {said: None for head in heads for said in head.contributions if said[0] == self._feed}
        return await self._known(one for one in self._whole() | said if one[1] not in apart)

    async def _others(self, heads: Sequence[Head]) -> list[int]:
        """The messages beside these that may have spoken of the same resources."""
        numbers = await sharing_with(self._store, *self._messages)
        numbers |= {message for of in self._versions.values() for _, message, _ in of}
        for head in heads:
            numbers |= self._spoke(head)
        return self._before(numbers - {*self._messages})

    def _spoke(self, head: Head) -> set[int]:
        """The messages whose word stands in what the feed says of a resource."""
        states = [load(state) for said, state in head.contributions.items() if said[0] in self._feeds]
        return {value[3] for state in states for value in state["r"].values()}

    def _before(self, numbers: Iterable[int]) -> list[int]:
        """Those that come before the entry that asks, in the journal's order."""
        return sorted(each for each in numbers if not self._number or each < self._number)

    async def _mapped(self, numbers: Sequence[int]) -> AsyncIterator[Yield]:
        """What these messages yield, in their order."""
        for start in range(0, len(numbers), TOGETHER):
            some = numbers[start : start + TOGETHER]
            made = await self._read(await self._teller.read(each for each in some if each not in self._made))
            own = [self._made[each] for each in some if each in self._made]
            for one in sorted([*made, *own], key=lambda one: one.message):
                yield one

    async def _tell(self, replay: Replay, ties: Ties, others: Sequence[int]) -> Ties:
        """Tell again what counts; what is said of the pairs of Patients that these messages have brought together."""
        ties = {pair(*relink[:2]): (*relink[:2], "") for made in self._made.values() for relink in made.relinks} | ties
        numbers = sorted([*others, *self._made]) if self.again else others
        async for one in self._mapped(numbers):
            replay.message(one)
            self._told.add(one.message)
            for patient, into, paired in one.relinks:
                key = pair(patient, into)
                if key in ties:
                    tie = ties[key][2]
                    ties[key] = patient, into, with_link(tie, True) if paired else with_merge(tie, key, patient)
        return ties

    async def _untie(self, ties: Ties, replay: Replay) -> None:
        sides = tuple(sorted({side for key in ties for side in key}))
        known = {(each.a, each.b): each.tie or "" for each in (await self._store.query(Pairs(sides)) if sides else ())}
        bodies = {(put.stored.type, put.stored.id): put.stored.body for put in self.change.puts}

        def said(one: str) -> bytes:
            standing = replay.standing.get(("Patient", one))
            return bodies.get(("Patient", one), standing.body if standing is not None else b"")

        for key, (patient, into, tie) in ties.items():
            if not tie and known.get(key) and await self._stands(key):
                continue
            if tie == LINK:
                tie = with_link("", into in linked_with(said(patient)) or patient in linked_with(said(into)))
            if tie != known.get(key, ""):
                self._linker.told_again(patient, into, tie, self.order, self._number, self._now)

    def _states(self, head: Head, told: Mapping[tuple[str, str], bytes]) -> bool:
        """Put what the feed says now into the change; whether that is something else."""
        before = {said: state for said, state in head.contributions.items() if said[0] in self._feeds}
        differs = before.keys() != told.keys() or any(load(before[said]) != load(told[said]) for said in before)
        if differs:
            self._write(head, before, told)
        return differs

    def _write(self, head: Head, before: Iterable[tuple[str, str]], told: Mapping[tuple[str, str], bytes]) -> None:
        self.change.expect[head.type, head.id] = head.version
        for said in {*before, *told}:
            self.change.states.append(ContributionState(head.type, head.id, *said, told.get(said, b"")))

    def _folded(self, head: Head, standing: Standing) -> tuple[dict[str, Any] | None, bytes, bool]:
        """The resource as it is told now, its content, and whether that is something else than before."""
        body = fold(head.type, standing.all_states()) if standing.stored else None
        whole = b"" if body is None else content(head.type, head.id, dict(body))
        return body, whole, (body is None) != head.deleted or (body is not None and not same_content(head.body, whole))

    def _put(self, head: Head, standing: Standing, body: dict[str, Any] | None, whole: bytes, said: str, digest: str = "") -> None:
        owners = {feed for feed, _ in standing.stored}
        owner = ENGINE if ENGINE in owners else ",".join(sorted(owners)) or head.owner
        stored = Stored(
            head.type, head.id, head.version + 1, self._now, b"", body is None, owner, self._number, digest, source=said,
            told="PUT 201" if body is not None and head.version and head.deleted else "",
        )  # fmt: skip
        index: list[IndexRow] = []
        if body is not None:
            stored.body = render(whole, stored.version, instant(self._now), self.order, self._number)
            index = [*indexed(body), IndexRow("_source", "uri", source(self.order, self._number))]
        self.change.expect[head.type, head.id] = head.version
        self.change.puts.append(Put(stored, index))
        if head.type == "Patient":
            identity = "" if body is None else self._teller.identity(body, owners, self._first)
            self._linker.seen(head.id, identity, self._number, self._now)
