"""Tasks that call themselves clocks and are none: they keep no other clock from its time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from interop.apply.acting.timekeeper import SPARE, UNREADABLE
from tests.spec.clocks.timing import after, request, state, timed

pytestmark = pytest.mark.anyio
NAME = "urgent-response"
AGES = ["9999-12-31T23:00:00Z", "0001-01-01T00:00:00+14:00", "0002-01-01T00:00:00Z"]


def strange(patient: str, at: str) -> dict[str, Any]:
    """A Task as a client may write it."""
    return {
        "resourceType": "Task",
        "id": "strange",
        "status": "in-progress",
        "intent": "order",
        "code": {"coding": [{"system": "urn:interop:codes:clock", "code": NAME}]},
        "businessStatus": {"coding": [{"system": "urn:interop:codes:clock-state", "code": "running"}]},
        "executionPeriod": {"start": at},
        "restriction": {"period": {"start": at, "end": at}},
        "for": {"reference": f"Patient/{patient}"},
    }


@pytest.mark.parametrize("at", AGES)
async def test_one_of_no_time_of_care_stops_the_time_of_no_other(tmp_path: Path, at: str) -> None:
    async with timed(tmp_path / "data") as here:
        patient = await here.admitted()
        await here.put(strange(patient, at))
        await here.put(request(patient))
        await here.later(121)
        states = {task["id"]: state(task) for task in await here.clocks(NAME)}
        assert states.pop("strange") == "running"
        assert list(states.values()) == ["breached"]
        assert len(await here.told()) == 1


async def test_one_that_was_there_before_the_start_stops_the_time_of_no_other(tmp_path: Path) -> None:
    async with timed(tmp_path / "data") as here:
        patient = await here.admitted()
        await here.put(strange(patient, AGES[0]))
        await here.put(request(patient))
    async with timed(tmp_path / "data", here.clock) as again:
        await again.later(121)
        assert len(await again.told()) == 1


async def test_it_is_counted_as_unreadable_until_somebody_ends_it(tmp_path: Path) -> None:
    async with timed(tmp_path / "data") as here:
        task = strange(await here.admitted(), AGES[0])
        await here.put(task)
        assert here.keeper.running == {(NAME, UNREADABLE): 1}
        await here.put({**task, "status": "cancelled"})
        assert here.keeper.running == {}


MOVES: list[dict[str, Any]] = [
    {"restriction": {"period": {"start": after(0), "end": after(5)}}},
    {"restriction": None},
    {"executionPeriod": {"start": after(-600)}},
    {"executionPeriod": {"start": after(0), "end": after(1)}, "status": "completed"},
    {"for": {"reference": "Patient/somebody-else"}},
    {"code": {"text": "No clock any more"}},
]


@pytest.mark.parametrize("changed", MOVES, ids=lambda changed: next(iter(changed)))
async def test_only_what_happens_moves_a_clock(tmp_path: Path, changed: dict[str, Any]) -> None:
    async with timed(tmp_path / "data") as here:
        await here.put({"resourceType": "Patient", "id": "somebody-else", "gender": "female"})
        await here.put(request(await here.admitted()))
        task = await here.one(NAME)
        said = {name: value for name, value in {**task, **changed}.items() if value is not None}
        answer = await here.http.put(f"/fhir/Task/{task['id']}", json=said)
        assert answer.status_code == 403, answer.text
        assert f"Task.{next(iter(changed))}" in answer.text
        (again,) = await here.clocks(NAME)
        assert again == task
        await here.later(6)
        assert await here.told() == []


async def test_whoever_patches_a_clock_or_puts_it_into_a_transaction_moves_it_no_more_than_that(tmp_path: Path) -> None:
    async with timed(tmp_path / "data") as here:
        await here.put(request(await here.admitted()))
        task = await here.one(NAME)
        sooner = [{"op": "replace", "path": "/restriction/period/end", "value": after(5)}]
        kind = {"content-type": "application/json-patch+json"}
        patched = await here.http.patch(f"/fhir/Task/{task['id']}", json=sooner, headers=kind)
        said = {**task, "restriction": {"period": {"start": after(0), "end": after(5)}}}
        entry = {"resource": said, "request": {"method": "PUT", "url": f"Task/{task['id']}"}}
        together = await here.http.post("/fhir", json={"resourceType": "Bundle", "type": "transaction", "entry": [entry]})
        assert (patched.status_code, together.status_code) == (403, 403)
        assert await here.one(NAME) == task


async def test_whoever_works_with_a_clock_may_end_it(tmp_path: Path) -> None:
    async with timed(tmp_path / "data") as here:
        await here.put(request(await here.admitted()))
        await here.put({**await here.one(NAME), "status": "cancelled"})
        await here.later(121)
        assert await here.told() == []


async def test_a_time_of_the_end_of_days_starts_no_clock_a_day_away_and_fails_nothing(tmp_path: Path) -> None:
    async with timed(tmp_path / "data") as here:
        patient = await here.admitted()
        for number, began in enumerate(("9999-12-31T23:00:00Z", "2062-01-05T10:00:00Z")):
            await here.put(
                {
                    "resourceType": "Encounter",
                    "id": f"e{number}",
                    "status": "in-progress",
                    "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "IMP"},
                    "subject": {"reference": f"Patient/{patient}"},
                    "period": {"start": began},
                }
            )
        assert [each.reason for each in await here.queue("shelved")] == []
        assert len(await here.made("admitted-team")) == 1
        ends = [task["restriction"]["period"]["end"] for task in await here.clocks("expected-discharge-date")]
        assert [end[:10] for end in ends] == ["2026-01-06", "2026-01-06"]


async def test_one_that_is_of_nobody_is_counted_as_unreadable_and_tells_nobody(tmp_path: Path) -> None:
    async with timed(tmp_path / "data") as here:
        await here.admitted()
        task = strange("", after(0))
        del task["for"]
        await here.put(task | {"restriction": {"period": {"start": after(0), "end": after(60)}}})
        await here.later(61)
        assert here.keeper.running == {(NAME, UNREADABLE): 1}
        assert await here.told() == []


async def test_what_people_write_on_a_clock_stays(tmp_path: Path) -> None:
    async with timed(tmp_path / "data") as here:
        await here.put(request(await here.admitted()))
        said = {"note": [{"text": "The key is with the neighbour"}], "owner": {"reference": "CareTeam/t1"}}
        theirs = {"type": {"text": "Miles"}, "valueInteger": 7}
        task = await here.one(NAME)
        await here.put({**task, **said, "output": [theirs]})
        await here.later(95)
        task = await here.one(NAME)
        assert state(task) == "warned"
        assert {name: task.get(name) for name in said} == said
        assert theirs in task["output"]


async def test_no_more_times_are_kept_than_twice_those_that_are_to_come(tmp_path: Path) -> None:
    async with timed(tmp_path / "data") as here:
        await here.put(request(await here.admitted()))
        for _ in range(2 * SPARE):
            await here.keeper.heard(())
            await here.keeper.settled()
        assert len(here.keeper._heap) <= SPARE + 2
