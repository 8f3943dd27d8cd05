"""``Patient/[id]/$everything`` with all its parameters, and ``Patient/[id]/$whole-record``."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from interop.api.services import Services
from interop.fhir.findings import failed
from interop.fhir.validation import check
from interop.store.decision import Decision
from interop.store.sqlite import SqliteStore
from interop.store.where import Ids
from tests.spec.api.conftest import Client, link, matches
from tests.spec.api.people import FEED, appointment, contribute, encounter, patient, plan

pytestmark = pytest.mark.anyio
ACTIVE = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical", "code": "active"}]}
ALLERGY = {"resourceType": "AllergyIntolerance", "id": "nuts", "clinicalStatus": ACTIVE, "patient": {"reference": "Patient/pas"}}
WHOLE = ["AllergyIntolerance/nuts", "Appointment/a1", "CarePlan/c1", "Encounter/e1", "Encounter/e2", "Patient/gp", "Patient/pas"]


@pytest.fixture(autouse=True)
async def _record(store: SqliteStore) -> None:
    seen_by = [{"individual": {"reference": "Practitioner/dr"}}]
    await contribute(store, {"resourceType": "Practitioner", "id": "dr"})
    await contribute(store, patient("gp"), patient("pas"), patient("b"), persons={"gp": "one", "pas": "one", "b": "two"})
    early = {"period": {"start": "2025-12-30T09:00:00Z", "end": "2026-01-02T09:00:00Z"}}
    await contribute(store, {**encounter("e1", "pas", participant=seen_by), **early}, encounter("e2", "gp"), encounter("e3", "b"))
    await contribute(store, plan("c1", "gp"), appointment("a1", "pas", "2026-02-01T10:00:00Z"), ALLERGY)


def parameters(*said: tuple[str, str, Any]) -> bytes:
    return orjson.dumps({"resourceType": "Parameters", "parameter": [{"name": name, form: value} for name, form, value in said]})


class TestEverything:
    @pytest.mark.parametrize(
        ("query", "left_out"),
        [
            ("start=2026-01-05", ["Encounter/e1"]),
            ("end=2026-01-15", ["Appointment/a1"]),
            ("start=2026-01-02&end=2026-01-02", ["Appointment/a1", "Encounter/e2"]),
            ("start=2027-01-01", ["Appointment/a1", "Encounter/e1"]),
        ],
    )
    async def test_dates_of_care(self, client: Client, query: str, left_out: list[str]) -> None:
        """What has not ended goes on; what has no date belongs always."""
        bundle = (await client.get(f"/fhir/Patient/gp/$everything?{query}")).json()
        assert matches(bundle) == [each for each in WHOLE if each not in left_out]
        assert bundle["total"] == len(WHOLE) - len(left_out)

    async def test_dates_of_care_page_by_page(self, client: Client) -> None:
        found = await client.ids("/fhir/Patient/gp/$everything?start=2026-01-05&_count=2")
        assert found == [each for each in WHOLE if each != "Encounter/e1"]

    async def test_totals_are_those_of_all_pages(self, client: Client) -> None:
        address: str | None = "/fhir/Patient/gp/$everything?_count=3"
        while address:
            bundle = (await client.get(address)).json()
            assert bundle["total"] == len(WHOLE)
            address = link(bundle, "next")

    async def test_by_post(self, client: Client) -> None:
        body = parameters(("_type", "valueCode", "Encounter"), ("_count", "valueInteger", 1))
        bundle = (await client.send("POST", "/fhir/Patient/gp/$everything", body)).json()
        assert (matches(bundle), bundle["total"]) == (["Encounter/e1"], 2)
        assert matches((await client.get(link(bundle, "next") or "")).json()) == ["Encounter/e2"]
        assert len(matches((await client.send("POST", "/fhir/Patient/gp/$everything")).json())) == len(WHOLE)

    async def test_it_is_a_sound_searchset(self, client: Client) -> None:
        assert not failed(check((await client.get("/fhir/Patient/gp/$everything")).json()))

    @pytest.mark.parametrize("query", ["_count=0", "_count=x", "start=soon", "_since=2026", "_type=Animal", "colour=red"])
    async def test_what_cannot_be_understood_is_named(self, client: Client, query: str) -> None:
        answer = await client.get(f"/fhir/Patient/gp/$everything?{query}")
        assert answer.status_code == 400
        assert query.partition("=")[0] in answer.json()["issue"][0]["diagnostics"]


def said(bundle: dict[str, Any]) -> dict[str, str]:
    """Text -> code of what the outcome says."""
    (outcome,) = (each["resource"] for each in bundle["entry"] if each["search"]["mode"] == "outcome")
    return {issue["details"]["text"]: issue["details"]["coding"][0]["code"] for issue in outcome["issue"]}


class TestWholeRecord:
    async def test_it_holds_everything(self, client: Client) -> None:
        bundle = (await client.get("/fhir/Patient/gp/$whole-record")).json()
        assert not failed(check(bundle))
        assert (matches(bundle), matches(bundle, "include")) == (WHOLE, ["Practitioner/dr"])
        assert bundle["total"] == len(WHOLE)

    async def test_silence_is_not_ambiguous(self, client: Client) -> None:
        told = said((await client.get("/fhir/Patient/pas/$whole-record")).json())
        assert told["Encounters: 2 recorded."] == "recorded"
        assert told["Allergies and adverse reactions: 1 recorded."] == "recorded"
        assert told["Medicines: none recorded."] == "none-recorded"
        assert told[f"Feed {FEED}: 7 resources of this record. No message has come from it."] == "contributed"
        assert told["Feed hospital: no resources of this record. No message has come from it."] == "nothing-contributed"

    async def test_its_pages_say_it_once(self, client: Client) -> None:
        assert await client.ids("/fhir/Patient/gp/$whole-record?_count=2") == WHOLE
        bundle = (await client.get("/fhir/Patient/gp/$whole-record?_count=2")).json()
        assert said(bundle)["Encounters: 2 recorded."] == "recorded"
        following = (await client.get(link(bundle, "next") or "")).json()
        assert all(each["search"]["mode"] != "outcome" for each in following["entry"])

    async def test_it_says_nothing_of_what_was_not_asked_for(self, client: Client) -> None:
        told = said((await client.get("/fhir/Patient/gp/$whole-record?_type=Encounter")).json())
        assert "Medicines: none recorded." not in told
        assert "Encounters: 2 recorded." in told

    async def test_nobody(self, client: Client) -> None:
        assert (await client.get("/fhir/Patient/nobody/$whole-record")).status_code == 404


class TestEncounter:
    @pytest.fixture(autouse=True)
    async def _part(self, store: SqliteStore) -> None:
        observation = {"resourceType": "Observation", "id": "o1", "status": "final", "code": {"text": "Pulse"}}
        for of in ("e1", "e2"):
            await contribute(store, {**observation, "id": f"o-{of}", "encounter": {"reference": f"Encounter/{of}"}})

    async def test_all_that_is_part_of_it(self, client: Client) -> None:
        bundle = (await client.get("/fhir/Encounter/e1/$everything")).json()
        assert (matches(bundle), bundle["total"]) == (["Encounter/e1", "Observation/o-e1"], 2)
        assert matches(bundle, "include") == ["Practitioner/dr", "Patient/pas"]
        assert await client.ids("/fhir/Encounter/e1/$everything?_count=1") == matches(bundle)
        assert await client.ids("/fhir/Encounter/e1/$everything?_type=Observation") == ["Observation/o-e1"]

    async def test_it_has_no_dates_of_care(self, client: Client) -> None:
        assert (await client.get("/fhir/Encounter/e1/$everything?start=2026-01-01")).status_code == 400


@pytest.mark.parametrize("name", ["$everything", "$everything?_count=1", "$everything?start=2020-01-01", "$whole-record"])
async def test_the_decision_narrows_what_is_given_and_counted(client: Client, services: Services, name: str) -> None:
    """Matches, what comes along, and totals."""
    services.policy = lambda question, facts, now: Decision("some", Ids(("gp", "e2")))
    bundle = (await client.get(f"/fhir/Patient/gp/{name}")).json()
    assert bundle["total"] == 2
    assert set(matches(bundle)) <= {"Patient/gp", "Encounter/e2"}
    assert matches(bundle, "include") == []
