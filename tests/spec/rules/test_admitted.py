"""A known patient is admitted: their care team has a Task, once."""

from __future__ import annotations

from pathlib import Path

import pytest

from interop.clock import ManualClock
from tests.spec.engine.messages import adt
from tests.spec.engine.running import tell
from tests.spec.rules.acting import START, acting, team

pytestmark = pytest.mark.anyio
RULE = "admitted-team"
EARLIER = "20260104100000"


async def test_an_admission_over_mllp_is_a_task_of_the_care_team(tmp_path: Path) -> None:
    async with acting(tmp_path / "data") as here:
        await here.tell(adt("A05", "C1", at=EARLIER))
        patient = await here.patient()
        await here.put(team("t1", patient))
        (answer,) = await tell(here.engine, adt("A01", "C2"))
        assert answer is not None
        assert answer.code == "AA"
        await here.quiet()
        (task,) = await here.made(RULE)
    assert task["status"] == "requested"
    assert task["owner"] == {"reference": "CareTeam/t1"}
    assert task["for"] == {"reference": f"Patient/{patient}"}
    assert task["focus"]["reference"].startswith("Encounter/")
    assert task["code"]["coding"][0]["code"] == "tell-ward"


async def test_nobody_is_asked_for_somebody_without_a_team(tmp_path: Path) -> None:
    async with acting(tmp_path / "data") as here:
        await here.tell(adt("A05", "C1", at=EARLIER), adt("A01", "C2"))
        assert await here.made(RULE) == []
        assert here.counts(RULE) == {"not-met": 1}


async def test_what_is_said_again_is_not_asked_again(tmp_path: Path) -> None:
    async with acting(tmp_path / "data") as here:
        await here.tell(adt("A05", "C1", at=EARLIER))
        await here.put(team("t1", await here.patient()))
        await here.tell(adt("A01", "C2"), adt("A01", "C2"), adt("A01", "C3"), adt("A08", "C4", phone="01632960142"))
        assert len(await here.made(RULE)) == 1


async def test_a_restart_in_between_asks_no_second_time(tmp_path: Path, place: dict[str, str]) -> None:
    clock = ManualClock(START)
    async with acting(tmp_path / "data", clock, **place) as here:
        await here.tell(adt("A05", "C1", at=EARLIER))
        await here.put(team("t1", await here.patient()))
        await here.tell(adt("A01", "C2"))
        (before,) = await here.made(RULE)
    async with acting(tmp_path / "data", clock, **place) as here:
        await here.tell(adt("A08", "C3", phone="01632960142"))
        assert await here.made(RULE) == [before]


async def test_what_was_written_and_not_marked_when_the_process_ended_is_written_once(tmp_path: Path) -> None:
    clock = ManualClock(START)
    async with acting(tmp_path / "data", clock) as here:
        await here.tell(adt("A05", "C1", at=EARLIER))
        await here.put(team("t1", await here.patient()))
        await here.tell(adt("A01", "C2"))
        (before,) = await here.made(RULE)
        deliverer = here.engine.outgoing.deliverer
        for each in await here.queue("sent"):  # as if none of the marks had been kept
            await deliverer.resend("rules", each.sequence)
        await here.quiet()
        assert await here.made(RULE) == [before]
