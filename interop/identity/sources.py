"""Whose NHS numbers are verified though its messages state no status: a table by family (sources.csv), or what a feed declares.

A number counts as verified where it is stated so (NHS Data Dictionary, NHS NUMBER STATUS INDICATOR CODE, 01), where the national
service gives it, or where it comes from a source whose own system has traced all of its numbers. A status that is stated stands
whatever is said here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Final

from interop.identity.reading import BadTable, read, rows
from interop.ports.feed import Feed

COLUMNS: Final = ("family", "numbers", "why")
VERIFIED, STATED = "verified", "stated"


@cache
def families() -> frozenset[str]:
    """Families whose sources have traced every number that they tell; raises BadTable."""
    return read_sources(read("sources.csv"))


def read_sources(text: str) -> frozenset[str]:
    """The families of the rows that say ``verified``. Refused (BadTable): a row without a why, a family twice, another word."""
    found: dict[str, str] = {}
    for line, row in enumerate(rows(text, COLUMNS, "sources.csv"), 2):
        place = f"sources.csv, line {line}"
        if not row["family"] or row["numbers"] not in (VERIFIED, STATED) or not row["why"].strip():
            raise BadTable(f"{place}: a row names a family, says {VERIFIED} or {STATED}, and why")
        if row["family"] in found:
            raise BadTable(f"{place}: {row['family']} is there twice")
        found[row["family"]] = row["numbers"]
    return frozenset(family for family, numbers in found.items() if numbers == VERIFIED)


def verified(feeds: Mapping[str, Feed], names: Iterable[str], feed: str = "", family: str = "") -> bool:
    """Whether numbers of a Patient to which the feeds of these ``names`` contribute are verified where no status is stated: each
    of them declares so, or its family's row says so. ``family`` is that of a message of ``feed``, for one that declares none."""
    told = [_told(feeds.get(name), family if name == feed else "") for name in names]
    return bool(told) and all(told)


def _told(feed: Feed | None, family: str) -> bool:
    if feed is None:
        return False
    return feed.verified if feed.verified is not None else (feed.adapter or family) in families()
