"""A disk that is full: senders are told to try again (AR, 503), and when there is room the engine goes on by itself."""

from __future__ import annotations

import asyncio
import resource
from itertools import islice
from pathlib import Path

import pytest

from tests.failures import failing
from tests.spec.durability.load import push, settled, traffic
from tests.spec.durability.process import Served
from tests.spec.durability.state import journal, prepare, record
from tests.spec.engine.messages import adt
from tests.spec.engine.running import Ack, Mllp, sender

pytestmark = pytest.mark.anyio
NO_LIMIT = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)


def room(served: Served, size: int | None) -> None:
    """No file of the engine may grow beyond ``size`` bytes; None lifts that (``setrlimit``, RLIMIT_FSIZE)."""
    limit = NO_LIMIT if size is None else (size, resource.RLIM_INFINITY)
    resource.prlimit(served.pid, resource.RLIMIT_FSIZE, limit)


async def until_refused(line: Mllp, bodies: list[bytes]) -> tuple[set[str], Ack]:
    """Send one after another until one is not taken; the control ids that were, and the refusal."""
    taken = set[str]()
    for body in bodies:
        said = await line.ask(body)
        assert said is not None
        if said.code != "AA":
            return taken, said
        taken.add(said.control)
    raise AssertionError("the disk never filled up")


@pytest.mark.long
@failing(
    "journal disk",
    "taking in",
    "reading",
    seen="AR, CE or 503 `journal-unavailable`; reading goes on",
    recovered="the sender tries again once there is room",
)
async def test_a_full_disk_refuses_for_the_time_being_and_mends_itself(tmp_path: Path) -> None:
    data = prepare(tmp_path / "data")
    bodies = traffic(7, 400)
    async with Served(data) as served:
        async with sender(served.mllp) as line, served.client() as http:
            first = list(bodies.values())[:20]
            for body in first:
                said = await line.ask(body)
                assert said is not None
                assert said.code == "AA"
            await settled(served, "FIRST")
            room(served, max(path.stat().st_size for path in data.glob("journal.sqlite*")) + 65_536)
            taken, refusal = await until_refused(line, list(bodies.values())[20:])
            assert refusal.code == "AR"
            assert "cannot be reached" in refusal.text
            answer = await http.post("/ingest/hl7v2", content=adt(control="FULL"))
            assert answer.status_code == 503
            assert answer.headers["retry-after"]
            assert answer.json()["issue"][0]["details"]["coding"][0]["code"] == "journal-unavailable"
            assert (await http.get("/health/live")).status_code == 200
            assert (await http.get("/health/ready")).status_code == 503
            assert (await http.get("/fhir/Patient?_summary=count")).json()["total"] > 0
            room(served, None)
            assert (await http.get("/health/ready")).status_code == 200
            for body in list(bodies.values())[20:]:
                said = await line.ask(body)
                assert said is not None
                assert said.code == "AA"
        await settled(served)
        served.terminate()
        assert await served.ended() == 0
    there = journal(data)
    assert sorted(there.controls) == sorted([*bodies, "FIRST", "SETTLED"])
    assert taken
    assert there.repetitions == len(taken)
    assert set(there.states.values()) == {"applied"}
    assert record(data).resources


@pytest.mark.long
@failing(
    "record disk",
    "applying",
    seen="`record not writable; trying again`; messages wait",
    recovered="the batch is tried again until there is room",
)
async def test_a_record_that_has_no_room_waits_and_catches_up(tmp_path: Path) -> None:
    """The journal takes messages although the record cannot be written: they are applied when it can be."""
    data = prepare(tmp_path / "data")
    bodies = traffic(8, 400)
    first = dict(islice(bodies.items(), 150))
    async with Served(data) as served:
        await push(served.mllp, first.values(), acknowledged := set[str]())
        await settled(served, "FIRST")
        sizes = {path.name: path.stat().st_size for path in data.iterdir()}
        assert sizes["record.sqlite-wal"] > 2 * sizes["journal.sqlite-wal"]
        room(served, sizes["record.sqlite-wal"] + 16_384)
        await push(served.mllp, [body for control, body in bodies.items() if control not in first], acknowledged)
        assert acknowledged == set(bodies)
        waiting = asyncio.create_task(settled(served, "LAST"))
        while b"record not writable" not in served.errors:
            await asyncio.sleep(0.01)
        assert not waiting.done()
        room(served, None)
        await waiting
        served.terminate()
        assert await served.ended() == 0
    there = journal(data)
    assert sorted(there.controls) == sorted([*bodies, "FIRST", "LAST"])
    assert there.repetitions == 0
    assert set(there.states.values()) == {"applied"}
