"""The co-ordination desk sends a team by taking on its Task: two hours from when it was asked, and one clock for the person."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.spec.clocks.timing import Timed, after, due, request, state, timed, visit

pytestmark = pytest.mark.anyio
NAME = "urgent-response"
AGAIN = "clock-urgent-again"


def asked(patient: str, status: str = "accepted", id: str = "d1", **more: Any) -> dict[str, Any]:
    """The desk's Task, by which it decides on an urgent response."""
    return {
        "resourceType": "Task",
        "id": id,
        "status": status,
        "intent": "order",
        "code": {"coding": [{"system": "urn:interop:codes:task", "code": NAME}]},
        "for": {"reference": f"Patient/{patient}"},
        "authoredOn": after(0),
        **more,
    }


async def by_focus(here: Timed) -> dict[str, str]:
    """The state of each clock by what started it."""
    return {task["focus"]["reference"]: state(task) for task in await here.clocks(NAME)}


async def told(here: Timed) -> list[str]:
    """The steps of which somebody was told."""
    return sorted(each["category"][0]["coding"][0]["code"] for each in await here.told())


async def nobody_goes(here: Timed) -> None:
    """Until what was begun is over."""
    for _ in range(7):
        await here.later(20)


@pytest.mark.parametrize("status", ["accepted", "in-progress"])
async def test_taken_on_it_counts_from_when_the_desk_was_asked(tmp_path: Path, status: str) -> None:
    async with timed(tmp_path / "data") as here:
        patient = await here.admitted()
        await here.put(asked(patient, "requested"))
        assert await here.clocks(NAME) == []
        await here.later(10)
        await here.put(asked(patient, status))
        task = await here.one(NAME)
        assert (state(task), task["focus"], due(task)) == ("running", {"reference": "Task/d1"}, after(120))
        await nobody_goes(here)
        assert await told(here) == ["breached", "warned"]


async def test_a_visit_answers_it_and_what_the_desk_does_with_its_task_before_does_not(tmp_path: Path) -> None:
    async with timed(tmp_path / "data") as here:
        patient = await here.admitted()
        await here.put(asked(patient))
        await here.put(asked(patient, "completed"))
        assert await here.states(NAME) == ["running"]
        await here.later(80)
        await here.put(visit(patient, 75))
        assert await here.states(NAME) == ["met"]
        await here.later(600)
        assert await told(here) == []


@pytest.mark.parametrize("status", ["requested", "completed", "rejected", "on-hold"])
async def test_what_is_not_taken_on_starts_nothing(tmp_path: Path, status: str) -> None:
    async with timed(tmp_path / "data") as here:
        await here.put(asked(await here.admitted(), status))
        assert await here.clocks(NAME) == []


async def test_another_task_or_the_same_word_of_another_system_starts_nothing(tmp_path: Path) -> None:
    async with timed(tmp_path / "data") as here:
        patient = await here.admitted()
        for system, code in (("urn:interop:codes:task", "respond"), ("urn:example:desk", NAME)):
            await here.put(asked(patient, code={"coding": [{"system": system, "code": code}]}))
        assert await here.clocks(NAME) == []


@pytest.mark.parametrize("status", ["rejected", "cancelled"])
async def test_once_the_desk_sends_nobody_after_all_the_clock_ends(tmp_path: Path, status: str) -> None:
    async with timed(tmp_path / "data") as here:
        patient = await here.admitted()
        await here.put(asked(patient))
        await here.put(asked(patient, status))
        assert await here.states(NAME) == ["cancelled"]
        assert await here.made(AGAIN) == []
        await here.later(140)
        assert await told(here) == []


async def test_where_the_crew_has_asked_the_desk_starts_no_second(tmp_path: Path) -> None:
    async with timed(tmp_path / "data") as here:
        patient = await here.admitted()
        await here.put(request(patient))
        await here.later(5)
        await here.put(asked(patient, authoredOn=after(4)))
        assert await by_focus(here) == {"ServiceRequest/sr1": "running"}
        await nobody_goes(here)
        assert await told(here) == ["breached", "warned"]


@pytest.mark.parametrize("minutes", [-4, 8])
async def test_where_a_request_comes_after_the_desk_it_goes_on_by_the_request_alone(tmp_path: Path, minutes: int) -> None:
    """Whether it was written before the desk was asked and told late, or after."""
    async with timed(tmp_path / "data") as here:
        patient = await here.admitted()
        await here.put(asked(patient))
        await here.later(10)
        await here.put(request(patient, authoredOn=after(minutes)))
        assert await by_focus(here) == {"Task/d1": "not-needed", "ServiceRequest/sr1": "running"}
        await nobody_goes(here)
        assert await told(here) == ["breached", "warned"]


async def test_an_old_request_that_is_active_again_ends_no_clock_of_the_desk(tmp_path: Path) -> None:
    async with timed(tmp_path / "data") as here:
        patient = await here.admitted()
        await here.put(request(patient))
        await here.put(visit(patient, 1))
        await here.later(30)
        await here.put(asked(patient, authoredOn=after(30)))
        await here.put(request(patient, status="on-hold"))
        await here.put(request(patient))
        assert await by_focus(here) == {"ServiceRequest/sr1": "met", "Task/d1": "running"}


async def test_a_request_of_last_week_that_is_told_now_ends_no_clock_of_the_desk(tmp_path: Path) -> None:
    async with timed(tmp_path / "data") as here:
        patient = await here.admitted()
        await here.put(asked(patient))
        await here.put(request(patient, authoredOn=after(-7 * 24 * 60)))
        assert await by_focus(here) == {"Task/d1": "running"}


async def test_a_clock_that_is_over_keeps_the_desk_from_starting_none(tmp_path: Path) -> None:
    async with timed(tmp_path / "data") as here:
        patient = await here.admitted()
        await here.put(request(patient))
        await here.later(150)
        await here.put(asked(patient, authoredOn=after(150)))
        assert await by_focus(here) == {"ServiceRequest/sr1": "breached", "Task/d1": "running"}


async def test_where_the_request_is_taken_back_the_desk_that_has_sent_a_team_is_asked_again(tmp_path: Path) -> None:
    async with timed(tmp_path / "data") as here:
        patient = await here.admitted()
        await here.put(request(patient))
        await here.put(asked(patient))
        await here.put(request(patient, status="revoked"))
        assert await by_focus(here) == {"ServiceRequest/sr1": "cancelled"}
        (again,) = await here.made(AGAIN)
        assert (again["status"], again["performerType"][0]["coding"][0]["code"]) == ("requested", "co-ordination")
        taken = {name: value for name, value in again.items() if name not in ("meta", "text")} | {"status": "accepted"}
        await here.put(taken | {"meta": {"tag": again["meta"]["tag"]}})
        assert await by_focus(here) == {"ServiceRequest/sr1": "cancelled", f"Task/{again['id']}": "running"}


async def test_where_the_request_was_never_true_the_desk_is_asked_again_when_that_is_noticed(tmp_path: Path) -> None:
    async with timed(tmp_path / "data") as here:
        patient = await here.admitted()
        await here.put(request(patient))
        await here.put(asked(patient))
        await here.put(request(patient, status="entered-in-error"))
        await here.later(90)
        await here.quiet()
        assert len(await here.made(AGAIN)) == 1


async def test_of_two_tasks_that_the_desk_has_taken_on_one_counts(tmp_path: Path) -> None:
    async with timed(tmp_path / "data") as here:
        patient = await here.admitted()
        await here.put(asked(patient))
        await here.put(asked(patient, id="d2"))
        assert await by_focus(here) == {"Task/d1": "running"}
        await here.put(asked(patient, "cancelled"))
        assert len(await here.made(AGAIN)) == 1


async def test_what_hides_the_desks_task_hides_its_clock(tmp_path: Path) -> None:
    label = {"system": "http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "code": "R"}
    async with timed(tmp_path / "data") as here:
        await here.put(asked(await here.admitted(), meta={"security": [label]}))
        assert (await here.one(NAME))["meta"]["security"] == [label]


async def test_for_somebody_who_has_died_nothing_starts(tmp_path: Path) -> None:
    async with timed(tmp_path / "data") as here:
        await here.put({"resourceType": "Patient", "id": "p1", "gender": "female", "deceasedDateTime": after(-60)})
        await here.put(asked("p1"))
        assert await here.clocks(NAME) == []


async def test_a_task_that_is_taken_on_two_days_late_starts_nothing(tmp_path: Path) -> None:
    async with timed(tmp_path / "data") as here:
        patient = await here.admitted()
        await here.put(asked(patient, authoredOn=after(-2 * 24 * 60)))
        assert await here.clocks(NAME) == []


def there(minutes: float) -> dict[str, Any]:
    """What the desk notes when the team has rung: it was there so long after the tests' beginning."""
    kind = {"coding": [{"system": "urn:interop:codes:response", "code": "arrived"}]}
    return {"output": [{"type": kind, "valueDateTime": after(minutes)}]}


@pytest.mark.parametrize("crew", [True, False])
async def test_the_desks_word_that_the_team_is_there_ends_the_clock_at_that_time(tmp_path: Path, crew: bool) -> None:
    """Whoever has asked; the team's own record may tell the visit hours later, and of both the earlier counts."""
    async with timed(tmp_path / "data") as here:
        patient = await here.admitted()
        if crew:
            await here.put(request(patient))
        await here.put(asked(patient, "in-progress"))
        await here.later(85)
        await here.put(asked(patient, "in-progress", **there(80)))
        task = await here.one(NAME)
        assert (state(task), task["executionPeriod"]["end"]) == ("met", after(80))
        await here.later(200)
        await here.put(visit(patient, 76))
        task = await here.one(NAME)
        assert (state(task), task["executionPeriod"]["end"]) == ("met", after(76))
        assert await told(here) == []


async def test_how_it_ended_is_told_to_the_doctor_and_the_named_clinician_once(tmp_path: Path) -> None:
    async with timed(tmp_path / "data") as here:
        patient = await here.admitted()
        await here.put(asked(patient, "in-progress", **there(0)))
        kind = {"coding": [{"system": "urn:interop:codes:response", "code": "outcome"}]}
        ended = asked(patient, "completed", executionPeriod={"start": after(0), "end": after(30)})
        ended["output"] = [*there(0)["output"], {"type": kind, "valueCodeableConcept": {"text": "Helped up"}}]
        await here.later(30)
        for more in ({}, {"note": [{"text": "Rang again"}]}):
            await here.put(ended | more)
        told_of = await here.made("urgent-outcome-told", "Communication")
        assert len(told_of) == len({str(each["recipient"]) for each in told_of}) >= 1
        assert all("Helped" not in str(each) for each in told_of)
