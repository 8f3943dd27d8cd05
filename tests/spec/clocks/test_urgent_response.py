"""Whoever is left at home is seen within two hours: warned of, escalated, recorded, each once."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from interop.apply.asked import UPDATE, Asked
from interop.clock import ManualClock
from interop.store.plan import Several
from tests.spec.clocks.timing import after, due, request, state, timed, visit
from tests.spec.rules.acting import START

pytestmark = pytest.mark.anyio
NAME = "urgent-response"


def steps(told: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """The step and the recipient of each Communication."""
    return sorted((each["category"][0]["coding"][0]["code"], each["recipient"][0]["reference"]) for each in told)


BOTH = [("breached", "Practitioner/n1"), ("warned", "CareTeam/t1")]


async def test_a_request_starts_a_clock_that_is_due_after_two_hours(tmp_path: Path) -> None:
    async with timed(tmp_path / "data") as here:
        patient = await here.admitted()
        await here.put(request(patient))
        task = await here.one(NAME)
    assert (task["status"], state(task)) == ("in-progress", "running")
    assert task["executionPeriod"] == {"start": after(0)}
    assert due(task) == after(120)
    assert task["for"] == {"reference": f"Patient/{patient}"}
    assert task["focus"] == {"reference": "ServiceRequest/sr1"}


async def test_seen_in_time_it_is_met_and_nobody_is_told(tmp_path: Path) -> None:
    async with timed(tmp_path / "data") as here:
        patient = await here.admitted()
        await here.put(request(patient))
        await here.later(80)
        await here.put(visit(patient, 75))
        await here.later(600)
        task = await here.one(NAME)
        assert (task["status"], state(task)) == ("completed", "met")
        assert task["executionPeriod"]["end"] == after(75)
        assert [each["valueDuration"]["value"] for each in task["output"] if "valueDuration" in each] == [75]
        assert await here.told() == []


async def test_the_team_is_warned_and_the_clinician_told_once_each(tmp_path: Path) -> None:
    async with timed(tmp_path / "data") as here:
        patient = await here.admitted()
        await here.put(request(patient))
        await here.later(89)
        assert await here.states(NAME) == ["running"]
        await here.later(1)
        assert await here.states(NAME) == ["warned"]
        await here.later(29)
        assert steps(await here.told()) == BOTH[1:]
        await here.later(1)
        assert await here.states(NAME) == ["breached"]
        for _ in range(5):
            await here.later(60)
        assert steps(await here.told()) == BOTH
        assert here.keeper.counts == {(NAME, "warned"): 1, (NAME, "breached"): 1}


async def test_what_is_said_names_no_illness_and_nobody(tmp_path: Path) -> None:
    async with timed(tmp_path / "data") as here:
        patient = await here.admitted()
        await here.put(request(patient))
        await here.later(90)
        (told,) = await here.told()
    assert told["payload"] == [{"contentString": "It is due at 12:00 on 05 January 2026, and nothing says that it has been done."}]
    assert told["priority"] == "urgent"
    assert told["subject"] == {"reference": f"Patient/{patient}"}


async def test_seen_too_late_it_stays_breached_with_its_minutes(tmp_path: Path) -> None:
    async with timed(tmp_path / "data") as here:
        patient = await here.admitted()
        await here.put(request(patient))
        await here.later(150)
        await here.put(visit(patient, 149))
        task = await here.one(NAME)
    assert (task["status"], state(task)) == ("completed", "breached")
    assert task["output"][-1]["valueDuration"]["value"] == 149


async def test_a_visit_that_is_told_after_the_breach_was_in_time_all_the_same(tmp_path: Path) -> None:
    async with timed(tmp_path / "data") as here:
        patient = await here.admitted()
        await here.put(request(patient))
        await here.later(150)
        await here.put(visit(patient, 100))
        assert await here.states(NAME) == ["met"]


async def test_a_visit_that_is_told_before_the_request_stops_it_when_it_comes(tmp_path: Path) -> None:
    async with timed(tmp_path / "data") as here:
        patient = await here.admitted()
        await here.later(100)
        await here.put(visit(patient, 50))
        await here.put(request(patient))
        task = await here.one(NAME)
        assert (state(task), task["executionPeriod"]["end"]) == ("met", after(50))
        await here.later(100)
        assert await here.told() == []


async def test_an_earlier_visit_stops_nothing(tmp_path: Path) -> None:
    async with timed(tmp_path / "data") as here:
        patient = await here.admitted()
        await here.put(visit(patient, -30))
        await here.put(request(patient))
        assert await here.states(NAME) == ["running"]


async def test_a_request_that_comes_late_is_breached_at_once_and_escalated_while_it_is_fresh(tmp_path: Path) -> None:
    async with timed(tmp_path / "data") as here:
        patient = await here.admitted()
        await here.later(300)
        await here.put(request(patient))
        task = await here.one(NAME)
        assert state(task) == "breached"
        assert [each["valueDuration"]["value"] for each in task["output"] if "valueDuration" in each] == [180]
        assert steps(await here.told()) == BOTH[:1]


async def test_a_request_that_comes_a_day_late_is_recorded_and_nobody_is_told(tmp_path: Path) -> None:
    async with timed(tmp_path / "data") as here:
        patient = await here.admitted()
        await here.later(20 * 60)
        await here.put(request(patient))
        assert await here.states(NAME) == ["breached"]
        assert await here.told() == []


async def test_a_request_of_last_week_starts_nothing(tmp_path: Path) -> None:
    async with timed(tmp_path / "data") as here:
        patient = await here.admitted()
        await here.put(request(patient, authoredOn=after(-7 * 24 * 60)))
        assert await here.clocks(NAME) == []


async def test_a_request_that_is_revoked_ends_its_own_clock_alone(tmp_path: Path) -> None:
    async with timed(tmp_path / "data") as here:
        patient = await here.admitted()
        await here.put(request(patient))
        await here.put(request(patient, "sr2"))
        await here.put(request(patient, status="revoked"))
        found = {task["focus"]["reference"]: (task["status"], state(task)) for task in await here.clocks(NAME)}
        await here.later(130)
        assert steps(await here.told()) == BOTH[:1]
    assert found == {"ServiceRequest/sr1": ("cancelled", "cancelled"), "ServiceRequest/sr2": ("in-progress", "running")}


async def test_of_a_request_that_was_never_true_nobody_is_told(tmp_path: Path) -> None:
    async with timed(tmp_path / "data") as here:
        patient = await here.admitted()
        await here.put(request(patient))
        await here.put(request(patient, status="entered-in-error"))
        await here.later(130)
        assert await here.states(NAME) == ["cancelled"]
        assert await here.told() == []


async def test_nobody_is_chased_about_somebody_who_has_died(tmp_path: Path) -> None:
    async with timed(tmp_path / "data") as here:
        await here.put({"resourceType": "Patient", "id": "p1", "gender": "female"})
        await here.put(request("p1"))
        await here.put({"resourceType": "Patient", "id": "p1", "gender": "female", "deceasedDateTime": after(1)})
        assert await here.states(NAME) == ["not-needed"]
        await here.later(130)
        assert await here.told() == []


async def test_a_restart_neither_loses_nor_repeats_a_step(tmp_path: Path) -> None:
    clock = ManualClock(START)
    async with timed(tmp_path / "data", clock) as here:
        patient = await here.admitted()
        await here.put(request(patient))
        await here.later(95)
    async with timed(tmp_path / "data", clock) as here:
        await here.quiet()
        assert steps(await here.told()) == BOTH[1:]
        await here.later(30)
    async with timed(tmp_path / "data", clock) as here:
        await here.later(30)
        assert steps(await here.told()) == BOTH


async def test_a_process_that_was_down_over_the_due_time_does_it_when_it_is_back_and_says_so(tmp_path: Path) -> None:
    clock = ManualClock(START)
    async with timed(tmp_path / "data", clock) as here:
        patient = await here.admitted()
        await here.put(request(patient))
    clock.advance(165 * 60)
    async with timed(tmp_path / "data", clock) as here:
        await here.quiet()
        task = await here.one(NAME)
        assert state(task) == "breached"
        assert [each["valueDuration"]["value"] for each in task["output"] if "valueDuration" in each] == [45]
        assert steps(await here.told()) == BOTH[:1]


async def test_a_machine_clock_that_is_put_back_repeats_nothing(tmp_path: Path) -> None:
    async with timed(tmp_path / "data") as here:
        patient = await here.admitted()
        await here.put(request(patient))
        await here.later(95)
        await here.later(-60)
        await here.later(50)
        assert steps(await here.told()) == BOTH[1:]
        await here.later(40)
        await here.later(-100)
        await here.later(200)
        assert steps(await here.told()) == BOTH


async def test_it_is_so_on_both_databases(tmp_path: Path, place: dict[str, str]) -> None:
    clock = ManualClock(START)
    async with timed(tmp_path / "data", clock, **place) as here:
        patient = await here.admitted()
        await here.put(request(patient))
        await here.later(95)
        assert await here.states(NAME) == ["warned"]
    async with timed(tmp_path / "data", clock, **place) as here:
        await here.put(visit(patient, 110))
        await here.later(60)
        assert await here.states(NAME) == ["met"]
        assert steps(await here.told()) == BOTH[1:]


class _Slow:
    """The record, where something is written between what a query found and when it is told."""

    def __init__(self, store: Any, between: Callable[[], Awaitable[None]]) -> None:
        self._store, self._between = store, between

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def query(self, plan: Any) -> Any:
        found = await self._store.query(plan)
        if isinstance(plan, Several) and found and (between := self._between) is not _nothing:
            self._between = _nothing
            await between()
        return found


async def _nothing() -> None:
    """Nothing is written between."""


async def test_what_is_written_while_the_timekeeper_reads_is_read_too(tmp_path: Path) -> None:
    async with timed(tmp_path / "data") as here:
        patient = await here.admitted()

        async def sooner() -> None:
            task = await here.one(NAME)
            task["executionPeriod"], task["restriction"] = (
                {"start": after(-60)},
                {"period": {"start": after(-60), "end": after(60)}},
            )
            await here.engine.workshop.writes.write(Asked(UPDATE, "Task", task["id"], resource=task, own=True))

        here.keeper._store = _Slow(here.keeper._store, sooner)
        await here.put(request(patient))
        assert due(await here.one(NAME)) == after(60)
        await here.later(61)
        assert await here.states(NAME) == ["breached"]
