"""History (FHIR R4 http, 3.1.0.13): what happened, newest first."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest

from interop.api.services import Services
from interop.clock import ManualClock
from interop.store.sqlite import SqliteStore
from tests.spec.api.conftest import BASE, Client, link
from tests.spec.api.people import contribute, patient, plan
from tests.spec.api.rebuilt import told_again

pytestmark = pytest.mark.anyio


@pytest.fixture(autouse=True)
async def _record(store: SqliteStore, client: Client, clock: ManualClock) -> None:
    """Patient mine: made, changed, deleted, one minute apart; CarePlan c1 after it; Patient theirs before."""
    await contribute(store, patient("theirs"))
    for resource in (patient("mine"), patient("mine", family="Brook")):
        clock.advance(60)
        await client.put(resource)
    clock.advance(60)
    await client.send("DELETE", "/fhir/Patient/mine")
    clock.advance(60)
    await client.put(plan("c1", "mine"))


def happened(bundle: dict[str, Any]) -> list[str]:
    """Method, address and version of each entry."""
    return [
        f"{entry['request']['method']} {entry['request']['url']} {entry['response']['etag'][3:-1]}"
        for entry in bundle.get("entry", [])
    ]


@pytest.mark.parametrize(
    ("address", "found"),
    [
        ("Patient/mine/_history", ["DELETE Patient/mine 3", "PUT Patient/mine 2", "PUT Patient/mine 1"]),
        ("Patient/_history", ["DELETE Patient/mine 3", "PUT Patient/mine 2", "PUT Patient/mine 1", "PUT Patient/theirs 1"]),
        ("_history?_count=2", ["PUT CarePlan/c1 1", "DELETE Patient/mine 3"]),
        ("_history?_since=2026-01-01T00:03:00Z", ["PUT CarePlan/c1 1", "DELETE Patient/mine 3"]),
        ("_history?_since=2026-01-01T01:03:00%2B01:00", ["PUT CarePlan/c1 1", "DELETE Patient/mine 3"]),
        ("Patient/mine/_history?_since=2027-01-01T00:00:00Z", []),
        ("Patient/mine/_history?_since=2027-01-01", []),
        ("Patient/mine/_history?_at=2026-01-01T00:02:30Z", ["PUT Patient/mine 2"]),
        ("Patient/mine/_history?_at=2026-01-01T00:02", ["PUT Patient/mine 2"]),
        ("Patient/mine/_history?_at=2025", []),
        ("Patient/_history?_at=2026-01-01T00:01:30Z", ["PUT Patient/mine 1", "PUT Patient/theirs 1"]),
        ("Patient/mine/_history?_count=1&_sort=date&_list=x", ["DELETE Patient/mine 3"]),
    ],
)
async def test_of_a_resource_a_type_and_the_system(client: Client, address: str, found: list[str]) -> None:
    answer = await client.get(f"/fhir/{address}")
    assert (answer.status_code, answer.json()["type"]) == (200, "history")
    assert happened(answer.json()) == found


async def test_an_entry_holds_what_was_done_and_what_came_of_it(client: Client) -> None:
    deletion, change, creation = (await client.get("/fhir/Patient/mine/_history")).json()["entry"]
    assert creation == {
        "fullUrl": f"{BASE}/fhir/Patient/mine",
        "resource": (await client.get("/fhir/Patient/mine/_history/1")).json(),
        "request": {"method": "PUT", "url": "Patient/mine"},
        "response": {"status": "201", "etag": 'W/"1"', "lastModified": "2026-01-01T00:01:00.000Z"},
    }
    assert change["response"]["status"] == "200"
    assert "resource" not in deletion
    assert deletion["response"]["status"] == "204"


async def test_it_tells_how_each_version_was_asked_for(
    client: Client, services: Services, store: SqliteStore, tmp_path: Path
) -> None:
    """Bundle.entry.request and response: as they were, also in a record that the journal alone makes."""
    made = (await client.post({"resourceType": "Patient"})).json()["id"]
    patch = b'[{"op": "add", "path": "/gender", "value": "other"}]'
    await client.send("PATCH", f"/fhir/Patient/{made}", patch, content_type="application/json-patch+json")
    await client.send("DELETE", f"/fhir/Patient/{made}")
    await client.put({"resourceType": "Patient", "id": made})
    entries = [{"request": {"method": "POST", "url": "Patient"}, "resource": {"resourceType": "Patient"}}]
    await client.send("POST", "/fhir", orjson.dumps({"resourceType": "Bundle", "type": "transaction", "entry": entries}))
    told = ["PUT 201", "DELETE 204", "PATCH 200", "POST 201"]
    bundle = (await client.get(f"/fhir/Patient/{made}/_history")).json()
    assert [f"{entry['request']['method']} {entry['response']['status']}" for entry in bundle["entry"]] == told
    assert bundle["entry"][-1]["request"]["url"] == "Patient"
    assert (await client.get("/fhir/_history?_count=1")).json()["entry"][0]["request"] == {"method": "POST", "url": "Patient"}
    assert await told_again(store, services, tmp_path, ("Patient", made)) == told


async def test_pages_hold_every_version_once(client: Client) -> None:
    found: list[str] = []
    address: str | None = "/fhir/_history?_count=2"
    while address:
        bundle = (await client.get(address)).json()
        found += happened(bundle)
        address = link(bundle, "next")
    assert len(found) == len(set(found)) == 5


async def test_total_counts_all_pages_where_it_is_known(client: Client) -> None:
    whole = (await client.get("/fhir/Patient/mine/_history")).json()
    assert whole["total"] == 3
    first = (await client.get("/fhir/Patient/mine/_history?_count=2")).json()
    second = (await client.get(link(first, "next") or "")).json()
    assert (first["total"], second["total"], happened(second)) == (3, 3, ["PUT Patient/mine 1"])
    assert "total" not in (await client.get("/fhir/_history?_count=2")).json()


async def test_a_part_of_each_version(client: Client) -> None:
    first = (await client.get("/fhir/Patient/mine/_history?_elements=gender&_count=2&_format=json")).json()
    deletion, change = first["entry"]
    assert "resource" not in deletion
    assert set(change["resource"]) <= {"resourceType", "id", "meta", "gender", "active"}
    assert change["resource"]["meta"]["tag"][0]["code"] == "SUBSETTED"
    following = link(first, "next") or ""
    assert following.endswith("&_format=json")
    assert "name" not in (await client.get(following)).json()["entry"][0]["resource"]


async def test_what_it_does_not_know_is_passed_over_or_refused(client: Client) -> None:
    address = "/fhir/Patient/mine/_history?_sort=date&_count=1"
    lenient = await client.get(address)
    assert (link(lenient.json(), "self") or "").endswith("_history?_count=1")
    assert (await client.get(address, prefer="handling=strict")).status_code == 400


async def test_of_what_never_was_is_404(client: Client) -> None:
    assert (await client.get("/fhir/Patient/nobody/_history")).status_code == 404


@pytest.mark.parametrize(
    "query", ["_since=2026", "_since=then", "_at=then", "_at=20", "_count=few", "_summary=some", "_cursor=AAAA"]
)
async def test_what_it_does_not_take_is_400(client: Client, query: str) -> None:
    assert (await client.get(f"/fhir/Patient/_history?{query}")).status_code == 400
