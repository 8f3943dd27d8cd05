"""History (FHIR R4 http, 3.1.0.13): what happened, newest first."""

from __future__ import annotations

from typing import Any

import pytest

from interop.clock import ManualClock
from interop.store.sqlite import SqliteStore
from tests.spec.api.conftest import BASE, Client, link
from tests.spec.api.people import contribute, patient, plan

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
        ("Patient/mine/_history?_since=2027-01-01T00:00:00Z", []),
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


async def test_pages_hold_every_version_once(client: Client) -> None:
    found: list[str] = []
    address: str | None = "/fhir/_history?_count=2"
    while address:
        bundle = (await client.get(address)).json()
        found += happened(bundle)
        address = link(bundle, "next")
    assert len(found) == len(set(found)) == 5


async def test_of_what_never_was_is_404(client: Client) -> None:
    assert (await client.get("/fhir/Patient/nobody/_history")).status_code == 404


@pytest.mark.parametrize("query", ["_since=2026", "_since=then", "_at=2026-01-01", "_count=few", "_sort=date", "_cursor=AAAA"])
async def test_what_it_does_not_take_is_400(client: Client, query: str) -> None:
    assert (await client.get(f"/fhir/Patient/_history?{query}")).status_code == 400
