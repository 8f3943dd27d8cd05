"""Processes of one role each on one database: what each opens, and that one is called as no other."""

from __future__ import annotations

import asyncio
from pathlib import Path

import httpx
import pytest

from interop.app.naming import have_name
from interop.cli.serve import greeting
from interop.store.postgres import PostgresStore
from tests.spec.engine.messages import adt
from tests.spec.engine.running import client, tell
from tests.spec.scale.side_by_side import processes

pytestmark = pytest.mark.anyio
ROLES = ("ingest", "worker", "api")


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def applied(http: httpx.AsyncClient, patients: int) -> None:
    """Wait until so many Patients are found."""
    async with asyncio.timeout(20):
        while (await http.get("/fhir/Patient?_summary=count")).json()["total"] < patients:
            await asyncio.sleep(0.02)


async def test_each_opens_what_its_role_is_for_and_together_they_are_an_engine(tmp_path: Path, database: str) -> None:
    async with processes(tmp_path / "data", database, *ROLES) as (ingest, worker, api):
        assert [bool(each.listening.listeners) for each in (ingest, worker, api)] == [True, False, False]
        assert sorted(single.name for single in ingest.singles) == ["folders"]
        assert sorted(single.name for single in worker.singles) == ["audit", "deliveries", "identity queue"]
        assert api.singles == []
        sends, other = worker.outgoing.deliverer.alone, ingest.outgoing.deliverer.alone
        assert sends is not None
        assert other is not None
        assert (await sends(), await other()) == (True, False)
        assert greeting(worker, "http://h").startswith(
            "p1: applies what waits, health http://h/health/ready, data in postgresql://"
        )
        (ack,) = await tell(ingest, adt())
        assert ack is not None
        assert ack.code == "AA"
        async with client(api) as http, client(worker) as small, client(ingest) as taking:
            await applied(http, 1)
            assert (await small.get("/fhir/Patient")).status_code == 421
            assert (await taking.get("/fhir/Patient")).status_code == 421
            assert (await http.post("/ingest/hl7v2", content=adt())).status_code == 421
            for each in (http, small, taking):
                assert (await each.get("/health/ready")).json()["status"] == "ready"


async def test_two_of_one_name_are_refused_and_a_name_is_free_when_its_process_has_ended(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("interop.app.naming.NAMED", 1)
    one, other = await PostgresStore.open(database), await PostgresStore.open(database)
    await have_name(one.seats, "one")
    await have_name(other.seats, "two")
    with pytest.raises(ValueError, match="is called one: give each its own name with --name"):
        await have_name(other.seats, "one")
    await one.close()
    await have_name(other.seats, "one")
    await other.close()
