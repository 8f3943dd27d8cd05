"""About how many rows a part of a question has, and how many resources a type: kept for a while, since only cost depends on it."""

from __future__ import annotations

from interop.store.where import Where

ROOM = 10_000
"""Parts that are kept."""
ASKED = 100
"""How often a number is used before it is counted again."""
SLOW = 100
"""So much longer the size of a type is used: counting takes longer, and a type grows slowly."""

Of = tuple[str | None, Where | None]
"""Type (None: any) and part (None: all resources of the type)."""


class Estimates:
    """What was counted, each with how often it may still be used."""

    def __init__(self) -> None:
        self._known: dict[tuple[Of, int], list[int]] = {}

    def get(self, of: Of, limit: int) -> int | None:
        """The number counted up to a limit; None where it is to be counted."""
        found = self._known.get((of, limit))
        if found is None or not found[1]:
            return None
        found[1] -= 1
        return found[0]

    def put(self, of: Of, limit: int, number: int) -> None:
        if len(self._known) >= ROOM:
            self._known.clear()
        self._known[of, limit] = [number, ASKED if of[1] is not None else ASKED * SLOW]
