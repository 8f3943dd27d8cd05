"""A mapper process that is killed, or that dies of a message, costs nobody else anything."""

from __future__ import annotations

import asyncio
import os
import resource
import signal
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from interop.app.engine import Engine
from interop.apply.mapper import made_ready
from interop.apply.mapping_work import Job, Yield, map_batch
from interop.apply.pool import Mappers, _Mapper
from interop.ids import Mint
from interop.mapping import library
from interop.mapping.reading import families
from interop.record.indexing import parameters
from interop.store.plan import Message
from interop.store.values import Entry
from tests.failures import failing
from tests.spec.durability.process import Served
from tests.spec.engine.messages import adt
from tests.spec.engine.running import client, found, ingest, journal, running, sender

pytestmark = pytest.mark.anyio

FRAGILE = '''
"""An adapter of another team: HL7 v2 under another name; a message that ends who opens it, one that no store can name."""

import os
from dataclasses import replace

from adapters.hl7v2 import Hl7v2


class Fragile(Hl7v2):
    name = "fragile"

    def recognises(self, head):
        return False

    def open(self, body):
        if b"DEADLY" in body:
            os.abort()
        return super().open(body)

    def envelope(self, body):
        said = super().envelope(body)
        return replace(said, control_id="\\ud800") if b"UNSTORABLE" in body else said

    listener = None


adapter = Fragile()
'''

KILLED = """
import os, signal, sys

if "interop.apply.mapper" in sys.orig_argv:
    os.kill(os.getpid(), signal.SIGKILL)
"""
"""What Python runs first of all: a mapper gets no further."""


def first_in_path(site: Path) -> str:
    """The path of Python with this before all else."""
    return os.pathsep.join([str(site), *filter(None, [os.environ.get("PYTHONPATH")])])


@pytest.fixture
def outside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An adapter that is found as any other, in a distribution of its own."""
    site = tmp_path / "site"
    info = site / "fragile_adapter-1.0.dist-info"
    info.mkdir(parents=True)
    (site / "fragile_adapter.py").write_text(FRAGILE)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: fragile-adapter\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[interop.adapters]\nfragile = fragile_adapter:adapter\n")
    monkeypatch.setenv("PYTHONPATH", first_in_path(site))
    monkeypatch.syspath_prepend(str(site))
    library.adapters.cache_clear()
    yield
    library.adapters.cache_clear()
    sys.modules.pop("fragile_adapter", None)


@pytest.fixture
async def engine(tmp_path: Path, outside: None) -> AsyncIterator[Engine]:
    async with running(tmp_path / "data", mappers=1) as engine:
        yield engine


def mappers(engine: Engine) -> list[int]:
    """The process ids of the mappers, as the system knows them."""
    children = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text().split()
    return [int(child) for child in children if b"interop.apply.mapper" in command(child)]


def command(process: str) -> bytes:
    """The command line of a process; nothing of one that has ended since it was listed."""
    try:
        return Path(f"/proc/{process}/cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return b""


@pytest.mark.long
async def test_a_mapper_killed_while_idle_is_replaced_and_no_message_is_blamed(engine: Engine) -> None:
    async with client(engine) as http:
        for number in range(3):
            await warmed(engine.workshop.mappers, 1)
            (pid,) = mappers(engine)
            os.kill(pid, signal.SIGKILL)
            answer = await ingest(http, adt(control=f"C{number}", local=f"L{number}", visit=f"V{number}"))
            assert (answer.status_code, answer.json()["state"]) == (200, "applied")
            assert mappers(engine) != [pid]
        assert "interop_mapper_deaths 3.0" in (await http.get("/metrics")).text


@failing("mapper", "applying", seen="`interop_mapper_deaths` rises", recovered="the batch is mapped again, message by message")
async def test_a_mapper_killed_at_work_loses_no_message_and_applies_none_twice(engine: Engine) -> None:
    total = 300
    async with sender(engine.mllp) as line, client(engine) as http:
        for number in range(total):
            line.send(adt(control=f"C{number}", local=f"L{number}", visit=f"V{number}"))
            if number % 100 == 99:
                await line.answer()
                for pid in mappers(engine):
                    os.kill(pid, signal.SIGKILL)
        for _ in range(total - 3):
            said = await line.answer()
            assert said is not None
            assert said.code == "AA"
        await ingest(http, adt(control="LAST", local="LAST", visit="VLAST"))
        states = [entry.state for entry in await journal(engine)]
        assert states == ["applied"] * (total + 1)
        assert (await http.get("/fhir/Encounter?_summary=count")).json()["total"] == total + 1


@pytest.mark.long
async def test_a_message_that_kills_its_mapper_answers_for_itself_and_the_others_go_on(engine: Engine) -> None:
    bodies = [adt(control=f"C{number}", local=f"L{number}", visit=f"V{number}") for number in range(12)]
    bodies[5] = adt(control="C5", local="L5", visit="V5", family="DEADLY")
    async with client(engine) as http:
        answers = await asyncio.gather(*(ingest(http, body, "fragile") for body in bodies))
        assert [answer.status_code for answer in answers] == [500 if number == 5 else 200 for number in range(12)]
        coded = answers[5].json()["issue"][0]["details"]["coding"][0]["code"]
        assert coded == "mapper-died"
        status = (await http.get(answers[5].headers["location"])).json()
        assert (status["state"], status["reason"]) == ("shelved", "mapper-died")
        assert status["action"].startswith("Keep the message")
        assert len(await found(http, "Encounter?_count=50")) == 11
        assert len(mappers(engine)) == 1
        assert (await ingest(http, adt(control="NEXT", visit="VNEXT"))).json()["state"] == "applied"


async def test_a_message_that_the_journal_cannot_name_is_kept_as_bytes_and_spoils_nobody_elses(engine: Engine) -> None:
    bodies = [adt(control=f"C{number}", local=f"L{number}", visit=f"V{number}") for number in range(12)]
    bodies[5] = adt(control="C5", local="L5", visit="V5", family="UNSTORABLE")
    async with client(engine) as http:
        answers = await asyncio.gather(*(ingest(http, body, "fragile") for body in bodies))
        assert [answer.status_code for answer in answers] == [500 if number == 5 else 200 for number in range(12)]
        number = int(answers[5].headers["location"].rpartition("/")[2])
        entries: list[Entry] = await engine.workshop.store.query(Message(number))
        assert [(entry.body, entry.state, entry.reason) for entry in entries] == [(bodies[5], "refused", "fault")]
        assert len(await journal(engine)) == 12
        assert engine.workshop.unfinished == 0


@failing("mapper", "applying", seen="`batch not mapped; trying again`", recovered="it is tried again until a mapper can be had")
@pytest.mark.long
async def test_a_mapper_that_cannot_be_replaced_yet_holds_messages_up_and_loses_none(tmp_path: Path) -> None:
    """No file can be opened for a while: no process can be started (``setrlimit``, RLIMIT_NOFILE)."""
    async with Served(tmp_path / "data") as served, sender(served.mllp) as line, served.client() as http:
        assert (await http.get("/health/live")).status_code == 200
        limit = resource.prlimit(served.pid, resource.RLIMIT_NOFILE)
        resource.prlimit(served.pid, resource.RLIMIT_NOFILE, (3, limit[1]))
        for pid in served.mappers():
            os.kill(pid, signal.SIGKILL)
        said = await line.ask(adt(control="C1"))
        assert said is not None
        assert said.code == "AA"
        while b"batch not mapped" not in served.errors:
            await asyncio.sleep(0.01)
        assert (await http.get("/messages/1")).json()["state"] == "received"
        resource.prlimit(served.pid, resource.RLIMIT_NOFILE, limit)
        assert (await http.post("/ingest/hl7v2?wait=applied", content=adt(control="C2"))).json()["state"] == "applied"
        assert (await http.get("/messages/1")).json()["state"] == "applied"


async def warmed(mappers: Mappers, count: int) -> None:
    async with asyncio.timeout(60):
        while mappers.warmed < count:
            await asyncio.sleep(0.02)


FEEDS = """feed,adapter,ack,test_numbers,description
practice,emis,journalled,yes,
hospital,hl7v2,applied,yes,
"""


@pytest.mark.long
async def test_mappers_compile_tables_while_they_are_idle_those_of_declared_feeds_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The ports are open before; one mapper at a time, so that a message that comes meanwhile is the other's."""
    asked, most, under = [], 0, 0
    real = _Mapper.ask

    async def ask(mapper: _Mapper, jobs: list[Job] | str) -> list[Yield]:
        nonlocal most, under
        if not isinstance(jobs, str):
            return await real(mapper, jobs)
        asked.append((mapper, jobs))
        under += 1
        most = max(most, under)
        try:
            return await real(mapper, jobs)
        finally:
            under -= 1

    monkeypatch.setattr(_Mapper, "ask", ask)
    (tmp_path / "feeds.csv").write_text(FEEDS, encoding="utf-8")
    async with running(tmp_path / "data", mappers=2, feeds=tmp_path / "feeds.csv") as engine, client(engine) as http:
        assert engine.workshop.mappers.warmed == 0, "nobody has waited for it"
        answer = await ingest(http, adt(), feed="hospital")
        assert (answer.status_code, answer.json()["state"]) == (200, "applied")
        await warmed(engine.workshop.mappers, 2)
    assert most == 1
    for mapper in {mapper for mapper, _ in asked}:
        names = [name for each, name in asked if each is mapper]
        assert names[0] in ("hl7v2", "emis")
        assert len(names) == len(set(names))
    assert {name for _, name in asked} >= set(families()) - {"hl7v2"}


@pytest.mark.long
async def test_a_batch_comes_before_tables_that_nobody_waits_for(tmp_path: Path) -> None:
    """One mapper: what is sent while it compiles waits for one family at most."""
    mappers = Mappers(1, bytes(32))
    await mappers.start()
    try:
        mappers.warm(families())
        await asyncio.sleep(0)
        job = Job(1, "hospital", "hl7v2", adt(), 1, True)
        (made,) = await mappers.map([job])
        assert made.problem is None
        assert mappers.warmed == 0
        await warmed(mappers, 1)
        (again,) = await mappers.map([job])
        assert again.digest == made.digest
        assert mappers.deaths == 0
    finally:
        await mappers.stop()


@pytest.mark.long
async def test_a_mapper_that_is_killed_while_it_compiles_is_replaced_and_the_others_tables_are_compiled(tmp_path: Path) -> None:
    mappers = Mappers(1, bytes(32))
    await mappers.start()
    try:
        mappers.warm(families())
        await asyncio.sleep(0)
        (first,) = mappers._all
        first._process.kill()
        await warmed(mappers, 1)
        assert mappers._all != [first]
        (made,) = await mappers.map([Job(1, "hospital", "hl7v2", adt(), 1, True)])
        assert made.problem is None
        assert mappers.deaths == 0, "no message is blamed"
    finally:
        await mappers.stop()


@pytest.mark.long
@failing("mapper", "starting", seen="`interop serve` says so and ends", recovered="the next start")
async def test_a_start_whose_mapper_is_killed_ends_with_a_sentence_and_the_next_works_off_what_waits(tmp_path: Path) -> None:
    data = tmp_path / "data"
    async with running(data, hold=True) as engine, client(engine) as http:
        for number in range(20):
            sent = await http.post("/ingest/hl7v2", content=adt(control=f"C{number}", local=f"L{number}", visit=f"V{number}"))
            assert sent.status_code == 202
    site = tmp_path / "site"
    site.mkdir()
    (site / "sitecustomize.py").write_text(KILLED)
    with pytest.raises(AssertionError, match="A mapper process ended while it started"):
        async with Served(data, environment={"PYTHONPATH": first_in_path(site)}):
            pass
    async with Served(data) as served, served.client() as http, asyncio.timeout(60):
        while (await http.get("/fhir/Encounter?_summary=count")).json()["total"] < 20:
            await asyncio.sleep(0.05)


async def test_once_a_mapper_is_ready_its_first_message_compiles_nothing_more() -> None:
    """Neither tables nor what indexes the resources that they make."""
    parameters.cache_clear()
    library.family.cache_clear()
    assert made_ready("hl7v2") == []
    ready = parameters.cache_info().misses, library.family.cache_info().misses
    (made,) = map_batch([Job(1, "first", "hl7v2", adt(), 1_767_600_000_000_000, True)], Mint(bytes(32)))
    assert any(piece.index for piece in made.pieces)
    assert (parameters.cache_info().misses, library.family.cache_info().misses) == ready
