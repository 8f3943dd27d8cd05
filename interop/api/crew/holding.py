"""Crew cards that are held ready: a card is kept for who sees the same of a person, until anything that it is made of may differ.

A card follows from what its asker may see, and from nothing else. So it is kept under the predicate of the Decision, the time in it
aside, with what the asker is told of sources (``view``). It counts

- until a change is committed that says anything about the person: the change names the person, one of the resources by which the
  card was made or access was given, or links somebody to the person or away;
- until the next time at which an access row of the person begins or ends, or a date in what it was made of passes;
- while what is told of agreements and feeds is the same, which is looked at again with each request.

Where resources name other Patients besides, it depends on these likewise. Not kept is that of a person of whom very many are named,
or for whose token criteria were given. Whoever holds cards must hear of every change (``committed``), and of those of other
processes (``forget``).
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from typing import Final

from interop.store.values import Change
from interop.store.where import About, All, Any, Chain, Has, Not, Unguarded, Where

ROOM: Final = 64 * 1024 * 1024
"""Bytes of cards that are kept."""
OVERHEAD: Final = 1_000
"""Bytes that a card takes besides its body, and each thing on which it depends."""
EACH: Final = 150
_NAMED: Final = re.compile(rb'"(?:[^"\\]*/)?Patient/([A-Za-z0-9\-.]{1,64})(?:/_history/[^"]*)?"')
View = bytes
Key = tuple[str, View]
Declared = tuple[str, int, int]


@dataclass(slots=True)
class Held:
    """A card: ``body`` without the time at which it is given. It counts from ``low`` until before ``until`` (microseconds).
    ``patients`` and ``resources`` are what the audit is told; it ``depends`` on these, as ``committed`` names them: where on
    nothing, it is not to be kept. ``declared`` are the emergencies of the person, whose, from when until before when; None where
    they have not been looked for."""

    body: bytes
    low: int
    until: int
    patients: tuple[str, ...]
    resources: int
    depends: frozenset[str] = frozenset()
    declared: tuple[Declared, ...] | None = None
    etag: bytes = field(init=False)

    def __post_init__(self) -> None:
        self.etag = b'W/"%b"' % blake2b(self.body, digest_size=12).hexdigest().encode("ascii")

    @property
    def size(self) -> int:
        """Bytes that it takes, about."""
        return len(self.body) + OVERHEAD + EACH * len(self.depends)


class Cards:
    """Keeps cards, the latest used, of ``room`` bytes at most."""

    def __init__(self, room: int = ROOM) -> None:
        self._room = room
        self.size = 0
        """Bytes that are kept."""
        self.changes = 0
        """Grows with each change that may concern any card, so that nobody keeps what was read before it."""
        self._held: OrderedDict[Key, Held] = OrderedDict()
        self._depending: dict[str, set[Key]] = {}

    def __len__(self) -> int:
        return len(self._held)

    def get(self, patient: str, view: View, second: int) -> Held | None:
        """The card of a person as it counts in the second that begins at ``second`` (microseconds)."""
        key = (patient, view)
        held = self._held.get(key)
        if held is None or not held.low <= second < held.until:
            return None
        self._held.move_to_end(key)
        return held

    def keep(self, patient: str, view: View, held: Held, changes: int) -> None:
        """Keep a card that was made since there were so many ``changes``."""
        if changes != self.changes or not held.depends or held.size > self._room // 16:
            return
        key = (patient, view)
        self._drop(key)
        self._held[key] = held
        self.size += held.size
        for each in held.depends:
            self._depending.setdefault(each, set()).add(key)
        while self.size > self._room:
            self._drop(next(iter(self._held)))

    def committed(self, change: Change) -> None:
        """Forget what a change may have made untrue."""
        if change.reindexed:
            self.forget()
        elif change.puts or change.links or change.link_events:
            self.changes += 1
            if self._held:
                self._told(_touched(change))

    def _told(self, touched: Iterable[str]) -> None:
        for each in touched:
            for key in tuple(self._depending.get(each, ())):
                self._drop(key)

    def forget(self) -> None:
        """Keep nothing: more was committed than is told."""
        self.changes += 1
        self._held.clear()
        self._depending.clear()
        self.size = 0

    def _drop(self, key: Key) -> None:
        held = self._held.pop(key, None)
        if held is None:
            return
        self.size -= held.size
        for each in held.depends:
            keys = self._depending[each]
            keys.discard(key)
            if not keys:
                del self._depending[each]


def _touched(change: Change) -> Iterable[str]:
    """What a change is about: resources, Patients that they name, persons."""
    for put in change.puts:
        stored = put.stored
        yield f"{stored.type}/{stored.id}"
        if b"Patient/" in stored.body:
            for found in _NAMED.findall(stored.body):
                yield f"Patient/{found.decode('ascii')}"
        for row in put.index:
            if row.kind == "reference" and isinstance(row.a, str) and row.a.startswith("Patient/"):
                yield row.a
    for link in change.links:
        yield f"Patient/{link.patient}"
        yield f"person {link.person}"
    for event in change.link_events:
        yield from (f"Patient/{event.patient}", f"person {event.before}", f"person {event.after}")


def view(*seen: object) -> View:
    """What somebody sees, as a digest: the same for the same."""
    return blake2b(repr(seen).encode("utf-8", "backslashreplace"), digest_size=16).digest()


def timeless(where: Where | None) -> Where | None:
    """A predicate without the time at which it was made: what it asks is the same until an access row begins or ends."""
    match where:
        case About():
            return replace(where, now=0)
        case All(parts) | Any(parts):
            return replace(where, parts=tuple(each for part in parts if (each := timeless(part)) is not None))
        case Not(part) | Unguarded(part):
            inner = timeless(part)
            assert inner is not None
            return replace(where, part=inner)
        case Chain(parameter, target, part):
            inner = timeless(part)
            assert inner is not None
            return Chain(parameter, target, inner)
        case Has(source, parameter, asked):
            return Has(source, parameter, timeless(asked))
    return where
