"""The feeds of an engine: declared in a file, or opened by their first message while nothing but this machine is let in."""

from __future__ import annotations

import csv
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from interop.app.settings import Settings
from interop.identity.national import BASE
from interop.identity.sources import STATED, VERIFIED
from interop.ids import OdsCode
from interop.mapping.library import adapters as installed
from interop.mapping.reading import families, read_tables
from interop.mapping.refusal import Refusals
from interop.mapping.snapshots import DELTA
from interop.ports import Feed, Wait
from interop.ports.demographics import PDS
from interop.ports.feed import Names, organisation
from interop.store.values import REPLAY, TAKEDOWN

NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
COLUMNS = ["feed", "adapter", "ack", "test_numbers", "description"]
SNAPSHOTS = "snapshots"
OPTIONAL = (SNAPSHOTS, "organisation", "also", "certificate", "numbers", "folder", "on_poison")
ON_POISON = ("go-on", "stop")
STOP = ON_POISON[1]
CERTIFICATE = re.compile(r"sha256:[0-9a-f]{64}|(?:cn|dns|uri):\S+")
ENGLAND = OdsCode("X26")
"""NHS England, whose service it is."""
RESERVED = frozenset(("api", "engine", PDS, TAKEDOWN, REPLAY))


class Feeds(Mapping[str, Feed]):
    """Feeds by name. ``opened``: a name that is not declared is opened when it is first used, for whichever adapter recognises
    what it sends."""

    def __init__(self, declared: dict[str, Feed], *, opened: bool, test_numbers: bool = False) -> None:
        self._feeds = dict(declared)
        self.declared = frozenset(declared)
        """Names that the deployment has chosen."""
        self._opened, self._test_numbers = opened, test_numbers
        self.former: dict[str, Feed] = {}
        """Feeds that were taken out, as they were last declared: what they have sent and waits is theirs still."""

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

    def redeclare(self, declared: dict[str, Feed]) -> None:
        """These are the feeds from now on, all at once."""
        before, self._feeds = self._feeds, dict(declared)
        self.declared = frozenset(declared)
        self.former = {name: feed for name, feed in (self.former | before).items() if name not in declared}

    def compared(self, declared: dict[str, Feed]) -> Redeclaration:
        """How what would be declared differs from what is."""
        before = self._feeds
        return Redeclaration(
            tuple(sorted(declared.keys() - before.keys())),
            tuple(sorted(name for name, feed in declared.items() if name in before and before[name] != feed)),
            tuple(sorted(before.keys() - declared.keys())),
        )


class Redeclaration(NamedTuple):
    """Names of the feeds that are new, that differ, and that were taken out."""

    new: tuple[str, ...]
    changed: tuple[str, ...]
    gone: tuple[str, ...]


class Remembered(Mapping[str, Feed]):
    """Feeds, those that were taken out among them: for what works the journal off."""

    def __init__(self, feeds: Feeds) -> None:
        self._feeds = feeds

    def __getitem__(self, name: str) -> Feed:
        found = self._feeds.get(name)
        return found if found is not None else self._feeds.former[name]

    def __iter__(self) -> Iterator[str]:
        yield from self._feeds
        yield from self._feeds.former

    def __len__(self) -> int:
        return len(self._feeds) + len(self._feeds.former)


class Owned(Mapping[str, Feed]):
    """Feeds, and the engine's own, under which nobody sends to it: what the national service says."""

    def __init__(self, feeds: Mapping[str, Feed], *, test_numbers: bool) -> None:
        also = ((organisation(BASE), ENGLAND),)
        national = Feed(PDS, "", "the Personal Demographics Service", Wait.APPLIED, test_numbers, (), ENGLAND, also)
        self._feeds, self._own = feeds, {PDS: national}

    def __getitem__(self, name: str) -> Feed:
        return self._own.get(name) or self._feeds[name]

    def __iter__(self) -> Iterator[str]:
        yield from self._feeds
        yield from self._own

    def __len__(self) -> int:
        return len(self._feeds) + len(self._own)


def feeds_of(settings: Settings, adapters: list[str], declared: dict[str, Feed] | None = None) -> Feeds:
    """The feeds of an engine; ``declared`` takes the place of a feeds file. Raises ValueError for a bad file."""
    if settings.mllp_feed in RESERVED:
        raise ValueError(f"{settings.mllp_feed!r} cannot be the feed of the MLLP port")
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
    """Feeds from a CSV file with the columns ``feed,adapter,ack,test_numbers,description`` and, if need be, those of OPTIONAL;
    raises ValueError naming the line.

    ``organisation`` is an ODS code; ``also`` names others that its messages may claim, with semicolons between, each a code or
    ``NAME=CODE``; ``certificate`` who may send under it over mutual TLS, with blanks between: ``sha256:`` and the fingerprint in
    hexadecimal, or ``cn:``, ``dns:``, ``uri:`` and a name of the certificate. ``numbers``: ``verified`` where its system has traced
    every NHS number that it tells, ``stated`` where those count that its messages state as verified; as its family without.
    ``folder``: the directory whose files are its messages too, relative to that of the CSV file. ``on_poison``: ``stop`` where its
    later messages wait once one could not be applied, ``go-on`` where they do not, as without."""
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        try:
            return _declared(path, reader)
        except csv.Error as error:
            raise ValueError(f"{path.name}, line 1: {error}") from None


def _declared(path: Path, reader: csv.DictReader[str]) -> dict[str, Feed]:
    """Feeds, row by row; raises ValueError, and csv.Error where the first line is no CSV."""
    there = sorted(installed())
    columns = [*(reader.fieldnames or ())]
    more = columns[len(COLUMNS) :]
    if columns[: len(COLUMNS)] != COLUMNS or len({*more}) != len(more) or not {*OPTIONAL}.issuperset(more):
        raise ValueError(f"{path.name}: the columns must be {','.join(COLUMNS)}, and {', '.join(OPTIONAL)} if need be")
    feeds: dict[str, Feed] = {}
    holders: dict[str, str] = {}
    folders: dict[Path, str] = {}
    for line, row in _rows(reader, path.name):
        if None in row or None in row.values():
            raise ValueError(f"{path.name}, line {line}: a row has as many cells as there are columns")
        if not NAME.fullmatch(row["feed"]) or row["feed"] in RESERVED:
            raise ValueError(f"{path.name}, line {line}: {row['feed']!r} cannot be the name of a feed")
        if row["ack"] not in ("journalled", "applied"):
            raise ValueError(f"{path.name}, line {line}: ack is journalled or applied")
        if row["adapter"] not in ("", *there):
            raise ValueError(f"{path.name}, line {line}: there is no adapter {row['adapter']!r}; there are {', '.join(there)}")
        if row["test_numbers"] not in ("yes", "no", ""):
            raise ValueError(f"{path.name}, line {line}: test_numbers is yes or no")
        test = row["test_numbers"] == "yes"
        snapshots = tuple((row.get(SNAPSHOTS) or "").split())
        if snapshots and (unknown := sorted({*snapshots} - known_scopes(row["adapter"]))):
            raise ValueError(f"{path.name}, line {line}: {row['adapter']} has no scope {unknown[0]}")
        try:
            bound, also = _organisations(row.get("organisation") or "", row.get("also") or "")
            certificates = _certificates(row.get("certificate") or "", row["feed"], holders)
        except ValueError as error:
            raise ValueError(f"{path.name}, line {line}: {error}") from None
        if (numbers := (row.get("numbers") or "").strip()) not in ("", VERIFIED, STATED):
            raise ValueError(f"{path.name}, line {line}: numbers is {VERIFIED} or {STATED}")
        if (poison := (row.get("on_poison") or "").strip()) not in ("", *ON_POISON):
            raise ValueError(f"{path.name}, line {line}: on_poison is {' or '.join(ON_POISON)}")
        folder = Path(os.path.abspath(path.parent / said)) if (said := (row.get("folder") or "").strip()) else None
        if folder is not None and folders.setdefault(folder, row["feed"]) != row["feed"]:
            raise ValueError(f"{path.name}, line {line}: the folder is that of the feed {folders[folder]} already")
        feeds[row["feed"]] = Feed(
            row["feed"],
            row["adapter"],
            row["description"],
            Wait(row["ack"]),
            test,
            snapshots,
            bound,
            also,
            certificates,
            numbers == VERIFIED if numbers else None,
            str(folder or ""),
            poison == STOP,
        )
    return feeds


def _rows(reader: csv.DictReader[str], name: str) -> Iterator[tuple[int, dict[str, str]]]:
    """Rows with their lines; raises ValueError for what is no CSV, as a quote without its end before 128 KiB is."""
    line = 1
    try:
        for line, row in enumerate(reader, 2):
            yield line, row
    except csv.Error as error:
        raise ValueError(f"{name}, line {line + 1}: {error}") from None


def _organisations(bound: str, also: str) -> tuple[str, Names]:
    """The organisation of a feed and what else its messages may claim; raises ValueError."""
    names = []
    for each in filter(None, (part.strip() for part in also.split(";"))):
        name, _, code = (part.strip() for part in each.partition("="))
        names.append((organisation(name), _code(code or name)))
    return (_code(bound) if bound.strip() else ""), tuple(names)


def _code(said: str) -> OdsCode:
    code = OdsCode.read(said)
    if code is None:
        raise ValueError(f"{said!r} is no ODS code: 3 to 10 letters and digits")
    return code


def _certificates(said: str, feed: str, holders: dict[str, str]) -> tuple[str, ...]:
    """Who may send under a feed over mutual TLS; raises ValueError for what is no certificate, or another feed's."""
    found = tuple(each.lower() if each.lower().startswith(("sha256:", "dns:")) else each for each in said.split())
    for each in found:
        if not CERTIFICATE.fullmatch(each):
            raise ValueError("a certificate is named as sha256:HEX, cn:NAME, dns:NAME or uri:NAME")
        if holders.setdefault(each, feed) != feed:
            raise ValueError(f"{each} is the certificate of the feed {holders[each]} already")
    return found
