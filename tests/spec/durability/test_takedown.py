"""Takedowns across ``kill -9`` and ``interop rebuild``: what the journal has is done, and done again the same way."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from interop.apply.asked import NO_AUTHOR
from interop.apply.journalled import TAKEN, takedown_of
from interop.apply.withdrawing import withdrawing
from interop.apply.withdrawn import Why
from interop.audit.row import CHANGE, NOTICE
from interop.store.plan import Messages
from interop.store.values import Change
from tests.failures import failing
from tests.spec.audit.test_engine import rows
from tests.spec.durability.process import CODE
from tests.spec.durability.state import prepare
from tests.spec.engine.messages import adt
from tests.spec.engine.running import client, found, running
from tests.spec.engine.taking import JSON, ask, persons, present, sent, taken
from tests.spec.engine.test_takedown import VISIT, WRONG, message

pytestmark = [pytest.mark.anyio, pytest.mark.long]
HELD = """
import asyncio, sys
from pathlib import Path
from interop.app.engine import Engine
from tests.spec.engine.running import settings

async def main():
    engine = await Engine.start(settings(Path(sys.argv[1]), hold=True))
    print(engine.http, flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""
"""An engine that journals and does not work the journal off."""


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest) -> dict[str, str]:
    return {} if request.param == "sqlite" else {"database": request.getfixturevalue("database")}


@failing(
    "engine",
    "takedown",
    seen="the privacy officer has no answer",
    recovered="the takedown is an entry of the journal, done at the next start",
)
async def test_a_takedown_that_is_journalled_when_the_process_is_killed_is_done_at_the_next_start(tmp_path: Path) -> None:
    data = prepare(tmp_path / "data")
    async with running(data) as engine, client(engine) as http:
        await sent(http, message(1, VISIT))
        number = await sent(http, message(2, *WRONG, name="OTHER^BOB"))
        assert len(await found(http, "Condition")) == 1
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", HELD, str(data), stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    port = int(await process.stdout.readline())
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=30, trust_env=False) as http:
        asking = asyncio.create_task(ask(http, number))
        while (await http.get(f"/messages/{number + 1}")).status_code == 404:
            await asyncio.sleep(0.01)
        assert len(await found(http, "Condition")) == 1
        process.send_signal(signal.SIGKILL)
        with pytest.raises(httpx.TransportError):
            await asking
    assert await process.wait() == -signal.SIGKILL
    async with running(data) as engine, client(engine) as http:
        while engine.workshop.unfinished:
            await asyncio.sleep(0.01)
        await engine.audited.tick()
        assert await found(http, "Condition") == []
        attempts = [row for row in rows(data) if row.kind == CHANGE and row.interaction == "$takedown"]
        notices = [row for row in rows(data) if row.kind == NOTICE]
        told = await taken(http, number)
        assert (len(attempts), len(notices), told.takedown) == (1, 1, number + 1)
        assert {one["how"] for one in told.seen} == {"search-type"}
        assert len(told.gaps) == 1


async def test_a_takedown_of_what_the_api_wrote_too(tmp_path: Path) -> None:
    data = prepare(tmp_path / "data")
    async with running(data) as engine, client(engine) as http:
        for text in ("right", "wrong"):
            fact = {"resourceType": "Basic", "id": "b1", "code": {"text": text}}
            assert (await http.put("/fhir/Basic/b1", json=fact, headers=JSON)).is_success
        store = engine.workshop.store
        (last,) = await store.query(Messages(count=1))
        resources = await withdrawing(store, [("Basic", "b1")], last.message)
        entry = takedown_of(Why(last.message, "wrong", last.finished), resources, engine.workshop.clock.now(), NO_AUTHOR)
        await store.commit(Change(entries=[entry]))
        assert (await http.get("/fhir/Basic/b1")).json()["code"]["text"] == "wrong"
    async with running(data) as engine, client(engine) as http:
        assert (await http.get("/fhir/Basic/b1")).json()["code"]["text"] == "right"
        assert (await http.get("/fhir/Basic/b1/_history/2")).status_code == 404
        assert (await taken(http, last.message)).takedown == entry.message


async def histories(http: httpx.AsyncClient) -> dict[str, list[tuple[str, str]]]:
    """Of each resource about a person: versions and what was done, newest first."""
    found: dict[str, list[tuple[str, str]]] = {}
    for type_ in ("Patient", "Encounter", "Condition", "AllergyIntolerance", "Basic"):
        entries = (await http.get(f"/fhir/{type_}/_history?_count=1000")).json().get("entry", [])
        for each in entries:
            name = each["fullUrl"].partition("/fhir/")[2]
            found.setdefault(name, []).append((each["response"]["etag"], each["request"]["method"]))
    return {name: sorted(each) for name, each in found.items()}


async def test_a_rebuilt_record_says_the_same(place: dict[str, str], empty_database: str, tmp_path: Path) -> None:
    data, again = prepare(tmp_path / "data"), tmp_path / "again"
    async with running(data, **place) as engine, client(engine) as http:
        numbers = [
            await sent(http, message(day, VISIT, *WRONG[1:], name=f"N{day}^X", patient=f"P{day % 2}")) for day in range(1, 7)
        ]
        numbers.append(await sent(http, adt("A40", "C3", local="P0", merged="P1", at="20260126")))
        for text in ("right", "wrong"):
            fact: dict[str, Any] = {"resourceType": "Basic", "id": "b1", "code": {"text": text}}
            numbers.append(
                int((await http.put("/fhir/Basic/b1", json=fact, headers=JSON)).json()["meta"]["source"].rpartition("#")[2])
            )
        for number in (numbers[1], numbers[4], numbers[6], numbers[8]):
            await taken(http, number)
        numbers.append(await sent(http, message(8, VISIT, name="LAST^X", patient="P1")))
        was, were, versions = await present(engine), await persons(engine), await histories(http)
        down = await engine.workshop.store.query(Messages(feed=TAKEN, count=10))
        assert len(down) == 4
    options = ["--into-database", empty_database] if not place else []
    named = ["--database", place["database"]] if place else []
    command = [sys.executable, "-c", CODE, "rebuild", "--data", str(data), *named, "--into", str(again), *options, "--mappers", "0"]
    done = await asyncio.to_thread(lambda: subprocess.run([*command, "--test-numbers"], capture_output=True, text=True, timeout=90))
    assert done.returncode == 0, done.stderr
    async with running(again, **({} if place else {"database": empty_database})) as engine, client(engine) as http:
        assert await present(engine) == was
        assert await persons(engine) == were
        assert await histories(http) == versions
        for entry in down:
            (same,) = [
                each for each in await engine.workshop.store.query(Messages(feed=TAKEN, count=10)) if each.message == entry.message
            ]
            assert (same.state, same.retracted) == (entry.state, entry.retracted)
        assert (await http.get(f"/messages/{numbers[1]}")).json()["reason"] == "taken-down"
