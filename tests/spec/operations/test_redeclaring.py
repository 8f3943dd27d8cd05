"""The feeds file is read again while the engine runs: all of it counts from then on, or nothing of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner

from interop.app.engine import Engine
from interop.audit.row import DECLARED, Row
from interop.cli.main import app
from interop.errors import Problem
from interop.ports import MessageState
from tests.spec.audit.test_engine import rows
from tests.spec.engine.messages import adt
from tests.spec.engine.running import client, found, ingest, journal, running, sender
from tests.spec.security.test_tls import Place, context, line

pytestmark = pytest.mark.anyio
HEAD = "feed,adapter,ack,test_numbers,description,organisation,also,certificate,snapshots\n"
EAST = "east,hl7v2,journalled,yes,,RX1,,,"
WEST = "west,hl7v2,journalled,yes,,RWW,,,"


@pytest.fixture
def feeds(tmp_path: Path) -> Path:
    return declare(tmp_path / "feeds.csv", EAST)


def declare(path: Path, *lines: str) -> Path:
    """Put a new file in the place of the old one."""
    made = path.with_suffix(".new")
    made.write_text(HEAD + "".join(f"{each}\n" for each in lines), encoding="utf-8")
    return made.replace(path)


async def listed(data: Path) -> str:
    """What ``interop messages --feeds`` says on standard error."""
    done = await asyncio.to_thread(CliRunner().invoke, app, ["messages", "--feeds", "--data", str(data)])
    return done.stderr


async def look(engine: Engine) -> None:
    """Two looks, as the clock would bring: the file stands still between them."""
    assert engine.redeclaring is not None
    await engine.redeclaring.look()
    await engine.redeclaring.look()


@asynccontextmanager
async def served(tmp_path: Path, feeds: Path, **more: Any) -> AsyncIterator[tuple[Engine, httpx.AsyncClient]]:
    async with running(tmp_path / "data", feeds=feeds, **more) as engine, client(engine) as http:
        yield engine, http


def declared(tmp_path: Path) -> list[Row]:
    return [row for row in rows(tmp_path / "data") if row.kind == DECLARED]


async def test_a_feed_that_is_new_takes_messages_without_a_start(tmp_path: Path, feeds: Path) -> None:
    async with served(tmp_path, feeds) as (engine, http):
        west = adt().replace(b"|RX1|ROUTE|", b"|RWW|ROUTE|")
        assert (await ingest(http, west, feed="west")).status_code == 404
        declare(feeds, EAST, WEST)
        await look(engine)
        assert (await ingest(http, west, feed="west")).json()["state"] == "applied"


async def test_a_feed_that_is_taken_out_takes_no_more_and_what_it_sent_stays(tmp_path: Path, feeds: Path) -> None:
    declare(feeds, EAST, WEST)
    async with served(tmp_path, feeds, mllp_feed="west") as (engine, http), sender(engine.mllp) as ward:
        first = await ward.ask(adt().replace(b"|RX1|ROUTE|", b"|RWW|ROUTE|"))
        assert first is not None
        assert first.code == "AA"
        declare(feeds, EAST)
        await look(engine)
        assert (await ingest(http, adt(control="C2"), feed="west")).status_code == 404
        other = await ward.ask(adt(control="C3").replace(b"|RX1|ROUTE|", b"|RWW|ROUTE|"))
        assert other is not None
        assert other.code == "AR"
        assert [entry.feed for entry in await journal(engine)] == ["west"]


async def test_what_a_feed_sent_before_it_was_taken_out_is_applied_as_it_was_declared(tmp_path: Path, feeds: Path) -> None:
    """It waits in the journal meanwhile: the organisation whose it was is its organisation."""
    declare(feeds, EAST, WEST)
    async with served(tmp_path, feeds, hold=True) as (engine, http):
        taken = await http.post("/ingest/west", content=adt().replace(b"|RX1|ROUTE|", b"|RWW|ROUTE|"))
        assert taken.status_code == 202
        declare(feeds, EAST)
        await look(engine)
        done = asyncio.Event()
        engine.workshop.told.append(lambda message, state, problem: done.set())
        await engine.workshop.dispatcher.start()
        async with asyncio.timeout(20):
            await done.wait()
        assert [entry.state for entry in await journal(engine)] == [MessageState.APPLIED]
        (patient,) = await found(http, "Patient?family=Quarrington")
        (stored,) = [one async for one in engine.workshop.store.stream(search("Patient"))]
        assert (patient["id"], stored.source) == (stored.id, "RWW")


def search(kind: str) -> Any:
    from interop.store.decision import PERMIT_ALL
    from interop.store.plan import Search

    return Search(PERMIT_ALL, kind)


@pytest.mark.parametrize("mappers", [0, 1])
async def test_what_is_declared_of_a_feed_holds_for_what_comes_then(tmp_path: Path, feeds: Path, mappers: int) -> None:
    """In the mapper processes too: a message that names another organisation is refused, then taken as the one it stands for."""
    west = adt().replace(b"|RX1|ROUTE|", b"|RX101|ROUTE|")
    async with served(tmp_path, feeds, mappers=mappers) as (engine, http):
        assert (await ingest(http, west, feed="east")).status_code == 403
        declare(feeds, EAST.replace("RX1,,", "RX1,RX101=RX1,"))
        await look(engine)
        assert (await ingest(http, west.replace(b"|C1|", b"|C2|"), feed="east")).json()["state"] == "applied"
        (stored,) = [one async for one in engine.workshop.store.stream(search("Patient"))]
        assert stored.source == "RX1"


@pytest.mark.parametrize(
    "line",
    [
        "East 1,hl7v2,journalled,yes,,RX1,,,",
        "west,hl7v2,later,yes,,RX1,,,",
        "west,hl7v2,journalled,yes,,?,,,",
        "north,hl7v2,applied",
    ],
)
async def test_a_file_that_cannot_be_used_changes_nothing_and_is_told(tmp_path: Path, feeds: Path, line: str) -> None:
    """In the log, among the figures, by /health/ready and beside the feeds, until it is mended."""
    async with served(tmp_path, feeds) as (engine, http):
        declare(feeds, WEST, line)
        await look(engine)
        assert list(engine.feeds) == ["east"]
        assert "interop_feeds_file_refused 1.0" in (await http.get("/metrics")).text
        assert (await http.get("/health/ready")).json() == {"status": "ready", "feeds": "refused"}
        assert "feeds.csv" in await listed(tmp_path / "data")
        assert len(declared(tmp_path)) == 1
        declare(feeds, EAST, WEST)
        await look(engine)
        assert list(engine.feeds) == ["east", "west"]
        assert "interop_feeds_file_refused 0.0" in (await http.get("/metrics")).text
        assert (await http.get("/health/ready")).json() == {"status": "ready"}
        assert "feeds.csv" not in await listed(tmp_path / "data")


async def test_a_file_that_is_gone_changes_nothing(tmp_path: Path, feeds: Path) -> None:
    async with served(tmp_path, feeds) as (engine, http):
        feeds.unlink()
        await look(engine)
        assert (await ingest(http, adt(), feed="east")).status_code == 200
        assert engine.redeclaring is not None
        assert engine.redeclaring.problem == "feeds.csv: No such file or directory"


async def test_a_file_that_is_being_written_is_not_read_before_it_stands_still(tmp_path: Path, feeds: Path) -> None:
    """One look sees it change; only at the next that finds it as it was is it read."""
    async with served(tmp_path, feeds) as (engine, _):
        redeclaring = engine.redeclaring
        assert redeclaring is not None
        await redeclaring.stop()
        feeds.write_text(HEAD)
        await redeclaring.look()
        feeds.write_text(HEAD + EAST + "\n")
        await redeclaring.look()
        feeds.write_text(f"{HEAD}{EAST}\n{WEST}\n")
        await redeclaring.look()
        assert list(engine.feeds) == ["east"]
        await redeclaring.look()
        assert list(engine.feeds) == ["east", "west"]


async def test_the_engine_looks_by_itself(tmp_path: Path, feeds: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("interop.app.redeclaring.EVERY", 0.005)
    async with served(tmp_path, feeds) as (engine, _):
        told = asyncio.Event()
        assert engine.redeclaring is not None
        engine.redeclaring.told.append(told.set)
        declare(feeds, EAST, WEST)
        async with asyncio.timeout(20):
            await told.wait()
        assert list(engine.feeds) == ["east", "west"]


async def test_a_change_is_in_the_audit_before_it_counts(tmp_path: Path, feeds: Path) -> None:
    """Which feeds are new, differ and are gone, and the digest of the file; also of one that was changed while no engine ran."""
    declare(feeds, EAST, WEST)
    async with served(tmp_path, feeds) as (engine, _):
        declare(feeds, EAST.replace("RX1", "RX2"), "north,hl7v2,applied,yes,,RX3,,,")
        await look(engine)
    async with served(tmp_path, feeds):
        pass
    declare(feeds, EAST)
    async with served(tmp_path, feeds):
        pass
    said = [row.more for row in declared(tmp_path)]
    assert [(each["new"], each["changed"], each["gone"]) for each in said] == [
        (["east", "west"], [], []),
        (["north"], ["east"], ["west"]),
        (["east"], [], []),
    ]
    assert len({each["digest"] for each in said}) == 3


async def test_without_the_audit_nothing_counts_and_the_next_look_tries_again(
    tmp_path: Path, feeds: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with served(tmp_path, feeds) as (engine, _):
        redeclaring = engine.redeclaring
        assert redeclaring is not None
        await redeclaring.stop()
        declare(feeds, EAST, WEST)
        await redeclaring.look()
        with monkeypatch.context() as broken:
            broken.setattr(engine.audited.log, "write", refuse)
            with pytest.raises(Problem, match="audit"):
                await redeclaring.look()
        assert list(engine.feeds) == ["east"]
        await redeclaring.look()
        assert list(engine.feeds) == ["east", "west"]


def refuse(*said: Any, **more: Any) -> int:
    raise Problem("audit-unavailable")


async def test_certificates_follow(tmp_path: Path) -> None:
    """Who has one that is a feed's since may send; a connection whose certificate is no feed's any more is ended."""
    place = Place(tmp_path / "certificates")
    east, west = (f"sha256:{each.fingerprint}" for each in (place.east, place.west))
    path = declare(tmp_path / "feeds.csv", f"east,hl7v2,journalled,yes,,RX1,,{east},")
    engine = await Engine.start(place.settings(tmp_path / "data", feeds=path))
    try:
        async with line(engine, context(place, place.east)) as ward:
            first = await ward.ask(adt())
            assert first is not None
            assert first.code == "AA"
            declare(path, f"east,hl7v2,journalled,yes,,RX1,,{east},", f"west,hl7v2,journalled,yes,,RX1,,{west},")
            await look(engine)
            async with line(engine, context(place, place.west)) as other:
                told = await other.ask(adt(control="C2"))
                assert told is not None
                assert told.code == "AA"
                again = await ward.ask(adt(control="C3"))
                assert again is not None
                assert again.code == "AA"
                declare(path, f"west,hl7v2,journalled,yes,,RX1,,{west},")
                await look(engine)
                assert await ward.answer() is None
                last = await other.ask(adt(control="C4"))
                assert last is not None
                assert last.code == "AA"
        assert [entry.feed for entry in await journal(engine)] == ["east", "west", "east", "west"]
        assert engine.listening.turned_away == 1
    finally:
        await engine.stop()


async def test_over_mutual_tls_a_file_in_which_nobody_has_a_certificate_is_refused(tmp_path: Path) -> None:
    """As it is at a start: nobody could send."""
    place = Place(tmp_path / "certificates")
    path = declare(tmp_path / "feeds.csv", f"east,hl7v2,journalled,yes,,RX1,,sha256:{place.east.fingerprint},")
    engine = await Engine.start(place.settings(tmp_path / "data", feeds=path))
    try:
        declare(path, EAST)
        await look(engine)
        assert engine.redeclaring is not None
        assert "no feed has a certificate" in engine.redeclaring.problem
    finally:
        await engine.stop()


async def test_the_change_is_an_audit_event(tmp_path: Path, feeds: Path) -> None:
    """DICOM: Security Alert, Software Configuration."""
    async with served(tmp_path, feeds) as (_, http):
        (event,) = await found(http, "AuditEvent?type=110113&_source=urn:interop:audit")
        assert {each["code"] for each in event["subtype"]} >= {"110131"}


async def eventually(engine: Engine, names: list[str]) -> None:
    """Its own looks find these feeds."""
    async with asyncio.timeout(20):
        while list(engine.feeds) != names:
            await asyncio.sleep(0)


async def test_a_file_that_is_no_csv_is_refused_and_a_mended_one_read(
    tmp_path: Path, feeds: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stray quote makes one field of all that follows, longer than any may be."""
    monkeypatch.setattr("interop.app.redeclaring.EVERY", 0.0)
    async with served(tmp_path, feeds) as (engine, _):
        declare(
            feeds,
            EAST,
            'west,hl7v2,journalled,yes,",RWW,,,',
            *(f"f{number},hl7v2,journalled,yes,,RX1,,," for number in range(5_000)),
        )
        assert engine.redeclaring is not None
        async with asyncio.timeout(20):
            while not engine.redeclaring.problem:
                await asyncio.sleep(0)
        assert engine.redeclaring.problem.startswith("feeds.csv, line 3: ")
        assert "field" in engine.redeclaring.problem
        declare(feeds, EAST, WEST)
        await eventually(engine, ["east", "west"])


async def test_a_file_that_is_no_csv_is_told_at_a_start_with_its_line(tmp_path: Path, feeds: Path) -> None:
    declare(feeds, EAST, 'west,hl7v2,journalled,yes,"' + "x" * 140_000)
    with pytest.raises(ValueError, match=r"feeds\.csv, line 3: field larger"):
        async with running(tmp_path / "data", feeds=feeds):
            pass


async def test_what_fails_when_it_is_told_ends_neither_the_watch_nor_what_others_are_told(
    tmp_path: Path, feeds: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("interop.app.redeclaring.EVERY", 0.0)
    told: list[int] = []

    def failing_once() -> None:
        told.append(len(told))
        if len(told) == 1:
            raise RuntimeError

    async with served(tmp_path, feeds) as (engine, _):
        assert engine.redeclaring is not None
        engine.redeclaring.told.insert(0, failing_once)
        engine.redeclaring.told.append(lambda: told.append(-1))
        declare(feeds, EAST, WEST)
        await eventually(engine, ["east", "west"])
        assert told == [0, -1]
        declare(feeds, EAST)
        await eventually(engine, ["east"])


async def test_a_look_that_fails_for_no_foreseen_reason_is_followed_by_another(
    tmp_path: Path, feeds: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("interop.app.redeclaring.EVERY", 0.0)
    async with served(tmp_path, feeds) as (engine, _):
        assert engine.redeclaring is not None
        read, failures = engine.redeclaring._read, iter((True, True))

        def failing_twice() -> Any:
            if next(failures, False):
                raise RuntimeError
            return read()

        monkeypatch.setattr(engine.redeclaring, "_read", failing_twice)
        declare(feeds, EAST, WEST)
        await eventually(engine, ["east", "west"])
