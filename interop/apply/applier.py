"""Contributions into the record: what a batch of messages yields becomes one Change, message by message in order.

The change is computed from the present heads and expects them; where something else changed a resource meanwhile the store
says so and the batch is computed again. A message's facts and its outcome are in the same change: applied exactly once.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

from interop.apply.mapping_work import Piece, Yield
from interop.apply.persons import Linker, Linking, linked_with
from interop.apply.shelving import HOLDS, tell
from interop.apply.standing import Standing
from interop.apply.underway import Underway
from interop.clock import Clock, instant
from interop.errors import Category, Problem, reasons
from interop.fhir.rows import IndexRow, rows_of
from interop.identity.linking import identity_of
from interop.identity.sources import verified
from interop.mapping.snapshots import MARK
from interop.ports import Feed, MessageState
from interop.ports.demographics import PDS
from interop.record.fold import content, fold, render, same_content, source
from interop.record.indexing import indexed
from interop.record.sources import together
from interop.record.state import Merged
from interop.record.umbrella import ENGINE
from interop.store.plan import STOPPED, Heads, Meta, Said, Snapshots
from interop.store.seam import Store
from interop.store.values import Change, Conflict, ContributionState, Head, Heard, LossCount, Outcome, Put, Snapshot, Stored
from interop.watching import Histogram

REFUSED = (Category.INCORRECT, Category.UNSUPPORTED, Category.FORBIDDEN, Category.CONFLICT, Category.NOT_FOUND)
Key = tuple[str, str]
Scope = tuple[str, str]
"""Feed and scope (``interop.mapping.snapshots``), which is the event under which the feed's contributions to it are kept."""
SLICE = 0.001
"""Seconds of computing after which senders get their turn on the loop."""


class Applier:
    """Applies batches, one at a time. ``feeds`` tell whether 999 NHS numbers may link records."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        feeds: Mapping[str, Feed],
        linking: Linking | None = None,
        underway: Underway | None = None,
    ) -> None:
        self._underway = underway or Underway()
        self._linking = linking or Linking()
        self._store, self._clock, self._feeds = store, clock, feeds
        self.hears: Callable[[str], bool] = lambda family: False
        """Whether anyone wants to know of messages of a family."""
        self.watch: Callable[[list[tuple[int, MessageState, Problem | None]], int], None] | None = None
        """Who is told of what was applied, and when that was begun, in microseconds."""
        self.seconds: dict[str, Histogram] = {}
        """From when messages were received until they were applied, by feed."""
        self.conflicts = 0
        self.unchanged = 0

    async def apply(self, batch: list[Yield]) -> list[tuple[int, MessageState, Problem | None]]:
        """Commit a batch; what became of each message. Raises Problem where the store cannot be written."""
        begun = self._clock.now()
        while True:
            async with self._linking.lock:
                with self._underway.at(self._clock.now()):
                    change, outcomes = await self._compute(batch)
                    done = not isinstance(await self._store.commit(change), Conflict)
            if done:
                self._linking.committed(change)
                self._timed(batch)
                tell(change)
                if self.watch is not None:
                    self.watch(outcomes, begun)
                return outcomes
            self.conflicts += 1

    def _timed(self, batch: list[Yield]) -> None:
        now = self._clock.now()
        for made in batch:
            if made.received and made.problem is None:
                seconds = self.seconds.get(made.feed)
                if seconds is None:
                    seconds = self.seconds[made.feed] = Histogram()
                seconds.add((now - made.received) / 1_000_000)

    async def _compute(self, batch: list[Yield]) -> tuple[Change, list[tuple[int, MessageState, Problem | None]]]:
        wanted = {(piece.type, piece.id): None for made in batch for piece in made.pieces}
        scopes = await self._scopes(batch)
        wanted |= dict.fromkeys(key for keys in scopes.said.values() for key in keys)
        heads: dict[Key, Head] = {}
        if wanted:
            heads = {(head.type, head.id): head for head in await self._store.query(Heads(tuple(wanted)))}
        linker = Linker(self._store)
        await linker.load(batch, {id_ for kind, id_ in wanted if kind == "Patient"})
        work = _Work(self._clock.now(), heads, linker, self._feeds, scopes, await self._standing_still(batch))
        outcomes = []
        until = perf_counter() + SLICE
        for made in batch:
            outcomes.append(work.message(made))
            if made.problem is None and self.hears(made.family):
                work.heard(made)
            if perf_counter() > until:
                await asyncio.sleep(0)
                until = perf_counter() + SLICE
        self.unchanged += work.unchanged
        return await work.change(), outcomes

    async def _standing_still(self, batch: list[Yield]) -> set[str]:
        """The feeds of a batch that wait for somebody to let them go on: a point read for each that is to stop at all."""
        stopping = dict.fromkeys(made.feed for made in batch if (feed := self._feeds.get(made.feed)) is not None and feed.stops)
        return {feed for feed in stopping if any(await self._store.query(Meta(STOPPED + feed)))}

    async def _scopes(self, batch: list[Yield]) -> _Scopes:
        """What the store knows of the scopes of a batch: two indexed reads, none where no message is of any."""
        known = _Scopes()
        named = {(made.feed, piece.event): None for made in batch if made.order for piece in made.pieces if piece.event[:1] == MARK}
        whole = {(made.feed, scope): None for made in batch for scope in made.whole}
        named |= whole
        if named:
            for one in await self._store.query(Snapshots(tuple(named))):
                known.since[one.feed, one.scope] = [one.time, one.version, one.tie]
        if whole:
            for feed, scope, type_, id_ in await self._store.query(Said(tuple(whole))):
                known.said.setdefault((feed, scope), {})[type_, id_] = None
        return known


@dataclass(slots=True)
class _Scopes:
    """Since when the contributions to a scope count, and the resources that it has contributions to."""

    since: dict[Scope, list[Any]] = field(default_factory=dict)
    said: dict[Scope, dict[Key, None]] = field(default_factory=dict)


class _Work:
    def __init__(
        self,
        now: int,
        heads: dict[Key, Head],
        linker: Linker,
        feeds: Mapping[str, Feed],
        scopes: _Scopes,
        still: set[str],
    ) -> None:
        self._now, self._heads, self._linker = now, heads, linker
        self._scopes, self._still = scopes, still
        self._updated = instant(now)
        self._feeds = feeds
        self._resources: dict[Key, Standing] = {}
        self._change = Change()
        self._losses: Counter[tuple[str, str, str, str, str]] = Counter()
        self.unchanged = 0

    def message(self, made: Yield) -> tuple[int, MessageState, Problem | None]:
        """Take in one message; what becomes of it."""
        if made.feed in self._still:
            self._change.outcomes.append(Outcome(made.message, MessageState.HELD.value, self._now, HOLDS))
            return made.message, MessageState.HELD, Problem(HOLDS)
        if made.problem is not None:
            problem = Problem(made.problem[0], where=made.problem[1], detail=made.problem[2])
            outcome = refusal_of(made, self._now)
            self._change.outcomes.append(outcome)
            feed = self._feeds.get(made.feed)
            if outcome.state == MessageState.SHELVED and feed is not None and feed.stops:
                self._still.add(made.feed)
                self._change.meta.append((STOPPED + made.feed, str(made.message)))
            return made.message, MessageState(outcome.state), problem
        whole = [scope for scope in made.whole if self._begin(scope, made)]
        for piece in made.pieces:
            self._piece(piece, made, whole)
        retracted = sum(self._retract(made, scope) for scope in whole)
        for patient, into, paired in made.relinks:
            if paired:
                self._linker.pair(patient, into, self._linked(patient, into), made.message, self._now)
            else:
                self._linker.relink(patient, into, made.message, self._now)
        lost = 0
        for path, reason, row, count in made.losses:
            self._losses[made.feed, made.type, path, reason, row] += count
            lost += count
        self._change.outcomes.append(
            Outcome(made.message, MessageState.APPLIED.value, self._now, carried=made.carried, lost=lost, retracted=retracted)
        )
        return made.message, MessageState.APPLIED, None

    def heard(self, made: Yield) -> None:
        """Whoever decides where messages go is to know of this one."""
        keys = dict.fromkeys((piece.type, piece.id) for piece in made.pieces)
        concerns = " ".join("/".join(key) for key in keys if self._resource(key).version)
        self._change.heard.append(Heard(made.message, made.feed, made.family, made.type, made.sender, made.receiver, concerns))

    def _linked(self, one: str, other: str) -> bool:
        """Whether either of two Patients says that it is the person of the other: a merge is said of the one that was retired."""
        sides = ((one, other), (other, one))
        return any(to in linked_with(self._resource(("Patient", patient)).body) for patient, to in sides)

    def _begin(self, scope: str, made: Yield) -> bool:
        """Note a complete snapshot; whether it is the latest of its scope."""
        key, order = (made.feed, scope), [*(made.order or ())]
        if key in self._scopes.since and order <= self._scopes.since[key]:
            return False
        self._scopes.since[key] = order
        self._change.snapshots.append(Snapshot(made.feed, scope, *(made.order or (0, 0, "")), made.message))
        return True

    def _retract(self, made: Yield, scope: str) -> int:
        """Take away what the feed said in a scope and this complete snapshot does not; of how many resources."""
        own = {(piece.type, piece.id) for piece in made.pieces if piece.event == scope}
        key = made.feed, scope
        retracted = 0
        for type_, id_ in self._scopes.said.get(key, {}):
            resource = self._resource((type_, id_))
            if (type_, id_) not in own and key in resource.stored and resource.prune(key, self._scopes.since[key]):
                retracted += 1
                self._settle(resource, Piece(type_, id_, made.feed, scope, "retract", "", b""), made)
        return retracted

    def _resource(self, key: Key) -> Standing:
        """A resource as it stands after the messages so far."""
        resource = self._resources.get(key)
        if resource is None:
            head = self._heads.get(key)
            if head is None:
                resource = Standing(0, "", b"", False, {})
            else:
                resource = Standing(head.version, head.owner, head.body, head.deleted, head.contributions, head.source)
            self._resources[key] = resource
        return resource

    def _piece(self, piece: Piece, made: Yield, whole: list[str]) -> None:
        resource = self._resource((piece.type, piece.id))
        if piece.event[:1] == MARK:
            scope = piece.feed, piece.event
            self._scopes.said.setdefault(scope, {})[piece.type, piece.id] = None
            if piece.effect == "upsert" and [*(made.order or ())] < self._scopes.since.get(scope, []):
                self.unchanged += 1
                return
        events = piece.cancels.split(",") if piece.effect == "cancel" else [piece.event]
        changed = max([resource.merge((piece.feed, event), piece.state) for event in events])
        if piece.event in whole and resource.prune((piece.feed, piece.event), self._scopes.since[piece.feed, piece.event]):
            changed = Merged.VALUES
        if (not changed or (changed is Merged.TIMES and not resource.deleted)) and self._known(resource, made):
            self.unchanged += 1
            return
        if piece.content and resource.is_just((piece.feed, piece.event), piece.state):
            self._write(resource, piece, made, piece.content, lambda: rows_of(piece.index), piece.identity)
            return
        self._settle(resource, piece, made)

    def _settle(self, resource: Standing, piece: Piece, made: Yield) -> None:
        """Fold what is said of a resource now, and write it where that is something else."""
        body = fold(piece.type, resource.all_states())
        if body is None:
            self._withdraw(resource, piece, made)
            return
        identity = ""
        if piece.type == "Patient":
            feed = self._feeds.get(made.feed)
            names = {name for name, _ in resource.stored}
            identity = identity_of(
                body,
                test_numbers=feed is not None and feed.test_numbers,
                national=names == {PDS},
                verified=verified(self._feeds, names, made.feed, made.family),
            )
        self._write(resource, piece, made, content(piece.type, piece.id, dict(body)), lambda: indexed(body), identity)

    def _write(
        self, resource: Standing, piece: Piece, made: Yield, whole: bytes, index: Callable[[], list[IndexRow]], identity: str
    ) -> None:
        """Write a resource where that is something else."""
        if self._known(resource, made) and not resource.deleted and same_content(resource.body, whole):
            self.unchanged += 1
        else:
            self._put(resource, piece, made, whole, index(), identity)

    def _known(self, resource: Standing, made: Yield) -> bool:
        """Whether it is told already that whose message this is has contributed, though what it says be nothing new."""
        source = resource.source
        return not source or source == made.source or together(source, made.source) == source

    def _put(self, resource: Standing, piece: Piece, made: Yield, whole: bytes, index: list[IndexRow], identity: str) -> None:
        resource.version += 1
        resource.body = render(whole, resource.version, self._updated, piece.feed, made.message)
        told = "PUT 201" if resource.deleted else ""
        resource.deleted = False
        owners = {feed for feed, _ in resource.stored}
        resource.owner = ENGINE if ENGINE in owners else ",".join(sorted(owners))
        resource.source = together(resource.source, made.source)
        stored = Stored(
            piece.type, piece.id, resource.version, self._now, resource.body, False, resource.owner, made.message, made.digest,
            told=told, source=resource.source,
        )  # fmt: skip
        self._change.puts.append(Put(stored, [*index, IndexRow("_source", "uri", source(piece.feed, made.message))]))
        if piece.type == "Patient":
            self._linker.seen(piece.id, identity, made.message, self._now)

    def _withdraw(self, resource: Standing, piece: Piece, made: Yield) -> None:
        if resource.deleted or not resource.version:
            return
        resource.version += 1
        resource.deleted, resource.body = True, b""
        stored = Stored(
            piece.type, piece.id, resource.version, self._now, b"", True, resource.owner, made.message, made.digest,
            source=resource.source,
        )  # fmt: skip
        self._change.puts.append(Put(stored, []))

    async def change(self) -> Change:
        """The whole change."""
        change = self._change
        for key, resource in self._resources.items():
            head = self._heads.get(key)
            change.expect[key] = head.version if head is not None else 0
            for feed, event in sorted(resource.dirty):
                change.states.append(ContributionState(*key, feed, event, resource.written((feed, event))))
        change.losses = [LossCount(*what, count) for what, count in self._losses.items()]
        change.links, change.link_events, change.pairs = await self._linker.settled()
        return change


def refusal_of(made: Yield, now: int) -> Outcome:
    """The outcome of a message that could not be mapped."""
    name, where, detail = made.problem or ("fault", "", "")
    state = MessageState.REFUSED if reasons()[name].category in REFUSED else MessageState.SHELVED
    return Outcome(made.message, state.value, now, name, detail, where)


def families_of(batch: Iterable[Yield]) -> set[tuple[str, str, str]]:
    """The (family, site, digest) of the tables that a batch was mapped by."""
    return {(made.family, made.site, made.digest) for made in batch if made.digest}
