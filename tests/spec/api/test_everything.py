"""``Patient/[id]/$everything`` (FHIR R4, Patient operation everything): all that is about the person."""

from __future__ import annotations

import pytest

from interop.store.sqlite import SqliteStore
from tests.spec.api.conftest import Client, link, matches
from tests.spec.api.people import appointment, contribute, encounter, patient, plan

pytestmark = pytest.mark.anyio
WHOLE = ["Appointment/a1", "CarePlan/c1", "Encounter/e1", "Encounter/e2", "Patient/gp", "Patient/pas"]


@pytest.fixture(autouse=True)
async def _record(store: SqliteStore) -> None:
    seen_by = [{"individual": {"reference": "Practitioner/dr"}}]
    await contribute(store, {"resourceType": "Practitioner", "id": "dr"}, {"resourceType": "Practitioner", "id": "other"})
    await contribute(store, patient("gp"), patient("pas"), patient("b"), persons={"gp": "one", "pas": "one", "b": "two"})
    await contribute(store, encounter("e1", "pas", participant=seen_by), encounter("e2", "gp"), encounter("e3", "b"))
    await contribute(store, plan("c1", "gp"), plan("c2", "b"), appointment("a1", "pas", "2026-02-01T10:00:00Z"))


@pytest.mark.parametrize("id", ["gp", "pas"])
async def test_whichever_patient_of_the_person_is_named(client: Client, id: str) -> None:
    bundle = (await client.get(f"/fhir/Patient/{id}/$everything")).json()
    assert (bundle["type"], matches(bundle)) == ("searchset", WHOLE)
    assert bundle["total"] == len(WHOLE)


async def test_what_is_referred_to_comes_along(client: Client) -> None:
    bundle = (await client.get("/fhir/Patient/gp/$everything")).json()
    assert matches(bundle, "include") == ["Practitioner/dr"]


async def test_what_is_referred_to_and_is_there_already_does_not_come_twice(client: Client, store: SqliteStore) -> None:
    """A Task is about a person and in nobody's compartment (FHIR R4, CompartmentDefinition patient); bdl-7."""
    task = {"resourceType": "Task", "status": "requested", "intent": "order", "for": {"reference": "Patient/gp"}}
    await contribute(store, task | {"id": "t1"}, task | {"id": "t2", "focus": {"reference": "Task/t1"}})
    bundle = (await client.get("/fhir/Patient/gp/$everything?_type=Task")).json()
    assert matches(bundle) == ["Task/t1", "Task/t2"]
    assert matches(bundle, "include") == []


async def test_pages_hold_everything_once(client: Client) -> None:
    assert await client.ids("/fhir/Patient/gp/$everything?_count=1") == WHOLE
    assert await client.ids("/fhir/Patient/gp/$everything?_count=4") == WHOLE


async def test_without_an_id_it_is_everything_about_anyone(client: Client) -> None:
    whole = sorted([*WHOLE, "CarePlan/c2", "Encounter/e3", "Patient/b"])
    assert await client.ids("/fhir/Patient/$everything") == whole
    assert await client.ids("/fhir/Patient/$everything?_count=2") == whole
    assert await client.ids("/fhir/Patient/$everything?_type=CarePlan&_count=1") == ["CarePlan/c1", "CarePlan/c2"]
    assert "total" not in (await client.get("/fhir/Patient/$everything?_count=2")).json()


async def test_types_and_time_narrow_it(client: Client) -> None:
    assert await client.ids("/fhir/Patient/gp/$everything?_type=Encounter,CarePlan") == [
        "CarePlan/c1",
        "Encounter/e1",
        "Encounter/e2",
    ]
    assert await client.ids("/fhir/Patient/gp/$everything?_type=Encounter&_count=1") == ["Encounter/e1", "Encounter/e2"]
    assert await client.ids("/fhir/Patient/gp/$everything?_since=2026-01-02T00:00:00Z") == []


async def test_a_cursor_belongs_to_its_patient(client: Client) -> None:
    following = link((await client.get("/fhir/Patient/gp/$everything?_count=1")).json(), "next") or ""
    assert (await client.get(following.replace("/gp/", "/b/"))).status_code == 400


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("Patient/nobody/$everything", 404),
        ("Encounter/none/$everything", 404),
        ("CarePlan/c1/$everything", 404),
        ("Patient/gp/$everything?_type=Animal", 400),
    ],
)
async def test_what_cannot_be_answered(client: Client, address: str, status: int) -> None:
    answer = await client.get(f"/fhir/{address}")
    assert (answer.status_code, answer.json()["resourceType"]) == (status, "OperationOutcome")
