"""Writing the record: expectations, versions, index rows, contributions, links, outcomes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import orjson

from interop.store.sql.dialect import Dialect, Rows
from interop.store.sql.facts import write_facts
from interop.store.sql.index import PLACE, STRING, TABLES, TEXT, WORDS, Line, kept, lines, subject, unkept, vocabulary
from interop.store.sql.names import Names
from interop.store.sql.statement import Steps, insert, marks, padded
from interop.store.sql.writer import Result
from interop.store.values import Change, Committed, Conflict, IndexRow, Put, Stored

RESOURCE = "resource (rid, type, id, version, updated, deleted, owner, message, tables, subject, named, indexed, body, told)"
UPSERT = (
    "ON CONFLICT (rid) DO UPDATE SET version = excluded.version, updated = excluded.updated, deleted = excluded.deleted, "
    "owner = excluded.owner, message = excluded.message, tables = excluded.tables, named = excluded.named, "
    "indexed = excluded.indexed, body = excluded.body, told = excluded.told"
)
VERSION_COLUMNS = "rid, type, id, version, updated, deleted, owner, message, tables, body, told"

KNOWN = 100_000
"""Texts that the writer remembers."""

PARTS = ("puts", "reindexed", "states", "links", "link_events", "outcomes", "losses", "snapshots", "tables", "meta")
"""What a Change says of the record, beside what it expects."""

Key = tuple[str, str]


class Present(NamedTuple):
    """A resource as the writer needs it: its number, version, subject and index rows."""

    rid: int
    version: int
    subject: str
    indexed: str
    deleted: int


class Texts:
    """The texts that index_value is known to hold, as many as fit: those are not written again."""

    def __init__(self) -> None:
        self._known: set[str] = set()
        self._fresh: set[str] = set()

    def unknown(self, texts: Iterable[str]) -> list[tuple[str]]:
        """Those that may not be there yet, each once."""
        found = dict.fromkeys(text for text in texts if text not in self._known and text not in self._fresh)
        self._fresh.update(found)
        return [(text,) for text in found]

    def settle(self) -> None:
        """The transaction is on disk."""
        if len(self._known) > KNOWN:
            self._known.clear()
        self._known |= self._fresh
        self._fresh.clear()

    def abandon(self) -> None:
        """The transaction was rolled back."""
        self._fresh.clear()


class IndexChange:
    """Rows to be added to the index tables and to be taken away."""

    def __init__(self, names: Names) -> None:
        self._names = names
        self._added: list[list[tuple[Any, ...]]] = [[] for _ in TABLES]
        self._taken: list[list[tuple[Any, ...]]] = [[] for _ in TABLES]
        self._texts: list[str] = []

    def differ(self, rid: int, new: dict[Line, None], before: dict[Line, None], words: dict[int, str]) -> None:
        """What differs between the lines of a resource and those before."""
        added, taken = self._added, self._taken
        for line in before:
            if line not in new:
                taken[line[0]].append((rid, line[1]) if line[0] == WORDS else PLACE[line[0]](line, rid))
        for line in [line for line in new if line not in before] if before else new:
            table = line[0]
            added[table].append((rid, line[1], words[line[1]]) if table == WORDS else PLACE[table](line, rid))
            if table == TEXT or (table == STRING and self._names.kind(line[1]) != "uri"):
                self._texts.append(line[2])

    def write(self, texts: Texts, dialect: Dialect) -> Steps[None]:
        """Write them."""
        changed = [
            Rows(table, columns, added, columns[:2] if number == WORDS else columns, taken, numbered=number == WORDS)
            for number, ((table, columns), taken, added) in enumerate(zip(TABLES, self._taken, self._added, strict=True))
        ]
        yield from dialect.change([*changed, Rows("index_value", ("value",), texts.unknown(self._texts))])


class RecordWriter:
    """Writes record changes, a group within a transaction; a change that conflicts leaves no trace."""

    def __init__(self, dialect: Dialect, names: Names) -> None:
        self._dialect = dialect
        self._names = names
        self._texts = Texts()
        self._next = 1
        self._put = 0
        self.puts = 0
        """Versions written since the start."""

    def load(self) -> Steps[None]:
        rows = yield "SELECT coalesce(max(rid), 0) FROM resource", ()
        self._next = rows[0][0] + 1
        yield from self._names.load()

    @property
    def last(self) -> int:
        """The number given last."""
        return self._next - 1

    def write(self, changes: Sequence[Change]) -> Steps[list[Result]]:
        """Judge each change by what those before it leave, then write all that hold as if they were one: the number of
        statements does not grow with the number of changes."""
        keys = {key: None for change in changes for key in _keys(change)}
        present = yield from self._present(list(keys))
        versions = {key: one.version for key, one in present.items()}
        results: list[Result] = []
        good: list[Change] = []
        for change in changes:
            conflict = _conflict(change, versions)
            if conflict is None:
                versions.update((put_key(put), put.stored.version) for put in change.puts)
                good.append(change)
            results.append(Committed() if conflict is None else conflict)
        if good:
            whole = good[0] if len(good) == 1 else _together(good)
            yield from self._write(whole, present)
            yield from write_facts(whole)
            self._put = len(whole.puts)
        return results

    def settle(self) -> None:
        self.puts += self._put
        self._put = 0
        self._names.settle()
        self._texts.settle()

    def abandon(self) -> None:
        self._put = 0
        self._names.abandon()
        self._texts.abandon()

    def _present(self, keys: Sequence[Key]) -> Steps[dict[Key, Present]]:
        found: dict[Key, Present] = {}
        for start in range(0, len(keys), 256):
            some = padded(keys[start : start + 256], ("", ""))
            rows = yield (
                self._dialect.wanted(("type", "id"), len(some))
                + self._dialect.gather(
                    ("r.type", "r.id", "r.rid", "r.version", "r.subject", "r.indexed", "r.deleted"),
                    "wanted w CROSS JOIN resource r WHERE r.type = w.type AND r.id = w.id",
                ),
                [part for key in some for part in key],
            )
            for type_, id_, *rest in orjson.loads(rows[0][0]):
                found[type_, id_] = Present(*rest)
        return found

    def _number(self) -> int:
        self._next += 1
        return self._next - 1

    def _write(self, change: Change, present: dict[Key, Present]) -> Steps[None]:
        last = {put_key(put): put for put in change.puts}
        numbers = {key: present[key].rid if key in present else self._number() for key in last}
        moved = [numbers[key] for key in last if key in present and present[key].version]
        for start in range(0, len(moved), 256):
            some = padded(moved[start : start + 256], 0)
            yield (
                f"INSERT INTO version ({VERSION_COLUMNS}) SELECT {VERSION_COLUMNS} FROM resource WHERE rid IN ({marks(len(some))})",
                some,
            )
        carried: dict[Key, str] = {}
        if len(last) < len(change.puts):
            between = [put for put in change.puts if last[put_key(put)] is not put]
            yield from insert(f"version ({VERSION_COLUMNS})", [_version(numbers[put_key(put)], put.stored) for put in between])
            carried = {put_key(put): subject(put.stored, put.index)[0] for put in between if not put.stored.deleted}
        yield from self._resources(last, numbers, present, carried)
        yield from self._reindexed(change, present)
        yield from self._states(change, numbers, present)

    def _resources(
        self, last: dict[Key, Put], numbers: dict[Key, int], present: dict[Key, Present], carried: dict[Key, str]
    ) -> Steps[None]:
        """``carried``: whom a resource was about before its last version; a deletion names nobody."""
        fresh: list[tuple[Any, ...]] = []
        rows: list[tuple[Any, ...]] = []
        moves: list[tuple[str, int]] = []
        index = IndexChange(self._names)
        for key, put in last.items():
            stored, rid, was = put.stored, numbers[key], present.get(key)
            patient, named = subject(stored, put.index)
            if not patient and stored.deleted:
                patient = carried.get(key, was.subject if was is not None else "")
            if was is not None and patient != was.subject:
                moves.append((patient, rid))
            indexed = yield from self._index(index, stored, put.index, patient, rid, was)
            (fresh if was is None else rows).append(
                (rid, stored.type, stored.id, stored.version, stored.updated, int(stored.deleted), stored.owner, stored.message,
                 stored.tables, patient, named, indexed, stored.body, stored.told)
            )  # fmt: skip
        yield from self._dialect.insert(RESOURCE, fresh)
        yield from insert(RESOURCE, rows, UPSERT)
        for move in moves:
            yield "UPDATE resource SET subject = ? WHERE rid = ?", move
        yield from index.write(self._texts, self._dialect)

    def _reindexed(self, change: Change, present: dict[Key, Present]) -> Steps[None]:
        index, put = IndexChange(self._names), {put_key(put) for put in change.puts}
        for one in change.reindexed:
            was = present.get((one.type, one.id))
            if was is None or was.deleted or was.version != one.version or (one.type, one.id) in put:
                continue
            stored = Stored(one.type, one.id, one.version, 0, b"")
            patient, named = subject(stored, one.index)
            indexed = yield from self._index(index, stored, one.index, patient, was.rid, was)
            yield (
                "UPDATE resource SET subject = ?, named = ?, indexed = ? WHERE rid = ?",
                (patient, named, indexed, was.rid),
            )
        yield from index.write(self._texts, self._dialect)

    def _index(
        self, index: IndexChange, stored: Stored, rows: list[IndexRow], patient: str, rid: int, was: Present | None
    ) -> Steps[str]:
        """Note what differs; returns what ``resource.indexed`` is to hold."""
        try:
            new, words = lines(stored, rows, patient, self._names)
        except KeyError:
            yield from self._names.learn(*vocabulary(stored.type, rows, self._names))
            new, words = lines(stored, rows, patient, self._names)
        index.differ(rid, new, unkept(was.indexed, self._names) if was is not None and len(was.indexed) > 2 else {}, words)
        return kept(new)

    def _states(self, change: Change, numbers: dict[Key, int], present: dict[Key, Present]) -> Steps[None]:
        unseen: list[tuple[Any, ...]] = []
        states: dict[tuple[int, str, str], bytes] = {}
        for state in change.states:
            key = (state.type, state.id)
            rid = numbers.get(key)
            if rid is None:
                was = present.get(key)
                rid = numbers[key] = was.rid if was is not None else self._number()
                if was is None:
                    unseen.append((rid, state.type, state.id, 0, 0, 1, "", 0, "", "", 0, "{}", b"", ""))
            states[rid, state.feed, state.event] = state.state
        yield from insert(RESOURCE, unseen)
        yield from insert(
            "contribution (rid, feed, event, state)",
            [(*key, state) for key, state in states.items()],
            "ON CONFLICT (rid, feed, event) DO UPDATE SET state = excluded.state",
        )


def put_key(put: Put) -> Key:
    """Type and id of what is put."""
    return put.stored.type, put.stored.id


def _version(rid: int, stored: Stored) -> tuple[Any, ...]:
    return (rid, stored.type, stored.id, stored.version, stored.updated, int(stored.deleted), stored.owner, stored.message,
            stored.tables, stored.body, stored.told)  # fmt: skip


def _keys(change: Change) -> Iterator[Key]:
    """The resources that a change needs to know of."""
    yield from map(put_key, change.puts)
    yield from change.expect
    yield from ((state.type, state.id) for state in change.states)
    yield from ((one.type, one.id) for one in change.reindexed)


def _together(changes: Sequence[Change]) -> Change:
    """Changes as one. Of two values for one thing the later stands, as it does within a change."""
    whole = Change()
    for change in changes:
        for part in PARTS:
            getattr(whole, part).extend(getattr(change, part))
    return whole


def _conflict(change: Change, versions: Mapping[Key, int]) -> Conflict | None:
    """The first expectation that does not hold of the present versions."""
    for key, expected in change.expect.items():
        found = versions.get(key, 0)
        if found != expected:
            return Conflict(*key, expected, found)
    made: dict[Key, int] = {}
    for put in change.puts:
        key = put_key(put)
        found = made.get(key, versions.get(key, 0))
        if put.stored.version != found + 1:
            return Conflict(*key, put.stored.version - 1, found)
        made[key] = put.stored.version
    return None
