"""A disk that is full, that fails to write or to sync: each of journal, record and audit by itself, one fault after another.

The faults are those of ``conformance/crash/power.c``: an engine meets them as errors of the system.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from errno import EIO, ENOSPC
from pathlib import Path
from random import Random
from typing import NamedTuple

import httpx
import pytest

from conformance.crash.power import Losing
from interop.audit.key import AuditKey
from interop.audit.verify import verify
from tests.failures import failing
from tests.spec.durability.load import settled
from tests.spec.durability.process import Served
from tests.spec.durability.state import journal, prepare
from tests.spec.durability.test_backlog import coded, enhanced
from tests.spec.durability.test_unsynced import shim as shim
from tests.spec.engine.messages import adt
from tests.spec.engine.running import Mllp, found, sender
from tests.spec.engine.taking import ask, sent
from tests.spec.engine.test_takedown import VISIT, WRONG, message, refused

pytestmark = [pytest.mark.anyio, pytest.mark.long]
FAULTS = {"full": ("grow", ENOSPC), "not to be written": ("write", EIO), "not to be synced": ("sync", EIO)}
JSON = {"content-type": "application/fhir+json"}
KEPT = "audit/checkpoints"
LARGE = "x" * 300_000
"""More than is left of a file that may not grow."""


class At(NamedTuple):
    """An engine whose disk fails as ``faults`` says, with a sender and a client; ``taken``: control ids that were accepted."""

    served: Served
    line: Mllp
    http: httpx.AsyncClient
    faults: Path
    taken: set[str]

    @contextmanager
    def failing(self, name: str, file: str) -> Iterator[None]:
        operation, error = FAULTS[name]
        self.faults.write_text(f"{operation} {error} {file}\n", encoding="utf-8")
        try:
            yield
        finally:
            self.faults.write_text("", encoding="utf-8")

    async def send(self, control: str, make: Callable[..., bytes] = adt, **more: str) -> str:
        said = await self.line.ask(make(control=control, **more))
        assert said is not None
        if said.code in ("AA", "CA"):
            self.taken.add(control)
        return said.code

    async def write(self, family: str) -> httpx.Response:
        patient = {"resourceType": "Patient", "name": [{"family": family}], "text": {"status": "generated", "div": DIV}}
        return await self.http.post("/fhir/Patient", json=patient, headers=JSON)

    async def works(self, control: str) -> None:
        """Everything goes, as soon as the engine finds that the disk is well."""
        for _ in range(300):
            if await self.send(control) == "AA" and (await self.write("WELL")).status_code == 201:
                return
            await asyncio.sleep(0.05)
        raise AssertionError("the engine does not go on")


@pytest.fixture
def disk(shim: Path, tmp_path: Path) -> Losing:
    """An engine's data on a disk that fails as the file ``faults`` says."""
    (tmp_path / "faults").touch()
    made = Losing(shim, prepare(tmp_path / "data"), tmp_path / "disk", faults=tmp_path / "faults")
    made.begin()
    return made


def fails(disk: Losing, said: str) -> None:
    """What fails from now on, line by line."""
    disk.root.with_name("faults").write_text(said, encoding="utf-8")


@asynccontextmanager
async def at_work(disk: Losing) -> AsyncIterator[At]:
    """An engine there, until the block ends."""
    async with Served(disk.root, environment=disk.environment) as served, sender(served.mllp) as line, served.client() as http:
        yield At(served, line, http, disk.root.with_name("faults"), set())


DIV = f'<div xmlns="http://www.w3.org/1999/xhtml">{LARGE}</div>'


async def until(done: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not done():
            await asyncio.sleep(0.02)


async def first_refusal(at: At, name: str, make: Callable[..., bytes] = adt) -> str:
    """Send messages until one is not taken, as a file that may not grow has room for some; its code."""
    for number in range(200):
        code = await at.send(f"{name}{number}", make, **({"extra": (f"NTE|1||{LARGE[:20_000]}",)} if make is adt else {}))
        if code not in ("AA", "CA"):
            return code
    raise AssertionError("the disk never failed")


async def the_journal(at: At, fault: str, place: int) -> None:
    with at.failing(fault, "journal.sqlite"):
        assert await first_refusal(at, f"J{place}-") == "AR"
        refused = await at.http.post("/ingest/hl7v2", content=adt(control=f"JH{place}", extra=(f"NTE|1||{LARGE}",)))
        assert (refused.status_code, coded(refused)) == (503, "journal-unavailable")
        assert int(refused.headers["retry-after"]) > 0
        written = await at.write("NOBODY")
        assert written.status_code == 503, written.text
        assert (await at.http.get("/fhir/Patient?family=WELL&_count=1")).json()["total"] > 0, "reading goes on"
        assert (await at.http.get("/health/live")).status_code == 200
        ready = await at.http.get("/health/ready")
        assert (ready.status_code, ready.json()["reason"]) == (503, "journal-unavailable")
        if fault != "full":
            assert await first_refusal(at, f"JE{place}-", enhanced) == "CE"


async def the_record(at: At, fault: str, place: int) -> None:
    before = at.served.errors.count(b"record not writable")
    with at.failing(fault, "record.sqlite"):
        for number in range(12):
            assert await at.send(f"R{place}-{number}", extra=(f"NTE|1||{LARGE}",), local=f"R{place}{number}") == "AA"
        waiting = asyncio.create_task(settled(at.served, f"RS{place}"))
        await until(lambda: at.served.errors.count(b"record not writable") > before)
        assert not waiting.done()
        assert (await at.http.get("/fhir/Patient?family=WELL&_count=1")).status_code == 200, "reading goes on"
    await waiting
    at.taken.add(f"RS{place}")


async def the_audit(at: At, fault: str, place: int) -> None:
    with at.failing(fault, "audit/"):
        assert await changed(at, place) == (503, "audit-unavailable")
        if fault != "not to be synced":  # a row of a read need not wait for the disk, and is synced within a second
            answer = await at.http.get("/fhir/Patient?family=WELL&_count=1")
            assert (answer.status_code, coded(answer)) == (503, "audit-unavailable"), "nothing is given without its row"
        assert await first_refusal(at, f"A{place}-") == "AR"
        assert (await at.http.get("/health/ready")).status_code == 503
        figures = await at.http.get("/metrics")
        assert figures.status_code == 200, "who watches does not go blind"
        assert "interop_audit_refusing 1.0" in figures.text


async def changed(at: At, place: int) -> tuple[int, str]:
    for _ in range(100):  # what there is room for is taken
        answer = await at.write("NOBODY")
        if answer.status_code != 201:
            return answer.status_code, coded(answer)
    raise AssertionError("the disk never failed")


@failing("journal disk", "taking in", seen="AR, CE or 503, whether it is full or fails", recovered="by itself, when it is well")
@failing("journal disk", "reading", seen="nothing", recovered="readers write nothing into the journal")
@failing("record disk", "taking in", seen="nothing: messages are journalled and wait", recovered="by itself, when it is well")
@failing("record disk", "reading", seen="what was applied before", recovered="readers read on")
@failing("audit disk", "taking in", seen="AR, CE or 503 `audit-unavailable`", recovered="by itself, when it is well")
async def test_whatever_fails_is_told_and_mends_itself(disk: Losing) -> None:
    """One engine, nine faults: each of the three is full, cannot be written, cannot be synced. Then the power goes: what was
    acknowledged along the way is there."""
    async with at_work(disk) as at:
        await at.works("FIRST")
        for place, fault in enumerate(FAULTS):
            for number, breaks in enumerate((the_journal, the_record, the_audit)):
                print(f"{breaks.__name__} is {fault}")
                await breaks(at, fault, place)
                if breaks is the_journal:
                    assert (await at.http.get("/health/ready")).status_code == 200, "found out without anybody sending"
                await at.works(f"WELL{place}{number}")
        at.served.kill()
        await at.served.ended()
    print(disk.lose(Random(1), 0.0))
    async with Served(disk.root) as served:
        await settled(served, "LAST")
        served.terminate()
        assert await served.ended() == 0
    there = journal(disk.root)
    assert at.taken <= set(there.controls)
    assert {there.states[control] for control in at.taken} == {"applied"}


def applied(data: Path) -> int:
    """How many messages are in the record, by its file: where the audit fails the engine tells nobody."""
    with closing(sqlite3.connect(f"{(data / 'record.sqlite').as_uri()}?mode=ro", uri=True)) as connection:
        ((count,),) = connection.execute("SELECT count(*) FROM outcome WHERE state = 'applied'")
    return int(count)


@failing("journal disk", "applying", seen="nothing", recovered="what is journalled is read, and applied")
@failing("audit disk", "applying", seen="nothing: nobody is given anything", recovered="what is journalled is applied")
async def test_what_is_journalled_is_applied_though_nothing_more_is_taken(disk: Losing) -> None:
    async with at_work(disk) as at:
        for place, file in enumerate(("journal.sqlite", "audit/")):
            for number in range(200):
                assert await at.send(f"M{place}-{number}", local=f"L{place}{number}", visit=f"V{place}{number}") == "AA"
            with at.failing("not to be written", file):
                assert await first_refusal(at, f"N{place}-") == "AR"
                async with asyncio.timeout(60):
                    while applied(disk.root) < len(at.taken):
                        await asyncio.sleep(0.05)
            await at.works(f"WELL{place}")


@failing("audit disk", "takedown", seen="503 `audit-unavailable`", recovered="it is asked for again")
@failing("journal disk", "takedown", seen="503 `journal-unavailable`", recovered="it is asked for again")
@failing("record disk", "takedown", seen="no answer yet", recovered="it is done when there is room, and then answered")
@failing("power", "takedown", seen="what was answered stays done", recovered="the takedown is an entry of the journal")
async def test_a_takedown_is_done_as_a_whole_or_refused(disk: Losing) -> None:
    async with at_work(disk) as at:
        await sent(at.http, message(1, VISIT))
        number = await sent(at.http, message(2, *WRONG, name="OTHER^BOB"))
        for file, reason in (("audit/", "audit-unavailable"), ("journal.sqlite", "journal-unavailable")):
            with at.failing("not to be written", file):
                answer = await ask(at.http, number)
                assert (answer.status_code, coded(answer)) == (503, reason)
            await at.works(reason)
            assert len(await found(at.http, "Condition")) == 1
        with at.failing("not to be written", "record.sqlite"):
            asking = asyncio.create_task(ask(at.http, number))
            await until(lambda: b"record not writable" in at.served.errors)
            assert not asking.done()
        assert (await asking).status_code == 200
        at.served.kill()
        await at.served.ended()
    print(disk.lose(Random(1), 0.0))
    async with Served(disk.root, environment=disk.environment) as served, served.client() as http:
        await settled(served)
        assert await found(http, "Condition") == []
        assert await refused(http, message(2, *WRONG, name="OTHER^BOB"))


@failing(
    "checkpoints",
    "taking in",
    "writing",
    "takedown",
    seen="`/health/ready` is 503; what is sent, written and taken back is answered",
    recovered="the next checkpoint that can be kept covers the rows between",
)
@failing("checkpoints", "starting", seen="`/health/ready` is 503 from the start on", recovered="the first that can be kept")
async def test_where_no_checkpoint_can_be_kept_all_goes_on_and_who_watches_is_told(disk: Losing) -> None:

    async def ready(at: At, status: int) -> None:
        async with asyncio.timeout(60):
            while (await at.http.get("/health/ready")).status_code != status:
                await asyncio.sleep(0.1)

    for place in range(2):  # while it runs, then from its start on
        if place:
            fails(disk, f"write {EIO} {KEPT}\ngrow {EIO} {KEPT}\n")
        async with at_work(disk) as at:
            if place:
                assert (await at.http.get("/health/ready")).status_code == 503
            else:
                await at.works("FIRST")
                await ready(at, 200)
            number = await sent(at.http, message(2 + place, *WRONG, name="OTHER^BOB"))
            with at.failing("not to be written", KEPT):
                assert await at.send(f"A{place}") == "AA"  # rows that want a checkpoint
                await ready(at, 503)
                assert (await at.write("WRITTEN")).status_code == 201
                assert (await ask(at.http, number)).status_code == 200
                assert await found(at.http, "Condition") == []
            await ready(at, 200)
            at.served.terminate()
            assert await at.served.ended() == 0
    audit = disk.root / "audit"
    assert verify(audit, audit / "checkpoints", AuditKey.kept(disk.root / "audit.key")).bad is None


@failing("journal disk", "starting", seen="`interop serve` says which it is and ends", recovered="the next start")
@failing("record disk", "starting", seen="`interop serve` says which it is and ends", recovered="the next start")
@failing("audit disk", "starting", seen="`interop serve` says which it is and ends", recovered="the next start")
async def test_a_start_on_a_disk_that_fails_ends_with_a_sentence_and_the_next_goes_on(disk: Losing) -> None:
    async with at_work(disk) as at:
        for number in range(20):
            assert await at.send(f"M{number}", local=f"L{number}") == "AA"
        at.served.kill()
        await at.served.ended()
    for file in ("journal.sqlite", "record.sqlite", "audit/"):
        fails(disk, f"write {EIO} {file}\nsync {EIO} {file}\n")
        with pytest.raises(AssertionError) as ended:
            async with Served(disk.root, environment=disk.environment):
                pass
        assert "Traceback" not in str(ended.value), file
        assert any(word in str(ended.value) for word in ("disk", "audit", "journal")), file
    fails(disk, "")
    async with Served(disk.root, environment=disk.environment) as served:
        await settled(served, "LAST")
        served.terminate()
        assert await served.ended() == 0
    assert set(journal(disk.root).states.values()) == {"applied"}
