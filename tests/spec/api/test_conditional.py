"""Writes by criteria and by version (FHIR R4 http, 3.1.0.7.1, 3.1.0.8.1, 3.1.0.9.1, 3.1.0.5)."""

from __future__ import annotations

import asyncio
from typing import Any

import orjson
import pytest

from interop.api.services import Services
from interop.store.sqlite import SqliteStore
from tests.spec.api.conftest import BASE, Client
from tests.spec.api.people import contribute, patient
from tests.spec.api.rebuilt import rebuilt

pytestmark = pytest.mark.anyio
SYSTEM = "https://example.org/numbers"


def numbered(id: str, number: str, **more: Any) -> dict[str, Any]:
    """A Patient with an identifier; id '' for none."""
    made = patient(id, identifier=[{"system": SYSTEM, "value": number}], **more)
    return made if id else {name: value for name, value in made.items() if name != "id"}


async def given(client: Client, *numbers: str) -> None:
    """Patients ``p0``, ``p1`` ... with these numbers."""
    for place, number in enumerate(numbers):
        assert (await client.put(numbered(f"p{place}", number))).status_code == 201


async def people(client: Client) -> list[str]:
    return sorted(await client.ids("/fhir/Patient"))


@pytest.mark.parametrize(
    ("there", "status", "location"),
    [
        ((), 201, "Patient/new-1/_history/1"),
        (("1",), 200, "Patient/p0/_history/1"),
        (("1", "1"), 412, None),
        (("2",), 201, "Patient/new-1/_history/1"),
    ],
)
@pytest.mark.parametrize("written", ["identifier={}%7C1", "?identifier={}|1", "Patient?identifier={}|1"])
async def test_conditional_create(client: Client, there: tuple[str, ...], status: int, location: str | None, written: str) -> None:
    await given(client, *there)
    before = await people(client)
    answer = await client.post(numbered("", "1"), if_none_exist=written.format(SYSTEM))
    assert answer.status_code == status, answer.text
    assert answer.headers.get("location") == (location and f"{BASE}/fhir/{location}")
    assert len(await people(client)) == len(before) + (status == 201)


async def test_a_create_that_finds_one_shows_it_as_it_is(client: Client) -> None:
    first = await client.put(numbered("p0", "1", gender="female"))
    answer = await client.post(numbered("", "1", gender="male"), if_none_exist=f"identifier={SYSTEM}|1")
    assert (answer.status_code, answer.content, answer.headers["etag"]) == (200, first.content, 'W/"1"')


async def test_a_create_may_find_what_a_feed_contributed(client: Client, store: SqliteStore) -> None:
    await contribute(store, patient("theirs"))
    answer = await client.post(patient("x"), if_none_exist="_id=theirs")
    assert (answer.status_code, answer.json()["id"]) == (200, "theirs")


@pytest.mark.parametrize("criteria", ["?", "?_count=1", "no-such=1", "identifier", "_format=json"])
async def test_criteria_that_are_none_or_not_understood_write_nothing(client: Client, criteria: str) -> None:
    answer = await client.post(numbered("", "1"), if_none_exist=criteria)
    assert (answer.status_code, answer.json()["resourceType"]) == (400, "OperationOutcome")
    assert await people(client) == []


async def test_of_many_creates_under_the_same_criteria_one_is_made(client: Client) -> None:
    creates = [client.post(numbered("", "1"), if_none_exist=f"identifier={SYSTEM}|1") for _ in range(16)]
    answers = await asyncio.gather(*creates)
    assert sorted(answer.status_code for answer in answers) == [200] * 15 + [201]
    assert len({answer.json()["id"] for answer in answers}) == 1


@pytest.mark.parametrize(
    ("there", "body", "status", "id"),
    [
        ((), "", 201, "new-1"),
        ((), "mine", 201, "mine"),
        (("2",), "p0", 409, None),
        (("1",), "", 200, "p0"),
        (("1",), "p0", 200, "p0"),
        (("1",), "other", 400, None),
        (("1", "1"), "", 412, None),
    ],
)
async def test_conditional_update(client: Client, there: tuple[str, ...], body: str, status: int, id: str | None) -> None:
    await given(client, *there)
    content = orjson.dumps(numbered(body, "1", gender="female"))
    answer = await client.send("PUT", f"/fhir/Patient?identifier={SYSTEM}|1", content)
    assert answer.status_code == status, answer.text
    if id is not None:
        shown = (await client.get(f"/fhir/Patient/{id}")).json()
        assert (answer.json()["id"], shown["gender"]) == (id, "female")
        assert answer.headers["location"] == f"{BASE}/fhir/Patient/{id}/_history/{1 if status == 201 else 2}"


@pytest.mark.parametrize(("there", "status", "left"), [((), 204, 0), (("1",), 204, 0), (("1", "1"), 412, 2), (("2",), 204, 1)])
async def test_conditional_delete_deletes_one(client: Client, there: tuple[str, ...], status: int, left: int) -> None:
    await given(client, *there)
    answer = await client.send("DELETE", f"/fhir/Patient?identifier={SYSTEM}|1")
    assert answer.status_code == status, answer.text
    assert len(await people(client)) == left


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH"])
async def test_a_type_without_criteria_is_no_address_of_a_write(client: Client, method: str) -> None:
    await given(client, "1")
    answer = await client.send(method, "/fhir/Patient", b"[]", content_type="application/json-patch+json")
    assert answer.status_code == 400
    assert await people(client) == ["Patient/p0"]


@pytest.mark.parametrize(("there", "status"), [((), 404), (("1",), 200), (("1", "1"), 412)])
async def test_conditional_patch(client: Client, there: tuple[str, ...], status: int) -> None:
    await given(client, *there)
    body = orjson.dumps([{"op": "add", "path": "/gender", "value": "other"}])
    address = f"/fhir/Patient?identifier={SYSTEM}|1"
    answer = await client.send("PATCH", address, body, content_type="application/json-patch+json")
    assert answer.status_code == status, answer.text
    if status == 200:
        assert (answer.json()["gender"], answer.headers["etag"]) == ("other", 'W/"2"')


@pytest.mark.parametrize(("method", "status"), [("PUT", 200), ("PATCH", 200), ("DELETE", 204)])
@pytest.mark.parametrize(("match", "right"), [('W/"2"', True), ('W/"1"', False), ('W/"9"', False)])
async def test_if_match(client: Client, method: str, status: int, match: str, right: bool) -> None:
    await client.put(patient("mine"))
    await client.put(patient("mine", family="Brook"))
    body, kind = orjson.dumps(patient("mine", family="Cove")), "application/fhir+json"
    if method == "PATCH":
        body, kind = orjson.dumps([{"op": "replace", "path": "/name/0/family", "value": "Cove"}]), "application/json-patch+json"
    answer = await client.send(method, "/fhir/Patient/mine", b"" if method == "DELETE" else body, content_type=kind, if_match=match)
    assert answer.status_code == (status if right else 412), answer.text


@pytest.mark.parametrize("header", ["if_match", "if_none_exist"])
async def test_an_empty_condition_is_refused_and_not_passed_over(client: Client, header: str) -> None:
    await client.put(patient("p0"))
    method, address = ("DELETE", "/fhir/Patient/p0") if header == "if_match" else ("POST", "/fhir/Patient")
    answer = await client.send(method, address, orjson.dumps(patient("x")), **{header: ""})
    assert answer.status_code == 400, answer.text
    assert await people(client) == ["Patient/p0"]


async def test_a_criterion_without_a_value_is_refused_and_not_passed_over(client: Client) -> None:
    """The rest would match somebody else."""
    await client.put(patient("p0", gender="female"))
    body = orjson.dumps(patient("p0", gender="male"))
    criteria = "identifier=&gender=female"
    entry = {"resource": patient("x"), "request": {"method": "POST", "url": "Patient", "ifNoneExist": criteria}}
    bundle = orjson.dumps({"resourceType": "Bundle", "type": "transaction", "entry": [entry]})
    for answer in (
        await client.send("PUT", f"/fhir/Patient?{criteria}", body),
        await client.send("DELETE", f"/fhir/Patient?{criteria}"),
        await client.send("POST", "/fhir/Patient", body, if_none_exist=criteria),
        await client.send("POST", "/fhir", bundle),
    ):
        assert answer.status_code == 400, answer.text
    assert (await client.get("/fhir/Patient/p0")).json()["gender"] == "female"


async def test_where_updates_make_nothing_the_client_must_create(client: Client, services: Services) -> None:
    services.writes.update_creates = False
    refused = await client.put(patient("mine"))
    assert (refused.status_code, refused.json()["issue"][0]["code"]) == (405, "not-supported")
    made = (await client.post(patient("x"))).json()
    assert (await client.put(made | {"gender": "other"})).status_code == 200


async def test_a_patch_is_kept_as_the_whole_resource(client: Client, services: Services, store: SqliteStore, tmp_path: Any) -> None:
    body = b'{"resourceType":"Observation","id":"o1","status":"final","code":{"text":"w"},"valueQuantity":{"value":72.50}}'
    await client.send("PUT", "/fhir/Observation/o1", body)
    patch = orjson.dumps([{"op": "replace", "path": "/status", "value": "amended"}])
    answer = await client.send("PATCH", "/fhir/Observation/o1", patch, content_type="application/json-patch+json")
    assert (answer.status_code, answer.json()["status"], b"72.50" in answer.content) == (200, "amended", True)
    assert await rebuilt(store, services, tmp_path) == {"Observation/o1": (await client.get("/fhir/Observation/o1")).content}


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "replace", "path": "/id", "value": "other"},
        {"op": "replace", "path": "/resourceType", "value": "Person"},
        {"op": "add", "path": "/gender", "value": "unheard-of"},
        {"op": "test", "path": "/gender", "value": "male"},
    ],
)
async def test_a_patch_that_leaves_no_such_resource_is_refused(client: Client, operation: dict[str, Any]) -> None:
    first = await client.put(patient("mine", gender="female"))
    answer = await client.send("PATCH", "/fhir/Patient/mine", orjson.dumps([operation]), content_type="application/json-patch+json")
    assert answer.status_code in (400, 422), answer.text
    assert (await client.get("/fhir/Patient/mine")).content == first.content
