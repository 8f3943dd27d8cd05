"""``Patient/$match`` (FHIR R4, Patient operation match)."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from interop.api.services import Services
from interop.store.decision import Decision
from interop.store.sqlite import SqliteStore
from interop.store.where import Ids
from tests.spec.api.conftest import Client
from tests.spec.api.people import contribute, patient

pytestmark = pytest.mark.anyio
GRADE = "http://hl7.org/fhir/StructureDefinition/match-grade"
MARY = patient("mary", birthDate="1950-02-01", gender="female", address=[{"postalCode": "ME1 1AA"}])
OTHER = patient("other", "Ashdowne", "Maria", "9990000026", birthDate="1950-02-01", gender="female")
STRANGER = patient("stranger", "Birch", "Tom", "9990000034", birthDate="1980-05-05", gender="male")


@pytest.fixture(autouse=True)
async def _record(store: SqliteStore, services: Services) -> None:
    services.test_numbers = True
    await contribute(store, MARY, OTHER, STRANGER)


async def matched(client: Client, resource: dict[str, Any], *more: dict[str, Any]) -> list[tuple[str, str]]:
    """Ids and grades, in order."""
    parameters = [{"name": "resource", "resource": resource}, *more]
    body = orjson.dumps({"resourceType": "Parameters", "parameter": parameters})
    answer = await client.send("POST", "/fhir/Patient/$match", body)
    assert answer.status_code == 200, answer.text
    found = [each for each in answer.json().get("entry", ()) if each["search"]["mode"] == "match"]
    scores = [each["search"]["score"] for each in found]
    assert scores == sorted(scores, reverse=True)
    assert all(0 <= each <= 1 for each in scores)
    return [(each["resource"]["id"], grade(each)) for each in found]


def grade(entry: dict[str, Any]) -> str:
    (extension,) = entry["search"]["extension"]
    assert extension["url"] == GRADE
    return str(extension["valueCode"])


def unnumbered(resource: dict[str, Any], **changed: Any) -> dict[str, Any]:
    return {name: value for name, value in {**resource, **changed}.items() if name not in ("identifier", "id")}


async def test_the_same_person_is_certain_and_comes_first(client: Client) -> None:
    found = await matched(client, MARY)
    assert found[0] == ("mary", "certain")
    assert "stranger" not in dict(found)


async def test_a_body_that_is_the_patient(client: Client) -> None:
    answer = await client.send("POST", "/fhir/Patient/$match", orjson.dumps(MARY))
    assert answer.json()["entry"][0]["resource"]["id"] == "mary"


async def test_without_an_nhs_number_nobody_is_certain(client: Client) -> None:
    found = dict(await matched(client, unnumbered(MARY)))
    assert found["mary"] == "probable"
    assert "certain" not in found.values()


async def test_a_number_of_somebody_else_is_not_certain(client: Client) -> None:
    found = dict(await matched(client, {**STRANGER, "identifier": MARY["identifier"]}))
    assert found.get("mary") != "certain"


async def test_numbers_for_tests_are_certain_only_where_configured(client: Client, services: Services) -> None:
    services.test_numbers = False
    assert "certain" not in dict(await matched(client, MARY)).values()


async def test_only_certain_matches(client: Client, store: SqliteStore) -> None:
    only = {"name": "onlyCertainMatches", "valueBoolean": True}
    assert await matched(client, MARY, only) == [("mary", "certain")]
    assert await matched(client, unnumbered(MARY), only) == []
    twin = {**MARY, "id": "twin"}
    await contribute(store, twin)
    assert await matched(client, MARY, only) == []


async def test_records_of_one_person_are_one_match(client: Client, store: SqliteStore) -> None:
    await contribute(store, {**MARY, "id": "again"}, persons={"mary": "one", "again": "one"})
    only = {"name": "onlyCertainMatches", "valueBoolean": True}
    assert {id for id, _ in await matched(client, MARY, only)} == {"mary", "again"}


async def test_count_and_nobody(client: Client) -> None:
    assert len(await matched(client, unnumbered(MARY), {"name": "count", "valueInteger": 1})) == 1
    assert await matched(client, {"resourceType": "Patient", "name": [{"family": "Nobody"}], "birthDate": "2001-01-01"}) == []


async def test_what_is_no_patient(client: Client) -> None:
    body = orjson.dumps({"resourceType": "Parameters", "parameter": []})
    assert (await client.send("POST", "/fhir/Patient/$match", body)).status_code == 400
    assert (await client.get("/fhir/Patient/$match")).status_code == 405


async def test_the_decision_is_kept(client: Client, services: Services) -> None:
    services.policy = lambda question, facts, now: Decision("some", Ids(("other",)))
    assert {id for id, _ in await matched(client, MARY)} <= {"other"}
