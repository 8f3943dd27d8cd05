"""Lists that a hospital's messages put people on and take them off."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.spec.rules.acting import acting
from tests.spec.worklists.asking import on
from tests.spec.worklists.hospital import fit, stay

pytestmark = pytest.mark.anyio
FIT, FAILED = "medically-fit", "failed-discharges"


async def test_whoever_is_said_to_be_fit_waits_until_they_have_left(tmp_path: Path) -> None:
    async with acting(tmp_path / "data", rules=None) as here:
        began = "20260102093000"
        await here.tell(stay("A01", began))
        assert await on(here.http, FIT) == []
        await here.tell(stay("A08", began, at="20260104110000", expected="202601071200", more=fit("202601041000")))
        (line,) = await on(here.http, FIT)
        assert line.patient == await here.patient()
        assert line.words == {
            "fit-said": "The hospital says that the person is medically fit to leave",
            "fit-expected": "In hospital since; expected to leave on: 2026-01-07",
        }
        assert line.clock == {"due": "2026-01-07T12:00:00.000Z", "minutesLeft": 2 * 24 * 60 + 120, "state": "running"}
        await here.tell(stay("A03", began, "20260105093000"))
        assert await on(here.http, FIT) == []
        await here.tell(stay("A01", "20260105095000", visit="V2"))
        assert await on(here.http, FIT) == [], "what was said of the stay before is not true of this one"


async def test_whoever_waits_longest_stands_first(tmp_path: Path) -> None:
    async with acting(tmp_path / "data", rules=None) as here:
        for number, since in enumerate(("202601041000", "202601031000", "202601050800")):
            who = {"local": f"L{number}", "visit": f"V{number}", "family": f"FAMILY{number}"}
            await here.tell(stay("A01", "20260102093000", more=fit(since), **who))
        lines = await on(here.http, FIT)
        assert [each.patient for each in lines] == [await here.patient(f"L{number}") for number in (1, 0, 2)]
        assert [each.rank for each in lines] == [1, 2, 3]


async def test_the_expected_date_brings_onto_the_list_whoever_is_still_there_when_it_has_come(tmp_path: Path) -> None:
    async with acting(tmp_path / "data", rules=None) as here:
        await here.tell(stay("A01", "20260102093000", expected="202601061200"))
        assert await on(here.http, FIT) == []
        here.clock.advance(24 * 3600)
        (line,) = await on(here.http, FIT)
        assert line.words["fit-date"] == "The expected date of discharge has come"


async def test_a_discharge_that_did_not_hold_says_why(tmp_path: Path) -> None:
    async with acting(tmp_path / "data", rules=None) as here:
        await here.tell(stay("A01", "20251220093000"), stay("A03", "20251220093000", "20251228120000"))
        assert await on(here.http, FAILED) == []
        await here.tell(stay("A01", "20260105080000", visit="V2", why="FALL^Fell at home"))
        (line,) = await on(here.http, FAILED)
        assert line.words == {"back-admitted": "Back in hospital within 30 days of leaving: Fell at home"}
        here.clock.advance(31 * 24 * 3600)
        assert await on(here.http, FAILED) == [], "what was more than thirty days ago is no longer to be looked at"


async def test_a_move_to_another_hospital_is_no_return(tmp_path: Path) -> None:
    async with acting(tmp_path / "data", rules=None) as here:
        await here.tell(stay("A01", "20260101093000"), stay("A03", "20260101093000", "20260105070000", to="51"))
        await here.tell(stay("A01", "20260105080000", visit="V2"))
        assert await on(here.http, FAILED) == []


async def test_a_discharge_that_was_taken_back_is_on_the_list_until_the_person_has_left(
    tmp_path: Path, database_of: dict[str, Any]
) -> None:
    async with acting(tmp_path / "data", rules=None, **database_of) as here:
        began = "20260102093000"
        await here.tell(stay("A01", began), stay("A03", began, "20260105080000"))
        assert await on(here.http, FAILED) == []
        await here.tell(stay("A13", began, at="20260105090000"))
        (line,) = await on(here.http, FAILED)
        assert line.words == {"back-cancelled": "The discharge was cancelled: in hospital since"}
        await here.tell(stay("A03", began, "20260105095500"))
        assert await on(here.http, FAILED) == []
