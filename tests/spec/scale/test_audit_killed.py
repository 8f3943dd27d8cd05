"""Processes that share an audit are killed one after another: the others go on, and every answer has its row."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path

import httpx
import pytest

from interop.audit.key import AuditKey
from interop.audit.row import ANSWER, CHANGE, MESSAGE, READ
from interop.audit.verify import verify
from tests.failures import failing
from tests.spec.audit.test_engine import rows
from tests.spec.durability.process import Served
from tests.spec.engine.messages import adt

pytestmark = [pytest.mark.anyio, pytest.mark.long, pytest.mark.timeout(600)]
JSON = {"content-type": "application/fhir+json"}
CLIENTS, ROUNDS, ANSWERS = 4, 2, 60


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


class Told:
    """What clients of one process were answered with success."""

    def __init__(self) -> None:
        self.read: list[str] = []
        self.written: list[str] = []
        self.sent: list[int] = []
        self.refused: list[tuple[str, int]] = []

    async def client(self, http: httpx.AsyncClient, name: str) -> None:
        number = 0
        try:
            while True:
                number += 1
                id_ = f"{name}-{number}"
                put = await http.put(f"/fhir/Patient/{id_}", json={"resourceType": "Patient", "id": id_}, headers=JSON)
                (self.written if put.status_code == 201 else self.refused).append(id_)  # type: ignore[arg-type]
                for _ in range(3):
                    if (await http.get(f"/fhir/Patient/{id_}")).status_code == 200:
                        self.read.append(id_)
                sent = await http.post("/ingest/hl7v2", content=adt(control=id_, local=id_, visit="V" + id_))
                if sent.status_code == 202:
                    self.sent.append(sent.json()["message"])
        except httpx.TransportError:
            return


async def asked(served: Served, told: Told, name: str) -> None:
    async with served.client() as http:
        await asyncio.gather(*(told.client(http, f"{name}-{number}") for number in range(CLIENTS)))


@failing(
    "API process",
    "reading",
    "writing",
    seen="clients of that process have no answer; those of the others see nothing",
    recovered="rows are in the file before the answer; its chain is mended when a process begins the next",
)
async def test_the_others_go_on_and_every_answer_has_its_row(tmp_path: Path, database: str) -> None:
    data = tmp_path / "data"
    told = Told()

    def served(name: str) -> Served:
        return Served(data, "--database", database, "--name", name, mappers=0)

    async with AsyncExitStack() as stack:
        stays = await stack.enter_async_context(served("stays"))
        staying = asyncio.create_task(asked(stays, told, "s"))
        for number in range(ROUNDS):
            other = Told()
            async with served("killed") as killed:
                asking = asyncio.create_task(asked(killed, other, f"k{number}"))
                while len(other.written) + len(other.read) < ANSWERS:
                    await asyncio.sleep(0.01)
                killed.kill()
                await asking
                before = len(told.read)
                async with asyncio.timeout(20):
                    while len(told.read) < before + 20:
                        await asyncio.sleep(0.01)
            for mine, its in ((told.read, other.read), (told.written, other.written), (told.sent, other.sent)):
                mine += its  # type: ignore[operator]
        stays.terminate()
        await staying
        assert await stays.ended() == 0
    assert told.refused == []
    found = rows(data)
    reads = [row.id for row in found if row.kind == READ and row.status == 200]
    changes = {row.more["keys"][0][2] for row in found if row.kind == CHANGE}
    messages = {number for row in found if row.kind in (MESSAGE, ANSWER) for number in row.more.get("messages", ())}
    assert {id_: told.read.count(id_) for id_ in told.read} == {
        id_: min(reads.count(id_), told.read.count(id_)) for id_ in told.read
    }
    assert set(told.written) <= changes
    assert set(told.sent) <= messages
    said = verify(data / "audit", data / "audit" / "checkpoints", AuditKey.kept(data / "audit.key"))
    assert (said.bad, said.chains) == (None, ROUNDS + 1)
