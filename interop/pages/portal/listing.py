"""Long lists, a page at a time: which of how many, and where there are more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

PAGE: Final = 20
CHUNK: Final = "500"
"""Resources of a type that are asked for at once: what is older is said to be."""


@dataclass(frozen=True, slots=True)
class Listing:
    """Some of many: ``first`` to ``last`` of ``total``; ``more``: the record holds older ones than these."""

    shown: Sequence[Any]
    first: int
    last: int
    total: int
    page: int
    pages: int
    more: bool = False

    @property
    def previous(self) -> int:
        """The number of the page before, 0 for none."""
        return self.page - 1

    @property
    def next(self) -> int:
        """The number of the page after, 0 for none."""
        return self.page + 1 if self.page < self.pages else 0


def listing(items: Sequence[Any], page: str, *, more: bool = False, size: int = PAGE) -> Listing:
    """The page that an address asks for, the first for what is no number of one."""
    return of(items, page, len(items), more=more, size=size)


def of(items: Sequence[Any], page: str, total: int, *, more: bool = False, size: int = PAGE, cut: bool = True) -> Listing:
    """The same; not ``cut``: the items are those of the page alone."""
    pages = max(1, -(-total // size))
    at = min(number(page), pages)
    first = (at - 1) * size
    shown = items[first : first + size] if cut else items
    return Listing(shown, first + 1 if shown else 0, first + len(shown), total, at, pages, more)


def number(page: str) -> int:
    """The number of a page as an address has it."""
    return max(1, int(page)) if page.isascii() and page.isdigit() and len(page) < 6 else 1
