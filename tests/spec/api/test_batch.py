"""Batch: many requests in one, each by itself (FHIR R4 http, 3.1.0.11.1)."""

from __future__ import annotations

import base64
from typing import Any

import orjson
import pytest

from interop.api.services import Services
from interop.store.sqlite import SqliteStore
from tests.spec.api.bundles import entry, locations, post, statuses
from tests.spec.api.conftest import BASE, Client, matches
from tests.spec.api.people import contribute, patient

pytestmark = pytest.mark.anyio
PATCH = [{"op": "add", "path": "/gender", "value": "other"}]
BINARY = {
    "resourceType": "Binary",
    "contentType": "application/json-patch+json",
    "data": base64.b64encode(orjson.dumps(PATCH)).decode(),
}
PARAMETERS = {
    "resourceType": "Parameters",
    "parameter": [
        {
            "name": "operation",
            "part": [
                {"name": "type", "valueCode": "add"},
                {"name": "path", "valueString": "Patient"},
                {"name": "name", "valueString": "gender"},
                {"name": "value", "valueCode": "other"},
            ],
        }
    ],
}


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        (entry("GET", "Patient/there"), "200"),
        (entry("GET", f"{BASE}/fhir/Patient/there"), "200"),
        (entry("GET", "/Patient/there"), "200"),
        (entry("GET", "/fhir/Patient/there"), "200"),
        (entry("HEAD", "Patient/there"), "200"),
        (entry("GET", "Patient/there/_history/1"), "200"),
        (entry("GET", "Patient/there/_history/2"), "404"),
        (entry("GET", "Patient/there", ifNoneMatch='W/"1"'), "304"),
        (entry("GET", "Patient/there", ifModifiedSince="2030-01-01T00:00:00Z"), "304"),
        (entry("GET", "Patient/there", ifModifiedSince="0001-01-01T00:00:00+14:00"), "400"),
        (entry("GET", "Patient/there", ifModifiedSince="2020-01-01T00:00:00+01:00"), "200"),
        (entry("GET", "Patient?family=Ash"), "200"),
        (entry("GET", "Patient/nobody"), "404"),
        (entry("GET", "Patient/there/_history"), "200"),
        (entry("GET", "Patient/there/$everything"), "200"),
        (entry("GET", "metadata"), "200"),
        (entry("GET", "Unheard/of"), "404"),
        (entry("GET", "https://elsewhere.example/fhir/Patient/there"), "400"),
        (entry("POST", "Patient", patient("x")), "201"),
        (entry("POST", "Patient", patient("x"), ifNoneExist="_id=there"), "200"),
        (entry("POST", "Patient", {"resourceType": "Patient", "gender": "unheard-of"}), "422"),
        (entry("POST", "Patient"), "400"),
        (entry("POST", "Group", patient("x")), "400"),
        (entry("PUT", "Patient/mine", patient("mine")), "201"),
        (entry("PUT", "Patient/there", patient("there", family="Brook")), "200"),
        (entry("PUT", "Patient/there", patient("there", family="Brook"), ifMatch='W/"1"'), "200"),
        (entry("PUT", "Patient/there", patient("there", family="Brook"), ifMatch='W/"7"'), "412"),
        (entry("PUT", "Patient/there", patient("there"), ifNoneMatch="*"), "412"),
        (entry("PUT", "Patient/theirs", patient("theirs", family="Brook")), "403"),
        (entry("PUT", "Patient?_id=there", patient("there", family="Brook")), "200"),
        (entry("PATCH", "Patient/there", BINARY), "200"),
        (entry("PATCH", "Patient/there", PARAMETERS), "200"),
        (entry("PATCH", "Patient/nobody", PARAMETERS), "404"),
        (entry("PATCH", "Patient/there", patient("there")), "400"),
        (entry("DELETE", "Patient/there"), "204"),
        (entry("DELETE", "Patient/nobody"), "204"),
        (entry("DELETE", "Patient?_id=there"), "204"),
        (entry("TRACE", "Patient/there"), "400"),
        (entry("POST", "", {"resourceType": "Bundle", "type": "batch"}), "400"),
        ({"resource": patient("x")}, "400"),
    ],
)
async def test_each_entry_is_answered(client: Client, store: SqliteStore, asked: dict[str, Any], status: str) -> None:
    await client.put(patient("there", family="Ash"))
    await contribute(store, patient("theirs"))
    answer = await post(client, "batch", asked)
    assert statuses(answer) == [status], answer.text
    assert answer.json()["type"] == "batch-response"
    (said,) = answer.json()["entry"]
    failed = said["response"].get("outcome", {}).get("resourceType")
    assert failed == ("OperationOutcome" if status[0] == "4" else None)


async def test_answers_are_in_the_order_of_the_requests(client: Client) -> None:
    await client.put(patient("there"))
    entries = [
        entry("GET", "Patient/there"),
        entry("PUT", "Patient/one", patient("one")),
        entry("PUT", "Patient/bad", {"resourceType": "Patient", "id": "bad", "nonsense": 1}),
        entry("GET", "Patient/one"),
        entry("POST", "Patient", patient("x")),
        entry("DELETE", "Patient/one"),
    ]
    answer = await post(client, "batch", *entries)
    assert statuses(answer) == ["200", "201", "422", "200", "201", "204"]
    assert locations(answer) == ["", "Patient/one", "", "", "Patient/new-1", ""]
    assert answer.json()["entry"][0]["resource"]["id"] == "there"


async def test_one_failure_leaves_the_others_alone(client: Client) -> None:
    entries = [entry("PUT", f"Patient/p{n}", patient(f"p{n}" if n != 3 else "other")) for n in range(6)]
    assert statuses(await post(client, "batch", *entries)) == ["201"] * 3 + ["400"] + ["201"] * 2
    assert len(await client.ids("/fhir/Patient")) == 5


async def test_a_search_in_a_batch_gives_its_bundle(client: Client) -> None:
    await client.put(patient("there", family="Ash"))
    answer = await post(client, "batch", entry("GET", "Patient?family=Ash"))
    assert matches(answer.json()["entry"][0]["resource"]) == ["Patient/there"]


async def test_etag_and_time_are_told(client: Client) -> None:
    answer = await post(client, "batch", entry("PUT", "Patient/one", patient("one")))
    said = answer.json()["entry"][0]["response"]
    assert (said["status"], said["location"], said["etag"]) == ("201 Created", "Patient/one/_history/1", 'W/"1"')
    assert said["lastModified"] == "2026-01-01T00:00:00.000Z"


@pytest.mark.parametrize("kind", ["batch", "transaction"])
@pytest.mark.parametrize(
    ("wanted", "shown"), [("", None), ("minimal", None), ("representation", "Patient"), ("OperationOutcome", "outcome")]
)
async def test_prefer_says_what_comes_back(client: Client, kind: str, wanted: str, shown: str | None) -> None:
    headers = {"prefer": f"return={wanted}"} if wanted else {}
    (said,) = (await post(client, kind, entry("PUT", "Patient/one", patient("one")), **headers)).json()["entry"]
    assert said.get("resource", {}).get("resourceType") == (shown if shown == "Patient" else None)
    assert ("outcome" in said["response"]) == (shown == "outcome")


@pytest.mark.parametrize(
    ("bundle", "status"),
    [
        ({"resourceType": "Bundle", "type": "collection"}, 400),
        ({"resourceType": "Bundle"}, 400),
        ({"resourceType": "Patient"}, 400),
        ([], 400),
        ({"resourceType": "Bundle", "type": "batch", "entry": {}}, 400),
        ({"resourceType": "Bundle", "type": "batch", "entry": [{}] * 5001}, 413),
        ({"resourceType": "Bundle", "type": "batch"}, 200),
        ({"resourceType": "Bundle", "type": "batch", "entry": ["x", None, 1]}, 200),
    ],
)
async def test_a_body_that_is_no_such_bundle_is_refused(client: Client, bundle: Any, status: int) -> None:
    answer = await client.send("POST", "/fhir", orjson.dumps(bundle))
    assert answer.status_code == status, answer.text


async def test_a_bundle_over_the_limit_is_413(client: Client, services: Services) -> None:
    services.bundle_limit = 100
    assert (await post(client, "batch", entry("PUT", "Patient/one", patient("one")))).status_code == 413


async def test_a_batch_may_hold_thousands(client: Client) -> None:
    assert set(statuses(await post(client, "batch", *[entry("GET", "Patient/nobody")] * 5000))) == {"404"}
