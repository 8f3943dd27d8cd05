"""What was said is taken back: by a death that was none, a visit that was somebody else's, a message that is taken down."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.spec.clocks.timing import Timed, after, request, timed
from tests.spec.engine.messages import ZELDA, adt
from tests.spec.engine.running import found, journal
from tests.spec.rules.acting import team
from tests.spec.rules.test_death import dead, traced

pytestmark = pytest.mark.anyio
ALIVE = dead("C2").replace(b"20260105103000|Y", b'""|N').replace(b"20260105110000", b"20260105113000")
URGENT, EDD, REVIEW, ARRIVAL = "urgent-response", "expected-discharge-date", "medicines-review", "ae-to-team"


async def asked_for(here: Timed) -> str:
    """Somebody for whom a team is on its way and who is to be reminded."""
    patient = await here.admitted()
    await here.put(request(patient))
    to = {"subject": {"reference": f"Patient/{patient}"}, "recipient": [{"reference": f"Patient/{patient}"}]}
    await here.put({"resourceType": "Communication", "id": "reminder", "status": "preparation", **to})
    await here.put({"resourceType": "CommunicationRequest", "id": "asked", "status": "active", **to})
    return patient


async def taken_down(here: Timed, type: str) -> None:
    """The last message of a type is taken down."""
    number = [each.message for each in await journal(here.engine) if each.type == type][-1]
    said = [{"name": "message", "valuePositiveInt": number}, {"name": "reason", "valueString": "Of another person"}]
    answer = await here.http.post("/fhir/$takedown", json={"resourceType": "Parameters", "parameter": said})
    assert answer.is_success, answer.text
    await here.quiet()


def elsewhere(body: bytes) -> bytes:
    """Another trust tells of it."""
    return body.replace(b"|RX1|", b"|RX2|")


async def reminders(here: Timed) -> list[str]:
    (told,) = await found(here.http, "Communication?_id=reminder")
    (asked,) = await found(here.http, "CommunicationRequest")
    return [told["status"], asked["status"]]


async def test_a_death_that_was_none_gives_clocks_and_reminders_back(tmp_path: Path) -> None:
    async with timed(tmp_path / "data") as here:
        await asked_for(here)
        await here.tell(dead())
        assert await here.states(URGENT) == ["not-needed"]
        assert await reminders(here) == ["not-done", "revoked"]
        await here.tell(ALIVE)
        assert await here.states(URGENT) == ["running"]
        assert await reminders(here) == ["on-hold", "on-hold"]
        await here.later(121)
        assert await here.states(URGENT) == ["breached"]


async def test_whoever_was_told_of_a_death_hears_that_it_was_none(tmp_path: Path) -> None:
    async with timed(tmp_path / "data") as here:
        await asked_for(here)
        await here.tell(dead())
        for each in await here.made("death-told", "Communication"):
            await here.put({**each, "status": "completed"})
        await here.tell(ALIVE)
        told = [each["recipient"][0]["reference"] for each in await here.made("alive-told", "Communication")]
        (look,) = await here.made("alive-look")
    assert sorted(told) == ["CareTeam/t1", "Practitioner/n1"]
    assert look["performerType"][0]["coding"][0]["code"] == "co-ordination"


async def test_a_death_that_is_taken_down_is_one_that_was_none(tmp_path: Path) -> None:
    async with timed(tmp_path / "data") as here:
        await asked_for(here)
        await here.tell(dead())
        await taken_down(here, "ADT^A31")
        assert await here.states(URGENT) == ["running"]
        assert await reminders(here) == ["on-hold", "on-hold"]
        assert len(await here.made("alive-told", "Communication")) == 2


async def test_of_whom_nobody_knew_anything_a_taken_down_death_gives_the_reminders_back(tmp_path: Path) -> None:
    async with timed(tmp_path / "data") as here:
        await here.tell(adt("A28", "K1", at="20251201100000"))
        patient = await here.patient()
        to = {"subject": {"reference": f"Patient/{patient}"}, "recipient": [{"reference": f"Patient/{patient}"}]}
        await here.put({"resourceType": "Communication", "id": "reminder", "status": "preparation", **to})
        await here.put({"resourceType": "CommunicationRequest", "id": "asked", "status": "active", **to})
        await here.tell(dead())
        await taken_down(here, "ADT^A31")
        assert await reminders(here) == ["on-hold", "on-hold"]


async def test_where_another_source_still_tells_of_the_death_nothing_comes_back(tmp_path: Path) -> None:
    async with timed(tmp_path / "data") as here:
        await here.tell(adt("A28", "K1", at="20251201100000", nhs=ZELDA), elsewhere(adt("A28", "K2", local="M2", nhs=ZELDA)))
        patient = await here.patient()
        await here.put(team("t1", patient))
        await here.put(request(patient))
        await here.tell(traced(dead("C1", nhs=ZELDA, status="")), elsewhere(traced(dead("C3", local="M2", nhs=ZELDA, status=""))))
        alive = traced(dead("C2", nhs=ZELDA, status="")).replace(b"20260105103000|Y", b'""|N')
        await here.tell(alive.replace(b"20260105110000", b"20260105113000"))
        assert await here.states(URGENT) == ["not-needed"]
        assert await here.made("alive-told", "Communication") == []
        assert here.counts("alive-told") == {"not-met": 1}


async def test_a_visit_that_is_moved_is_the_right_persons_from_then_on(tmp_path: Path) -> None:
    other: dict[str, Any] = {"local": "L2002", "family": "OTHERBY", "born": "19600101"}
    async with timed(tmp_path / "data") as here:
        await here.tell(adt("A28", "K1", at="20260101100000"), adt("A28", "K2", at="20260101100000", **other))
        wrong, right = await here.patient("L1001"), await here.patient("L2002")
        await here.put(team("wrong", wrong))
        await here.put(team("right", right))
        await here.tell(adt("A01", "C1"))
        moved = adt("A45", "C2", at="20260105110000", **other)
        await here.tell(moved.replace(b"\rPV1", b"\rMRG|L1001^^^PAS||||V1001^^^VISIT\rPV1"))
        tasks = {each["owner"]["reference"]: each["status"] for each in await here.made("admitted-team")}
        assert tasks == {"CareTeam/wrong": "cancelled", "CareTeam/right": "requested"}
        await here.later(19 * 60)
        (clock,) = await here.clocks(EDD)
        assert clock["for"] == {"reference": f"Patient/{right}"}
        assert [each["recipient"][0]["reference"] for each in await here.told()] == ["CareTeam/right"]


async def test_a_discharge_that_is_taken_down_ends_its_clock_and_gives_that_of_the_stay_back(tmp_path: Path) -> None:
    async with timed(tmp_path / "data") as here:
        await here.admitted(adt("A01", "C1"), adt("A03", "C2", at="20260105110000"))
        assert (await here.states(EDD), await here.states(REVIEW)) == (["not-needed"], ["running"])
        await taken_down(here, "ADT^A03")
        assert (await here.states(EDD), await here.states(REVIEW)) == (["running"], ["cancelled"])


async def test_whoever_comes_again_after_a_cancelled_attendance_is_waited_for_again(tmp_path: Path) -> None:
    def front_door(event: str, control: str, visit: str, at: str) -> bytes:
        return adt(event, control, visit=visit, at=at).replace(b"PV1|1|I|", b"PV1|1|E|")

    async with timed(tmp_path / "data") as here:
        await here.admitted(front_door("A04", "C1", "W1", "20260105100000"), front_door("A11", "C2", "W1", "20260105100500"))
        assert await here.states(ARRIVAL) == ["cancelled"]
        await here.tell(front_door("A04", "C3", "W2", "20260105101000"))
        assert sorted(await here.states(ARRIVAL)) == ["cancelled", "running"]


async def test_of_a_death_before_the_clock_began_nobody_is_chased(tmp_path: Path) -> None:
    async with timed(tmp_path / "data") as here:
        patient = await here.admitted()
        await here.put(request(patient))
        await here.tell(dead().replace(b"20260105103000|Y", b"20260103|Y"))
        assert await here.states(URGENT) == ["not-needed"]
        await here.later(121)
        assert await here.told() == []


async def test_a_death_of_today_without_an_hour_makes_no_team_late(tmp_path: Path) -> None:
    async with timed(tmp_path / "data") as here:
        patient = await here.admitted()
        await here.put(request(patient))
        await here.tell(dead().replace(b"20260105103000|Y", b"20260105|Y"))
        assert await here.states(URGENT) == ["not-needed"]


async def test_a_time_that_is_to_come_counts_from_when_it_was_told(tmp_path: Path) -> None:
    stay = {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "IMP"}
    async with timed(tmp_path / "data") as here:
        subject = {"reference": f"Patient/{await here.admitted()}"}
        for id, start in (("never", "9999-12-31T23:00:00Z"), ("typed", "2062-01-05T10:00:00Z")):
            said = {"class": stay, "status": "in-progress", "subject": subject, "period": {"start": start}}
            await here.put({"resourceType": "Encounter", "id": id, **said})
        assert len(await here.made("admitted-team")) == 1
        assert {each["restriction"]["period"]["end"] for each in await here.clocks(EDD)} == {after(24 * 60)}
        assert {each.state for each in await here.queue()} == {"sent"}
