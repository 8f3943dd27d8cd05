"""An Appointment takes the time that it is booked into, and gives it back (FHIR R4, Appointment.slot, Slot.status)."""

from __future__ import annotations

import asyncio
from random import Random
from typing import Any

import orjson
import pytest

from interop.apply.times import HOLDS
from interop.store.sqlite import SqliteStore
from tests.spec.api.bundles import entry, post, statuses
from tests.spec.api.conftest import Client
from tests.spec.api.people import appointment, contribute, patient

pytestmark = pytest.mark.anyio
BASIC = {"resourceType": "Basic", "code": {"text": "a"}}


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


def patch(path: str, value: Any) -> bytes:
    """A JSON Patch that says something else."""
    return orjson.dumps([{"op": "replace", "path": path, "value": value}])


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


async def test_patched_it_takes_and_gives_back_as_when_it_is_written_whole(client: Client) -> None:
    at, media = "/fhir/Appointment/a", "application/json-patch+json"
    await client.put(into("a", "s1"))
    assert (await client.send("PATCH", at, patch("/slot/0/reference", "Slot/s2"), content_type=media)).status_code == 200
    assert (await stand(client))[:2] == ["free", "busy"]
    await client.put(into("b", "s1"))
    late = await client.send("PATCH", at, patch("/slot/0/reference", "Slot/s1"), content_type=media)
    assert (late.status_code, "Appointment.slot" in late.text) == (412, True)
    assert (await client.send("PATCH", at, patch("/status", "cancelled"), content_type=media)).status_code == 200
    assert (await stand(client))[:2] == ["busy", "free"]


async def test_deleted_it_gives_its_time_back(client: Client) -> None:
    await client.put(into("a", "s1"))
    assert (await client.send("DELETE", "/fhir/Appointment/a")).status_code == 204
    assert (await stand(client))[0] == "free"
    await client.put(into("b", "s1"))
    assert (await client.send("DELETE", "/fhir/Appointment/a")).status_code == 204
    assert (await stand(client))[0] == "busy"


async def test_named_by_criteria_it_is_the_same(client: Client) -> None:
    named, at = {"identifier": [{"system": "urn:example:form", "value": "1"}]}, "/fhir/Appointment?identifier=urn:example:form|1"
    for each, expected in (("s1", ["busy", "free"]), ("s2", ["free", "busy"])):
        assert (await client.send("PUT", at, orjson.dumps(into("", each, **named)))).status_code in (200, 201)
        assert (await stand(client))[:2] == expected
    assert (await client.send("DELETE", at)).status_code == 204
    assert (await stand(client))[:2] == ["free", "free"]


async def test_of_two_forms_that_are_sent_at_once_under_one_number_one_is_kept_and_both_are_answered(client: Client) -> None:
    made = into("", "s1", identifier=[{"system": "urn:example:form", "value": "1"}])
    twice = await asyncio.gather(*(client.post(made, if_none_exist="identifier=urn:example:form|1") for _ in range(2)))
    assert sorted(each.status_code for each in twice) == [200, 201]


class TestInATransaction:
    async def test_it_takes_its_time_wherever_the_bundle_says_it(self, client: Client) -> None:
        answer = await post(client, "transaction", entry("POST", "Appointment", into("", "s1")), entry("POST", "Basic", BASIC))
        assert statuses(answer) == ["201", "201"]
        assert (await stand(client))[0] == "busy"

    async def test_refused_for_its_time_nothing_of_the_bundle_is_done(self, client: Client) -> None:
        await client.put(into("a", "s1"))
        late = await post(client, "transaction", entry("POST", "Basic", BASIC), entry("POST", "Appointment", into("", "s1")))
        assert (late.status_code, "Bundle.entry[1].resource.slot" in late.text) == (412, True)
        assert await client.ids("/fhir/Basic") == []

    async def test_two_of_it_are_not_given_one_time(self, client: Client) -> None:
        both = [entry("PUT", f"Appointment/{id}", into(id, "s1")) for id in "ab"]
        assert (await post(client, "transaction", *both)).status_code == 412
        await client.put(into("a", "s1"))
        assert (await post(client, "transaction", *both)).status_code == 412

    async def test_two_change_their_times(self, client: Client) -> None:
        await client.put(into("a", "s1"))
        await client.put(into("b", "s2"))
        answer = await post(
            client,
            "transaction",
            entry("PUT", "Appointment/a", into("a", "s2")),
            entry("PUT", "Appointment/b", into("b", "s1")),
        )
        assert statuses(answer) == ["200", "200"]
        assert (await stand(client))[:2] == ["busy", "busy"]

    async def test_whoever_writes_the_time_as_well_is_taken_at_their_word(self, client: Client) -> None:
        marked = entry("PUT", "Slot/s1", slot("s1", "busy-tentative"))
        answer = await post(client, "transaction", marked, entry("PUT", "Appointment/a", into("a", "s1")))
        assert statuses(answer) == ["200", "201"]
        assert (await stand(client))[0] == "busy-tentative"
        again = await post(client, "transaction", marked, entry("PUT", "Appointment/b", into("b", "s1")))
        assert again.status_code == 412

    async def test_a_time_that_criteria_name_is_taken(self, client: Client) -> None:
        assert (await client.put(slot("s1", identifier=[{"system": "urn:example:time", "value": "1"}]))).status_code == 200
        named = into("a", "s2") | {"slot": [{"reference": "Slot?identifier=urn:example:time|1"}]}
        assert statuses(await post(client, "transaction", entry("PUT", "Appointment/a", named))) == ["201"]
        assert (await stand(client))[:2] == ["busy", "free"]


async def test_a_time_that_two_have_is_free_when_both_have_left(client: Client) -> None:
    for id in ("c", "d"):
        await client.put(into(id, "s4"))
    await client.put(into("c", "s4", status="cancelled"))
    assert (await stand(client))[3] == "busy"
    await client.send("DELETE", "/fhir/Appointment/d")
    assert (await stand(client))[3] == "free"


async def test_a_time_that_was_often_given_back_is_still_somebody_s(client: Client) -> None:
    """However many have had it before."""
    for number in range(25):
        await client.put(into(f"c{number}", "s3", status="cancelled"))
    assert (await client.put(into("a", "s3"))).status_code == 201
    assert (await client.put(into("b", "s3"))).status_code == 412


@pytest.mark.parametrize("seed", range(4))
async def test_whatever_is_written_at_once_nobody_shares_a_time_and_what_nobody_has_is_free(client: Client, seed: int) -> None:
    random, names = Random(seed), ("s1", "s2", "s5", "s6")
    for each in names[2:]:
        await client.put(slot(each))

    async def write() -> None:
        id = random.choice("abcdef")
        said = into(id, *random.sample(names, random.randint(1, 2)), status=random.choice(["booked", "arrived", "cancelled"]))
        match random.randrange(4):
            case 0:
                answer = await client.send("DELETE", f"/fhir/Appointment/{id}")
            case 1:
                body = patch("/status", random.choice(["booked", "cancelled"]))
                answer = await client.send("PATCH", f"/fhir/Appointment/{id}", body, content_type="application/json-patch+json")
            case 2:
                answer = await post(client, "transaction", entry("PUT", f"Appointment/{id}", said))
            case _:
                answer = await client.put(said)
        assert answer.status_code in (200, 201, 204, 404, 410, 412), answer.text

    for _ in range(12):
        await asyncio.gather(*(write() for _ in range(6)))
        found = [(await client.get(f"/fhir/{each}")).json() for each in await client.ids("/fhir/Appointment")]
        held = [one["reference"] for each in found if each["status"] in HOLDS for one in each["slot"]]
        assert len(held) == len(set(held))
        now = {each: (await client.get(f"/fhir/Slot/{each}")).json()["status"] for each in names}
        assert now == {each: "busy" if f"Slot/{each}" in held else "free" for each in names}
