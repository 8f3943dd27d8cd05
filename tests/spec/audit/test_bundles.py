"""Bundles, and writes that change nothing: what they disclose and what they are refused is in the audit as of any request."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest

from interop.audit.row import ANSWER, CHANGE, CLOSED, DENIAL, READ, Row
from interop.policy.asker import Asker
from tests.spec.audit.asking import JSON, Asking, asking
from tests.spec.audit.test_engine import rows

pytestmark = pytest.mark.anyio
PERSON = Asker("iss|p1", "patient", "", "c", patient="p1", scopes=None)
ANALYST = Asker("iss|an", "analyst", "RX1", "c", scopes=None)
NURSE = {"resourceType": "Practitioner", "id": "n1"}


async def bundle(at: Asking, kind: str, *entries: dict[str, Any], asker: Asker | None = None) -> httpx.Response:
    body = {"resourceType": "Bundle", "type": kind, "entry": list(entries)}
    return await at.send("POST", "", asker, json=body, headers=JSON)


def get(url: str) -> dict[str, Any]:
    return {"request": {"method": "GET", "url": url}}


def put(resource: dict[str, Any]) -> dict[str, Any]:
    return {"resource": resource, "request": {"method": "PUT", "url": f"{resource['resourceType']}/{resource['id']}"}}


def since(place: Path, before: int) -> list[Row]:
    return [row for row in rows(place)[before:] if row.kind != CLOSED]


async def test_reads_in_a_batch_are_a_look_at_each_person(tmp_path: Path) -> None:
    async with asking(tmp_path) as at:
        await at.made()
        before = len(rows(tmp_path))
        assert (await bundle(at, "batch", get("Patient/p1"), get("Patient/p2"), get("Observation?patient=p1"))).status_code == 200
        (row,) = since(tmp_path, before)
        assert (row.kind, row.interaction, row.resources, set(row.patients)) == (READ, "batch", 4, {"p1", "p2"})
        looked = await at.send("GET", "Patient/p1/$who-looked?_count=1", PERSON)
    (look,) = [each["part"] for each in looked.json()["parameter"] if each["name"] == "look"]
    assert {"name": "what", "valueString": "batch"} in look


@pytest.mark.parametrize("kind", ["batch", "transaction"])
async def test_reads_beside_a_write_are_a_look_too(tmp_path: Path, kind: str) -> None:
    async with asking(tmp_path) as at:
        await at.made()
        before = len(rows(tmp_path))
        assert (await bundle(at, kind, put(NURSE), get("Patient/p1"))).status_code == 200
        found = [(row.kind, row.patients) for row in since(tmp_path, before)]
        assert found == [(CHANGE, ()), (ANSWER, ("p1",)), (READ, ("p1",))]
        events = await at.events(None, "AuditEvent?_source=urn:interop:audit&patient=p1&subtype=read,batch&_count=1")
    assert events


async def test_a_bundle_that_writes_alone_is_no_look(tmp_path: Path) -> None:
    async with asking(tmp_path) as at:
        before = len(rows(tmp_path))
        assert (await bundle(at, "transaction", put({"resourceType": "Patient", "id": "p3"}))).status_code == 200
    assert [row.kind for row in since(tmp_path, before)] == [CHANGE, ANSWER]


async def test_entries_that_are_refused_are_a_denial(tmp_path: Path) -> None:
    async with asking(tmp_path) as at:
        await at.made()
        before = len(rows(tmp_path))
        answer = await bundle(at, "batch", get("Observation/o1"), get("Patient/p1"), get("Location?name=x"), asker=ANALYST)
        assert [entry["response"]["status"][:3] for entry in answer.json()["entry"]] == ["403", "403", "200"]
    (denial,) = [row for row in since(tmp_path, before) if row.kind == DENIAL]
    assert (denial.who.user, denial.status, denial.more) == ("iss|an", 403, {"entries": 2})


async def test_a_write_that_finds_what_there_is_and_gives_it_is_a_look(tmp_path: Path) -> None:
    async with asking(tmp_path) as at:
        await at.made()
        before = len(rows(tmp_path))
        fact = {"resourceType": "Observation", "status": "final", "code": {"text": "x"}}
        there = await at.send("POST", "Observation", json=fact, headers={**JSON, "if-none-exist": "_id=o1"})
        assert (there.status_code, there.json()["id"]) == (200, "o1")
        test = b'[{"op":"test","path":"/status","value":"final"}]'
        patch = await at.send("PATCH", "Observation/o1", content=test, headers={"content-type": "application/json-patch+json"})
        assert (patch.status_code, patch.json()["id"]) == (200, "o1")
    assert [(row.kind, row.patients) for row in since(tmp_path, before)] == [(READ, ("p1",)), (READ, ("p1",))]
