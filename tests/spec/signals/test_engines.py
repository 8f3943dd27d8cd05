"""Engines that share a database and a Redis: each is told what the others have done, and does without where Redis is gone."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from interop.app.engine import Engine
from interop.apply import elsewhere
from interop.cli.main import app
from interop.signals import by_redis
from tests.spec.api.messages import admission
from tests.spec.engine.running import client, found
from tests.spec.scale.side_by_side import processes
from tests.spec.signals.conftest import until
from tests.valkey import Server

pytestmark = pytest.mark.anyio

NEVER = 3_600.0


@pytest.fixture
def told_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever is connected looks for itself once an hour: what is seen sooner was told."""
    monkeypatch.setattr(by_redis, "TOLD", NEVER)
    monkeypatch.setattr(elsewhere, "COUNTED", NEVER)


def connected(*engines: Engine) -> bool:
    return all(engine.workshop.signals.wait != by_redis.ALONE for engine in engines)


async def test_a_worker_is_told_what_another_process_has_taken_in_and_that_one_when_it_is_applied(
    tmp_path: Path, database: str, redis: Server, told_alone: None
) -> None:
    """A sender that waits until its message is in the record is answered by the one, of what the other did."""
    async with processes(tmp_path, database, "ingest,api", "worker", redis=redis.url) as (ingest, worker):
        await until(lambda: connected(ingest, worker))
        async with client(ingest) as http:
            for number in range(3):
                answer = await http.post("/ingest/hospital?wait=applied", content=admission(str(number)))
                assert answer.json()["state"] == "applied"
            assert len(await found(http, "Encounter")) == 1
        assert worker.workshop.finished == 3
        assert worker.workshop.signals.counts.heard > 0  # type: ignore[attr-defined]


async def test_a_process_is_told_that_the_record_has_changed(
    tmp_path: Path, database: str, redis: Server, told_alone: None
) -> None:
    """Though nobody asks it anything."""
    async with processes(tmp_path, database, "api", "api", redis=redis.url) as (one, other):
        await until(lambda: connected(one, other))
        following = other.workshop.following
        assert following is not None
        following.every = NEVER
        await following.now()
        before = following.turn
        async with client(one) as http:
            assert (await http.put("/fhir/Basic/b", json={"resourceType": "Basic", "id": "b", "code": {"text": "x"}})).is_success
        await until(lambda: following.turn > before)


async def test_without_redis_each_looks_for_itself(tmp_path: Path, database: str, redis: Server) -> None:
    """From the start or in the middle; readiness does not depend on it, the figures say so."""
    redis.stop()
    async with processes(tmp_path, database, "ingest,api", "worker", redis=redis.url) as (ingest, worker):
        async with client(ingest) as http:
            assert (await http.post("/ingest/hospital?wait=applied", content=admission("1"))).json()["state"] == "applied"
            assert (await http.get("/health/ready")).status_code == 200
            assert "interop_redis_connected 0.0" in (await http.get("/metrics")).text
            redis.start()
            await until(lambda: connected(ingest, worker))
            assert "interop_redis_connected 1.0" in (await http.get("/metrics")).text
            assert (await http.post("/ingest/hospital?wait=applied", content=admission("2"))).json()["state"] == "applied"
            redis.stop()
            assert (await http.post("/ingest/hospital?wait=applied", content=admission("3"))).json()["state"] == "applied"


async def test_a_limit_on_requests_is_that_of_all_processes(tmp_path: Path, database: str, redis: Server) -> None:
    """Whoever asks has one bucket among them, under a name that says nothing of who it is."""
    async with processes(tmp_path, database, "api", "api", redis=redis.url, rate=1, open=False) as (one, other):
        await until(lambda: connected(one, other))
        made = CliRunner().invoke(app, ["token", "--data", str(tmp_path), "--role", "gp", "--org", "G99901", "--user", "Smith"])
        asked = {"authorization": f"Bearer {made.stdout.strip()}"}
        for engine in (one, other):
            async with client(engine) as http:
                assert (await http.get("/fhir/Organization", headers=asked)).status_code == 200
            levels = engine.workshop.signals.levels  # type: ignore[attr-defined]
            await until(lambda levels=levels: levels.settled == 1)
        names = [name for name in redis.ask("KEYS", "*").split(b"\r\n") if b":level:" in name]
        assert len(names) == 1
        assert re.fullmatch(rb"interop:[0-9a-f]{16}:level:[0-9a-f]{24}", names[0])
