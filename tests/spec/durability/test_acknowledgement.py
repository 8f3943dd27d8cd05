"""No byte of a positive answer leaves before the sync of the journal's log has returned."""

from __future__ import annotations

import asyncio
import re
import shutil
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from interop.app.engine import Engine
from interop.ports import MessageState, Receipt, Wait
from tests.failures import failing
from tests.spec.durability.process import Served
from tests.spec.durability.tape import Tape, library, recorded
from tests.spec.engine.messages import adt
from tests.spec.engine.running import client, running, sender

pytestmark = pytest.mark.anyio


@pytest.fixture
def tape() -> Tape:
    return Tape("journal.sqlite-wal")


@pytest.fixture
async def engine(tmp_path: Path, tape: Tape) -> AsyncIterator[Engine]:
    sqlite = library()
    if sqlite is None:
        pytest.skip("SQLite is built into this interpreter: its calls cannot be watched")
    with recorded(sqlite, tape):
        async with running(tmp_path / "data") as engine:
            try:
                yield engine
            finally:
                tape.release()


async def alive(engine: Engine) -> None:
    """The loop turns: three requests of another kind are answered one after another."""
    async with client(engine) as http:
        for _ in range(3):
            assert (await http.get("/health/live")).status_code == 200


async def answered_early(engine: Engine, tape: Tape, control: str) -> bool:
    """Send a message by MLLP and one by HTTP while every sync is held up; whether either is answered all the same."""
    tape.hold()
    try:
        async with sender(engine.mllp) as line, client(engine) as http:
            line.send(adt(control=control))
            answer = asyncio.ensure_future(line.reader.read(1))
            post = asyncio.ensure_future(http.post("/ingest/hl7v2", content=adt(control=f"{control}H")))
            held = asyncio.ensure_future(asyncio.to_thread(tape.wait))
            await asyncio.wait((answer, post, held), return_when=asyncio.FIRST_COMPLETED)
            await alive(engine)
            early = answer.done() or post.done()
            tape.release()
            assert await answer == b"\x0b"
            assert (await post).status_code == 202
            await held
            return early
    finally:
        tape.release()


@failing(
    "power", "taking in", seen="the sender has no answer and sends again", recovered="no answer leaves before the bytes are on disk"
)
async def test_no_answer_leaves_while_the_sync_is_under_way(engine: Engine, tape: Tape) -> None:
    tape.events.clear()
    assert not await answered_early(engine, tape, "HELD")
    written = [number for number, (what, data) in enumerate(tape.events) if what == "write" and b"|HELD|" in data]
    synced = [number for number, (what, _) in enumerate(tape.events) if what == "synced"]
    assert written
    assert written[0] < synced[0]


async def test_the_check_finds_a_journal_that_does_not_sync(engine: Engine, tape: Tape) -> None:
    journal = engine.workshop.store._halves[0].connection
    journal.execute("PRAGMA synchronous = OFF")
    assert await answered_early(engine, tape, "UNSYNCED")


async def test_the_check_finds_an_answer_that_does_not_wait(engine: Engine, tape: Tape) -> None:
    receive = engine.intake.receive

    def hasty(feed: str, body: bytes, *, adapter: str, wait: Wait | None = None, organisation: str = "") -> asyncio.Future[Receipt]:
        receive(feed, body, adapter=adapter, wait=wait, organisation=organisation)
        done: asyncio.Future[Receipt] = asyncio.get_running_loop().create_future()
        done.set_result(Receipt(1, MessageState.RECEIVED))
        return done

    engine.intake.receive = hasty  # type: ignore[method-assign]
    assert await answered_early(engine, tape, "HASTY")


async def test_of_a_group_each_waits_for_its_own_sync(engine: Engine, tape: Tape) -> None:
    """What comes while one sync is under way shares the next one, and is not answered with the first."""
    tape.hold()
    async with sender(engine.mllp) as first:
        first.send(adt(control="FIRST"))
        assert await asyncio.to_thread(tape.wait)
        lines = [await asyncio.open_connection("127.0.0.1", engine.mllp) for _ in range(16)]
        for number, (_, writer) in enumerate(lines):
            writer.write(b"\x0b" + adt(control=f"G{number}", local=f"G{number}", visit=f"VG{number}") + b"\x1c\r")
        await alive(engine)
        before = engine.workshop.store.counters.journal_groups
        tape.let_one()
        said = await first.answer()
        assert said is not None
        assert (said.code, said.control) == ("AA", "FIRST")
        assert await asyncio.to_thread(tape.wait)
        answers = [asyncio.ensure_future(reader.readuntil(b"\x1c\r")) for reader, _ in lines]
        await alive(engine)
        assert not any(answer.done() for answer in answers)
        tape.release()
        assert all(b"MSA|AA|" in answer for answer in await asyncio.gather(*answers))
        for _, writer in lines:
            writer.close()
        assert engine.workshop.store.counters.journal_groups - before < 16


async def test_each_file_is_written_with_a_log_and_that_of_the_journal_is_synced_at_each_commit(engine: Engine) -> None:
    for half in engine.workshop.store._halves:
        assert half.connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert engine.workshop.store._halves[0].connection.execute("PRAGMA synchronous").fetchone() == (2,)  # FULL


async def test_the_record_is_synced_before_an_answer_that_waits_for_it(tmp_path: Path) -> None:
    sqlite = library()
    if sqlite is None:
        pytest.skip("SQLite is built into this interpreter: its calls cannot be watched")
    tape = Tape("record.sqlite-wal")
    with recorded(sqlite, tape):
        async with running(tmp_path / "data") as engine, client(engine) as http:
            await http.post("/ingest/hl7v2?wait=applied", content=adt(control="FIRST"))
            tape.hold()
            try:
                body = adt("A08", "SECOND", phone="01632960999", at="20260105120000")
                answer = asyncio.ensure_future(http.post("/ingest/hl7v2?wait=applied", content=body))
                assert await asyncio.to_thread(tape.wait)
                await alive(engine)
                assert not answer.done()
            finally:
                tape.release()
            assert (await answer).json()["state"] == "applied"


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed: the test above holds the syncs up instead")
async def test_the_system_calls_say_so(tmp_path: Path) -> None:
    """Between the arrival of a message and its acknowledgement a sync of the journal's log has returned."""
    trace = tmp_path / "trace"
    if subprocess.run(["strace", "-o", "/dev/null", "true"], capture_output=True).returncode:
        pytest.skip("this system does not let strace trace")
    calls = "fsync,fdatasync,read,recvfrom,recvmsg,write,writev,sendto,sendmsg"
    tracer = ["strace", "-D", "-f", "-y", "-s", "600", "-e", f"trace={calls}", "-e", "signal=none", "-o", str(trace)]
    async with Served(tmp_path / "data", mappers=0, under=tracer) as served:
        async with sender(served.mllp) as line:
            for number in range(20):
                said = await line.ask(adt(control=f"TRACED{number}", local=f"T{number}", visit=f"VT{number}"))
                assert said is not None
                assert said.code == "AA"
        served.terminate()
        await served.ended()
    while "+++ exited with 0 +++" not in (whole := trace.read_text(errors="replace")):
        await asyncio.sleep(0.05)
    seen: list[str] = []
    synced = re.compile(r"(?:fsync|fdatasync)(?:\(\d+<[^>]*journal\.sqlite-wal>\)| resumed>\)) += 0")
    pending: set[str] = set()
    for call in whole.splitlines():
        thread = call.split(None, 1)[0]
        if "sync(" in call and "journal.sqlite-wal" in call and "unfinished" in call:
            pending.add(thread)
        elif synced.search(call) and ("resumed" not in call or thread in pending):
            pending.discard(thread)
            seen.append("sync")
        elif "MSA|AA|TRACED" in call:
            seen.append("ack")
        elif "ADT^A01|TRACED" in call and "journal" not in call:
            seen.append("message")
    story = " ".join(seen)
    assert seen.count("ack") == 20
    assert len(re.findall(r"message sync (?:sync )*ack", story)) == 20, story
