"""What the store on PostgreSQL promises beside the seam: a database that goes and comes back, bounded reads, whole changes,
text as it is everywhere, schema numbers."""

from __future__ import annotations

import asyncio
import json
import signal
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from interop.clock import ManualClock
from interop.errors import Problem
from interop.fhir.rows import IndexRow
from interop.store.decision import PERMIT_ALL, Decision
from interop.store.plan import Claims, Count, Everything, Heads, History, Message, Messages, Read, Search, Waiting
from interop.store.postgres import PostgresStore, committer, dialect, schema
from interop.store.postgres.connection import READING, RECORD, connect, run
from interop.store.postgres.dialect import PostgresDialect, native
from interop.store.sql import searching
from interop.store.sql.estimates import Estimates
from interop.store.sql.names import Names
from interop.store.sql.schema import migrations
from interop.store.sql.shapes import Shapes
from interop.store.sqlite import SqliteStore
from interop.store.values import Change, Outcome
from interop.store.where import All, FullText, Near, Not, Person, Range, Reference, Sources, Span, Text, Token
from tests.postgres import DEBIAN, Server, cut, programs, serving
from tests.spec.store.build import T0, entry, ids, journal, put, reference, search, text, token, write

pytestmark = pytest.mark.anyio
WORDS = IndexRow("_text", "words", "The left HIP of Zoë, and 'the' knee: co-morbid")


@pytest.fixture
async def opened(database: str) -> AsyncIterator[PostgresStore]:
    one = await PostgresStore.open(database)
    yield one
    await one.close()


async def asked(url: str, sql: str) -> list[asyncpg.Record]:
    connection = await asyncpg.connect(url)
    try:
        return list(await connection.fetch(sql))
    finally:
        await connection.close()


async def reason(work: object) -> str:
    with pytest.raises(Problem) as refused:
        await work  # type: ignore[misc]
    return refused.value.reason.name


async def test_another_process_may_read(database: str, opened: PostgresStore) -> None:
    await write(opened, put("Patient", "a", 1, token("identifier", "1", "urn:x")))
    reader = await PostgresStore.open(database, read_only=True)
    assert await search(reader, PERMIT_ALL, "Patient", Token("identifier", "1", "urn:x")) == ["a"]
    assert await reason(write(reader, put("Patient", "b"))) == "not-allowed"
    await write(opened, put("Encounter", "e", 1, token("class", "IMP", "urn:new")))
    assert await search(reader, PERMIT_ALL, "Encounter", Token("class", "IMP", "urn:new")) == ["e"]
    await reader.close()


async def test_who_only_reads_makes_nothing(postgres: Server) -> None:
    with pytest.raises(FileNotFoundError):
        await PostgresStore.open(postgres.url(), read_only=True)


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGQUIT])
async def test_the_store_goes_on_when_the_database_comes_back(postgres: Server, opened: PostgresStore, how: signal.Signals) -> None:
    await journal(opened, entry(1))
    await write(opened, put("Patient", "a", 1, token("first", "1", "urn:first")))
    postgres.stop(how)
    try:
        lost = [journal(opened, entry(2)), write(opened, put("Patient", "b")), opened.query(Read(PERMIT_ALL, "Patient", "a"))]
        assert [await reason(one) for one in lost] == ["journal-unavailable"] * 3
    finally:
        postgres.start()
    assert [one.message for one in await journal(opened, entry(2))] == [2]
    await write(opened, put("Patient", "b", 1, token("second", "1", "urn:second")))
    assert await search(opened, PERMIT_ALL, "Patient", Token("second", "1", "urn:second")) == ["b"]
    assert await search(opened, PERMIT_ALL, "Patient", Token("first", "1", "urn:first")) == ["a"]
    assert [one.message for one in await opened.query(Waiting(0))] == [1, 2]


async def test_connections_that_are_cut_are_made_again(database: str, postgres: Server, opened: PostgresStore) -> None:
    await write(opened, put("Patient", "a"))
    assert ids(await opened.query(Read(PERMIT_ALL, "Patient", "a"))) == ["a"]
    await cut(postgres.url(), "FROM pg_stat_activity WHERE application_name = 'interop'")
    assert ids(await opened.query(Read(PERMIT_ALL, "Patient", "a"))) == ["a"]
    await asyncio.sleep(0)
    results = await asyncio.gather(write(opened, put("Patient", "b")), return_exceptions=True)
    if list(results) != [None]:  # the connection was found to be cut by this commit: the next has another
        await write(opened, put("Patient", "b"))
    assert await search(opened, PERMIT_ALL, "Patient") == ["a", "b"]


async def test_a_read_without_end_is_given_up(database: str, opened: PostgresStore) -> None:
    await write(opened, put("Patient", "a"))
    hasty = await PostgresStore.open(database, read_only=True, costly=1)
    other = await asyncpg.connect(database)
    async with other.transaction():
        await other.execute("LOCK TABLE record.resource IN ACCESS EXCLUSIVE MODE")
        assert await reason(hasty.query(Search(PERMIT_ALL, "Patient"))) == "too-costly"
    await other.close()
    assert ids(await hasty.query(Search(PERMIT_ALL, "Patient"))) == ["a"]
    await hasty.close()


async def test_a_reader_never_sees_half_a_change(opened: PostgresStore) -> None:
    pair = (("Patient", "a"), ("Patient", "b"))
    last = 40

    async def writer() -> None:
        for version in range(1, last + 1):
            await write(opened, *(put(type_, id_, version, token("identifier", str(version))) for type_, id_ in pair))

    async def reader() -> None:
        seen: set[int] = set()
        while seen != {last}:
            seen = {head.version for head in await opened.query(Heads(pair))}
            assert len(seen) < 2
            assert len(await opened.query(Search(PERMIT_ALL, "Patient", Token("identifier", str(last // 2))))) in (0, 2)

    await asyncio.gather(writer(), reader(), reader())


async def test_text_may_hold_any_character(opened: PostgresStore) -> None:
    """U+0000 has no place in a text of PostgreSQL: stored and asked for alike it is U+FFFD; bytes stay as they are."""
    [one] = await journal(opened, entry(1, control_id="nul\0", content="\0\U0001f600"))
    [found] = await opened.query(Message(one.message))
    assert (found.control_id, found.body) == ("nul\ufffd", one.body)
    assert [entry.message for entry in await opened.query(Messages(control_id="nul\0"))] == [1]
    await write(opened, put("Patient", "a", 1, token("identifier", "x\0y", "urn:\0"), body=b'"\\u0000"'))
    assert await search(opened, PERMIT_ALL, "Patient", Token("identifier", "x\0y", "urn:\0")) == ["a"]
    assert await opened.query(Claims((("urn:\0", "x\0y"),))) == [("a", "", "")]
    await write(opened, put("Patient", "a", 2, token("identifier", "z"), body=b'"\\u0000"'))
    assert await search(opened, PERMIT_ALL, "Patient", Token("identifier", "x\0y", "urn:\0")) == []


async def test_a_search_asks_each_resource_that_it_finds_by_an_index(database: str, opened: PostgresStore) -> None:
    """And neither joins what is asked of it nor gathers all that could meet it: the cost would grow with the store."""
    found = [put("Observation", f"o{at}", 1, token("code", "c"), token("status", "final"), text("note", "n")) for at in range(50)]
    await write(
        opened, *found, put("Observation", "x", 1, reference("subject", "Patient/p"), token("code", "c"), text("note", "n"))
    )
    where = All((Person("subject", ("p",)), Token("code", "c"), Not(Token("status", "final")), Text("note", "n")))
    assert await search(opened, PERMIT_ALL, "Observation", where) == ["x"]
    names = Names()
    connection = await connect(database, READING, path=RECORD)
    try:
        await run(connection, names.load())
        sql, parameters = next(
            searching.search(
                Search(PERMIT_ALL, "Observation", where), names, PostgresDialect(), Shapes(names, PostgresDialect()), Estimates()
            )
        )
        assert isinstance(parameters, dict)
        text_, order = native(sql)
        statement = await connection.prepare(f"EXPLAIN (FORMAT JSON) {text_}")
        plan = json.dumps(json.loads(await statement.fetchval(*(parameters[name] for name in order))))
    finally:
        await connection.close()
    assert "SubPlan" in plan
    for costly in ("Seq Scan", "Hash Join", "Merge Join", "hashed SubPlan"):
        assert costly not in plan.replace('"CTE Scan"', "")


@pytest.mark.parametrize("at_once", [0, 1_000])
async def test_index_rows_are_copied_or_added_at_once(
    database: str, opened: PostgresStore, at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A row that is there already, and two that are one once U+0000 is replaced, do no harm in either way."""
    monkeypatch.setattr(dialect, "AT_ONCE", at_once)
    await write(opened, put("Patient", "a", 1, token("identifier", "1")))
    await asked(database, "INSERT INTO record.index_token (pid, code, rid, sid) SELECT pid, '2', rid, sid FROM record.index_token")
    rows = [
        IndexRow("identifier", "token", "", "2"),
        IndexRow("identifier", "token", "", "x\0"),
        IndexRow("identifier", "token", "", "x\ufffd"),
        IndexRow("name", "string", "smith"),
        IndexRow("birthdate", "date", 10, 20),
        IndexRow("weight", "quantity", 1.5, 2.5, "kg"),
        IndexRow("general-practitioner", "reference", "Practitioner/p"),
        IndexRow("near", "position", 51.0, 0.0),
        WORDS,
    ]
    await write(opened, put("Patient", "a", 2, *rows))
    for where in (
        Token("identifier", "2", ""),
        Token("identifier", "x\0", ""),
        Text("name", "smith"),
        Span("birthdate", "eq", 10, 20),
        Range("weight", "gt", 1.0, 1.0),
        Reference("general-practitioner", ("Practitioner/p",)),
        Near("near", 51.0, 0.0, 10.0),
        FullText("_text", (("hip",),)),
    ):
        assert await search(opened, PERMIT_ALL, "Patient", where) == ["a"], where
    await write(opened, put("Patient", "a", 3))
    assert [tuple(row) for row in await asked(database, "SELECT code FROM record.index_token")] == []


async def test_words_that_another_process_has_learnt_are_no_failure_of_a_copy(
    database: str, opened: PostgresStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two processes load much that holds the same texts: no group is written twice for it."""

    async def again(*asked: object) -> None:
        raise AssertionError

    monkeypatch.setattr(dialect, "AT_ONCE", 0)
    monkeypatch.setattr(committer, "carefully", again)
    other = await PostgresStore.open(database)
    for number, store in enumerate((opened, other, opened)):
        await write(store, put("Patient", f"p{number}", 1, text("name", "smith"), text("name", f"jones {number}")))
    await other.close()
    assert await search(opened, PERMIT_ALL, "Patient", Text("name", "smith")) == ["p0", "p1", "p2"]
    values = [value for (value,) in await asked(database, "SELECT value FROM record.index_value ORDER BY value")]
    assert values == ["jones 0", "jones 1", "jones 2", "smith"]


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (("knee",), ["a"]),
        (("left hip", "zoe"), ["a"]),
        (("hip left",), []),
        (("co-morbid",), ["a"]),
        (("knee", "-hip"), []),
        (("knee & | ! ( : * '",), ["a"]),
        (("\\",), []),
        (("x" * 5_000,), []),
    ],
)
async def test_full_text(opened: PostgresStore, words: tuple[str, ...], found: list[str]) -> None:
    await write(opened, put("Patient", "a", 1, WORDS), put("Patient", "b", 1, IndexRow("_text", "words", "neither")))
    assert await search(opened, PERMIT_ALL, "Patient", FullText("_text", (words,))) == found


async def test_keys_may_be_longer_than_a_page_of_an_index(opened: PostgresStore) -> None:
    long = "".join(chr(0x4E00 + n % 20_000) for n in range(6_000))
    await journal(opened, entry(1, duplicate=long))
    [again] = await journal(opened, entry(1, duplicate=long))
    assert again.repeats == 1
    await write(opened, put("Patient", "a", 1, token("identifier", "1", f"urn:{long}"), text("name", long[:512])))
    await write(opened, put("Patient", "b", 1, token("identifier", "1", f"urn:{long}"), text("name", long[:512])))
    assert await search(opened, PERMIT_ALL, "Patient", Token("identifier", "1", f"urn:{long}")) == ["a", "b"]


async def test_the_main_questions_are_answered_from_indexes(database: str, opened: PostgresStore) -> None:
    await write(
        opened,
        put("Patient", "a", 1, token("identifier", "1", "urn:x"), text("name", "smith"), WORDS),
        put("Encounter", "e", 1, reference("patient", "Patient/a")),
    )
    seen: list[tuple[str, tuple[object, ...]]] = []
    connect = opened._reading

    async def explained(limit: float) -> asyncpg.Connection:
        connection = await connect(limit)
        await connection.execute("SET enable_seqscan = off")
        connection.add_query_logger(lambda query: seen.append((query.query, query.args)))
        return connection

    opened._reading = explained  # type: ignore[method-assign]
    for plan in (
        Read(PERMIT_ALL, "Patient", "a"),
        Search(PERMIT_ALL, "Patient", Token("identifier", "1", "urn:x")),
        Search(PERMIT_ALL, "Patient", Text("name", "smi")),
        Search(PERMIT_ALL, "Patient", Text("name", "mith", "contains")),
        Search(PERMIT_ALL, "Patient", FullText("_text", (("knee", "left hip"),))),
        Search(PERMIT_ALL, "Encounter", Person("patient", ("a",))),
        History(PERMIT_ALL, "Patient", "a"),
        Heads((("Patient", "a"),)),
        Waiting(0),
    ):
        await opened.query(plan)
    assert len(seen) >= 7
    connection = await explained(0)
    for sql, parameters in seen[:]:
        if "SELECT" in sql:
            how = json.dumps(await (await connection.prepare(sql)).explain(*parameters))
            assert "Seq Scan" not in how, sql
    await connection.close()


async def test_reading_everything_is_a_page_at_a_time(opened: PostgresStore) -> None:
    await journal(opened, *(entry(number, keys=(f"k{number}",)) for number in range(1, 200)))
    seen = [one async for one in opened.stream(Everything())]
    assert [one.message for one in seen] == list(range(1, 200))
    assert seen[7].keys == ("k8",)


async def test_what_was_handed_over_before_closing_is_on_disk(database: str) -> None:
    one = await PostgresStore.open(database)
    waiting = [asyncio.create_task(journal(one, entry(number))) for number in range(1, 50)]
    await asyncio.sleep(0)
    await one.close()
    assert len(await asyncio.gather(*waiting)) == 49
    assert await reason(journal(one, entry(50))) == "stopping"
    assert await asked(database, "SELECT count(*) FROM journal.entry") == [(49,)]


async def test_a_database_of_a_newer_version_is_refused(database: str) -> None:
    await asked(database, "INSERT INTO record.migration (number, applied) VALUES (999, 0)")
    with pytest.raises(OSError, match="record has schema 999"):
        await PostgresStore.open(database)


async def test_a_database_that_is_not_there_is_told(postgres: Server, tmp_path: Path) -> None:
    for url in (postgres.url("absent"), f"postgresql://interop@/x?host={tmp_path}", "postgresql://interop@127.0.0.1:9/x"):
        assert await reason(PostgresStore.open(url)) == "journal-unavailable"


async def test_an_earlier_schema_is_brought_forward_with_what_it_holds(
    empty_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    url, connection = empty_database, await asyncpg.connect(empty_database)
    monkeypatch.setattr(schema, "migrations", lambda name, dialect: migrations(name, dialect)[:1])
    for name in ("journal", "record"):
        await connection.execute(f"CREATE SCHEMA {name}; SET search_path = {name}")
        assert await schema.migrate(connection, name, T0) == [1]
    await connection.execute(
        "INSERT INTO parameter (pid, type, name, kind) VALUES (7, 'Patient', 'identifier', 'token');"
        "INSERT INTO parameter (pid, type, name, kind) VALUES (8, 'Patient', 'name', 'string');"
        "INSERT INTO system (sid, url) VALUES (3, 'urn:x');"
        "INSERT INTO resource VALUES (1, 'Patient', 'a', 1, 5, 0, 'gp,ward', 0, '', 'a', 0,"
        " '[[0,7,\"1\",3],[2,8,\"smith\"]]', '{}');"
        "INSERT INTO index_token VALUES (7, '1', 1, 3); INSERT INTO index_string VALUES (1, 8, 'smith');"
        "INSERT INTO outcome VALUES (1, 'applied', 5, '', '', '', 1, 0)"
    )
    await connection.close()
    monkeypatch.undo()
    one = await PostgresStore.open(url, clock=ManualClock(T0))
    try:
        assert await search(one, PERMIT_ALL, "Patient", Token("identifier", "1", "urn:x")) == ["a"]
        for names, seen in (((), []), (("feed:gp",), []), (("feed:gp", "feed:ward"), ["a"])):
            assert await search(one, Decision("whose it is was not kept", Sources(names)), "Patient") == seen
        await write(one, put("Patient", "a", 2, token("identifier", "2", "urn:x"), text("name", "jones")))
        assert await search(one, PERMIT_ALL, "Patient", Token("identifier", "1", "urn:x")) == []
        assert await search(one, PERMIT_ALL, "Patient", Text("name", "smith")) == []
        assert await search(one, PERMIT_ALL, "Patient", Text("name", "jones")) == ["a"]
    finally:
        await one.close()
    numbers = [number for number, _ in migrations("record", "postgres")]
    assert await asked(url, "SELECT number, applied FROM record.migration ORDER BY number") == [(number, T0) for number in numbers]


async def test_both_stores_have_the_same_tables_and_columns(database: str, tmp_path: Path) -> None:
    await SqliteStore.open(tmp_path).close()
    for name in ("journal", "record"):
        connection = sqlite3.connect(tmp_path / f"{name}.sqlite")
        tables = [table for (table,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
        own = {
            (table, column)
            for table in tables
            if not table.startswith(("sqlite_", "index_trigram", "index_fulltext"))
            for _, column, *_ in connection.execute(f"PRAGMA table_info({table})")
        }
        connection.close()
        sql = f"SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = '{name}'"
        assert {tuple(row) for row in await asked(database, sql)} == own


@pytest.mark.long
@pytest.mark.parametrize("options", [(), ("--locale-provider=icu", "--icu-locale=en-GB", "--locale=C.UTF-8")])
@pytest.mark.parametrize("bin", [DEBIAN] if DEBIAN.is_dir() else [])
async def test_text_has_one_order_whatever_the_language_of_the_database(bin: Path, options: tuple[str, ...]) -> None:
    """Debian's server, by its own defaults and with English rules of order."""
    names = ["Zoe", "anna", "Élodie", "Ömer", "bert", "Anna", "_x", "émile"]
    with serving(bin, *options) as server:
        one = await PostgresStore.open(server.url())
        try:
            await write(one, *(put("Patient", f"p{n}", 1, text("family", name)) for n, name in enumerate(names)))
            found: list[str] = []
            after = None
            while page := await one.query(Search(PERMIT_ALL, "Patient", sort=(("family", False),), count=2, after=after)):
                found += [names[int(each.id[1:])] for each in page[:2]]
                after = (*page[:2][-1].sort, page[:2][-1].id)
            assert found == sorted(names)
            await journal(one, entry(1))
            await one.commit(Change(outcomes=[Outcome(1, "applied", T0)]))
            assert await one.query(Waiting(0)) == []
            assert await one.query(Count(PERMIT_ALL, "Patient", Text("family", "ann", "contains"))) == [1]
        finally:
            await one.close()


def test_the_programs_are_there() -> None:
    assert (programs() / "initdb").is_file()
