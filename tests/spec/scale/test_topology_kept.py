"""A topology that was ended, or whose machine went down, goes on with what its directory holds."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
import pytest

from conformance.topology.running import Topology, suitable
from tests.places import memory
from tests.spec.engine.messages import adt

pytestmark = [pytest.mark.anyio, pytest.mark.long, pytest.mark.timeout(300)]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def place() -> Iterator[Path]:
    """A directory that PostgreSQL may enter too, which is another user."""
    with TemporaryDirectory(prefix="interop-topology-", dir=memory(1 << 30)) as made:
        yield Path(made)


def one_of_each(place: Path) -> Topology:
    return Topology(place, "--open", "--test-numbers", each=1, mappers=0, durable=False, with_redis=False, front="own")


async def sent(there: Topology, control: str, family: str) -> dict[str, Any]:
    """What is said of a message that is waited for."""
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{there.http}", timeout=60, trust_env=False) as http:
        answer = await http.post("/ingest/hl7v2?wait=applied", content=adt("A01", control, family=family))
        assert answer.status_code == 200, answer.text
        said: dict[str, Any] = answer.json()
        return said


async def families(there: Topology) -> list[str]:
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{there.http}", timeout=60, trust_env=False) as http:
        found = (await http.get("/fhir/Patient")).json()
        return [entry["resource"]["name"][0]["family"] for entry in found.get("entry", [])]


def children(pid: int) -> list[str]:
    """The process ids of what a process has begun."""
    return Path(f"/proc/{pid}/task/{pid}/children").read_text().split()


def lives(pid: str) -> bool:
    """Whether a process has not ended, be it that nobody has asked how."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


@pytest.mark.parametrize("killed", [False, True])
async def test_what_was_taken_in_is_there_again_and_known_at_other_ports(place: Path, killed: bool) -> None:
    """All of it ended in order, or was killed with the database first, which leaves a file that says that it is ready."""
    async with one_of_each(place) as there:
        first = await sent(there, "C1", "FIRST")
        before = {http for http, _ in there.ports.values()}
        if killed:
            left = children(there.processes["postgres"].pid)
            for process in there.processes.values():
                await process.end(signal.SIGKILL)
            async with asyncio.timeout(60):
                while any(map(lives, left)):  # the next server refuses to start beside what is left of the one before
                    await asyncio.sleep(0.02)
    assert suitable(place)
    async with one_of_each(place) as there:
        assert before != {http for http, _ in there.ports.values()}
        assert await families(there) == ["FIRST"]
        again = await sent(there, "C1", "FIRST")
        assert (again["message"], again["state"]) == (first["message"], "applied")
        assert (await sent(there, "C2", "SECOND"))["message"] == first["message"] + 1
