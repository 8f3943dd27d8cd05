"""What a batch of messages does to the record: one change, computed message by message in their order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from interop.apply.asked import Key
from interop.apply.mapping_work import Piece, Yield
from interop.apply.persons import Linker, linked_with
from interop.apply.shelving import HOLDS
from interop.apply.standing import Standing
from interop.clock import instant
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
from interop.store.plan import STOPPED
from interop.store.values import Change, ContributionState, Head, Heard, LossCount, Outcome, Put, Snapshot, Stored

REFUSED = (Category.INCORRECT, Category.UNSUPPORTED, Category.FORBIDDEN, Category.CONFLICT, Category.NOT_FOUND)
Scope = tuple[str, str]
"""Feed and scope (``interop.mapping.snapshots``), which is the event under which the feed's contributions to it are kept."""


@dataclass(slots=True)
class Scopes:
    """Since when the contributions to a scope count, and the resources that it has contributions to."""

    since: dict[Scope, list[Any]] = field(default_factory=dict)
    said: dict[Scope, dict[Key, None]] = field(default_factory=dict)


class Batch:
    """The change that a batch comes to, and its resources as they stand after the messages so far. ``still`` are the feeds
    that wait for somebody to let them go on."""

    def __init__(
        self,
        now: int,
        heads: dict[Key, Head],
        linker: Linker,
        feeds: Mapping[str, Feed],
        scopes: Scopes,
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
