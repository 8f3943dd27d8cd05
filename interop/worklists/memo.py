"""What an expression comes to over a resource, kept so that it is worked out once.

It follows from the expression and the bytes of what it is evaluated over, and from nothing else: what names the time is not kept.
So it is the same for whoever asks, whatever they may see; which bytes are read is for their Decision to say, each time anew.
"""

from __future__ import annotations

from collections.abc import Hashable
from functools import lru_cache
from hashlib import blake2b
from typing import Any, Final

from interop.fhir.fhirpath import Expression
from interop.fhir.fhirpath.analysis import everything
from interop.fhir.fhirpath.tree import Call, External

ROOM: Final = 100_000
"""What is kept at least of what was used last; never more than twice as much."""
UNKNOWN: Final = object()
_CLOCK: Final = frozenset(("now", "today", "timeOfDay"))


class Memo:
    """Keeps values, those used last; used from one event loop."""

    def __init__(self, room: int = ROOM) -> None:
        self._room = room
        self._young: dict[Hashable, Any] = {}
        self._old: dict[Hashable, Any] = {}

    def __len__(self) -> int:
        return len(self._young) + len(self._old)

    def get(self, key: Hashable) -> Any:
        """The value of a key, UNKNOWN where there is none."""
        found = self._young.get(key, UNKNOWN)
        if found is UNKNOWN and (found := self._old.pop(key, UNKNOWN)) is not UNKNOWN:
            self.keep(key, found)
        return found

    def keep(self, key: Hashable, value: Any) -> None:
        """Keep a value; those that were not used for long are let go of."""
        if len(self._young) >= self._room:
            self._young, self._old = {}, self._young
        self._young[key] = value


def digest(*parts: bytes) -> bytes:
    """Stands for bytes, in that order: other bytes have another."""
    made = blake2b(digest_size=16)
    for each in parts:
        made.update(each)
    return made.digest()


@lru_cache(maxsize=1_024)
def timed(expression: Expression) -> bool:
    """Whether it asks what time it is."""
    return any(isinstance(each, Call) and each.name in _CLOCK for each in everything(expression.tree))


@lru_cache(maxsize=1_024)
def names(expression: Expression, variable: str) -> bool:
    """Whether it names a variable."""
    return any(isinstance(each, External) and each.name == variable for each in everything(expression.tree))
