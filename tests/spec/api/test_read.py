"""Read and vread (FHIR R4 http, 3.1.0.2 to 3.1.0.6)."""

from __future__ import annotations

from typing import Any

import pytest

from interop.store.decision import PERMIT_ALL
from interop.store.plan import Read
from interop.store.sqlite import SqliteStore
from tests.spec.api.conftest import BASE, Client
from tests.spec.api.people import contribute, patient

pytestmark = pytest.mark.anyio

WHOLE: dict[str, Any] = {
    "resourceType": "Patient",
    "id": "whole",
    "text": {"status": "generated", "div": '<div xmlns="http://www.w3.org/1999/xhtml">Ann</div>'},
    "identifier": [{"system": "https://fhir.nhs.uk/Id/nhs-number", "value": "9990000018"}],
    "active": True,
    "name": [{"family": "Jansen", "extension": [{"url": "urn:x", "valueCode": "y"}]}],
    "gender": "female",
    "birthDate": "1980-01-01",
    "maritalStatus": {"text": "married"},
    "photo": [{"contentType": "image/png", "data": "AAAA", "title": "t"}],
    "contact": [{"name": {"text": "Eve"}}],
}


@pytest.fixture(autouse=True)
async def _record(store: SqliteStore) -> None:
    await contribute(store, patient("p1"))


async def test_stored_bytes_are_served_as_they_are(client: Client, store: SqliteStore) -> None:
    answer = await client.get("/fhir/Patient/p1")
    (stored,) = await store.query(Read(PERMIT_ALL, "Patient", "p1"))
    assert answer.status_code == 200
    assert answer.content == stored.body
    assert answer.headers["content-type"] == "application/fhir+json; charset=utf-8"


async def test_a_read_is_one_bounded_query_on_the_loop(client: Client, store: SqliteStore) -> None:
    before = store.counters
    for _ in range(10):
        await client.get("/fhir/Patient/p1")
    after = store.counters
    assert (after.near - before.near, after.far - before.far) == (10, 0)


async def test_version_and_time_are_in_the_headers(client: Client) -> None:
    answer = await client.get("/fhir/Patient/p1")
    assert answer.headers["etag"] == 'W/"1"'
    assert answer.headers["last-modified"] == "Thu, 01 Jan 2026 00:00:00 GMT"
    assert answer.json()["meta"] == {
        "versionId": "1",
        "lastUpdated": "2026-01-01T00:00:00.000Z",
        "source": "urn:interop:feed:pas#1",
    }


async def test_nobody_may_keep_an_answer(client: Client) -> None:
    answer = await client.get("/fhir/Patient/p1")
    assert answer.headers["cache-control"] == "private, no-cache"


@pytest.mark.parametrize(
    ("header", "value", "status"),
    [
        ("if-none-match", 'W/"1"', 304),
        ("if-none-match", '"7", "1"', 304),
        ("if-none-match", "*", 304),
        ("if-none-match", 'W/"2"', 200),
        ("if-none-match", 'W/"11"', 200),
        ("if-modified-since", "Thu, 01 Jan 2026 00:00:00 GMT", 304),
        ("if-modified-since", "Wed, 31 Dec 2025 23:59:59 GMT", 200),
        ("if-modified-since", "some day", 200),
    ],
)
async def test_a_client_that_has_the_version_is_told_so(client: Client, header: str, value: str, status: int) -> None:
    answer = await client.get("/fhir/Patient/p1", **{header: value})
    assert answer.status_code == status
    assert (answer.content == b"") == (status == 304)
    assert answer.headers["etag"] == 'W/"1"'


async def test_if_none_match_goes_before_if_modified_since(client: Client) -> None:
    headers = {"if-none-match": 'W/"2"', "if-modified-since": "Thu, 01 Jan 2026 00:00:00 GMT"}
    assert (await client.get("/fhir/Patient/p1", **headers)).status_code == 200


async def test_head_is_get_without_body(client: Client) -> None:
    answer = await client.send("HEAD", "/fhir/Patient/p1")
    whole = await client.get("/fhir/Patient/p1")
    assert answer.content == b""
    assert answer.headers == whole.headers


@pytest.mark.parametrize(
    "address", ["Patient/nobody", "Encounter/p1", "Patient/p1/_history/2", "Patient/p1/_history/x", "Patient/a b"]
)
async def test_what_is_not_there_is_404(client: Client, address: str) -> None:
    answer = await client.get(f"/fhir/{address}")
    assert answer.status_code == 404
    issue = answer.json()["issue"][0]
    assert answer.json()["resourceType"] == "OperationOutcome"
    assert (issue["severity"], issue["code"]) == ("error", "not-found")


async def test_what_was_deleted_is_410_and_its_versions_remain(client: Client) -> None:
    resource = patient("mine", family="Brook")
    await client.put(resource)
    await client.send("DELETE", "/fhir/Patient/mine")
    gone = await client.get("/fhir/Patient/mine")
    assert (gone.status_code, gone.json()["issue"][0]["code"]) == (410, "deleted")
    assert (gone.headers["etag"], gone.headers["location"]) == ('W/"2"', f"{BASE}/fhir/Patient/mine/_history/2")
    first = await client.get("/fhir/Patient/mine/_history/1")
    assert (first.status_code, first.headers["etag"]) == (200, 'W/"1"')
    assert first.json()["name"] == resource["name"]
    assert (await client.get("/fhir/Patient/mine/_history/2")).status_code == 410


async def test_a_type_that_r4_lacks_is_404(client: Client) -> None:
    answer = await client.get("/fhir/Animal/1")
    assert (answer.status_code, answer.json()["issue"][0]["code"]) == (404, "not-supported")


@pytest.mark.parametrize(
    ("method", "address", "allowed"),
    [
        ("POST", "Patient/p1", "GET, HEAD, PUT, PATCH, DELETE, OPTIONS"),
        ("PUT", "Patient/_history", "GET, HEAD, OPTIONS"),
        ("GET", "Patient/_search", "POST, OPTIONS"),
        ("DELETE", "Patient/p1/_history/1", "GET, HEAD, OPTIONS"),
    ],
)
async def test_405_names_what_is_allowed(client: Client, method: str, address: str, allowed: str) -> None:
    answer = await client.send(method, f"/fhir/{address}")
    assert (answer.status_code, answer.headers["allow"]) == (405, allowed)
    assert answer.json()["resourceType"] == "OperationOutcome"


async def test_options_tells_the_methods(client: Client) -> None:
    answer = await client.send("OPTIONS", "/fhir/Patient/p1")
    assert (answer.status_code, answer.headers["allow"]) == (204, "GET, HEAD, PUT, PATCH, DELETE, OPTIONS")


@pytest.mark.parametrize(
    ("query", "kept"),
    [
        ("_summary=false", {"active", "name", "gender", "birthDate", "identifier", "contact", "text", "maritalStatus", "photo"}),
        ("_summary=true", {"active", "name", "gender", "birthDate", "identifier"}),
        ("_summary=text", {"text"}),
        ("_summary=data", {"active", "name", "gender", "birthDate", "identifier", "contact", "maritalStatus", "photo"}),
        ("_elements=name,contact", {"active", "name", "contact"}),
        ("_elements=Patient.gender,Observation.code", {"active", "gender"}),
        (
            "_elements=Observation.code",
            {"active", "name", "gender", "birthDate", "identifier", "contact", "text", "maritalStatus", "photo"},
        ),
        ("_elements=shoe", {"active"}),
    ],
)
async def test_a_part_of_a_resource(client: Client, query: str, kept: set[str]) -> None:
    await client.put(WHOLE)
    for address in ("Patient/whole", "Patient/whole/_history/1"):
        answer = (await client.get(f"/fhir/{address}?{query}")).json()
        assert set(answer) - {"resourceType", "id", "meta"} == kept
        tagged = [tag["code"] for tag in answer["meta"].get("tag", ())]
        assert tagged == (["SUBSETTED"] if len(kept) < len(WHOLE) - 2 else [])


async def test_a_summary_leaves_out_what_is_none_at_any_depth(client: Client) -> None:
    await client.put(WHOLE)
    answer = (await client.get("/fhir/Patient/whole?_summary=true")).json()
    assert answer["name"] == [{"family": "Jansen"}]


async def test_numbers_keep_their_digits_in_a_part(client: Client) -> None:
    body = b'{"resourceType":"Observation","id":"o","status":"final","code":{"text":"x"},"valueQuantity":{"value":1.50}}'
    await client.send("PUT", "/fhir/Observation/o", body)
    assert b'"value":1.50' in (await client.get("/fhir/Observation/o?_elements=value")).content


@pytest.mark.parametrize(
    ("query", "prefer", "status"),
    [("_summary=some", "", 400), ("_summary=count", "", 400), ("name=x", "", 200), ("name=x", "handling=strict", 400)],
)
async def test_what_a_read_takes(client: Client, query: str, prefer: str, status: int) -> None:
    assert (await client.get(f"/fhir/Patient/p1?{query}", prefer=prefer)).status_code == status
