"""Takedown of what the API wrote: a write becomes as if it had not been made, a resource that is named goes whole."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.spec.engine.running import client, found, running
from tests.spec.engine.taking import JSON, ask, sent, taken
from tests.spec.engine.test_takedown import VISIT, message

pytestmark = pytest.mark.anyio


def observation(value: str) -> bytes:
    """An Observation of p1; ``value`` as it is written."""
    start = (
        b'{"resourceType":"Observation","id":"o1","status":"final","code":{"text":"weight"},"subject":{"reference":"Patient/p1"},'
    )
    return start + b'"valueQuantity":{"value":' + value.encode() + b"}}"


async def put(http: httpx.AsyncClient, address: str, body: bytes | dict[str, Any]) -> int:
    """Write a resource; the message of the journal."""
    said: dict[str, Any] = {"json": body} if isinstance(body, dict) else {"content": body}
    answer = await http.put(f"/fhir/{address}", headers=JSON, **said)
    assert answer.is_success, answer.text
    return int(answer.json()["meta"]["source"].rpartition("#")[2])


async def wrote(http: httpx.AsyncClient, address: str) -> int:
    source: str = (await http.get(f"/fhir/{address}")).json()["meta"]["source"]
    return int(source.rpartition("#")[2])


async def versions(http: httpx.AsyncClient, address: str) -> list[tuple[int, str]]:
    """Version and method of each entry of a history, newest first."""
    history = (await http.get(f"/fhir/{address}/_history")).json()
    return [(int(each["response"]["etag"].strip('W/"')), each["request"]["method"]) for each in history.get("entry", [])]


async def test_a_write_is_as_if_it_had_not_been_made(tmp_path: Path, place: dict[str, str]) -> None:
    """The version before comes back, digit for digit, the wrong one is not given again."""
    async with running(tmp_path / "data", **place) as engine, client(engine) as http:
        await put(http, "Patient/p1", {"resourceType": "Patient", "id": "p1"})
        await put(http, "Observation/o1", observation("72.50"))
        number = await put(http, "Observation/o1", observation("4711"))
        dry = await taken(http, number, dry=True)
        assert (await versions(http, "Observation/o1"))[0][0] == 2
        told = await taken(http, number)
        assert dry.resources == told.resources == {
            "Observation/o1": {"reference": "Observation/o1", "gone": False, "stands": False, "withheld": 1}
        }  # fmt: skip
        assert '"value":72.50' in (await http.get("/fhir/Observation/o1")).text
        assert (await http.get("/fhir/Observation/o1/_history/2")).status_code == 404
        assert [version for version, _ in await versions(http, "Observation/o1")] == [3, 1]
        assert [one["id"] for one in await found(http, "Observation?value-quantity=72.50")] == ["o1"]
        assert await found(http, "Observation?value-quantity=4711") == []
        assert (await http.get(f"/messages/{number}")).json()["reason"] == "taken-down"
        again = await taken(http, number)
        assert again.takedown == told.takedown
        assert again.resources.keys() == told.resources.keys()
        assert len(await versions(http, "Observation/o1")) == 2


async def test_what_a_write_made_goes_and_what_it_deleted_comes_back(tmp_path: Path) -> None:
    async with running(tmp_path / "data") as engine, client(engine) as http:
        number = await put(http, "Observation/o1", observation("1"))
        await taken(http, number)
        assert (await http.get("/fhir/Observation/o1")).status_code == 410
        assert (await http.get("/fhir/Observation/o1/_history/1")).status_code == 404
        await put(http, "Observation/o1", observation("2"))
        assert (await http.delete("/fhir/Observation/o1")).status_code == 204
        await taken(http, number + 3)
        assert '"value":2' in (await http.get("/fhir/Observation/o1")).text


async def test_what_was_written_since_stands_and_the_answer_says_so(tmp_path: Path) -> None:
    async with running(tmp_path / "data") as engine, client(engine) as http:
        await put(http, "Observation/o1", observation("1"))
        number = await put(http, "Observation/o1", observation("4711"))
        await put(http, "Observation/o1", observation("3"))
        told = await taken(http, number)
        assert told.resources["Observation/o1"]["stands"] is True
        assert [version for version, _ in await versions(http, "Observation/o1")] == [3, 1]
        assert '"value":3' in (await http.get("/fhir/Observation/o1")).text


async def test_all_of_a_transaction_is_taken_down_with_it(tmp_path: Path, place: dict[str, str]) -> None:
    async with running(tmp_path / "data", **place) as engine, client(engine) as http:
        await put(http, "Basic/b1", {"resourceType": "Basic", "id": "b1", "code": {"text": "right"}})
        entries = [
            {
                "request": {"method": "PUT", "url": f"Basic/{id_}"},
                "resource": {"resourceType": "Basic", "id": id_, "code": {"text": "wrong"}},
            }
            for id_ in ("b1", "b2")
        ]
        bundle = {"resourceType": "Bundle", "type": "transaction", "entry": entries}
        assert (await http.post("/fhir", json=bundle, headers=JSON)).status_code == 200
        told = await taken(http, await wrote(http, "Basic/b2"))
        assert {name: one["gone"] for name, one in told.resources.items()} == {"Basic/b1": False, "Basic/b2": True}
        assert [one["code"]["text"] for one in await found(http, "Basic")] == ["right"]


async def test_a_document_goes_whole_with_what_it_attaches(tmp_path: Path) -> None:
    async with running(tmp_path / "data") as engine, client(engine) as http:
        await put(http, "Patient/p1", {"resourceType": "Patient", "id": "p1"})
        await put(http, "Binary/x", {"resourceType": "Binary", "id": "x", "contentType": "text/plain", "data": "d3Jvbmc="})
        await put(http, "Binary/other", {"resourceType": "Binary", "id": "other", "contentType": "text/plain", "data": "b3RoZXI="})
        document = {
            "resourceType": "DocumentReference", "id": "d1", "status": "current", "subject": {"reference": "Patient/p1"},
            "content": [{"attachment": {"url": "Binary/x", "contentType": "text/plain"}}],
        }  # fmt: skip
        await put(http, "DocumentReference/d1", document)
        await put(http, "DocumentReference/d1", {**document, "content": [{"attachment": {"title": "elsewhere"}}]})
        told = await taken(http, "DocumentReference/d1")
        assert {name: (one["gone"], one["withheld"]) for name, one in told.resources.items()} == {
            "DocumentReference/d1": (True, 2), "Binary/x": (True, 1),
        }  # fmt: skip
        for address, status in (
            ("DocumentReference/d1", 410), ("DocumentReference/d1/_history/1", 404), ("DocumentReference/d1/_history/2", 404),
            ("Binary/x", 410), ("Binary/x/_history/1", 404), ("Binary/other", 200),
        ):  # fmt: skip
            assert (await http.get(f"/fhir/{address}")).status_code == status, address
        again = await taken(http, "DocumentReference/d1")
        assert again.takedown == told.takedown


async def test_what_was_deleted_before_is_withheld_all_the_same(tmp_path: Path) -> None:
    async with running(tmp_path / "data") as engine, client(engine) as http:
        await put(http, "Observation/o1", observation("4711"))
        await http.delete("/fhir/Observation/o1")
        assert (await http.get("/fhir/Observation/o1/_history/1")).status_code == 200
        told = await taken(http, "Observation/o1")
        assert told.resources["Observation/o1"]["withheld"] == 1
        assert (await http.get("/fhir/Observation/o1/_history/1")).status_code == 404


async def test_a_takedown_is_not_taken_down_what_was_right_is_written_again(tmp_path: Path) -> None:
    async with running(tmp_path / "data") as engine, client(engine) as http:
        number = await put(http, "Observation/o1", observation("1"))
        for wrong in (number, await sent(http, message(1, VISIT))):
            told = await taken(http, wrong)
            assert (await ask(http, told.takedown)).status_code == 404
        assert await put(http, "Observation/o1", observation("1")) > number
        assert (await http.get("/fhir/Observation/o1")).status_code == 200


async def test_who_wrote_it_again_has_seen_it(tmp_path: Path) -> None:
    async with running(tmp_path / "data") as engine, client(engine) as http:
        for value in ("1", "2"):
            await put(http, "Observation/o1", observation(value))
        await put(http, "Basic/b1", {"resourceType": "Basic", "id": "b1", "code": {"text": "other"}})
        told = await taken(http, "Observation/o1")
        assert [(one["how"], one["what"]) for one in told.seen] == [("change", "Observation")]
