"""What a feed says of some resources, told again by the messages that are left once one is taken down. Pure.

It follows ``interop.apply.applier``: registers keep the latest event's value, a complete snapshot takes back what it leaves out.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from interop.apply.mapping_work import Piece, Yield
from interop.apply.standing import Standing
from interop.mapping.snapshots import MARK
from interop.record.sources import together
from interop.store.values import Head, Snapshot

Key = tuple[str, str]
Scope = tuple[str, str]


class Replay:
    """``feeds`` have said nothing yet of the resources of these ``heads``; what others say of them stands. ``since``: the scopes
    whose latest snapshot is known already."""

    def __init__(self, heads: Iterable[Head], feeds: Collection[str], since: Iterable[Snapshot]) -> None:
        self._feeds = feeds
        self.standing = {(head.type, head.id): _without(head, feeds) for head in heads}
        self.since: dict[Scope, list[Any]] = {(one.feed, one.scope): [one.time, one.version, one.tie] for one in since}
        self.latest: dict[Scope, Snapshot] = {}
        """The latest complete snapshot of those that were told here."""
        self.sources: dict[Key, str] = {}
        """Whose what was told here of a resource is."""
        self.last: dict[Key, tuple[int, str]] = {}
        """The message that was told last of those that speak of a resource, and the digest of its tables."""
        self._said: dict[Scope, dict[Key, None]] = {}

    def message(self, made: Yield) -> None:
        """Take in what a message says of these resources."""
        order = [*(made.order or ())]
        whole = [scope for scope in made.whole if self._begin((made.feed, scope), order, made)]
        own: set[tuple[Key, str]] = set()
        for piece in made.pieces:
            key = piece.type, piece.id
            own.add((key, piece.event))
            if piece.feed in self._feeds and key in self.standing:
                self._piece(key, piece, order, whole)
                self.sources[key] = together(self.sources.get(key, ""), made.source)
                self.last[key] = made.message, made.digest
        for scope in whole:
            for key in self._said.get((made.feed, scope), {}):
                if (key, scope) not in own:
                    self._prune(key, (made.feed, scope))

    def told(self, key: Key) -> dict[tuple[str, str], bytes]:
        """What the feeds say of a resource now."""
        standing = self.standing[key]
        return {said: standing.written(said) for said in standing.stored if said[0] in self._feeds}

    def _begin(self, scope: Scope, order: list[Any], made: Yield) -> bool:
        if scope in self.since and order <= self.since[scope]:
            return False
        self.since[scope] = order
        time, version, tie = made.order or (0, 0, "")
        self.latest[scope] = Snapshot(*scope, time, version, tie, made.message)
        return True

    def _piece(self, key: Key, piece: Piece, order: list[Any], whole: list[str]) -> None:
        if piece.event[:1] == MARK:
            scope = piece.feed, piece.event
            self._said.setdefault(scope, {})[key] = None
            if piece.effect == "upsert" and order < self.since.get(scope, []):
                return
        for event in piece.cancels.split(",") if piece.effect == "cancel" else [piece.event]:
            self.standing[key].merge((piece.feed, event), piece.state)
        if piece.event in whole:
            self._prune(key, (piece.feed, piece.event))

    def _prune(self, key: Key, scope: Scope) -> None:
        if scope in self.standing[key].stored:
            self.standing[key].prune(scope, self.since[scope])


def _without(head: Head, feeds: Collection[str]) -> Standing:
    kept: Mapping[tuple[str, str], bytes] = {said: state for said, state in head.contributions.items() if said[0] not in feeds}
    return Standing(head.version, head.owner, head.body, head.deleted, dict(kept), head.source)
