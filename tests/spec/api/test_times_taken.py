"""An Appointment takes the time that it is booked into, and gives it back (FHIR R4, Appointment.slot, Slot.status)."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from interop.store.sqlite import SqliteStore
from tests.spec.api.conftest import Client
from tests.spec.api.people import appointment, contribute, patient

pytestmark = pytest.mark.anyio


def slot(id: str, status: str = "free", **more: Any) -> dict[str, Any]:
    """A time of a book that the API keeps."""
    time = {"start": "2026-02-01T10:00:00Z", "end": "2026-02-01T10:30:00Z", "schedule": {"reference": "Schedule/b"}}
    return {"resourceType": "Slot", "id": id, "status": status, **time, **more}


def into(id: str, *slots: str, **more: Any) -> dict[str, Any]:
    """An appointment that is booked into times."""
    made = appointment(id, "p", "2026-02-01T10:00:00Z") | {"slot": [{"reference": f"Slot/{each}"} for each in slots]}
    return {name: value for name, value in made.items() if name != "id" or id} | {"status": "booked", **more}


@pytest.fixture(autouse=True)
async def _books(client: Client, store: SqliteStore) -> None:
    await contribute(store, patient("p"))
    for each in (slot("s1"), slot("s2"), slot("s3", "busy"), slot("s4", "busy", overbooked=True)):
        assert (await client.put(each)).status_code == 201


async def stand(client: Client) -> list[str]:
    return [(await client.get(f"/fhir/Slot/s{number}")).json()["status"] for number in (1, 2, 3, 4)]


async def test_who_books_a_time_has_it_and_nobody_else_is_given_it(client: Client) -> None:
    assert (await client.post(into("", "s1"))).status_code == 201
    assert await stand(client) == ["busy", "free", "busy", "busy"]
    late = await client.post(into("", "s1"))
    assert (late.status_code, "Appointment.slot" in late.text) == (412, True)
    assert len(await client.ids("/fhir/Appointment")) == 1


async def test_of_two_who_book_at_once_one_is_refused_and_nothing_of_theirs_is_kept(client: Client) -> None:
    answers = await asyncio.gather(*(client.post(into("", "s1")) for _ in range(2)))
    assert sorted(each.status_code for each in answers) == [201, 412]
    assert len(await client.ids("/fhir/Appointment")) == 1


async def test_moved_and_cancelled_it_gives_its_time_back(client: Client) -> None:
    await client.put(into("a", "s1"))
    await client.put(into("a", "s2"))
    assert (await stand(client))[:2] == ["free", "busy"]
    await client.put(into("a", "s2", description="Feet"))
    assert (await stand(client))[:2] == ["free", "busy"]
    await client.put(into("a", "s2", status="cancelled"))
    assert (await stand(client))[:2] == ["free", "free"]


@pytest.mark.parametrize("status", ["proposed", "waitlist", "cancelled"])
async def test_what_is_not_booked_takes_no_time(client: Client, status: str) -> None:
    assert (await client.put(into("a", "s1", status=status))).status_code == 201
    assert (await stand(client))[0] == "free"


async def test_a_time_that_its_keeper_has_marked_as_taken_may_be_booked_by_whoever_marked_it(client: Client) -> None:
    """Nobody else has it: a client that marks the time itself goes on as before."""
    assert (await client.put(into("a", "s3"))).status_code == 201
    assert (await client.put(into("b", "s3"))).status_code == 412
    for id in ("c", "d"):
        assert (await client.put(into(id, "s4"))).status_code == 201


async def test_made_again_by_the_same_criteria_it_takes_nothing_twice(client: Client) -> None:
    made = into("", "s1", identifier=[{"system": "urn:example:form", "value": "1"}])
    answers = [await client.post(made, if_none_exist="identifier=urn:example:form|1") for _ in range(2)]
    assert [each.status_code for each in answers] == [201, 200]


async def test_a_time_of_a_feed_is_left_as_its_keeper_says(client: Client, store: SqliteStore) -> None:
    await contribute(store, slot("theirs"))
    assert (await client.put(into("a", "theirs"))).status_code == 201
    assert (await client.get("/fhir/Slot/theirs")).json()["status"] == "free"
