"""One process keeps the time, whichever it is; a step is taken once whoever is killed when."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from shutil import copyfile
from typing import Any

import httpx
import pytest

from interop.app.engine import Engine
from interop.clock import ManualClock
from interop.clocks.tasks import SYSTEM
from tests.spec.clocks.timing import CLINICIAN, Timed, request, visit
from tests.spec.durability.process import Served
from tests.spec.engine.running import client, found, settings
from tests.spec.rules.acting import START, team

pytestmark = pytest.mark.anyio
NAME = "urgent-response"


async def opened(stack: AsyncExitStack, data: Path, clock: ManualClock, **more: Any) -> tuple[Timed, Engine]:
    """An engine that stands open with the stack, unless it is stopped before."""
    engine = await Engine.start(settings(data, rules=Path("ours"), **more), clock)
    http = await stack.enter_async_context(client(engine))
    return Timed(engine, http, clock), engine


async def until(asked: Any) -> None:
    """Wait for something that another process does."""
    async with asyncio.timeout(60):
        while not await asked():
            await asyncio.sleep(0.02)


@pytest.mark.long
async def test_one_of_two_processes_keeps_the_time_and_the_other_goes_on_with_it(tmp_path: Path, database: str) -> None:
    clock = ManualClock(START)
    async with AsyncExitStack() as stack:
        first, one = await opened(stack, tmp_path / "data-0", clock, database=database, name="one")
        (tmp_path / "data-1").mkdir()
        for key in (tmp_path / "data-0").glob("*.key"):
            copyfile(key, tmp_path / "data-1" / key.name)
        second, other = await opened(stack, tmp_path / "data-1", clock, database=database, name="other")
        try:
            patient = await first.admitted()
            answer = await second.http.put("/fhir/ServiceRequest/sr1", json=request(patient))
            assert answer.is_success, answer.text
            await until(lambda: second.clocks(NAME))

            async def heard() -> bool:
                return bool(first.keeper.running)

            await until(heard)
            assert (len(first.keeper.running), len(second.keeper.running)) == (1, 0)
            await first.later(95)
            assert await first.states(NAME) == ["warned"]
            await one.stop()
            clock.advance(40 * 60)

            async def breached() -> bool:
                return await second.states(NAME) == ["breached"]

            await until(breached)
            assert Counter(each["category"][0]["coding"][0]["code"] for each in await second.told()) == {"warned": 1, "breached": 1}
            await second.put(visit(patient, 130))
            assert (await second.one(NAME))["status"] == "completed"
        finally:
            await other.stop()


def ago(minutes: float) -> str:
    return (datetime.now(UTC) - timedelta(minutes=minutes)).isoformat(timespec="seconds")


async def asked(http: httpx.AsyncClient, wanted: dict[str, dict[str, Any]], done: set[str]) -> None:
    """Ask for every urgent response that has not been answered yet; as far as the engine lives."""
    for id, resource in wanted.items():
        if id not in done:
            answer = await http.put(f"/fhir/ServiceRequest/{id}", json=resource)
            assert answer.is_success, answer.text
            done.add(id)


@pytest.mark.long
@pytest.mark.timeout(300)
@pytest.mark.parametrize("seed", [1, 2])
async def test_killed_again_and_again_each_breach_is_told_once(tmp_path: Path, seed: int) -> None:
    """Each clock is due when it begins: between request, clock, breach and Communication the process may end anywhere."""
    chance, done = random.Random(seed), set[str]()
    wanted = {f"sr{number}": request("p1", f"sr{number}", authoredOn=ago(180)) for number in range(20)}
    options = ("--rules", "ours")
    async with Served(tmp_path / "data", *options, mappers=0) as engine, engine.client() as http:
        await http.put("/fhir/Patient/p1", json={"resourceType": "Patient", "id": "p1", "gender": "female"})
        await http.put("/fhir/CareTeam/t1", json=team("t1", "p1", participant=[CLINICIAN]))
        engine.terminate()
        await engine.ended()
    for _ in range(3):
        async with Served(tmp_path / "data", *options, mappers=0) as engine, engine.client() as http:
            asking = asyncio.create_task(asked(http, wanted, done))
            await asyncio.sleep(chance.uniform(0.02, 0.4))
            engine.kill()
            await asyncio.gather(asking, return_exceptions=True)
    async with Served(tmp_path / "data", *options, mappers=0) as engine, engine.client() as http:
        await asked(http, wanted, done)

        async def all_breached() -> bool:
            tasks = await found(http, f"Task?code={SYSTEM}|{NAME}&business-status=breached&_count=100")
            return len(tasks) == len(wanted)

        await until(all_breached)
        told = await found(http, "Communication?category=urn:interop:codes:clock-note|breached&_count=100")
        tasks = await found(http, f"Task?code={SYSTEM}|{NAME}&_count=100")
    assert Counter(each["about"][0]["reference"] for each in told) == {f"Task/{task['id']}": 1 for task in tasks}
    assert {task["meta"]["versionId"] for task in tasks} == {"2"}
