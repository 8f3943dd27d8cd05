"""Urgent responses that are open: what is due first stands first, with the minutes that are left."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.spec.clocks.timing import after, request, timed, visit
from tests.spec.worklists.asking import on

pytestmark = pytest.mark.anyio
NAME = "urgent-response"


async def test_an_urgent_response_is_on_the_list_until_somebody_is_there(tmp_path: Path) -> None:
    async with timed(tmp_path / "data") as here:
        patient = await here.admitted()
        assert await on(here.http, NAME) == []
        await here.put(request(patient))
        await here.later(30)
        (line,) = await on(here.http, NAME)
        assert (line.patient, line.rank) == (patient, 1)
        assert line.clock == {"due": after(120), "minutesLeft": 90, "state": "running"}
        assert line.evidence == {"urgent-clock": [f"Task/{(await here.one(NAME))['id']}"]}
        await here.put(visit(patient, 35))
        assert await on(here.http, NAME) == []


async def test_what_is_warned_of_and_breached_says_so(tmp_path: Path) -> None:
    async with timed(tmp_path / "data") as here:
        await here.put(request(await here.admitted()))
        await here.later(95)
        (line,) = await on(here.http, NAME)
        assert (line.clock["minutesLeft"], line.clock["state"]) == (25, "warned")
        await here.later(40)
        (line,) = await on(here.http, NAME)
        assert (line.clock["minutesLeft"], line.clock["state"]) == (-15, "breached")
