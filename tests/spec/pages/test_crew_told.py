"""Laura's story by the crew's pages: what a tap on the card brings about, and who is told."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlencode

import httpx
import pytest

from tests.spec.workflows.cast import CREW, LOCALITY_SYSTEM, MATRON, TEAM
from tests.spec.workflows.fhir import message
from tests.spec.workflows.telling import Story, Told
from tests.spec.workflows.test_laura import fallen

pytestmark = pytest.mark.anyio
DESK = "not-conveyed-desk -> Co-ordination desk"


async def taps(here: Story, patient: str, outcome: str, *, told: Told = (), made: list[str], key: str = "0" * 32) -> None:
    """The crew sends the page on which it is asked to confirm."""

    def led(answer: httpx.Response) -> bool:
        return answer.status_code == 303 and "/outcome/" in answer.headers["location"]

    form = urlencode({"key": key}).encode()
    await here.sends(CREW, f"taps {outcome}", form, port=f"/crew/{patient}/{outcome}", told=told, made=made, accepted=led)


async def test_urgent_response_starts_the_two_hours_and_tells_the_named_clinician_and_the_desk(tmp_path: Path) -> None:
    async with fallen(tmp_path) as (here, patient):
        await here.until("the crew leaves", "2026-01-07T14:02")
        await taps(here, patient, "urgent-response", told=[(MATRON, "not-conveyed-told")],
                   made=["clock urgent-response: running", DESK])  # fmt: skip
        await taps(here, patient, "urgent-response", made=[])
        await here.passes("an hour and a half", minutes=90, told=[(TEAM, "urgent-response warned")],
                          made=["clock urgent-response: warned"])  # fmt: skip
        await here.sends(LOCALITY_SYSTEM, "the matron is there", message("laura-visit.json"), made=["clock urgent-response: met"])


async def test_seen_and_treated_tells_the_named_clinician_and_asks_the_desk(tmp_path: Path) -> None:
    async with fallen(tmp_path) as (here, patient):
        await taps(here, patient, "seen-and-treated", told=[(MATRON, "not-conveyed-told")], made=[DESK])
        await here.passes("nobody else hears of it later", hours=20)


async def test_conveyed_tells_team_and_named_clinician_and_calls_the_urgent_response_off(tmp_path: Path) -> None:
    async with fallen(tmp_path) as (here, patient):
        await taps(here, patient, "urgent-response", told=[(MATRON, "not-conveyed-told")],
                   made=["clock urgent-response: running", DESK])  # fmt: skip
        await here.passes("she cannot stand", minutes=20)
        await taps(here, patient, "conveyed", key="1" * 32, told=[(MATRON, "conveyed-told"), (TEAM, "conveyed-told")],
                   made=["clock urgent-response: not-needed"])  # fmt: skip
