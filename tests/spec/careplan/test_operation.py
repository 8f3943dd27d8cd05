"""``Patient/[id]/$care-plan``: one plan of what many authors have written, as one Bundle."""

from __future__ import annotations

from typing import Any

import pytest

from interop.fhir.findings import failed
from interop.fhir.validation import check
from interop.store.sqlite import SqliteStore
from tests.spec.api.conftest import Client
from tests.spec.api.people import contribute, patient
from tests.spec.careplan.plans import FOR, MATTERS, NOT_FOR, OWN, coded, observed, planned

pytestmark = pytest.mark.anyio
DOCTOR = {"resourceType": "Practitioner", "id": "dr", "name": [{"family": "Rowe", "prefix": ["Dr"]}]}
BY = {"reference": "Practitioner/dr"}


def of(id: str, resource: dict[str, Any]) -> dict[str, Any]:
    return {**resource, "subject": {"reference": f"Patient/{id}"}}


@pytest.fixture(autouse=True)
async def _record(store: SqliteStore) -> None:
    """Mary has a Patient at her practice and one at the hospital; somebody else has a plan too."""
    await contribute(store, DOCTOR)
    await contribute(store, patient("gp"), patient("pas"), patient("b"), persons={"gp": "one", "pas": "one", "b": "two"})
    await contribute(store, of("gp", observed("m1", MATTERS, valueString="Stay at home", by=BY)), owner="gp")
    await contribute(store, of("pas", observed("m2", MATTERS, "2025-07-01", valueString="stay at home")), owner="pas")
    await contribute(store, of("gp", observed("c1", NOT_FOR, by=BY)), of("pas", observed("c2", FOR)), owner="gp")
    await contribute(store, of("gp", planned("p1", {"description": "Weigh weekly"})), of("b", planned("p2", {"description": "No"})))


def composition(bundle: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = bundle["entry"][0]["resource"]
    assert found["resourceType"] == "Composition"
    return found


def heading(bundle: dict[str, Any], name: str) -> dict[str, Any]:
    """The section of a heading."""
    every = [each for group in composition(bundle)["section"] for each in group["section"]]
    (found,) = [each for each in every if each["code"]["coding"][0] == {**each["code"]["coding"][0], "system": OWN, "code": name}]
    result: dict[str, Any] = found
    return result


async def read(client: Client, query: str = "", id: str = "gp") -> dict[str, Any]:
    answer = await client.get(f"/fhir/Patient/{id}/$care-plan{query}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_what_matters_to_the_person_comes_first(client: Client) -> None:
    first = composition(await read(client))["section"][0]["section"][0]
    assert first["title"] == "What matters to me"
    assert [each["title"] for each in first["section"]] == ["stay at home"]


async def test_a_line_that_several_say_names_each_of_them(client: Client) -> None:
    (line,) = heading(await read(client), "what-matters")["section"]
    assert [each["reference"] for each in line["entry"]] == ["Observation/m2", "Observation/m1"]
    origins = [{part["url"]: part for part in each["extension"]} for each in line["extension"] if each["url"].endswith("origin")]
    assert [each["date"]["valueDateTime"] for each in origins] == ["2025-07-01", "2025-06-01"]
    assert origins[1]["author"]["valueString"] == "Dr Rowe"
    assert origins[1]["words"]["valueString"] == "Stay at home"
    assert origins[1]["resource"]["valueReference"]["reference"] == "Observation/m1/_history/1"


async def test_authors_who_do_not_agree_stand_side_by_side(client: Client) -> None:
    found = heading(await read(client), "cpr")
    assert {"url": "urn:interop:extension:plan-conflict", "valueBoolean": True} in found["extension"]
    assert len(found["section"]) == 2
    assert "Authors do not agree" in found["text"]["div"]


async def test_it_is_the_same_by_each_of_the_persons_patients(client: Client) -> None:
    one, other = await read(client, id="gp"), await read(client, id="pas")
    assert composition(one)["section"] == composition(other)["section"]


async def test_nothing_of_anybody_else_is_in_it(client: Client) -> None:
    named = [f"{each['resource']['resourceType']}/{each['resource'].get('id')}" for each in (await read(client))["entry"]]
    assert "CarePlan/p1" in named
    assert "CarePlan/p2" not in named
    assert {"Patient/gp", "Patient/pas", "Practitioner/dr"} <= set(named)


async def test_a_heading_without_lines_says_so(client: Client) -> None:
    assert heading(await read(client), "prognosis")["emptyReason"]["text"] == "None recorded"


async def test_what_no_longer_holds_is_given_where_it_is_asked_for(client: Client, store: SqliteStore) -> None:
    await contribute(store, of("gp", planned("old", {"description": "Old bandage"}, status="completed")))
    assert "Old bandage" not in str(await read(client))
    (over,) = [each for each in heading(await read(client, "?history=true"), "actions")["section"] if "section" in each]
    assert [each["title"] for each in over["section"]] == ["Old bandage"]


async def test_it_is_a_sound_bundle(client: Client) -> None:
    bundle = await read(client, "?history=true")
    assert not failed(check(bundle)), check(bundle)


async def test_its_tag_stands_for_the_state_of_the_plan(client: Client, store: SqliteStore) -> None:
    first = (await client.get("/fhir/Patient/gp/$care-plan")).headers["etag"]
    assert (await client.get("/fhir/Patient/pas/$care-plan")).headers["etag"] == first
    await contribute(store, of("b", planned("p3")))
    assert (await client.get("/fhir/Patient/gp/$care-plan")).headers["etag"] == first
    await contribute(store, of("pas", planned("p4")))
    assert (await client.get("/fhir/Patient/gp/$care-plan")).headers["etag"] != first


async def test_of_nobody_there_is_no_plan(client: Client) -> None:
    assert (await client.get("/fhir/Patient/nobody/$care-plan")).status_code == 404


async def test_a_flag_that_stands_is_an_alert(client: Client, store: SqliteStore) -> None:
    flag = {"resourceType": "Flag", "id": "f", "status": "active", "code": coded("x", "urn:x", text="Dog in the garden")}
    await contribute(store, of("gp", flag))
    assert "Dog in the garden" in str(heading(await read(client), "alerts"))


async def test_a_reading_that_a_step_refers_to_is_read_though_it_is_no_line_itself(client: Client, store: SqliteStore) -> None:
    reading = of("gp", {**observed("low", "431314004"), "code": {"text": "Oxygen saturation below 88%"}})
    step = {
        "description": "Ring the desk",
        "code": coded("contingency", OWN),
        "reasonReference": [{"reference": "Observation/low"}],
    }
    await contribute(store, reading, of("gp", planned("p9", step)))
    (line,) = heading(await read(client), "contingency")["section"]
    assert {"url": "urn:interop:extension:plan-trigger", "valueString": "Oxygen saturation below 88%"} in line["extension"]


async def test_a_wish_that_has_words_and_no_code_is_read(client: Client, store: SqliteStore) -> None:
    await contribute(store, of("gp", {**observed("w", ""), "code": {"text": "Preferred place of death: hospice"}}))
    assert [each["title"] for each in heading(await read(client), "place-of-death")["section"]] == ["Hospice"]
