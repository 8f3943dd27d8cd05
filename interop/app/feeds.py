"""The feeds of an engine: declared in a file, or opened by their first message while nothing but this machine is let in."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from interop.app.settings import Settings
from interop.mapping.refusal import Refusals
from interop.mapping.snapshots import DELTA
from interop.mapping.tables import families, read_tables
from interop.ports import Feed, Wait

NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
COLUMNS = ["feed", "adapter", "ack", "test_numbers", "description"]
SNAPSHOTS = "snapshots"
RESERVED = frozenset(("api", "engine"))


class Feeds(Mapping[str, Feed]):
    """Feeds by name. ``opened``: a name that is not declared is opened when it is first used, for whichever adapter recognises
    what it sends."""

    def __init__(self, declared: dict[str, Feed], *, opened: bool, test_numbers: bool = False) -> None:
        self._feeds = dict(declared)
        self._opened, self._test_numbers = opened, test_numbers

    def __getitem__(self, name: str) -> Feed:
        feed = self._feeds.get(name)
        if feed is None and self._opened and NAME.fullmatch(name) and name not in RESERVED:
            feed = self._feeds[name] = Feed(name, "", "opened by its first message", test_numbers=self._test_numbers)
        if feed is None:
            raise KeyError(name)
        return feed

    def __iter__(self) -> Iterator[str]:
        return iter(self._feeds)

    def __len__(self) -> int:
        return len(self._feeds)


def feeds_of(settings: Settings, adapters: list[str], declared: dict[str, Feed] | None = None) -> Feeds:
    """The feeds of an engine; ``declared`` takes the place of a feeds file. Raises ValueError for a bad file."""
    if declared is None:
        declared = read_feeds(settings.feeds) if settings.feeds else default_feeds(settings, adapters)
    return Feeds(declared, opened=settings.feeds is None, test_numbers=settings.test_numbers)


def default_feeds(settings: Settings, adapters: list[str]) -> dict[str, Feed]:
    """One feed for each adapter, under its name, and the one of the MLLP port."""
    feeds = {name: Feed(name, name, "of the embedded engine", test_numbers=settings.test_numbers) for name in adapters}
    mllp = settings.mllp_feed
    feeds.setdefault(mllp, Feed(mllp, "hl7v2", "over MLLP", test_numbers=settings.test_numbers))
    return feeds


def known_scopes(adapter: str) -> set[str]:
    """The scopes that a feed of an adapter may declare: those of its tables, of all tables where it has none of its own."""
    names = [name for name in families() if adapter in ("", name)]
    return {DELTA} | {row.scope for name in names for row in read_tables(name, Refusals()).snapshots}


def read_feeds(path: Path) -> dict[str, Feed]:
    """Feeds from a CSV file with the columns ``feed,adapter,ack,test_numbers,description`` and, if need be, ``snapshots``; raises
    ValueError naming the line."""
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        if reader.fieldnames not in (COLUMNS, [*COLUMNS, SNAPSHOTS]):
            raise ValueError(f"{path.name}: the columns must be {','.join(COLUMNS)}, and {SNAPSHOTS} if any feed sends them")
        feeds = {}
        for line, row in enumerate(reader, 2):
            if not NAME.fullmatch(row["feed"]) or row["feed"] in RESERVED:
                raise ValueError(f"{path.name}, line {line}: {row['feed']!r} cannot be the name of a feed")
            if row["ack"] not in ("journalled", "applied"):
                raise ValueError(f"{path.name}, line {line}: ack is journalled or applied")
            test = row["test_numbers"] == "yes"
            snapshots = tuple(row.get(SNAPSHOTS, "").split())
            if snapshots and (unknown := sorted({*snapshots} - known_scopes(row["adapter"]))):
                raise ValueError(f"{path.name}, line {line}: {row['adapter']} has no scope {unknown[0]}")
            feeds[row["feed"]] = Feed(row["feed"], row["adapter"], row["description"], Wait(row["ack"]), test, snapshots)
    return feeds
