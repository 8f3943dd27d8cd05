"""Whatever was answered has its row, though the engine was killed."""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path

import pytest

from interop.audit.key import AuditKey
from interop.audit.row import ANSWER, CHANGE, MESSAGE
from interop.audit.verify import verify
from tests.failures import failing
from tests.spec.audit.test_engine import rows
from tests.spec.audit.told import Told
from tests.spec.durability.process import Served
from tests.spec.durability.state import prepare

pytestmark = pytest.mark.anyio
JSON = {"content-type": "application/fhir+json"}
CLIENTS = 8


@pytest.mark.long
@pytest.mark.parametrize("round", range(3))
@failing(
    "engine",
    "reading",
    seen="the client has no answer",
    recovered="rows are in the file before the answer; the next chain binds them",
)
async def test_an_engine_that_is_killed_has_the_rows_of_all_that_it_answered(tmp_path: Path, round: int) -> None:
    """Reads, changes and messages of eight clients; ``kill -9`` in the middle, twice; the chains go on from each other."""
    data = prepare(tmp_path / "data")
    told = Told()
    for turn in range(2):
        async with Served(data) as served, served.client() as http:
            clients = [asyncio.create_task(told.client(http, f"k{10 * turn + number}")) for number in range(CLIENTS)]
            due = 150 * (turn + 1) + 40 * round
            while len(told.written) + len(told.read) < due:
                await asyncio.sleep(0.01)
            served.kill()
            await asyncio.gather(*clients)
            await served.ended()
    async with Served(data) as served:
        served.terminate()
        assert await served.ended() == 0
    found = rows(data)
    messages = {number for row in found if row.kind in (MESSAGE, ANSWER) for number in row.more.get("messages", ())}
    assert told.missing(data) == []
    with sqlite3.connect(data / "journal.sqlite") as journal:
        entries = journal.execute("SELECT message, adapter, control_id FROM entry").fetchall()
    assert {number for number, _, _ in entries} <= messages
    by_name = {f"audit:{row.sequence}" for row in found if row.kind == CHANGE}
    assert {f"audit:{control.rpartition('-')[2]}" for _, adapter, control in entries if adapter.startswith("api")} <= by_name
    audit = data / "audit"
    verified = verify(audit, audit / "checkpoints", AuditKey.kept(data / "audit.key"))
    assert (verified.bad, verified.chains) == (None, 3)
