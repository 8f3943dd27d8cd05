"""An urgent referral for suspected cancer: seen for the first time within fourteen days."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.places import ROOT
from tests.spec.clocks.timing import Timed, due, state, timed
from tests.spec.engine.running import found
from tests.spec.rules.acting import at

pytestmark = pytest.mark.anyio
NAME = "two-week-wait"
DAY = 24 * 60
REFERRAL = (ROOT / "mappings" / "ers" / "examples" / "referral.json").read_bytes()


async def referred(here: Timed) -> dict[str, Any]:
    """The e-Referral service tells of a referral of 12 February 2025; its ServiceRequest."""
    await here.tell(REFERRAL, feed="ers")
    (request,) = await found(here.http, "ServiceRequest?status=active")
    return request


def appointment(request: dict[str, Any], status: str, start: str, id: str = "a1") -> dict[str, Any]:
    return {
        "resourceType": "Appointment",
        "id": id,
        "status": status,
        "basedOn": [{"reference": f"ServiceRequest/{request['id']}"}],
        "start": start,
        "end": start.replace("T10", "T11"),
        "participant": [{"actor": request["subject"], "status": "accepted"}],
    }


async def test_a_two_week_wait_is_over_at_the_end_of_the_fourteenth_day(tmp_path: Path) -> None:
    async with timed(tmp_path / "data", at("2025-02-12T12:00:00Z")) as here:
        request = await referred(here)
        task = await here.one(NAME)
    assert (state(task), due(task)) == ("running", "2025-02-27T00:00:00.000Z")
    assert task["focus"] == {"reference": f"ServiceRequest/{request['id']}"}
    assert task["executionPeriod"] == {"start": "2025-02-12T10:59:00.000Z"}


async def test_to_be_booked_is_not_to_be_seen(tmp_path: Path) -> None:
    async with timed(tmp_path / "data", at("2025-02-12T12:00:00Z")) as here:
        request = await referred(here)
        await here.put(appointment(request, "booked", "2025-02-20T10:00:00Z"))
        assert await here.states(NAME) == ["running"]
        await here.later(9 * DAY)
        await here.put(appointment(request, "fulfilled", "2025-02-20T10:00:00Z"))
        task = await here.one(NAME)
    assert (state(task), task["executionPeriod"]["end"]) == ("met", "2025-02-20T10:00:00.000Z")


async def test_another_appointment_of_the_person_stops_nothing(tmp_path: Path) -> None:
    async with timed(tmp_path / "data", at("2025-02-12T12:00:00Z")) as here:
        request = await referred(here)
        other = appointment(request, "fulfilled", "2025-02-13T10:00:00Z")
        del other["basedOn"]
        await here.later(2 * DAY)
        await here.put(other)
        assert await here.states(NAME) == ["running"]


async def test_an_appointment_that_is_told_before_the_referral_stops_it_when_it_comes(tmp_path: Path) -> None:
    async with timed(tmp_path / "data", at("2025-02-12T12:00:00Z")) as here:
        request = await referred(here)
        copy = {
            name: request[name] for name in ("resourceType", "status", "intent", "priority", "subject", "extension", "authoredOn")
        }
        await here.later(2 * DAY)
        await here.put(appointment({**request, "id": "later"}, "arrived", "2025-02-14T10:00:00Z"))
        await here.put({**copy, "id": "later"})
        states = {task["focus"]["reference"]: state(task) for task in await here.clocks(NAME)}
    assert states == {f"ServiceRequest/{request['id']}": "running", "ServiceRequest/later": "met"}


async def test_nobody_seen_is_warned_of_and_escalated(tmp_path: Path) -> None:
    async with timed(tmp_path / "data", at("2025-02-12T12:00:00Z")) as here:
        await referred(here)
        await here.later(11 * DAY)
        assert await here.states(NAME) == ["warned"]
        await here.later(4 * DAY)
        assert await here.states(NAME) == ["breached"]
