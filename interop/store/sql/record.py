"""Writing the record: expectations, versions, index rows, contributions, links, outcomes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import orjson

from interop.fhir.rows import IndexRow
from interop.store.sql import again, news
from interop.store.sql.deliveries import Outbox
from interop.store.sql.dialect import Dialect, Rows
from interop.store.sql.facts import had_outcome, spent, write_facts
from interop.store.sql.index import (
    ACCESS,
    PLACE,
    STRING,
    TABLES,
    TEXT,
    WORDS,
    Line,
    judged,
    kept,
    lines,
    subject,
    unkept,
    vocabulary,
)
from interop.store.sql.names import Names
from interop.store.sql.statement import Steps, insert, marks, padded
from interop.store.sql.taken import unsay, withhold
from interop.store.sql.whose import NOBODY, Fact, Whose
from interop.store.sql.writer import Result
from interop.store.values import NAMES, RECOUNT, Change, Committed, Conflict, News, Put, Stored

COLUMNS = "rid, type, id, version, updated, deleted, owner, message, tables, subject, named, indexed, body, told, source, known"
RESOURCE = f"resource ({COLUMNS})"
UPSERT = (
    "ON CONFLICT (rid) DO UPDATE SET version = excluded.version, updated = excluded.updated, deleted = excluded.deleted, "
    "owner = excluded.owner, message = excluded.message, tables = excluded.tables, named = excluded.named, "
    "indexed = excluded.indexed, body = excluded.body, told = excluded.told, source = excluded.source, known = excluded.known"
)
VERSION_COLUMNS = "rid, type, id, version, updated, deleted, owner, message, tables, body, told, source, subject, named, known"
MOVED = VERSION_COLUMNS.removesuffix("known") + "CASE WHEN deleted = 0 THEN 1 ELSE known END"
PRESENT = ("r.type", "r.id", "r.rid", "r.version", "r.subject", "r.indexed", "r.deleted", "r.named", "r.source")
JUDGED = ("rid", "version", "pid", "code", "sid")

KNOWN = 100_000
"""Texts that the writer remembers."""

PARTS = ("puts", "reindexed", "states", "withheld", "links", "link_events", "pairs", "outcomes", "losses", "snapshots", "tables",
         "meta", "used", "kept", "deliveries", "awaited", "marks", "answered", "sweeps", "numbered", "news")  # fmt: skip
"""What a Change says of the record, beside what it expects."""

Key = tuple[str, str]


class Present(NamedTuple):
    """A resource as the writer needs it: its number, version, subject, index rows and contributors."""

    rid: int
    version: int
    subject: str
    indexed: str
    deleted: int
    named: int
    source: int


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
        self._judged: list[tuple[Any, ...]] = []

    def differ(
        self, rid: int, new: dict[Line, None], before: dict[Line, None], words: dict[int, str], patient: str, was: str
    ) -> None:
        """What differs between the lines of a resource and those before; ``patient`` is its subject, ``was`` what it was."""
        added, taken = self._added, self._taken
        for line in before:
            if line not in new or (patient != was and line[0] == ACCESS):
                taken[line[0]].append((rid, line[1]) if line[0] == WORDS else PLACE[line[0]](line, rid, was))
        for line in [line for line in new if line not in before or (patient != was and line[0] == ACCESS)] if before else new:
            table = line[0]
            if table != ACCESS or patient:
                added[table].append((rid, line[1], words[line[1]]) if table == WORDS else PLACE[table](line, rid, patient))
            if table == TEXT or (table == STRING and self._names.kind(line[1]) != "uri"):
                self._texts.append(line[2])

    def judge(self, rid: int, version: int, facts: Iterable[Fact]) -> None:
        """By what it is told who may see a version that is no longer or not indexed."""
        self._judged += [(rid, version, *fact) for fact in facts]

    def write(self, texts: Texts, dialect: Dialect) -> Steps[None]:
        """Write them, in the order of their keys: neighbours are on one page, which is then found and changed once."""
        changed = [
            Rows(
                table, columns, sorted(added), columns[:2] if number == WORDS else columns, sorted(taken), numbered=number == WORDS
            )
            for number, ((table, columns), taken, added) in enumerate(zip(TABLES, self._taken, self._added, strict=True))
        ]
        values = Rows("index_value", ("value",), sorted(texts.unknown(self._texts)))
        yield from dialect.change([*changed, Rows("index_version", JUDGED, self._judged), values])


class RecordWriter:
    """Writes record changes, a group within a transaction; a change that conflicts leaves no trace. ``shared``: other processes
    write too, and are told news."""

    def __init__(self, dialect: Dialect, names: Names, *, shared: bool = False) -> None:
        self._dialect = dialect
        self._names = names
        self._shared = shared
        self._texts = Texts()
        self._outbox = Outbox()
        self._next = 1
        self._put = 0
        self.puts = 0
        """Versions written since the start."""

    def load(self) -> Steps[None]:
        rows = yield "SELECT coalesce(max(rid), 0) FROM resource", ()
        self._next = max(self._next, rows[0][0] + 1)
        yield from self._names.load()
        yield from self._outbox.load()

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
        wanted = [each for change in changes for each in change.used]
        used = (yield from spent([each.name for each in wanted], min(each.time for each in wanted))) if wanted else set()
        bound = (yield from news.binding(changes)) if self._shared else 0
        results: list[Result] = []
        good: list[Change] = []
        for change in changes:
            conflict = news.unheard(change, bound) or _conflict(change, versions) or _used(change, used)
            if conflict is None:
                used.update(each.name for each in change.used)
                versions.update((put_key(put), put.stored.version) for put in change.puts)
                good.append(change)
            results.append(Committed() if conflict is None else conflict)
        if any(map(again.asks, good)):
            left = yield from again.taken_back(good)
            good = [change for change, _ in left]
            for result, (_, messages) in zip((one for one in results if isinstance(one, Committed)), left, strict=True):
                result.again = messages
        if good:
            whole = good[0] if len(good) == 1 else _together(good)
            yield from self._write(whole, present)
            recount = self._shared and (yield from had_outcome(whole))
            yield from write_facts(whole)
            yield from self._outbox.write(whole)
            if self._shared:
                said = [*whole.news, *([News(NAMES)] if self._names.fresh else []), *([News(RECOUNT)] if recount else [])]
                yield from news.write(said, self._dialect)
                yield from again.write_again(whole)
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
                    PRESENT,
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
        numbers = {key: present[key].rid if key in present else self._number() for key in sorted(last)}
        moved = [numbers[key] for key in last if key in present and present[key].version]
        for start in range(0, len(moved), 256):
            some = padded(moved[start : start + 256], 0)
            yield (
                f"INSERT INTO version ({VERSION_COLUMNS}) SELECT {MOVED} FROM resource WHERE rid IN ({marks(len(some))})",
                some,
            )
        index = IndexChange(self._names)
        carried: dict[Key, Whose] = {}
        if len(last) < len(change.puts):
            between = [put for put in change.puts if last[put_key(put)] is not put]
            yield from self._between(index, between, numbers, present, carried)
        yield from self._resources(index, last, numbers, present, carried)
        yield from self._reindexed(change, present)
        yield from self._states(change, numbers, present)
        yield from withhold(change.withheld, lambda key: numbers.get(key) or present[key].rid)

    def _between(
        self, index: IndexChange, puts: list[Put], numbers: dict[Key, int], present: dict[Key, Present], carried: dict[Key, Whose]
    ) -> Steps[None]:
        """Versions that are no longer the present one when the change is made; ``carried`` is told whose the last of each was."""
        rows: list[tuple[Any, ...]] = []
        for put in puts:
            key, stored = put_key(put), put.stored
            rid, before = numbers[key], carried.get(key) or self._was(present.get(key))
            patient, named = subject(stored, put.index)
            lines_, _ = yield from self._lines(stored, put.index, patient)
            whose = Whose(patient, named, stored.source, judged(lines_, patient, self._names))
            carried[key] = whose = before.gone(stored.source) if stored.deleted else whose
            index.judge(rid, stored.version, whose.facts)
            source = yield from self._names.contributors.learn(whose.source)
            rows.append(
                (rid, stored.type, stored.id, stored.version, stored.updated, int(stored.deleted), stored.owner, stored.message,
                 stored.tables, stored.body, stored.told, source, whose.patient, whose.named, whose.known)
            )  # fmt: skip
        yield from insert(f"version ({VERSION_COLUMNS})", rows)

    def _was(self, was: Present | None, before: dict[Line, None] | None = None) -> Whose:
        """Whose a resource was; ``before`` are its lines, where they have been read."""
        if was is None:
            return NOBODY
        source = self._names.contributors.text(was.source)
        if was.deleted:
            return Whose(was.subject, was.named, source, (), int(not was.version))
        lines_ = unkept(was.indexed, self._names) if before is None else before
        return Whose(was.subject, was.named, source, judged(lines_, was.subject, self._names))

    def _resources(
        self,
        index: IndexChange,
        last: dict[Key, Put],
        numbers: dict[Key, int],
        present: dict[Key, Present],
        carried: dict[Key, Whose],
    ) -> Steps[None]:
        """``carried``: whose a resource was before its last version, where that was not the present one. A deletion is whose the
        resource was."""
        fresh: list[tuple[Any, ...]] = []
        rows: list[tuple[Any, ...]] = []
        moves: list[tuple[str, int]] = []
        sources = self._names.contributors
        for key, put in last.items():
            stored, rid, was = put.stored, numbers[key], present.get(key)
            patient, named = subject(stored, put.index)
            source, known = stored.source, 1
            before: dict[Line, None] = {}
            if was is not None and len(was.indexed) > 2:
                before = unkept(was.indexed, self._names)
                if was.version and not was.deleted:
                    index.judge(rid, was.version, judged(before, was.subject, self._names))
            if stored.deleted:
                whose = (carried.get(key) or self._was(was, before)).gone(stored.source)
                patient, named, source, known = whose.patient, whose.named, whose.source, whose.known
                index.judge(rid, stored.version, whose.facts)
            if was is not None and patient != was.subject:
                moves.append((patient, rid))
            new, words = yield from self._lines(stored, put.index, patient)
            index.differ(rid, new, before, words, patient, was.subject if was is not None else "")
            number = sources.numbers.get(source)
            if number is None:
                number = yield from sources.learn(source)
            (fresh if was is None else rows).append(
                (rid, stored.type, stored.id, stored.version, stored.updated, int(stored.deleted), stored.owner, stored.message,
                 stored.tables, patient, named, kept(new), stored.body, stored.told, number, known)
            )  # fmt: skip
        yield from self._dialect.insert(RESOURCE, sorted(fresh))
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
            new, words = yield from self._lines(stored, one.index, patient)
            index.differ(was.rid, new, unkept(was.indexed, self._names), words, patient, was.subject)
            yield (
                "UPDATE resource SET subject = ?, named = ?, indexed = ? WHERE rid = ?",
                (patient, named, kept(new), was.rid),
            )
        yield from index.write(self._texts, self._dialect)

    def _lines(self, stored: Stored, rows: list[IndexRow], patient: str) -> Steps[tuple[dict[Line, None], dict[int, str]]]:
        """As ``lines``; names that are new are learnt."""
        try:
            return lines(stored, rows, patient, self._names)
        except KeyError:
            yield from self._names.learn(*vocabulary(stored.type, rows, self._names))
            return lines(stored, rows, patient, self._names)

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
                    unseen.append((rid, state.type, state.id, 0, 0, 1, "", 0, "", "", 0, "{}", b"", "", 0, 1))
            states[rid, state.feed, state.event] = state.state
        yield from insert(RESOURCE, unseen)
        yield from unsay([key for key, said in states.items() if not said])
        yield from insert(
            "contribution (rid, feed, event, state)",
            [(*key, said) for key, said in sorted(states.items()) if said],
            "ON CONFLICT (rid, feed, event) DO UPDATE SET state = excluded.state",
        )


def put_key(put: Put) -> Key:
    """Type and id of what is put."""
    return put.stored.type, put.stored.id


def _keys(change: Change) -> Iterator[Key]:
    """The resources that a change needs to know of."""
    yield from map(put_key, change.puts)
    yield from change.expect
    yield from ((state.type, state.id) for state in change.states)
    yield from ((one.type, one.id) for one in change.reindexed)
    yield from ((one.type, one.id) for one in change.withheld)


def _together(changes: Sequence[Change]) -> Change:
    """Changes as one. Of two values for one thing the later stands, as it does within a change."""
    whole = Change()
    for change in changes:
        for part in PARTS:
            getattr(whole, part).extend(getattr(change, part))
    return whole


def _used(change: Change, used: set[str]) -> Conflict | None:
    """The first name that was used before, by another change or by this one."""
    names = [each.name for each in change.used]
    return next((Conflict("used", name, 0, 1) for place, name in enumerate(names) if name in used or name in names[:place]), None)


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
