"""``Observation/$lastn`` and ``Composition/$document`` (FHIR R4, operations of Observation and Composition)."""

from __future__ import annotations

from typing import Any

import httpx
import orjson
import pytest

from interop.api.services import Services
from interop.fhir.findings import failed
from interop.fhir.validation import check
from interop.store.decision import Decision
from interop.store.sqlite import SqliteStore
from interop.store.where import Ids
from tests.spec.api.conftest import Client, matches
from tests.spec.api.people import contribute, encounter, patient

pytestmark = pytest.mark.anyio
LOINC, LOCAL = "http://loinc.org", "https://example.org/local"


def observation(id: str, of: str, day: int, *codes: tuple[str, str], **more: Any) -> dict[str, Any]:
    """A final observation of a day in January 2026."""
    return {
        "resourceType": "Observation",
        "id": id,
        "status": "final",
        "code": {"coding": [{"system": system, "code": code} for system, code in codes]},
        "subject": {"reference": f"Patient/{of}"},
        "effectiveDateTime": f"2026-01-{day:02}T10:00:00Z",
        **more,
    }


class TestLastn:
    @pytest.fixture(autouse=True)
    async def _record(self, store: SqliteStore) -> None:
        vital = [{"coding": [{"system": "http://terminology.hl7.org/CodeSystem/observation-category", "code": "vital-signs"}]}]
        await contribute(
            store,
            observation("w1", "a", 1, (LOINC, "29463-7"), category=vital),
            observation("w2", "a", 2, (LOCAL, "weight"), (LOINC, "29463-7"), category=vital),
            observation("w3", "b", 3, (LOCAL, "weight"), category=vital),
            observation("h1", "a", 4, (LOINC, "8302-2")),
            observation("x1", "stranger", 5, (LOINC, "29463-7")),
            {**observation("t1", "a", 6), "code": {"text": "Mood"}},
            {**observation("t2", "a", 7), "code": {"text": "mood "}},
        )
        await contribute(store, patient("a"), patient("b"), patient("stranger"), persons={"a": "one", "b": "one"})

    async def test_the_latest_of_each_kind(self, client: Client) -> None:
        """Kinds that share a translation are one, and so are the Patients of one person."""
        answer = await client.get("/fhir/Observation/$lastn?patient=a")
        assert matches(answer.json()) == ["Observation/t2", "Observation/h1", "Observation/w3"]

    async def test_several_of_each(self, client: Client) -> None:
        found = matches((await client.get("/fhir/Observation/$lastn?patient=Patient/a&max=2")).json())
        assert found == ["Observation/t2", "Observation/t1", "Observation/h1", "Observation/w3", "Observation/w2"]

    async def test_by_category_and_code(self, client: Client) -> None:
        vital = await client.get("/fhir/Observation/$lastn?subject=Patient/a&category=vital-signs&max=5")
        assert matches(vital.json()) == ["Observation/w3", "Observation/w2", "Observation/w1"]
        height = await client.get(f"/fhir/Observation/$lastn?patient=a&code={LOINC}|8302-2")
        assert matches(height.json()) == ["Observation/h1"]

    async def test_by_the_codes_of_a_value_set(self, client: Client, store: SqliteStore) -> None:
        compose = {"include": [{"system": LOINC, "concept": [{"code": "8302-2"}]}]}
        await contribute(store, {"resourceType": "ValueSet", "id": "heights", "status": "active", "compose": compose})
        height = await client.get("/fhir/Observation/$lastn?patient=a&code:in=ValueSet/heights")
        assert matches(height.json()) == ["Observation/h1"]

    async def test_by_post(self, client: Client) -> None:
        said = [{"name": "patient", "valueString": "a"}, {"name": "max", "valuePositiveInt": 1}]
        body = orjson.dumps({"resourceType": "Parameters", "parameter": said})
        assert len(matches((await client.send("POST", "/fhir/Observation/$lastn", body)).json())) == 3

    async def test_what_may_not_be_seen_is_not_looked_at(self, client: Client, services: Services) -> None:
        services.policy = lambda question, facts, now: Decision("some", Ids(("w1", "t1")))
        assert matches((await client.get("/fhir/Observation/$lastn?patient=a")).json()) == ["Observation/t1", "Observation/w1"]

    @pytest.mark.parametrize("query", ["", "?max=1", "?patient=a&max=0", "?patient=a&max=x", "?patient=a&colour=red"])
    async def test_what_cannot_be_answered(self, client: Client, query: str) -> None:
        assert (await client.get(f"/fhir/Observation/$lastn{query}")).status_code == 400


COMPOSITION = {
    "resourceType": "Composition",
    "id": "letter",
    "status": "final",
    "type": {"text": "Letter"},
    "subject": {"reference": "Patient/a"},
    "date": "2026-01-02",
    "author": [{"reference": "Practitioner/dr"}],
    "title": "Discharge letter",
    "section": [{"title": "Admission", "entry": [{"reference": "Encounter/e"}]}],
}


class TestDocument:
    @pytest.fixture(autouse=True)
    async def _record(self, store: SqliteStore) -> None:
        ward = [{"location": {"reference": "Location/ward"}}]
        await contribute(
            store,
            COMPOSITION,
            patient("a"),
            {"resourceType": "Practitioner", "id": "dr"},
            encounter("e", "a", location=ward),
            {"resourceType": "Location", "id": "ward", "managingOrganization": {"reference": "Organization/none"}},
        )

    def _document(self, answer: httpx.Response) -> dict[str, Any]:
        assert answer.status_code == 200, answer.text
        document: dict[str, Any] = answer.json()
        assert not failed(check(document))
        assert (document["type"], document["entry"][0]["resource"]["resourceType"]) == ("document", "Composition")
        return document

    @pytest.mark.parametrize("address", ["Composition/letter/$document", "Composition/$document?id=letter"])
    async def test_all_that_is_referred_to_is_in_it(self, client: Client, address: str) -> None:
        document = self._document(await client.get(f"/fhir/{address}"))
        held = {f"{each['resource']['resourceType']}/{each['resource']['id']}" for each in document["entry"]}
        assert held == {"Composition/letter", "Patient/a", "Practitioner/dr", "Encounter/e", "Location/ward"}
        assert document["identifier"]["value"].startswith("urn:uuid:")
        assert "timestamp" in document

    async def test_it_is_kept_where_that_is_asked_for(self, client: Client) -> None:
        body = orjson.dumps({"resourceType": "Parameters", "parameter": [{"name": "persist", "valueBoolean": True}]})
        answer = await client.send("POST", "/fhir/Composition/letter/$document", body)
        document = self._document(answer)
        kept = await client.get(answer.headers["location"])
        assert kept.json()["id"] == document["id"]
        assert kept.content == answer.content
        assert (await client.get("/fhir/Composition/letter/$document?persist=true")).status_code == 400

    async def test_what_is_not_here(self, client: Client) -> None:
        strict = await client.get("/fhir/Composition/letter/$document", prefer="handling=strict")
        assert (strict.status_code, strict.json()["issue"][0]["code"]) == (422, "incomplete")
        assert (await client.get("/fhir/Composition/none/$document")).status_code == 404
        assert (await client.get("/fhir/Composition/$document")).status_code == 400

    async def test_what_may_not_be_seen_is_not_in_it(self, client: Client, services: Services) -> None:
        """What the Composition itself refers to is missed, what is further away left out."""
        seen = ("letter", "a", "dr", "e")
        for ids, status in ((seen, 200), (seen[:3], 422)):
            some = Decision("some", Ids(ids))
            services.policy = lambda question, facts, now, some=some: some  # type: ignore[misc]
            answer = await client.get("/fhir/Composition/letter/$document")
            assert answer.status_code == status
            assert "ward" not in answer.text.replace("Location/ward", "")
