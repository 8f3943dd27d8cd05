"""What is about several people is disclosed of each of them, and what is counted of few."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from interop.policy.asker import Asker
from tests.spec.audit.asking import asking

pytestmark = pytest.mark.anyio
OFFICER = Asker("iss|po", "privacy-officer", "RX1", "console", "audit", scopes=None, session="s2")
ONE, TWO = {"reference": "Patient/p1"}, {"reference": "Patient/p2"}
SEVERAL: list[dict[str, Any]] = [
    {"resourceType": "Appointment", "status": "proposed",
     "participant": [{"actor": ONE, "status": "accepted"}, {"actor": TWO, "status": "accepted"}]},
    {"resourceType": "Group", "type": "person", "actual": True, "member": [{"entity": ONE}, {"entity": TWO}]},
    {"resourceType": "List", "status": "current", "mode": "working", "subject": ONE, "entry": [{"item": TWO}]},
    {"resourceType": "Observation", "status": "final", "code": {"text": "x"}, "subject": ONE, "focus": [TWO]},
    {"resourceType": "Linkage", "item": [{"type": "source", "resource": ONE}, {"type": "alternate", "resource": TWO}]},
    {"resourceType": "Basic", "code": {"text": "x"}, "extension": [
        {"url": "urn:x", "valueReference": ONE}, {"url": "urn:x", "valueReference": TWO}]},
    {"resourceType": "Bundle", "type": "collection", "entry": [
        {"resource": {"resourceType": "Basic", "code": {"text": "x"}, "subject": each}} for each in (ONE, TWO)]},
]  # fmt: skip


@pytest.mark.parametrize("resource", SEVERAL, ids=lambda each: each["resourceType"])
async def test_there_is_an_event_for_each(tmp_path: Path, resource: dict[str, Any]) -> None:
    async with asking(tmp_path) as at:
        await at.made()
        assert (await at.put({**resource, "id": "both"})).status_code == 201
        at.clock.advance(10)
        for address in (f"{resource['resourceType']}/both", f"{resource['resourceType']}/both/_history/1"):
            assert (await at.get(address)).status_code == 200
        for patient in ("p1", "p2"):
            kinds = [each["subtype"][0]["code"] for each in await at.events(OFFICER, f"AuditEvent?patient={patient}&action=R")]
            assert sorted(kinds) == ["read", "vread"], patient
            looked = await at.get(f"Patient/{patient}/$who-looked", OFFICER)
            assert looked.text.count(f'"valueString":"{resource["resourceType"]}"') >= 2


async def test_one_who_is_named_twice_is_one(tmp_path: Path) -> None:
    async with asking(tmp_path) as at:
        await at.made()
        seen = {"resourceType": "Observation", "id": "o9", "status": "final", "code": {"text": "x"}, "subject": ONE, "focus": [ONE]}
        assert (await at.put(seen)).status_code == 201
        await at.get("Observation/o9")
        events = await at.events(OFFICER, "AuditEvent?action=R")
    assert [each["entity"][0]["what"]["reference"] for each in events] == ["Patient/p1"]


@pytest.mark.parametrize(
    ("query", "whose"),
    [
        ("Observation?patient=p1&_summary=count", {"p1"}),
        ("Observation?patient=p1&_count=0", {"p1"}),
        ("Patient?_has:Observation:subject:status=final&_summary=count", {"p1"}),
        ("Patient?family=Quarrington,Other&_summary=count", {"p1", "p2"}),
        ("Observation?patient=p2&_summary=count", set()),
    ],
)
async def test_that_somebody_fits_is_told_of_them_where_few_do(tmp_path: Path, query: str, whose: set[str]) -> None:
    """A number answers as well as a record whether somebody has what was asked for."""
    async with asking(tmp_path) as at:
        await at.made()
        assert bool((await at.get(query)).json()["total"]) == bool(whose)
        found = await at.events(OFFICER, "AuditEvent?subtype=search-type")
    assert {each["entity"][0]["what"]["reference"][8:] for each in found if "what" in each["entity"][0]} == whose
