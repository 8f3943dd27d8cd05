"""A visit that one message alone has told of, which is taken back and said anew by the next: what was before it is what counts."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.spec.clocks.timing import Timed, timed
from tests.spec.engine.messages import adt

pytestmark = pytest.mark.anyio
ELSEWHERE = "W2001"
AT, LATER = "20260105100000", "20260105100500"


def ward(event: str, control: str, at: str) -> bytes:
    return adt(event, control, visit=ELSEWHERE, at=at)


def front_door(event: str, control: str, at: str) -> bytes:
    return ward(event, control, at).replace(b"PV1|1|I|", b"PV1|1|E|")


async def statuses(here: Timed, rule: str) -> list[str]:
    return [each["status"] for each in await here.made(rule)]


async def test_a_cancelled_admission_ends_the_task_and_the_clock(tmp_path: Path) -> None:
    async with timed(tmp_path / "data") as here:
        await here.admitted(ward("A01", "C1", AT))
        assert await statuses(here, "admitted-team") == ["requested"]
        await here.tell(ward("A11", "C2", LATER))
        assert await statuses(here, "admitted-team") == ["cancelled"]
        assert await here.states("expected-discharge-date") == ["cancelled"]
        await here.later(19 * 60)
        assert await here.told() == []


async def test_a_cancelled_attendance_ends_the_task_and_the_clock(tmp_path: Path) -> None:
    async with timed(tmp_path / "data") as here:
        await here.admitted(front_door("A04", "C1", AT))
        assert await statuses(here, "arrived-team") == ["requested"]
        await here.tell(front_door("A11", "C2", LATER))
        assert await statuses(here, "arrived-team") == ["cancelled"]
        assert await here.states("ae-to-team") == ["cancelled"]


async def test_a_cancelled_discharge_ends_the_task_and_the_clock(tmp_path: Path) -> None:
    async with timed(tmp_path / "data") as here:
        await here.admitted(ward("A03", "C1", AT))
        assert await statuses(here, "discharged-team") == ["requested"]
        await here.tell(ward("A13", "C2", LATER))
        assert await statuses(here, "discharged-team") == ["cancelled"]
        assert await here.states("medicines-review") == ["cancelled"]
