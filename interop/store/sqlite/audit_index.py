"""What is read from the audit, by patient, user and time: one SQLite file beside the logs, made from them and from nothing else.

It may be deleted at any time. An event is a row of the audit and one of the patients whom it is about.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from interop.store.sql.statement import portions

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS reached (chain INTEGER PRIMARY KEY, part INTEGER, place INTEGER, sequence INTEGER) STRICT;
CREATE TABLE IF NOT EXISTS event (
    chain INTEGER, sequence INTEGER, number INTEGER, patient TEXT, time INTEGER, kind TEXT, user TEXT, role TEXT,
    organisation TEXT, action TEXT, interaction TEXT, type TEXT, status INTEGER, part INTEGER, place INTEGER, size INTEGER,
    PRIMARY KEY (chain, sequence, number)
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS event_patient ON event (patient, time) WHERE patient <> '';
CREATE INDEX IF NOT EXISTS event_user ON event (user, time) WHERE user <> '';
CREATE INDEX IF NOT EXISTS event_time ON event (time);
CREATE TABLE IF NOT EXISTS message (message INTEGER PRIMARY KEY) STRICT;
CREATE TABLE IF NOT EXISTS item (
    item TEXT PRIMARY KEY, rule TEXT, time INTEGER, chain INTEGER, sequence INTEGER, user TEXT, role TEXT, organisation TEXT,
    patients TEXT, outcome TEXT, judged INTEGER, judge TEXT, notified INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS item_time ON item (time);
"""
_WIDTH: Final = 16


class Event(NamedTuple):
    """A row of the audit about one patient ('' = nobody): ``number`` counts the patients of the row; the row is ``size`` bytes at
    ``place`` of the chain's ``part``."""

    chain: int
    sequence: int
    number: int
    patient: str
    time: int
    kind: str
    user: str
    role: str
    organisation: str
    action: str
    interaction: str
    type: str
    status: int
    part: int
    place: int
    size: int


class Item(NamedTuple):
    """Something for the privacy officer: which rule, the row that it is about, who and whom; ``outcome`` '' = open; ``notified``
    when somebody was told, 0 = not yet."""

    item: str
    rule: str
    time: int
    chain: int
    sequence: int
    user: str
    role: str
    organisation: str
    patients: str
    outcome: str = ""
    judged: int = 0
    judge: str = ""
    notified: int = 0


class Wanted(NamedTuple):
    """Which events: () and '' = any; times in microseconds, high exclusive; ``after``: (time, chain, sequence, number) of the last
    one seen; ``without``: the user who is left out; ``skip``: so many at the beginning; ``once``: of a row that is about several
    of the patients the first alone. Newest first, or oldest first."""

    patients: tuple[str, ...] = ()
    users: tuple[str, ...] = ()
    organisations: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    actions: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    interactions: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    low: int = 0
    high: int = 1 << 62
    outcomes: tuple[str, ...] = ()
    page: int = 50
    after: tuple[int, int, int, int] | None = None
    oldest: bool = False
    without: str = ""
    skip: int = 0
    once: bool = False


_COLUMNS: Final = {
    "patients": "patient", "users": "user", "organisations": "organisation", "roles": "role", "actions": "action",
    "kinds": "kind", "interactions": "interaction", "types": "type",
}  # fmt: skip
_ONCE: Final = " GROUP BY chain, sequence HAVING min(number) >= 0"
"""SQLite takes the other columns from the row that has the least."""
OUTCOMES: Final = {"0": (0, 400), "4": (400, 500), "8": (500, 1000)}
"""FHIR R4 AuditEvent.outcome by HTTP status."""


class AuditIndex:
    """The index; calls from several threads wait for each other."""

    def __init__(self, path: Path) -> None:
        self._lock = threading.RLock()
        self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = OFF")  # it is made again from the logs
        self._connection.executescript(_SCHEMA)

    def close(self) -> None:
        """Let go."""
        with self._lock:
            self._connection.close()

    def reached(self) -> dict[int, tuple[int, int, int]]:
        """Part, place and sequence up to which each chain has been read."""
        with self._lock:
            return {row[0]: row[1:] for row in self._connection.execute("SELECT chain, part, place, sequence FROM reached")}

    def add(
        self,
        reached: tuple[int, int, int, int],
        events: Sequence[Event],
        *,
        answers: Iterable[tuple[int, int, int]] = (),
        messages: Iterable[int] = (),
        items: Iterable[Item] = (),
        outcomes: Iterable[tuple[str, int, str, str]] = (),
        notified: Iterable[tuple[int, str]] = (),
    ) -> None:
        """Add what was read of a chain up to ``reached`` (chain, part, place, sequence); nothing twice. ``answers``: (status,
        chain, sequence) of changes; ``outcomes``: (outcome, time, judge, item); ``notified``: (time, item)."""
        with self._lock:
            execute = self._connection.execute
            execute("BEGIN IMMEDIATE")
            try:
                for start, size in portions(len(events)):
                    some = events[start : start + size]
                    places = ",".join(("(" + ",".join("?" * _WIDTH) + ")",) * len(some))
                    execute(f"INSERT OR IGNORE INTO event VALUES {places}", [value for event in some for value in event])
                many = self._connection.executemany
                many("UPDATE event SET status = ? WHERE chain = ? AND sequence = ?", answers)
                many("INSERT OR IGNORE INTO message VALUES (?)", ((number,) for number in messages))
                many(f"INSERT OR IGNORE INTO item VALUES ({','.join('?' * len(Item._fields))})", items)
                many("UPDATE item SET outcome = ?, judged = ?, judge = ? WHERE item = ?", outcomes)
                many("UPDATE item SET notified = ? WHERE item = ?", notified)
                execute("INSERT OR REPLACE INTO reached VALUES (?, ?, ?, ?)", reached)
                execute("COMMIT")
            except BaseException:
                execute("ROLLBACK")
                raise

    def forget(self, chain: int, part: int, *, whole: bool) -> None:
        """The rows of a part are gone; ``whole``: nothing is left of the chain."""
        with self._lock:
            self._connection.execute("DELETE FROM event WHERE chain = ? AND part = ?", (chain, part))
            if whole:
                self._connection.execute("DELETE FROM reached WHERE chain = ?", (chain,))

    def find(self, wanted: Wanted) -> list[Event]:
        """The events, at most ``page`` + 1."""
        where, values = _where(wanted)
        if wanted.after is not None:
            where.append(f"(time, chain, sequence, number) {'>' if wanted.oldest else '<'} (?, ?, ?, ?)")
            values += wanted.after
        way = "" if wanted.oldest else " DESC"
        order = ", ".join(name + way for name in ("time", "chain", "sequence", "number"))
        sql = f"SELECT * FROM event WHERE {' AND '.join(where)}{_ONCE if wanted.once else ''} ORDER BY {order} LIMIT ? OFFSET ?"
        with self._lock:
            return [Event(*row) for row in self._connection.execute(sql, [*values, wanted.page + 1, wanted.skip])]

    def count(self, wanted: Wanted) -> int:
        """How many there are on all pages."""
        where, values = _where(wanted)
        with self._lock:
            sql = f"SELECT 1 FROM event WHERE {' AND '.join(where)}{_ONCE if wanted.once else ''}"
            ((found,),) = self._connection.execute(f"SELECT count(*) FROM ({sql})", values)
        return int(found)

    def one(self, chain: int, sequence: int, number: int) -> Event | None:
        """An event by its name."""
        sql = "SELECT * FROM event WHERE chain = ? AND sequence = ? AND number = ?"
        with self._lock:
            row = self._connection.execute(sql, (chain, sequence, number)).fetchone()
        return Event(*row) if row is not None else None

    def seen(self, user: str, low: int, high: int) -> set[str]:
        """The patients whose records a user has read within these microseconds."""
        sql = "SELECT DISTINCT patient FROM event WHERE user = ? AND time >= ? AND time < ? AND kind = 'read' AND patient <> ''"
        with self._lock:
            return {patient for (patient,) in self._connection.execute(sql, (user, low, high))}

    def ends(self) -> list[tuple[int, int, int, str]]:
        """Of each chain: its number, the times of its first and its last row, the kind of that."""
        last = "(SELECT {} FROM event e WHERE e.chain = r.chain ORDER BY sequence {}, number {} LIMIT 1)"
        first = last.format("time", "", "")
        time, kind = last.format("time", "DESC", "DESC"), last.format("kind", "DESC", "DESC")
        with self._lock:
            rows = self._connection.execute(f"SELECT chain, {first}, {time}, {kind} FROM reached r ORDER BY chain")
            return [(chain, begun, ended, said) for chain, begun, ended, said in rows if begun is not None]

    def messages(self, above: int) -> set[int]:
        """The numbers of messages above this one that the audit names."""
        with self._lock:
            return {number for (number,) in self._connection.execute("SELECT message FROM message WHERE message > ?", (above,))}

    def last_message(self) -> int:
        """The highest number of a message that the audit names; 0 for none."""
        with self._lock:
            ((found,),) = self._connection.execute("SELECT max(message) FROM message")
        return int(found or 0)

    def items(self, *, open: bool = True, rule: str = "", count: int = 100) -> list[Item]:
        """The privacy officer's queue, oldest first; with ``open`` False what has an outcome, newest first."""
        sql = "SELECT * FROM item WHERE outcome {} '' AND (? = '' OR rule = ?) ORDER BY time {}, item LIMIT ?"
        with self._lock:
            rows = self._connection.execute(sql.format("=" if open else "<>", "" if open else "DESC"), (rule, rule, count))
            return [Item(*row) for row in rows]

    def item(self, name: str) -> Item | None:
        """One item of the queue."""
        with self._lock:
            row = self._connection.execute("SELECT * FROM item WHERE item = ?", (name,)).fetchone()
        return Item(*row) if row is not None else None

    def due(self, rules: Sequence[str]) -> list[Item]:
        """Items under these rules that nobody has been told of, oldest first."""
        marks = ",".join("?" * len(rules))
        with self._lock:
            rows = self._connection.execute(
                f"SELECT * FROM item WHERE notified = 0 AND rule IN ({marks}) ORDER BY time, item", rules
            )
            return [Item(*row) for row in rows]


def _where(wanted: Wanted) -> tuple[list[str], list[Any]]:
    where, values = ["time >= ?", "time < ?"], [wanted.low, wanted.high]
    said: list[Any] = [*values]
    for name, column in _COLUMNS.items():
        some = getattr(wanted, name)
        if some:
            where.append(f"{column} IN ({','.join('?' * len(some))})")
            if column in ("patient", "user"):
                where.append(f"{column} <> ''")  # its index holds no other
            said += some
    if wanted.without:
        where.append("user <> ?")
        said.append(wanted.without)
    if wanted.outcomes:
        spans = [OUTCOMES[each] for each in wanted.outcomes if each in OUTCOMES]
        where.append("(" + " OR ".join(["status >= ? AND status < ?"] * len(spans) or ["0"]) + ")")
        said += [edge for span in spans for edge in span]
    return where, said
