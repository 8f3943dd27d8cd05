"""Somebody reads while the power goes, or goes away before the answer has come."""

from __future__ import annotations

import asyncio
from pathlib import Path
from random import Random

import pytest

from conformance.crash.power import Losing
from interop.audit.key import AuditKey
from interop.audit.verify import verify
from tests.failures import failing
from tests.spec.durability.process import Served
from tests.spec.durability.state import prepare
from tests.spec.durability.test_unsynced import NOTHING_LEFT
from tests.spec.durability.test_unsynced import shim as shim
from tests.spec.engine.running import client, found, running
from tests.spec.engine.taking import JSON, sent, taken
from tests.spec.engine.test_takedown import VISIT, WRONG, message

pytestmark = pytest.mark.anyio


@pytest.mark.long
@failing(
    "power",
    "reading",
    seen="the reader has no answer; the audit may lack its last second",
    recovered="what was given is given again as it was; a takedown names the second as uncertain",
)
async def test_what_was_read_is_there_again_and_the_audit_says_of_what_it_is_not_sure(shim: Path, tmp_path: Path) -> None:
    data = prepare(tmp_path / "data")
    disk = Losing(shim, data, tmp_path / "disk")
    disk.begin()
    async with Served(data, environment=disk.environment) as served, served.client() as http:
        await sent(http, message(1, VISIT))
        number = await sent(http, message(2, *WRONG, name="OTHER^BOB"))
        (condition,) = await found(http, "Condition")
        address = f"/fhir/Condition/{condition['id']}"
        given = await http.get(address)
        async with asyncio.timeout(20):
            while "interop_audit_unsynced_rows 0.0" not in (await http.get("/metrics")).text:
                await asyncio.sleep(0.1)
        assert (await http.get(address)).status_code == 200
        served.kill()
        await served.ended()
    print(disk.lose(Random(1), NOTHING_LEFT))
    async with Served(data, environment=disk.environment) as served, served.client() as http:
        again = await http.get(address)
        assert (again.content, again.headers["etag"]) == (given.content, given.headers["etag"])
        told = await taken(http, number)
        assert {one["how"] for one in told.seen} >= {"read", "search-type"}
        assert len(told.gaps) == 1
        served.terminate()
        assert await served.ended() == 0
    assert verify(data / "audit", data / "audit" / "checkpoints", AuditKey.kept(data / "audit.key")).bad is None


@failing("sender", "reading", seen="nothing", recovered="the answer is made and put down, and nobody takes it; others read on")
async def test_whoever_reads_goes_away_before_the_answer(tmp_path: Path) -> None:
    async with running(tmp_path / "data") as engine, client(engine) as http:
        assert (await http.put("/fhir/Patient/p1", json={"resourceType": "Patient", "id": "p1"}, headers=JSON)).status_code == 201
        rows = engine.audited.log.sequence
        for _ in range(5):
            _, writer = await asyncio.open_connection("127.0.0.1", engine.http)
            writer.write(b"GET /fhir/Patient HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n")
            await writer.drain()
            writer.transport.abort()
        async with asyncio.timeout(10):
            while engine.server.connections > 1:
                await asyncio.sleep(0)
        assert len(await found(http, "Patient")) == 1
        assert rows < engine.audited.log.sequence <= rows + 6
