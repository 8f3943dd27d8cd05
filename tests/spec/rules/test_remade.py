"""Replays, takedowns and rebuilds: what was done stays, and nothing is done of it again."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from interop.clock import ManualClock
from tests.spec.durability.process import CODE
from tests.spec.engine.messages import adt
from tests.spec.engine.retabling import forget, saying, tables, use
from tests.spec.engine.test_replay import replayed
from tests.spec.rules.acting import START, Acted, acting, team

pytestmark = pytest.mark.anyio
RULE = "admitted-team"
KNOWN = adt("A28", "K1", at="20251201100000")


@pytest.fixture(autouse=True)
def anew() -> Iterator[None]:
    """Other tests find the packaged tables."""
    yield
    forget()


async def admitted(here: Acted) -> list[dict[str, str]]:
    await here.tell(KNOWN)
    await here.put(team("t1", await here.patient()))
    await here.tell(adt("A01", "C1"))
    return await here.made(RULE)


async def test_messages_that_are_told_again_are_acted_on_by_nobody(tmp_path: Path) -> None:
    async with acting(tmp_path / "data") as here:
        before = await admitted(here)
        assert (await replayed(here.http)).messages == 2
        await here.quiet()
        assert await here.made(RULE) == before


@pytest.mark.long
async def test_what_other_tables_find_in_old_messages_is_acted_on_by_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = ManualClock(START)
    use(monkeypatch, tables(tmp_path / "tables", {"hl7v2/codes/event-status.csv": saying("A01,,in-progress", "A01,,planned")}))
    async with acting(tmp_path / "data", clock) as here:
        assert await admitted(here) == []
    use(monkeypatch, None)
    clock.advance(3 * 86_400)
    async with acting(tmp_path / "data", clock) as here:
        assert (await replayed(here.http)).messages == 2
        await here.quiet()
        assert await here.made(RULE) == []
        assert here.counts(RULE) == {"late": 1}


async def test_what_a_message_has_asked_for_is_ended_when_it_is_taken_down(tmp_path: Path) -> None:
    async with acting(tmp_path / "data") as here:
        await here.tell(adt("A05", "C0", at="20260104100000"))
        await here.put(team("t1", await here.patient()))
        await here.tell(adt("A01", "C1"))
        said = [{"name": "message", "valuePositiveInt": 3}, {"name": "reason", "valueString": "Sent about another person"}]
        answer = await here.http.post("/fhir/$takedown", json={"resourceType": "Parameters", "parameter": said})
        assert answer.is_success, answer.text
        await here.quiet()
        (task,) = await here.made(RULE)
    assert task["status"] == "cancelled"


@pytest.mark.long
async def test_a_record_that_is_made_again_has_what_was_done_and_does_nothing_again(tmp_path: Path, place: dict[str, str]) -> None:
    clock = ManualClock(START)
    old, new = tmp_path / "data", tmp_path / "rebuilt"
    async with acting(old, clock) as here:
        before = await admitted(here)
        queue = [(each.id, each.state) for each in await here.queue()]
    command = ["rebuild", "--data", str(old), "--into", str(new), "--mappers", "0", "--test-numbers", "--json"]
    command += [part for name, value in place.items() for part in (f"--into-{name}", value)]
    result = await asyncio.to_thread(subprocess.run, [sys.executable, "-c", CODE, *command], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    async with acting(new, clock, **place) as here:
        await here.quiet()
        assert [each["id"] for each in await here.made(RULE)] == [each["id"] for each in before]
        assert [(each.id, each.state) for each in await here.queue()] == queue
