"""Laura's story goes otherwise: nobody comes, the desk sends a team by itself, she takes her consent back, the ambulance service
shares no more."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.spec.workflows.cast import (
    CREW,
    CREWS,
    DESK,
    DISPATCH,
    DOCTOR,
    LOCALITY,
    LOCALITY_SYSTEM,
    MATRON,
    OAKSHAW,
    OPERATOR,
    TEAM,
)
from tests.spec.workflows.fhir import matches, message, parameters
from tests.spec.workflows.laura import BARS, begun, request
from tests.spec.workflows.telling import Story, Told, telling

pytestmark = pytest.mark.anyio
DESKS = ["not-conveyed-desk -> Co-ordination desk"]
HEARD = ((MATRON, "not-conveyed-told"),)
LATER = "nobody else hears of it later"


@asynccontextmanager
async def fallen(directory: Path) -> AsyncIterator[tuple[Story, str]]:
    """The story until a crew is sent, and her Patient."""
    async with telling(directory) as here:
        patient = await begun(here)
        await here.until("she falls", "2026-01-07T13:34")
        await here.sends(DISPATCH, "a crew is sent", message("laura-999.json"), port=BARS)
        yield here, patient


async def left(here: Story, told: Told = HEARD) -> None:
    """The crew has left her at home."""
    await here.until("the crew leaves", "2026-01-07T14:06")
    await here.sends(DISPATCH, "left at home", message("laura-left-at-home.json"), port=BARS, told=told, made=DESKS)


async def sent(here: Story, *clocks: str) -> None:
    """The desk finds her on its worklist and sends the team."""
    listed = await here.asks(DESK, "its worklist", "GET", "/fhir/Task?status=requested&code=urgent-response")
    (task,) = matches(listed)
    await here.asks(
        DESK, "the locality team is sent", "PUT", f"/fhir/Task/{task['id']}", task | {"status": "accepted"},
        made=["not-conveyed-desk -> Co-ordination desk: accepted", *clocks],
    )  # fmt: skip


async def seen(here: Story) -> None:
    """The matron has been there."""
    await here.sends(LOCALITY_SYSTEM, "the matron is there", message("laura-visit.json"), made=["clock urgent-response: met"])
    await here.passes("nobody hears of it again", days=1)


async def test_where_nobody_goes_the_team_is_warned_and_the_named_clinician_told_after_two_hours(tmp_path: Path) -> None:
    async with fallen(tmp_path) as (here, patient):
        await here.asks(
            CREW, "asks for the team", "POST", "/fhir/ServiceRequest", request(here, patient),
            made=["clock urgent-response: running"],
        )  # fmt: skip
        await here.passes("an hour and a half", minutes=90, told=[(TEAM, "urgent-response warned")],
                          made=["clock urgent-response: warned"])  # fmt: skip
        await here.passes("two hours but a minute", minutes=29)
        await here.passes("two hours", minutes=1, told=[(MATRON, "urgent-response breached")],
                          made=["clock urgent-response: breached"])  # fmt: skip
        await here.passes("a day later nobody is told again", days=1)


async def test_the_named_clinician_hears_of_the_crew(tmp_path: Path) -> None:
    async with fallen(tmp_path) as (here, _):
        await left(here)
        await here.passes(LATER, hours=20)


async def test_the_desk_sends_the_team_by_itself_and_the_two_hours_run_from_when_it_was_asked(tmp_path: Path) -> None:
    async with fallen(tmp_path) as (here, _):
        await left(here)
        await here.until("the desk looks", "2026-01-07T14:16")
        await sent(here, "clock urgent-response: running")
        await here.passes("nearly an hour and a half since the crew has left", minutes=79)
        await here.passes("an hour and a half", minutes=1, told=[(TEAM, "urgent-response warned")],
                          made=["clock urgent-response: warned"])  # fmt: skip
        await seen(here)


async def test_where_crew_and_desk_both_ask_one_clock_runs_and_the_team_is_told_once(tmp_path: Path) -> None:
    async with fallen(tmp_path) as (here, patient):
        await left(here)
        await here.asks(
            CREW, "asks for the team", "POST", "/fhir/ServiceRequest", request(here, patient),
            made=["clock urgent-response: running"],
        )  # fmt: skip
        await sent(here)
        await here.passes("an hour and a half", minutes=90, told=[(TEAM, "urgent-response warned")],
                          made=["clock urgent-response: warned"])  # fmt: skip
        await seen(here)


async def test_once_she_has_taken_her_consent_back_nobody_is_told(tmp_path: Path) -> None:
    async with fallen(tmp_path) as (here, patient):
        await here.asks(
            DOCTOR, "she shares no more", "POST", f"/fhir/Patient/{patient}/$record-consent", parameters(decision="withdrawn")
        )
        await left(here, told=[])
        await here.passes(LATER, hours=20)


async def test_once_the_ambulance_service_shares_no_more_nobody_is_told(tmp_path: Path) -> None:
    async with fallen(tmp_path) as (here, _):
        for partner in (OAKSHAW, LOCALITY):
            ended = parameters(source=CREWS, partner=partner, purpose="direct-care", status="withdrawn")
            await here.asks(OPERATOR, "the agreement ends", "POST", "/fhir/$agreement", ended)
        await left(here, told=[])
        await here.passes(LATER, hours=20)
