"""What is generated of a page that people write: put between its marks, or checked. ``scripts/generate`` runs its users."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path


def between(page: str, begin: str, end: str, made: str, what: str) -> str:
    """The page with ``made``, marks included, in place of what stands from the first ``begin`` to the ``end`` after it.

    Raises ValueError, which names ``what`` has no place, where the marks are missing."""
    start, stop = page.find(begin), page.find(end)
    if not 0 <= start < stop:
        raise ValueError(f"there is no place for {what}: {begin.strip()} … {end}")
    return page[:start] + made + page[stop + len(end) :]


def write(page: Path, written: Callable[[str], str], what: str, arguments: Sequence[str]) -> int:
    """Write a page of docs/ as ``written`` makes it of itself, or with ``--check`` tell whether it is so; 1 where it is not."""
    there = page.read_text(encoding="utf-8")
    wanted = written(there)
    if "--check" in arguments:
        if there != wanted:
            print(f"docs/{page.name} does not hold {what}: scripts/generate writes it", file=sys.stderr)
        return int(there != wanted)
    page.write_text(wanted, encoding="utf-8")
    return 0
