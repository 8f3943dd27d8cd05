"""``_count`` and the cursor of paged answers."""

from __future__ import annotations

from interop.errors import Problem

CURSOR = "_cursor"
PASSED = frozenset(("_format", "_pretty"))
"""Parameters that say how the answer is to look and not what is in it."""
DEFAULT = 50
MOST = 1000
SMALL = 1000
"""Resources of a type up to which a total is given unasked: there it costs little."""
ASKED = 100
"""How many searches of a larger type pass before its size is looked at again."""


class Small:
    """Which types are small: a type that was found large is taken to be so for a while."""

    def __init__(self) -> None:
        self._large: dict[str, int] = {}

    def likely(self, type: str) -> bool:
        """Whether it is worth asking; '' = all types together."""
        left = self._large.get(type, 0)
        if left:
            self._large[type] = left - 1
        return not left

    def told(self, type: str, small: bool) -> None:
        if not small:
            self._large[type] = ASKED


def alone(pairs: list[tuple[str, str]]) -> str:
    """The cursor, which stands by itself; raises Problem ``bad-parameter``."""
    if len(pairs) != 1:
        raise Problem("bad-parameter", where=CURSOR, detail="it stands by itself: it holds the whole request")
    return pairs[0][1]


def read_count(value: str) -> int:
    """How many to a page, at most ``MOST``; raises Problem ``bad-parameter``."""
    if not (value.isascii() and value.isdigit() and len(value) < 10):
        raise Problem("bad-parameter", where="_count", detail="a number is wanted")
    return min(int(value), MOST)


def legible(name: str) -> str:
    """A parameter's name as it may be repeated: an unknown one may hold anything."""
    plain = name.replace("_", "").replace("-", "").replace(":", "").replace(".", "")
    return name if plain.isascii() and plain.isalpha() and len(name) <= 64 else "?"
