"""A start with a newer schema brings what is there forward, in place: from every earlier one the same is there afterwards."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from interop.app.engine import Engine
from interop.store.decision import PERMIT_ALL
from interop.store.plan import History, Messages, Persons
from interop.store.postgres import schema as postgres_schema
from interop.store.sql.schema import migrations
from interop.store.sqlite import schema
from tests.spec.durability.state import prepare
from tests.spec.engine.messages import ZELDA, adt
from tests.spec.engine.running import running, sender

pytestmark = pytest.mark.anyio
NUMBERS = [number for number, _ in migrations("record", "sqlite")]
TRUTH = (
    "resource",
    "version",
    "contribution",
    "link",
    "link_event",
    "outcome",
    "loss",
    "mapping_tables",
    "meta",
    "snapshot",
    "used",
)
"""What an earlier version held that is not made of anything else there: its index is left to be made anew."""
JSON = {"content-type": "application/fhir+json"}
NOTHING = {True: "[]", False: "{}"}
"""A resource without index rows, as schemas before and since 3 write it."""


async def told(engine: Engine) -> dict[str, Any]:
    """All versions, byte for byte, who is one person, what became of each message, and that a search finds."""
    store = engine.workshop.store
    versions = [one async for one in store.stream(History(PERMIT_ALL, None, None))]
    patients = tuple(sorted({one.id for one in versions if one.type == "Patient"}))
    from tests.spec.audit.test_engine import client

    async with client(engine) as http:
        found = (await http.get("/fhir/Patient?identifier=UP2&name=QUARRINGTON")).json()
    return {
        "versions": {(one.type, one.id, one.version): (one.body, one.deleted, one.updated) for one in versions},
        "persons": sorted(await store.query(Persons(patients))),
        "messages": [(entry.message, entry.state, entry.digest) for entry in await store.query(Messages())],
        "found": found["total"],
    }


@pytest.fixture(scope="module")
def latest(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """A data directory of the present schema, and what is told of it."""
    data = prepare(tmp_path_factory.mktemp("latest") / "data")
    return data, asyncio.run(_filled(data))


async def _filled(data: Path) -> dict[str, Any]:
    from tests.spec.audit.test_engine import client

    async with running(data) as engine, client(engine) as http:
        async with sender(engine.mllp) as line:
            for number in range(4):
                for phone in ("01632960141", "01632960142"):
                    body = adt(control=f"{number}{phone}", local=f"UP{number}", visit=f"VU{number}", nhs=ZELDA, phone=phone)
                    assert (await line.ask(body)) is not None
            assert (await line.ask(adt("A40", "M", local="UP0", merged="UP3"))) is not None
        while engine.workshop.unfinished:
            await asyncio.sleep(0.01)
        for family in ("ONE", "TWO"):
            own = {"resourceType": "Patient", "id": "own", "name": [{"family": family}]}
            assert (await http.put("/fhir/Patient/own", json=own, headers=JSON)).status_code in (200, 201)
        return await told(engine)


def rows(data: Path, table: str, columns: list[str], number: int) -> tuple[list[str], list[tuple[Any, ...]]]:
    """The columns that a table has now and had then, and its rows."""
    with closing(sqlite3.connect(data / "record.sqlite")) as now:
        known = [name for _, name, *_ in now.execute(f"PRAGMA table_info({table})")]
        both = [name for name in columns if name in known]
        where = "WHERE name <> 'indexed-by'" if table == "meta" else ""
        if where and number < 14:  # no record knew its generation then
            where += " AND name NOT LIKE 'generation%'"
        found = now.execute(f"SELECT {', '.join(both)} FROM {table} {where}").fetchall()
    if "indexed" in both:
        at = both.index("indexed")
        found = [(*row[:at], NOTHING[number < 3], *row[at + 1 :]) for row in found]
    return both, found


@pytest.mark.parametrize("number", NUMBERS)
async def test_from_every_earlier_schema_the_same_is_there(
    number: int, latest: tuple[Path, dict[str, Any]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    was, expected = latest
    data = prepare(tmp_path / "data")
    shutil.copy(was / "journal.sqlite", data)
    monkeypatch.setattr(schema, "migrations", lambda name, dialect: migrations(name, dialect)[:number])
    with closing(sqlite3.connect(data / "record.sqlite", isolation_level=None)) as connection:
        assert schema.migrate(connection, "record") == list(range(1, number + 1))
        for table in TRUTH:
            columns = [name for _, name, *_ in connection.execute(f"PRAGMA table_info({table})")]
            if columns:
                both, found = rows(was, table, columns, number)
                marks = ", ".join("?" * len(both))
                connection.executemany(f"INSERT INTO {table} ({', '.join(both)}) VALUES ({marks})", found)
    monkeypatch.undo()
    async with running(data) as engine:
        assert engine.workshop.unfinished == 0
        assert await told(engine) == expected
    assert expected["found"] == 1
    assert len(expected["versions"]) > 15
    with closing(sqlite3.connect(data / "record.sqlite")) as connection:
        assert schema.number(connection) == NUMBERS[-1]


@pytest.mark.long
@pytest.mark.parametrize("number", [number for number, _ in migrations("record", "postgres")])
async def test_from_every_earlier_schema_of_a_database_the_same_is_there(
    number: int, latest: tuple[Path, dict[str, Any]], empty_database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    was, expected = latest
    data = prepare(tmp_path / "data")
    monkeypatch.setattr(
        postgres_schema, "migrations", lambda name, dialect: [one for one in migrations(name, dialect) if one[0] <= number]
    )
    connection = await asyncpg.connect(empty_database)
    for name in ("journal", "record"):
        await connection.execute(f"CREATE SCHEMA IF NOT EXISTS {name}; SET search_path = {name}")
        await postgres_schema.migrate(connection, name, 1)
    for name, tables in (("journal", ("entry", "body", "journal_key")), ("record", TRUTH)):
        for table in tables:
            sql = "SELECT column_name, data_type FROM information_schema.columns WHERE table_schema = $1 AND table_name = $2"
            types = dict(tuple(row) for row in await connection.fetch(sql, name, table))
            columns = list(types)
            if not columns:
                continue
            if name == "journal":
                with closing(sqlite3.connect(was / "journal.sqlite")) as file:
                    both, found = columns, file.execute(f"SELECT {', '.join(columns)} FROM {table}").fetchall()
            else:
                both, found = rows(was, table, columns, number)
            await connection.copy_records_to_table(
                table, schema_name=name, records=_typed([types[each] for each in both], found), columns=both
            )
    await connection.close()
    monkeypatch.undo()
    async with running(data, database=empty_database) as engine:
        while not await engine.workshop.worked_off():  # no schema before 17 says what has been claimed: it is looked through once
            await asyncio.sleep(0.01)
        assert await told(engine) == expected


def _typed(kinds: list[str], found: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Cells of the embedded store as a database has them: what is JSON there is text here."""

    def cell(kind: str, value: Any) -> Any:
        if kind == "text" and isinstance(value, bytes):
            return value.decode()
        return value.encode() if kind == "bytea" and isinstance(value, str) else value

    return [tuple(map(cell, kinds, row)) for row in found]


MERGED = '{"other":{"reference":"Patient/%s"},"type":"replaced-by"}'
LINKED = '{"other":{"reference":"Patient/%s"},"type":"seealso"}'
TOLD = {
    ("a1", "b1"): ("merge", "merge:b"),
    ("a2", "b2"): ("merge", "merge:ab"),
    ("a3", "b3"): ("merge", "merge:b"),
    ("a3", "c3"): ("merge", "merge:b"),
    ("a4", "b4"): ("merge", "merge:a"),
    ("a5", "b5"): ("link", "link"),
    ("a6", "b6"): ("link", "merge:a"),
    ("a7", "b7"): ("merge", "merge"),
    ("a8", "b8"): ("", ""),
}
"""What an earlier version kept of pairs, and what this one reads from the registers and versions below: who was retired."""
REGISTERS = {
    "b1": '{"s":[1,0,"",1],"v":{"link:merge":[' + MERGED % "a1" + "]}}",
    "a2": '{"r":{"link:merge":[1,0,"",1,[' + MERGED % "b2" + "]]}}",
    "b2": '{"r":{"link:merge":[1,0,"",1,[' + MERGED % "a2" + "]]}}",
    "b3": '{"s":[1,0,"",1],"v":{"link:merge":[' + MERGED % "z3" + "]}}",
    "c3": '{"s":[1,0,"",1],"v":{"link:merge":[' + MERGED % "z3" + "]}}",
    "a4": '{"s":[1,0,"",1],"v":{"link:merge":[' + MERGED % "z4" + '],"gender":"male"}}',
    "b4": '{"s":[1,0,"",1],"v":{"gender":"male"}}',
    "a5": '{"s":[1,0,"",1],"v":{"link:with-b5":[' + LINKED % "b5" + "]}}",
    "a6": '{"s":[1,0,"",1],"v":{"link:merge":[' + MERGED % "b6" + '],"link:with-b6":[' + LINKED % "b6" + "]}}",
    "a7": '{"s":[1,0,"",1],"v":{"link:merge":[' + MERGED % "z7" + "]}}",
    "b7": '{"s":[1,0,"",1],"v":{"link:merge":[' + MERGED % "z7" + "]}}",
}
EARLIER = {"b3": '{"link":[' + MERGED % "a3" + "]}"}


def held_before() -> list[tuple[str, tuple[Any, ...]]]:
    """The rows of that."""
    rows: list[tuple[str, tuple[Any, ...]]] = []
    for rid, (name, state) in enumerate(REGISTERS.items(), 1):
        rows.append(("resource", (rid, "Patient", name, 1, 1, 0, "", 1, "", "", 0, "{}", b"{}")))
        rows.append(("contribution", (rid, rid, "pas", "", state.encode())))
        if name in EARLIER:
            rows.append(("version", (rid, rid, "Patient", name, 1, 1, 0, "", 1, "", EARLIER[name].encode())))
    rows += [("pair", (*key, was, "", "", 0.0, 0.0, "", 0)) for key, (was, _) in TOLD.items()]
    return rows


WIDE = {
    "resource": "rid, type, id, version, updated, deleted, owner, message, tables, subject, named, indexed, body",
    "contribution": "line, rid, feed, event, state",
    "version": "line, rid, type, id, version, updated, deleted, owner, message, tables, body",
    "pair": "a, b, tie, decision, why, weight, score, compared, since",
}


def test_of_a_merge_of_an_earlier_version_it_is_told_who_was_retired(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with closing(sqlite3.connect(tmp_path / "record.sqlite", isolation_level=None)) as connection:
        monkeypatch.setattr(schema, "migrations", lambda name, dialect: migrations(name, dialect)[:19])
        schema.migrate(connection, "record")
        monkeypatch.undo()
        for table, row in held_before():
            connection.execute(f"INSERT INTO {table} ({WIDE[table]}) VALUES ({', '.join('?' * len(row))})", row)
        schema.migrate(connection, "record")
        found = {(a, b): tie for a, b, tie in connection.execute("SELECT a, b, tie FROM pair")}
    assert found == {key: now for key, (_, now) in TOLD.items()}


async def test_of_a_merge_of_an_earlier_version_in_a_database_too(empty_database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    connection = await asyncpg.connect(empty_database)
    try:
        await connection.execute("CREATE SCHEMA IF NOT EXISTS record; SET search_path = record")
        monkeypatch.setattr(
            postgres_schema, "migrations", lambda name, dialect: [one for one in migrations(name, dialect) if one[0] <= 19]
        )
        await postgres_schema.migrate(connection, "record", 1)
        monkeypatch.undo()
        for table, row in held_before():
            marks = ", ".join(f"${place}" for place in range(1, len(row) + 1))
            await connection.execute(f"INSERT INTO {table} ({WIDE[table]}) VALUES ({marks})", *row)
        await postgres_schema.migrate(connection, "record", 1)
        found = {(a, b): tie for a, b, tie in await connection.fetch("SELECT a, b, tie FROM pair")}
    finally:
        await connection.close()
    assert found == {key: now for key, (_, now) in TOLD.items()}


async def test_a_record_that_kept_one_merge_of_each_neither_parts_nor_joins_anybody_unasked(tmp_path: Path) -> None:
    """As the version before had it: what is merged stays so, and another survivor is found to contradict that."""
    from tests.spec.audit.test_engine import client
    from tests.spec.identity.test_decisions import admission, applied, ids, persons
    from tests.spec.identity.test_queue import merge, queue

    three = (("L1", "MARY", "ASHDOWN"), ("L2", "JOAN", "BROOK"), ("L3", "ZELDA", "QUARRINGTON"))
    data = prepare(tmp_path / "data")
    async with running(data) as engine, client(engine) as http:
        await applied(http, *(admission(local, given, "", family) for local, given, family in three), merge(three[0], "L2", 10))
        one, two, other = await ids(http, "L1", "L2", "L3")
    with closing(sqlite3.connect(data / "record.sqlite")) as connection:
        connection.create_function("was", 1, lambda state: state.replace(f"link:merge-{one}".encode(), b"link:merge"))
        assert connection.execute("UPDATE contribution SET state = was(state) WHERE was(state) <> state").rowcount == 1
        assert connection.execute("UPDATE pair SET tie = 'merge' WHERE tie <> ''").rowcount == 1
        connection.execute("DELETE FROM migration WHERE number > 19")
        connection.execute("PRAGMA user_version = 19")
        connection.commit()
    async with running(data) as engine, client(engine) as http:
        assert await persons(http, "L1", "L2", "L3") == {"L1": 2, "L2": 2, "L3": 1}
        assert await queue(engine, http) == []
        await applied(http, merge(three[0], "L2", 11))
        assert len((await http.get(f"/fhir/Patient/{two}")).json()["link"]) == 1
        assert await persons(http, "L1", "L2", "L3") == {"L1": 2, "L2": 2, "L3": 1}
        await applied(http, merge(three[2], "L2", 12))
        assert await persons(http, "L1", "L2", "L3") == {"L1": 1, "L2": 1, "L3": 1}
        asked = await queue(engine, http)
        assert {frozenset(sides) for sides, _ in asked} == {frozenset((one, two)), frozenset((two, other))}
        assert {why for _, why in asked} == {"merged"}
