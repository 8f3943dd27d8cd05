"""What the store on SQLite promises beside the seam: one writer, full disks, bounded reads, flat memory, schema numbers."""

from __future__ import annotations

import asyncio
import re
import resource
import sqlite3
import subprocess
import sys
import threading
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import interop
from interop.clock import ManualClock
from interop.errors import Problem
from interop.store.decision import PERMIT_ALL, Decision
from interop.store.plan import Count, Everything, Heads, History, Messages, Plan, Read, Search, Waiting
from interop.store.postgres.dialect import PostgresDialect
from interop.store.sql.dialect import Dialect
from interop.store.sql.schema import migrations
from interop.store.sqlite import SqliteStore, exporting, schema
from interop.store.sqlite.connection import reading
from interop.store.sqlite.dialect import SqliteDialect
from interop.store.values import Change, Outcome
from interop.store.where import All, Any, Person, Sources, Span, Text, Token, Where
from tests.failures import failing
from tests.spec.store.build import T0, entry, ids, journal, put, reference, text, token, write

pytestmark = pytest.mark.anyio


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "data"


async def test_a_second_process_is_refused(directory: Path) -> None:
    store = SqliteStore.open(directory)
    code = "import sys, pathlib; from interop.store.sqlite import SqliteStore; SqliteStore.open(pathlib.Path(sys.argv[1]))"
    other = subprocess.run([sys.executable, "-c", code, str(directory)], capture_output=True, text=True, check=False)
    assert other.returncode == 1
    assert "is in use by another process" in other.stderr
    await store.close()
    await SqliteStore.open(directory).close()


async def test_another_process_may_read(directory: Path) -> None:
    store = SqliteStore.open(directory)
    await write(store, put("Patient", "a", 1, token("identifier", "1", "urn:x")))
    reader = SqliteStore.open(directory, read_only=True)
    assert ids(await reader.query(Search(PERMIT_ALL, "Patient", Token("identifier", "1", "urn:x")))) == ["a"]
    with pytest.raises(Problem) as refused:
        await write(reader, put("Patient", "b"))
    assert refused.value.reason.name == "not-allowed"
    await write(store, put("Encounter", "e", 1, token("class", "IMP", "urn:new")))
    assert ids(await reader.query(Search(PERMIT_ALL, "Encounter", Token("class", "IMP", "urn:new")))) == ["e"]
    await reader.close()
    await store.close()


async def test_the_files_are_for_the_owner_alone(directory: Path) -> None:
    store = SqliteStore.open(directory)
    assert directory.stat().st_mode & 0o077 == 0
    await store.close()


@contextmanager
def full_disk(path: Path, room: int) -> Iterator[None]:
    """No file may grow beyond what that file has and ``room`` bytes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size + room, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


async def test_a_full_disk_is_told_to_every_caller_and_the_store_goes_on(directory: Path) -> None:
    store = SqliteStore.open(directory)
    await journal(store, entry(1))
    with full_disk(directory / "journal.sqlite-wal", 8_192):
        big = [entry(number, content="x" * 20_000) for number in range(2, 6)]
        answers = await asyncio.gather(*(journal(store, one) for one in big), return_exceptions=True)
    assert [answer.reason.name for answer in answers if isinstance(answer, Problem)] == ["journal-unavailable"] * 4
    assert [one.message for one in await store.query(Messages())] == [1]
    assert [one.message for one in await journal(store, *big)] == [2, 3, 4, 5]
    await store.close()
    again = SqliteStore.open(directory)
    assert [one.message for one in await again.query(Waiting(0))] == [1, 2, 3, 4, 5]
    await again.close()


@failing(
    "record disk", "writing", seen="503 `journal-unavailable`", recovered="the change is rolled back as a whole and tried again"
)
async def test_a_full_disk_leaves_the_record_as_it_was(directory: Path) -> None:
    store = SqliteStore.open(directory)
    await write(store, put("Patient", "a", 1, token("first", "1", "urn:first")))
    change = Change(
        puts=[put("Patient", "b", 1, token("second", "1", "urn:second"), body=b"x" * 100_000)], outcomes=[Outcome(1, "applied", T0)]
    )
    with full_disk(directory / "record.sqlite-wal", 8_192):
        with pytest.raises(Problem) as refused:
            await store.commit(change)
    assert refused.value.reason.name == "journal-unavailable"
    assert await store.query(Read(PERMIT_ALL, "Patient", "b")) == []
    await store.commit(change)
    assert ids(await store.query(Search(PERMIT_ALL, "Patient", Token("second", "1", "urn:second")))) == ["b"]
    await store.close()


@failing("journal disk", "taking in", seen="`/health/ready` is 503", recovered="the next look finds that there is room")
async def test_whether_the_journal_can_be_written_is_found_out_without_anybody_who_writes(directory: Path) -> None:
    store = SqliteStore.open(directory)
    await store.journals()
    groups = store.counters.journal_groups
    assert groups == 1, "a page is written, for nobody had journalled anything"
    await journal(store, entry(1))
    await store.journals()
    assert store.counters.journal_groups == groups + 1, "what was journalled has shown it"
    with full_disk(directory / "journal.sqlite-wal", 8_192):
        with pytest.raises(Problem):
            await journal(store, entry(2, content="x" * 100_000))
        for _ in range(2):
            with pytest.raises(Problem) as refused:
                await store.journals()
            assert refused.value.reason.name == "journal-unavailable"
    await store.journals()
    assert [one.message for one in await store.query(Waiting(0))] == [1]
    assert {path.name for path in directory.glob("journal*")} == {"journal.sqlite", "journal.sqlite-wal", "journal.sqlite-shm"}
    await store.close()


async def test_what_was_handed_over_before_closing_is_on_disk(directory: Path) -> None:
    store = SqliteStore.open(directory)
    waiting = [asyncio.create_task(journal(store, entry(number))) for number in range(1, 50)]
    await asyncio.sleep(0)
    await store.close()
    assert len(await asyncio.gather(*waiting)) == 49
    again = SqliteStore.open(directory)
    assert len(await again.query(Waiting(0))) == 49
    await again.close()


async def test_an_export_that_is_ended_while_it_begins_leaves_nothing_open(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What stays open holds up for ten seconds who closes the store."""
    store = SqliteStore.open(directory)
    await write(store, put("Patient", "a"))
    opening, go, made = threading.Event(), threading.Event(), list[sqlite3.Connection]()

    def slowly(place: Path, *, cache: int) -> sqlite3.Connection:
        made.append(reading(place, cache=cache))
        opening.set()
        assert go.wait(30)
        return made[0]

    async def export() -> None:
        async with exporting.snapshot(directory):
            pass

    monkeypatch.setattr(exporting, "reading", slowly)
    begun = asyncio.create_task(export())
    assert await asyncio.to_thread(opening.wait, 30)
    begun.cancel()
    await asyncio.sleep(0)
    go.set()
    with pytest.raises(asyncio.CancelledError):
        await begun
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        made[0].execute("SELECT 1")
    await store.close()


async def test_bounded_reads_never_suspend(directory: Path) -> None:
    """A coroutine that ends at its first step has never waited for anything."""
    store = SqliteStore.open(directory)
    await write(
        store,
        *(put("Patient", f"p{n}", 1, token("identifier", str(n))) for n in range(300)),
        *(
            put("Encounter", f"e{n}", 1, reference("patient", f"Patient/p{n % 300}"), token("status", "planned"))
            for n in range(900)
        ),
    )
    await journal(store, *(entry(number) for number in range(200)))
    bounded: list[Plan] = [
        Read(PERMIT_ALL, "Patient", "p7"),
        History(PERMIT_ALL, "Patient", "p7"),
        Heads(tuple(("Patient", f"p{n}") for n in range(200))),
        Search(PERMIT_ALL, "Patient", Token("identifier", "7")),
        Search(PERMIT_ALL, "Encounter", Person("patient", ("p7",)), sort=(("_lastUpdated", True),)),
        Search(PERMIT_ALL, "Encounter"),
        Waiting(0),
    ]
    for plan in bounded:
        with pytest.raises(StopIteration) as ended:
            store.query(plan).send(None)
        assert ended.value.value, plan
    assert store.counters.far == 0
    await store.query(Count(PERMIT_ALL, "Encounter"))
    assert store.counters.far == 1
    await store.close()


async def test_a_read_that_proves_long_goes_to_the_readers_thread_and_one_without_end_is_given_up(directory: Path) -> None:
    store = SqliteStore.open(directory)
    await write(store, *(put("Patient", f"p{n}", 1, token("gender", "female"), token("active", "true")) for n in range(4_000)))
    unanswered = Search(PERMIT_ALL, "Patient", Token("gender", "female"), sort=(("_lastUpdated", True),))
    assert len(await store.query(unanswered)) == 21
    assert store.counters.far == 1
    await store.close()
    impatient = SqliteStore.open(directory, costly=10_000)
    for plan in (unanswered, Count(PERMIT_ALL, "Patient", Token("active", "true"))):
        with pytest.raises(Problem) as refused:
            await impatient.query(plan)
        assert refused.value.reason.name == "too-costly"
    assert ids(await impatient.query(Search(PERMIT_ALL, "Patient", count=1))) == ["p0", "p1"]
    await impatient.close()


async def test_a_question_nested_too_deeply_is_too_costly(directory: Path) -> None:
    where: Where = Token("gender", "female")
    for _ in range(500):
        where = All((Any((where, where)),))
    store = SqliteStore.open(directory)
    await write(store, put("Patient", "a", 1, token("gender", "female")))
    with pytest.raises(Problem) as refused:
        await store.query(Search(PERMIT_ALL, "Patient", where))
    assert refused.value.reason.name == "too-costly"
    await store.close()


async def test_reading_everything_holds_one_page_at_a_time(directory: Path) -> None:
    store = SqliteStore.open(directory)
    for start in range(0, 2_000, 200):
        await journal(store, *(entry(number, content="x" * 10_000) for number in range(start, start + 200)))
    tracemalloc.start()
    try:
        seen = 0
        async for one in store.stream(Everything()):
            seen += len(one.body)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert seen > 20_000_000
    assert peak < 4_000_000
    await store.close()


async def test_the_main_questions_are_answered_from_indexes(directory: Path) -> None:
    store = SqliteStore.open(directory)
    await write(
        store,
        put("Patient", "a", 1, token("identifier", "1", "urn:x")),
        put("Encounter", "e", 1, reference("patient", "Patient/a")),
    )
    plans: list[str] = []
    near = store._readers._near
    near.set_trace_callback(lambda sql: plans.extend(row[3] for row in far.execute(f"EXPLAIN QUERY PLAN {sql}")))
    far = store._readers._far
    for plan in (
        Read(PERMIT_ALL, "Patient", "a"),
        Search(PERMIT_ALL, "Patient", Token("identifier", "1", "urn:x")),
        Search(PERMIT_ALL, "Encounter", Person("patient", ("a",))),
        History(PERMIT_ALL, "Patient", "a"),
        Heads((("Patient", "a"),)),
    ):
        await store.query(plan)
    near.set_trace_callback(None)
    tables = (
        "resource",
        "version",
        "index_token",
        "index_reference",
        "link",
        "contribution",
        " r",
        " s",
        " x",
        " a",
        " b",
        " v",
        " c",
        " k",
    )
    scans = [line for line in plans if line.startswith("SCAN ") and line[4:].endswith(tables)]
    assert plans
    assert {line for line in scans if line not in {"SCAN k", "SCAN r", "SCAN v"}} == set()
    await store.close()


def test_migrations_are_numbered_without_gaps_and_tell_the_file_their_number(directory: Path) -> None:
    for name in ("journal", "record"):
        numbers = [number for number, _ in migrations(name, "sqlite")]
        assert numbers == list(range(1, len(numbers) + 1))
    SqliteStore.open(directory, clock=ManualClock(T0))._close()
    for name in ("journal", "record"):
        connection = sqlite3.connect(directory / f"{name}.sqlite")
        assert schema.number(connection) == migrations(name, "sqlite")[-1][0]
        assert connection.execute("SELECT number, applied FROM migration").fetchall()[0] == (1, T0)
        connection.close()


async def test_a_file_of_an_earlier_version_is_brought_forward_with_what_it_holds(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schema, "migrations", lambda name, dialect: migrations(name, dialect)[:1])
    directory.mkdir()
    connection = sqlite3.connect(directory / "record.sqlite")
    assert schema.migrate(connection, "record") == [1]
    connection.executescript(
        "INSERT INTO parameter VALUES (7, 'Patient', 'identifier', 'token'), (8, 'Patient', 'name', 'string');"
        "INSERT INTO parameter VALUES (9, 'Patient', 'birthdate', 'date'); INSERT INTO system VALUES (3, 'urn:x');"
        "INSERT INTO resource VALUES (1, 'Patient', 'a', 1, 5, 0, 'gp,ward', 0, '', 'a', 0,"
        """ '[[0,7,"1",3],[0,7,"9",3],[2,8,"smith"],[3,9,10,20]]', x'7b7d');"""
        "INSERT INTO index_token VALUES (7, '1', 1, 3), (7, '9', 1, 3); INSERT INTO index_string VALUES (1, 8, 'smith');"
        "INSERT INTO index_date VALUES (1, 9, 10, 20)"
    )
    connection.close()
    monkeypatch.undo()
    store = SqliteStore.open(directory, clock=ManualClock(T0))

    async def found(where: Where) -> list[str]:
        return ids(await store.query(Search(PERMIT_ALL, "Patient", where)))

    before = (Token("identifier", "1", "urn:x"), Text("name", "smith"), Span("birthdate", "eq", 10, 20))
    assert [await found(where) for where in before] == [["a"]] * 3
    for names, seen in (((), []), (("feed:gp",), []), (("feed:gp", "feed:ward"), ["a"])):
        decision = Decision("whose it is was not kept", Sources(names))
        assert ids(await store.query(Search(decision, "Patient"))) == seen
    await write(store, put("Patient", "a", 2, token("identifier", "9", "urn:x"), text("name", "jones")))
    assert [await found(where) for where in before] == [[]] * 3
    assert await found(All((Token("identifier", "9", "urn:x"), Text("name", "jones")))) == ["a"]
    await store.close()


def test_a_file_of_a_newer_version_is_refused(directory: Path) -> None:
    SqliteStore.open(directory)._close()
    connection = sqlite3.connect(directory / "record.sqlite")
    connection.execute("PRAGMA user_version = 999")
    connection.close()
    with pytest.raises(OSError, match=r"record\.sqlite has schema 999"):
        SqliteStore.open(directory)
    with pytest.raises(OSError, match=r"record\.sqlite has schema 999"):
        SqliteStore.open(directory)


def test_a_file_that_is_no_database_is_told(directory: Path) -> None:
    directory.mkdir()
    (directory / "journal.sqlite").write_bytes(b"not a database" * 100)
    with pytest.raises(Problem) as refused:
        SqliteStore.open(directory)
    assert refused.value.reason.name == "journal-unavailable"


def test_no_other_module_names_a_database() -> None:
    """Callers know the seam. Beside ``interop/store/sqlite`` and ``postgres`` only who opens the store may name one."""
    root = Path(interop.__file__).parent
    named = re.compile(r"sqlite3|SQLite|PRAGMA|asyncpg|psycopg|[Pp]ostgre", re.ASCII)
    allowed = {root / "store" / "sqlite", root / "store" / "postgres", root / "app", root / "cli"}
    found = [
        str(path.relative_to(root))
        for path in sorted(root.rglob("*.py"))
        if not allowed.intersection(path.parents) and named.search(path.read_text("utf-8"))
    ]
    assert found in ([], ["store/seam.py"]), "the seam's docstring says what SQLite promises; nothing else may"


@pytest.mark.parametrize("dialect", [SqliteDialect, PostgresDialect])
def test_a_dialect_has_at_most_eight_members(dialect: type) -> None:
    members = {name for name in (*vars(Dialect), *Dialect.__annotations__) if not name.startswith("_")}
    assert len(members) <= 8
    assert members <= set(dir(dialect))
