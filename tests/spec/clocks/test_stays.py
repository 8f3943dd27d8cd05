"""The clocks of a stay in hospital, by messages of the hospital: the date, the discharge, the review after it, the bed."""

from __future__ import annotations

from pathlib import Path

import pytest

from interop.clock import instant
from tests.spec.clocks.tables import at
from tests.spec.clocks.timing import Timed, due, state, timed
from tests.spec.engine.messages import adt
from tests.spec.rules.acting import START

pytestmark = pytest.mark.anyio
DATE, LEAVING, REVIEW, BED, ATTENDED = (
    "expected-discharge-date",
    "discharge",
    "medicines-review",
    "orthopaedic-bed",
    "ae-to-team",
)
HOUR = 60
CONTROLS = iter(range(1, 1_000_000))


def stay(event: str, *, expected: str = "", began: str = "20260105093000", ended: str = "", more: str = "", **said: str) -> bytes:
    """A message of a stay; ``began`` and ``ended`` are PV1-44 and PV1-45, ``expected`` is PV2-9."""
    extra = (*((f"PV2|||||||||{expected}",) if expected else ()), *((more,) if more else ()))
    body = adt(event, f"S{next(CONTROLS)}", extra=extra, **said)
    return body.replace(b"|V1001\r", f"|V1001{'|' * 25}{began}|{ended}\r".encode())


def when(text: str) -> str:
    return instant(at(text))


async def told(here: Timed, name: str) -> tuple[str, str]:
    """The state of the only clock of a name, and when it is due."""
    task = await here.one(name)
    return state(task), due(task)


async def test_an_admission_begins_a_day_for_the_expected_date(tmp_path: Path) -> None:
    async with timed(tmp_path / "data") as here:
        await here.admitted(stay("A01"))
        assert await told(here, DATE) == ("running", when("2026-01-06T09:30:00"))
        await here.later(20 * HOUR)
        await here.tell(stay("A08", expected="202601081200"))
        assert await told(here, DATE) == ("met", when("2026-01-06T09:30:00"))


async def test_a_date_that_comes_with_the_admission_is_in_time(tmp_path: Path) -> None:
    async with timed(tmp_path / "data") as here:
        await here.admitted(stay("A01", expected="202601081200"))
        assert (await told(here, DATE))[0] == "met"


async def test_without_a_date_the_team_is_warned_and_told(tmp_path: Path) -> None:
    async with timed(tmp_path / "data") as here:
        await here.admitted(stay("A01"))
        await here.later(18 * HOUR)
        assert await here.states(DATE) == ["warned"]
        await here.later(6 * HOUR)
        assert await here.states(DATE) == ["breached"]
        said = [each["category"][0]["coding"][0]["code"] for each in await here.told()]
    assert sorted(said) == ["breached", "warned"]


async def test_a_stay_that_began_earlier_than_was_said_is_due_sooner(tmp_path: Path) -> None:
    async with timed(tmp_path / "data") as here:
        await here.admitted(stay("A01"))
        await here.tell(stay("A08", began="20260104180000", at="20260105103000"))
        assert await told(here, DATE) == ("running", when("2026-01-05T18:00:00"))


async def test_an_admission_that_did_not_happen_ends_its_clocks(tmp_path: Path) -> None:
    async with timed(tmp_path / "data") as here:
        await here.admitted(stay("A01", expected="202601081200"))
        await here.tell(stay("A11", at="20260105110000"))
        assert (await here.states(DATE), await here.states(LEAVING)) == (["cancelled"], ["cancelled"])
        await here.later(10 * 24 * HOUR)
        assert await here.told() == []


async def test_whoever_leaves_within_a_day_of_the_date_leaves_in_time(tmp_path: Path) -> None:
    async with timed(tmp_path / "data") as here:
        await here.admitted(stay("A01", expected="202601081200"))
        assert await told(here, LEAVING) == ("running", when("2026-01-09T12:00:00"))
        await here.later(3 * 24 * HOUR + 20 * HOUR)
        await here.tell(stay("A03", expected="202601081200", at="20260109050000", ended="20260109050000"))
        assert (await told(here, LEAVING))[0] == "met"


async def test_a_date_without_a_time_is_over_at_midnight(tmp_path: Path) -> None:
    async with timed(tmp_path / "data") as here:
        await here.admitted(stay("A01", expected="20260108"))
        assert (await told(here, LEAVING))[1] == when("2026-01-10T00:00:00")


async def test_a_date_that_is_moved_moves_the_clock_and_what_was_told_of_the_first_is_not_repeated(tmp_path: Path) -> None:
    async with timed(tmp_path / "data") as here:
        await here.admitted(stay("A01", expected="202601061200"))
        await here.later(2 * 24 * HOUR + 3 * HOUR)
        assert await here.states(LEAVING) == ["breached"]
        await here.tell(stay("A08", expected="202601091200", at="20260107130000"))
        assert await told(here, LEAVING) == ("running", when("2026-01-10T12:00:00"))
        said = [each for each in await here.told() if "12:00 on 07 January" in each["payload"][0]["contentString"]]
    assert len(said) == 1


async def test_a_date_that_is_taken_back_ends_the_clock(tmp_path: Path) -> None:
    async with timed(tmp_path / "data") as here:
        await here.admitted(stay("A16", expected="202601081200"), stay("A01", expected="202601081200"))
        await here.tell(stay("A25", at="20260105120000"))
        assert await here.states(LEAVING) == ["cancelled"]


async def test_a_discharge_that_did_not_happen_lets_the_clock_run_on(tmp_path: Path) -> None:
    async with timed(tmp_path / "data") as here:
        await here.admitted(stay("A01", expected="202601081200"))
        await here.later(24 * HOUR)
        await here.tell(stay("A03", at="20260106093000", ended="20260106093000"))
        assert (await here.states(LEAVING), await here.states(REVIEW)) == (["met"], ["running"])
        await here.tell(stay("A13", at="20260106110000"))
        assert (await here.states(LEAVING), await here.states(REVIEW)) == (["running"], ["cancelled"])


async def left(here: Timed) -> str:
    """Somebody has left hospital on the sixth of January at half past nine; their Patient."""
    patient = await here.admitted(stay("A01"))
    await here.later(24 * HOUR)
    await here.tell(stay("A03", at="20260106093000", ended="20260106093000"))
    return patient


def review(patient: str, day: str, id: str = "r1") -> dict[str, object]:
    """A review of the medicines."""
    code = {"coding": [{"system": "http://snomed.info/sct", "code": "182836005"}]}
    subject = {"reference": f"Patient/{patient}"}
    said = {"status": "completed", "code": code, "subject": subject, "performedDateTime": day}
    return {"resourceType": "Procedure", "id": id, **said}


async def test_a_review_on_the_fifth_to_seventh_day_is_in_time(tmp_path: Path) -> None:
    async with timed(tmp_path / "data") as here:
        patient = await left(here)
        task = await here.one(REVIEW)
        assert task["restriction"]["period"] == {"start": when("2026-01-11T00:00:00"), "end": when("2026-01-14T00:00:00")}
        await here.later(5 * 24 * HOUR)
        assert await here.states(REVIEW) == ["warned"]
        await here.put(review(patient, "2026-01-11T09:00:00Z"))
        assert await here.states(REVIEW) == ["met"]


async def test_a_review_before_the_fifth_day_is_counted_apart(tmp_path: Path) -> None:
    async with timed(tmp_path / "data") as here:
        patient = await left(here)
        await here.later(24 * HOUR)
        await here.put(review(patient, "2026-01-07T09:00:00Z"))
        assert await here.states(REVIEW) == ["early"]


async def test_a_review_that_nobody_makes_is_escalated_to_the_practice(tmp_path: Path) -> None:
    async with timed(tmp_path / "data") as here:
        await left(here)
        await here.later(9 * 24 * HOUR)
        assert await here.states(REVIEW) == ["breached"]


async def test_a_stay_that_the_letter_tells_of_as_well_is_followed_by_one_review(tmp_path: Path) -> None:
    async with timed(tmp_path / "data") as here:
        patient = await left(here)
        period = {"start": "2026-01-05T09:30:00Z", "end": "2026-01-06T10:00:00Z"}
        inpatient = {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "IMP"}
        letters = {"resourceType": "Encounter", "id": "of-the-letter", "status": "finished", "class": inpatient, "period": period}
        await here.put({**letters, "subject": {"reference": f"Patient/{patient}"}})
        assert await here.states(REVIEW) == ["running"]


async def test_back_in_hospital_the_review_is_not_needed(tmp_path: Path) -> None:
    async with timed(tmp_path / "data") as here:
        await left(here)
        await here.later(24 * HOUR)
        await here.tell(
            stay("A01", began="20260107090000", visit="V2").replace(b"|V2\r", f"|V2{'|' * 25}20260107090000\r".encode())
        )
        assert await here.states(REVIEW) == ["not-needed"]


async def test_a_broken_hip_lies_on_an_orthopaedic_ward_within_36_hours(tmp_path: Path) -> None:
    hip = "DG1|1||S72.0^Fracture of neck of femur^I10|||W"
    async with timed(tmp_path / "data") as here:
        await here.admitted(stay("A01", more=hip))
        assert await told(here, BED) == ("running", when("2026-01-06T21:30:00"))
        await here.later(10 * HOUR)
        moved = stay("A02", ward="ORTHO1^BAY1^1^RX1", at="20260105194000").replace(b"^RX1|||||||||", b"^RX1|||||||110||", 1)
        await here.tell(moved)
        assert await here.states(BED) == ["met"]


async def test_a_stay_without_a_broken_hip_has_no_such_clock(tmp_path: Path) -> None:
    async with timed(tmp_path / "data") as here:
        await here.admitted(stay("A01", more="DG1|1||J18.9^Pneumonia^I10|||W"))
        assert await here.clocks(BED) == []


async def test_a_known_patient_in_a_and_e_has_the_team_within_two_to_four_hours(tmp_path: Path) -> None:
    async with timed(tmp_path / "data") as here:
        await here.admitted(event="A28")
        await here.tell(stay("A04").replace(b"PV1|1|I|", b"PV1|1|E|"))
        task = await here.one(ATTENDED)
        assert task["restriction"]["period"] == {"start": when("2026-01-05T11:30:00"), "end": when("2026-01-05T13:30:00")}
        await here.later(95)
        assert await here.states(ATTENDED) == ["warned"]
        (asked,) = await here.made("arrived-team")
        done = {name: value for name, value in asked.items() if name != "meta"} | {"status": "completed"}
        done["executionPeriod"] = {**asked["executionPeriod"], "end": instant(START + 90 * 60_000_000)}
        await here.put(done)
        assert await here.states(ATTENDED) == ["met"]


async def test_whoever_is_admitted_from_a_and_e_needs_no_answer(tmp_path: Path) -> None:
    async with timed(tmp_path / "data") as here:
        await here.admitted(event="A28")
        await here.tell(stay("A04").replace(b"PV1|1|I|", b"PV1|1|E|"))
        await here.later(30)
        await here.tell(
            stay("A01", began="20260105101000", visit="V3").replace(b"|V3\r", f"|V3{'|' * 25}20260105101000\r".encode())
        )
        assert await here.states(ATTENDED) == ["not-needed"]
