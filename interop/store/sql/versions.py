"""Writing versions of resources: the present ones and those they take the place of, index rows, contributions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import orjson

from interop.fhir.rows import IndexRow
from interop.store.sql.dialect import Dialect
from interop.store.sql.expecting import Key, put_key
from interop.store.sql.index import Line, judged, kept, lines, subject, unkept, vocabulary
from interop.store.sql.index_change import IndexChange, Texts
from interop.store.sql.names import Names
from interop.store.sql.statement import Steps, insert, marks, padded
from interop.store.sql.taken import unsay, withhold
from interop.store.sql.whose import NOBODY, Whose
from interop.store.values import Change, Put, Stored

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


class Present(NamedTuple):
    """A resource as the writer needs it: its number, version, subject, index rows and contributors."""

    rid: int
    version: int
    subject: str
    indexed: str
    deleted: int
    named: int
    source: int


class VersionWriter:
    """Writes the versions of a change, index rows and contributions; gives resources their numbers."""

    def __init__(self, dialect: Dialect, names: Names) -> None:
        self._dialect = dialect
        self._names = names
        self._texts = Texts()
        self._next = 1

    def load(self) -> Steps[None]:
        """Read which number was given last."""
        rows = yield "SELECT coalesce(max(rid), 0) FROM resource", ()
        self._next = max(self._next, rows[0][0] + 1)

    @property
    def last(self) -> int:
        """The number given last."""
        return self._next - 1

    def settle(self) -> None:
        """The transaction is on disk."""
        self._texts.settle()

    def abandon(self) -> None:
        """The transaction was rolled back."""
        self._texts.abandon()

    def present(self, keys: Sequence[Key]) -> Steps[dict[Key, Present]]:
        """What is there of these resources; those that are not there are left out."""
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

    def write(self, change: Change, present: dict[Key, Present]) -> Steps[None]:
        """Write what a change says of resources; ``present`` is what there is of them."""
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
