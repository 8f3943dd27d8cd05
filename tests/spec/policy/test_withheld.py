"""What one withheld resource does to answers about others: hierarchies, documents, totals, validators, copies that a client has."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from interop.api.services import Services
from interop.policy.asker import TESTER, Asker
from interop.policy.facts import Facts
from interop.store.sqlite import SqliteStore
from tests.spec.api.conftest import Client, matches
from tests.spec.api.people import patient
from tests.spec.policy.test_indistinguishable import Desk, opened
from tests.spec.policy.worlds import Made, World, consented, keep, observed, team

pytestmark = pytest.mark.anyio
GP = Asker("https://id.test|gp", "gp", "RA1", "desk", scopes=None)
Opened = tuple[SqliteStore, Services, Client]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def parts(tmp_path: Path) -> AsyncIterator[Opened]:
    """A person of RA1 who has consented; what RB2 contributed is not shared with RA1."""
    made = [consented("a"), team("a", "RA1"), Made("Patient", "a", [patient("a")], "api", "RA1")]
    made += [plan("top", "RA1"), plan("middle", "RB2", "top"), plan("low", "RA1", "middle")]
    made += [observed("shared", "a", "RA1"), observed("withheld", "a", "RB2")]
    made += [Made("Composition", id, [composition(id, *entries)], "api", "RA1") for id, entries in LETTERS.items()]
    async with opened(tmp_path / "data", GP, World(made, {}, Facts((), "explicit", ("RA1", "RB2")), {})) as opening:
        await keep(opening[0], made, {})
        yield opening


LETTERS = {"whole": ("Observation/shared",), "broken": ("Observation/shared", "Observation/withheld")}


def plan(id: str, source: str, above: str = "") -> Made:
    said: dict[str, Any] = {"resourceType": "CarePlan", "id": id, "status": "active", "intent": "plan"}
    said["subject"] = {"reference": "Patient/a"}
    return Made("CarePlan", id, [said | ({"partOf": [{"reference": f"CarePlan/{above}"}]} if above else {})], "api", source)


def composition(id: str, *entries: str) -> dict[str, Any]:
    said: dict[str, Any] = {"resourceType": "Composition", "id": id, "status": "final", "type": {"text": "x"}, "date": "2026"}
    said |= {"title": "x", "author": [{"display": "x"}], "subject": {"reference": "Patient/a"}}
    return {**said, "section": [{"title": "all", "entry": [{"reference": each} for each in entries]}]}


async def as_both(parts: Opened, address: str, **headers: str) -> tuple[httpx.Response, httpx.Response]:
    """The answers to the tester and to the practice."""
    _, services, client = parts
    services.door = Desk(TESTER)
    all_ = await client.get(f"/fhir/{address}", **headers)
    services.door = Desk(GP)
    return all_, await client.get(f"/fhir/{address}", **headers)


async def test_a_hierarchy_ends_at_what_is_withheld(parts: Opened) -> None:
    for address, whole, seen in (
        ("CarePlan?part-of:below=CarePlan/top", {"CarePlan/middle", "CarePlan/low"}, set[str]()),
        ("CarePlan?part-of:above=CarePlan/low", {"CarePlan/middle", "CarePlan/low"}, {"CarePlan/low"}),
    ):
        all_, some = await as_both(parts, address)
        assert (set(matches(all_.json())), set(matches(some.json()))) == (whole, seen), address


async def test_a_document_with_something_withheld_is_as_incomplete_as_one_with_a_reference_to_nothing(parts: Opened) -> None:
    all_, some = await as_both(parts, "Composition/broken/$document")
    assert (all_.status_code, some.status_code) == (200, 422)
    _, whole = await as_both(parts, "Composition/whole/$document")
    assert whole.status_code == 200


async def test_totals_are_of_what_is_given(parts: Opened) -> None:
    for address in ("Observation?_total=accurate", "Observation?_summary=count", "Observation?patient=a", "Patient/a/Observation"):
        all_, some = await as_both(parts, address)
        assert (all_.json()["total"], some.json()["total"]) == (2, 1), address


async def test_a_total_that_nobody_asked_for_tells_nothing_of_a_type(parts: Opened) -> None:
    """Where a page is not all there is, only a search of one person's record is counted unasked."""
    _, some = await as_both(parts, "CarePlan?_count=1")
    assert "total" not in some.json()
    _, of_one = await as_both(parts, "CarePlan?patient=a&_count=1")
    assert of_one.json()["total"] == 2


async def test_a_copy_that_a_client_has_is_not_confirmed(parts: Opened) -> None:
    all_, some = await as_both(parts, "Observation/withheld", if_none_match='W/"1"')
    assert (all_.status_code, some.status_code) == (304, 404)
    assert "etag" not in some.headers
    for address in ("Observation/withheld/_history", "Observation/withheld/_history/1"):
        all_, some = await as_both(parts, address)
        assert (all_.status_code, some.status_code) == (200, 404)


async def test_whose_it_is_is_told_of_what_may_be_seen(parts: Opened) -> None:
    store = parts[0]
    await keep(store, [Made("Flag", id, [flag(id)], "pas", source) for id, source in (("f1", "RA1"), ("f2", "RB2"))], {})
    owned = [
        (await as_both(parts, f"Flag/{id}/$validate?mode=delete"))[1].json()["issue"][0]["code"] for id in ("f1", "f2", "none")
    ]
    assert owned == ["forbidden", "not-found", "not-found"]


def flag(id: str) -> dict[str, Any]:
    return {"resourceType": "Flag", "id": id, "status": "active", "code": {"text": "x"}, "subject": {"reference": "Patient/a"}}


async def test_what_comes_along_is_what_may_be_seen(parts: Opened) -> None:
    for address in ("Patient?_id=a&_revinclude=Observation:patient", "Composition?_id=broken&_include=Composition:entry"):
        all_, some = await as_both(parts, address)
        assert set(matches(all_.json(), "include")) == {"Observation/shared", "Observation/withheld"}, address
        assert matches(some.json(), "include") == ["Observation/shared"], address
