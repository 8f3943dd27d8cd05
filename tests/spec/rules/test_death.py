"""A death stops what would be sent and asked, and cancels nothing by itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.spec.engine.messages import ZELDA, adt
from tests.spec.engine.running import found
from tests.spec.rules.acting import Acted, acting, team

pytestmark = pytest.mark.anyio
KNOWN = adt("A28", "K1", at="20251201100000")


def dead(control: str = "C1", **more: Any) -> bytes:
    """PID-29 and PID-30."""
    body = adt("A31", control, at="20260105110000", **more)
    return body.replace(b"|01632960141", b"|01632960141" + b"|" * 16 + b"20260105103000|Y", 1)


def traced(body: bytes) -> bytes:
    """PID-32: the NHS number of somebody dead was traced."""
    return body.replace(b"|Y\r", b"|Y||NSTS01\r")


def booking(id: str, patient: str, start: str, status: str = "booked") -> dict[str, Any]:
    actor = {"actor": {"reference": f"Patient/{patient}"}, "status": "accepted"}
    end = start.replace(":00:00", ":20:00")
    return {"resourceType": "Appointment", "id": id, "status": status, "start": start, "end": end, "participant": [actor]}


async def known(here: Acted) -> str:
    await here.tell(KNOWN)
    patient = await here.patient()
    await here.put(team("t1", patient))
    return patient


async def test_each_booking_to_come_is_somebodys_to_cancel(tmp_path: Path) -> None:
    async with acting(tmp_path / "data") as here:
        patient = await known(here)
        await here.put(booking("next", patient, "2026-02-01T10:00:00Z"))
        await here.put(booking("soon", patient, "2026-01-20T10:00:00Z"))
        await here.put(booking("past", patient, "2025-12-01T10:00:00Z", "fulfilled"))
        await here.put(booking("gone", patient, "2026-02-02T10:00:00Z", "cancelled"))
        await here.tell(dead())
        tasks = await here.made("death-bookings")
        bookings = {each["id"]: each["status"] for each in await found(here.http, "Appointment")}
    assert {each["focus"]["reference"] for each in tasks} == {"Appointment/next", "Appointment/soon"}
    assert {each["performerType"][0]["coding"][0]["code"] for each in tasks} == {"co-ordination"}
    assert bookings == {"next": "booked", "soon": "booked", "past": "fulfilled", "gone": "cancelled"}


async def test_nothing_more_is_sent_to_the_person(tmp_path: Path) -> None:
    async with acting(tmp_path / "data") as here:
        patient = await known(here)
        to = {"subject": {"reference": f"Patient/{patient}"}, "recipient": [{"reference": f"Patient/{patient}"}]}
        await here.put({"resourceType": "Communication", "id": "reminder", "status": "preparation", **to})
        await here.put({"resourceType": "Communication", "id": "sent", "status": "completed", **to})
        await here.put({"resourceType": "CommunicationRequest", "id": "asked", "status": "active", **to})
        team_ = to | {"recipient": [{"reference": "CareTeam/t1"}]}
        await here.put({"resourceType": "Communication", "id": "team", "status": "preparation", **team_})
        await here.tell(dead())
        statuses = {each["id"]: each["status"] for each in await found(here.http, "Communication?_id=reminder,sent,team")}
        (asked,) = await found(here.http, "CommunicationRequest")
    assert statuses == {"reminder": "not-done", "sent": "completed", "team": "preparation"}
    assert asked["status"] == "revoked"


async def test_two_sources_that_tell_of_one_death_are_acted_on_once(tmp_path: Path) -> None:
    async with acting(tmp_path / "data") as here:
        other = adt("A28", "K2", at="20251201100000", nhs=ZELDA, local="M2").replace(b"|RX1|", b"|RX2|")
        await here.tell(adt("A28", "K1", at="20251201100000", nhs=ZELDA), other)
        patient = await here.patient()
        await here.put(team("t1", patient))
        await here.put(booking("next", patient, "2026-02-01T10:00:00Z"))
        first, second = (dead(control, nhs=ZELDA, local=local, status="") for control, local in (("C1", "L1001"), ("C2", "M2")))
        await here.tell(traced(first), traced(second).replace(b"|RX1|", b"|RX2|"))
        told = [each["recipient"][0]["reference"] for each in await here.made("death-told", "Communication")]
        tasks = await here.made("death-bookings")
        assert here.counts("death-told") == {"acted": 1, "again": 1}
    assert sorted(told) == ["CareTeam/t1", "Practitioner/named"]
    assert len(tasks) == 1


async def test_somebody_who_is_said_to_be_alive_is_not_dead(tmp_path: Path) -> None:
    async with acting(tmp_path / "data") as here:
        await known(here)
        await here.tell(dead().replace(b"20260105103000|Y", b"|N"))
        assert await here.made("death-told", "Communication") == []


async def test_a_death_that_is_corrected_ends_what_it_has_asked_for(tmp_path: Path) -> None:
    async with acting(tmp_path / "data") as here:
        patient = await known(here)
        await here.put(booking("next", patient, "2026-02-01T10:00:00Z"))
        alive = dead("C2").replace(b"20260105103000|Y", b'""|N').replace(b"20260105110000", b"20260105113000")
        await here.tell(dead(), alive)
        (task,) = await here.made("death-bookings")
        told = await here.made("death-told", "Communication")
    assert task["status"] == "cancelled"
    assert {each["status"] for each in told} == {"not-done"}


async def test_nobody_supports_at_home_who_has_died_in_hospital(tmp_path: Path) -> None:
    async with acting(tmp_path / "data") as here:
        await known(here)
        left = dead("C2").replace(b"ADT^A31", b"ADT^A03")
        await here.tell(adt("A01", "C1", at="20260105090000"), left)
        assert await here.made("discharged-team") == []
        assert here.counts("discharged-team") == {"not-met": 1}


async def test_the_person_is_told_nothing_more(tmp_path: Path) -> None:
    folder = tmp_path / "site"
    folder.mkdir()
    head = "id,event,condition,action,to,within,once,says,why\n"
    (folder / "rules.csv").write_text(head + "own,letter,,notify letter,patient,30d,event,A letter is there,It is tried\n")
    async with acting(tmp_path / "data", rules=folder) as here:
        patient = await known(here)
        letter: dict[str, Any] = {"resourceType": "DocumentReference", "status": "current", "date": "2026-01-05T09:00:00Z"}
        letter |= {"content": [{"attachment": {"title": "Letter"}}], "subject": {"reference": f"Patient/{patient}"}}
        await here.put(letter | {"id": "before"})
        await here.tell(dead())
        await here.put(letter | {"id": "after"})
        (told,) = await here.made("own", "Communication")
    assert told["about"] == [{"reference": "DocumentReference/before"}]
    assert told["status"] == "not-done"


async def test_who_is_dead_when_the_record_first_hears_of_them_and_no_day_is_said_is_news_to_nobody(tmp_path: Path) -> None:
    async with acting(tmp_path / "data") as here:
        await here.put({"resourceType": "Patient", "id": "long-dead", "deceasedBoolean": True})
        assert here.counts("death-told") == {"not-met": 1}
        assert here.counts("death-reminders") == {"nobody": 1}


async def test_a_death_without_a_day_of_somebody_whom_the_record_knows_is_told(tmp_path: Path) -> None:
    async with acting(tmp_path / "data") as here:
        await known(here)
        await here.tell(dead().replace(b"20260105103000|Y", b"|Y"))
        assert len(await here.made("death-told", "Communication")) == 2


def undated(at: str, control: str = "C1") -> bytes:
    """PID-30 without PID-29, in a message of that time."""
    return dead(control).replace(b"20260105103000|Y", b"|Y").replace(b"20260105110000", at.encode())


async def test_a_death_without_a_day_that_an_old_history_tells_of_is_news_to_nobody(tmp_path: Path) -> None:
    """It counts from the time that the message bears."""
    async with acting(tmp_path / "data") as here:
        await here.tell(adt("A28", "K1", at="20180101100000"))
        patient = await here.patient()
        await here.put(team("t1", patient))
        await here.put(booking("next", patient, "2026-02-01T10:00:00Z"))
        await here.tell(undated("20190301100000"))
        assert here.counts("death-told") == {"late": 1}
        assert await here.made("death-told", "Communication") == []
        assert len(await here.made("death-bookings")) == 1  # whoever is dead does not come, however long they are


async def test_an_old_history_tells_nobody_either_where_the_rules_come_after_all_of_it(tmp_path: Path) -> None:
    async with acting(tmp_path / "data") as here:
        await here.tell(adt("A28", "K1", at="20180101100000"))
        await here.put(team("t1", await here.patient()))
        await here.engine.outgoing.deliverer.pause("rules", True)
        for number, year in enumerate(("2019", "2020", "2021"), 1):
            told = await here.http.post("/ingest/hl7v2?wait=applied", content=undated(f"{year}0301100000", f"C{number}"))
            assert told.is_success, told.text
        await here.engine.outgoing.deliverer.pause("rules", False)
        await here.quiet()
        assert await here.made("death-told", "Communication") == []
