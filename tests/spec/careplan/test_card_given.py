"""``Patient/[id]/$crew-card`` as it is given: to whom, in what form, and what the audit is told."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import orjson
import pytest

from interop.audit.row import READ
from interop.clock import ManualClock
from interop.fhir.findings import failed
from interop.fhir.validation import check
from interop.fhir.xml import from_xml
from interop.ids import ODS_ORGANISATION
from interop.store.sqlite import SqliteStore
from tests.spec.api.conftest import Client
from tests.spec.api.governed import ANN, CREW, DAUGHTER, GP, NAVIGATOR, OFFICER, OPERATOR
from tests.spec.audit.test_engine import rows
from tests.spec.careplan.cards import MOST, VALID, allergy, flag, person
from tests.spec.careplan.held import Holding, holding
from tests.spec.engine.running import client as asking
from tests.spec.engine.running import running

pytestmark = pytest.mark.anyio
CARD = "/fhir/Patient/ann/$crew-card"
FHIR = "application/fhir+json"


@pytest.fixture
async def ann(tmp_path: Path, clock: ManualClock) -> AsyncIterator[Holding]:
    """Ann, with an allergy and an alert; she has not consented."""
    store = SqliteStore.open(tmp_path / "data", clock=clock)
    async with holding(store, clock) as world:
        await world.put("A81001", allergy("nuts", "Peanuts", patient={"reference": "Patient/ann"}))
        await world.put("RX1", flag("dog", "Dog", "safety", subject={"reference": "Patient/ann-ward"}))
        clock.advance(1)
        yield world
    await store.close()


@pytest.fixture
async def asked(ann: Holding) -> Client:
    """Who asks is Ann's practice; she has consented."""
    await ann.done(GP, "record-consent", decision="given")
    ann.client.http.headers["x-who"] = GP.user
    return ann.client


class TestForm:
    async def test_it_is_the_json_itself(self, asked: Client) -> None:
        answer = await asked.get(CARD)
        assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
        assert len(answer.content) <= MOST
        VALID.validate(answer.json())
        assert list(answer.json())[:5] == ["made", "version", "patient", "glance", "who"]

    @pytest.mark.parametrize("accept", ["*/*", "application/json", "text/html", ""])
    async def test_whoever_names_no_form_of_fhir_gets_it_so(self, asked: Client, accept: str) -> None:
        assert (await asked.get(CARD, accept=accept)).headers["content-type"] == "application/json"

    async def test_who_names_a_form_of_fhir_gets_a_binary_that_holds_the_same(self, asked: Client) -> None:
        plain = (await asked.get(CARD)).json()
        named = await asked.get(CARD, accept=FHIR)
        by_format = await asked.get(f"{CARD}?_format=application/fhir%2Bjson")
        in_xml = await asked.get(CARD, accept="application/fhir+xml")
        for binary in (named.json(), by_format.json(), from_xml(in_xml.content)):
            assert (binary["resourceType"], binary["contentType"]) == ("Binary", "application/json")
            assert orjson.loads(b64decode(binary["data"])) == plain
            assert binary["securityContext"] == {"reference": "Patient/ann"}
            assert not failed(check(binary))

    async def test_in_a_batch_it_is_a_binary(self, asked: Client) -> None:
        entry = {"request": {"method": "GET", "url": "Patient/ann/$crew-card"}}
        batch = {"resourceType": "Bundle", "type": "batch", "entry": [entry]}
        answer = await asked.send("POST", "/fhir", orjson.dumps(batch))
        (one,) = answer.json()["entry"]
        assert one["response"]["status"] == "200 OK"
        assert orjson.loads(b64decode(one["resource"]["data"]))["patient"] == "ann"

    async def test_by_post_and_as_head(self, asked: Client) -> None:
        posted = await asked.send("POST", CARD)
        assert posted.json() == (await asked.get(CARD)).json()
        head = await asked.http.head(CARD)
        assert (head.status_code, head.content) == (200, b"")

    async def test_who_has_it_is_not_given_it_again(self, asked: Client, ann: Holding, clock: ManualClock) -> None:
        tag = (await asked.get(CARD)).headers["etag"]
        clock.advance(60)
        again = await asked.get(CARD, if_none_match=tag)
        assert (again.status_code, again.content) == (304, b"")
        await ann.put("A81001", allergy("latex", "Latex", patient={"reference": "Patient/ann"}))
        assert (await asked.get(CARD, if_none_match=tag)).status_code == 200

    async def test_when_it_was_made_is_when_it_is_given(self, asked: Client, clock: ManualClock) -> None:
        await asked.get(CARD)
        clock.advance(90)
        assert (await asked.get(CARD)).json()["made"] == "2026-01-01T00:01:31.000Z"

    async def test_its_schema_is_published(self, asked: Client) -> None:
        link = (await asked.get(CARD)).headers["link"]
        assert link == '</crew-card.schema.json>; rel="describedby"; type="application/schema+json"'
        answer = await asked.http.get("/crew-card.schema.json", headers={"x-who": ""})
        assert answer.headers["content-type"] == "application/schema+json"
        assert answer.json()["$id"] == "urn:interop:crew-card:1"

    async def test_its_definition_says_that_it_is_a_binary(self, asked: Client) -> None:
        definition = (await asked.get("/fhir/OperationDefinition/Patient-crew-card")).json()
        assert not failed(check(definition))
        assert [(each["name"], each["type"]) for each in definition["parameter"]] == [("return", "Binary")]

    async def test_openapi_says_that_it_is_json_and_by_what_schema(self, asked: Client) -> None:
        paths = (await asked.get("/openapi.json")).json()["paths"]
        for method in ("get", "post"):
            said = paths["/fhir/Patient/{id}/$crew-card"][method]["responses"]["200"]["content"]
            assert said["application/json"]["schema"]["externalDocs"] == {"url": "/crew-card.schema.json"}

    @pytest.mark.parametrize("query", ["colour=red", "_count=3"])
    async def test_what_it_does_not_take_is_named(self, asked: Client, query: str) -> None:
        answer = await asked.get(f"{CARD}?{query}")
        assert answer.status_code == 400
        assert query.partition("=")[0] in answer.text


class TestWho:
    async def test_before_consent_a_crew_learns_who_it_is_and_that_the_rest_is_withheld(self, ann: Holding) -> None:
        card = await ann.card(CREW)
        assert card["who"]["name"] == "ASHDOWN, Mary"
        assert card["alerts"]["state"] == card["allergies"]["state"] == card["cpr"]["state"] == "withheld"
        assert [each["code"] for each in card["absent"]["lines"]] == ["withheld"]
        assert "Peanuts" not in str(card)

    async def test_in_an_emergency_it_sees_the_card_and_the_consent_of_others_is_as_before(self, ann: Holding) -> None:
        await ann.done(CREW, "break-glass", reason="Unconscious at home")
        card = await ann.card(CREW)
        assert card["glance"]["allergies"] == "Allergies: Peanuts"
        assert card["glance"]["alerts"] == "Alerts: Dog"
        assert "Peanuts" not in str(await ann.card(GP))

    async def test_from_whichever_of_the_linked_patients_it_is_asked_for(self, ann: Holding) -> None:
        await ann.done(GP, "record-consent", decision="given")
        one, other = await ann.card(GP), await ann.card(GP, "ann-ward")
        assert one["who"]["records"] == 2
        assert {**one, "patient": ""} == {**other, "patient": ""}

    async def test_a_role_that_has_no_part_in_the_clinical_record_is_told_so(self, ann: Holding) -> None:
        await ann.done(GP, "record-consent", decision="given")
        team = {"resourceType": "CareTeam", "id": "t", "status": "active", "subject": {"reference": "Patient/ann-ward"}}
        hospital = ann.services.mint.id("Organization", ODS_ORGANISATION, "RX1")
        await ann.put("RX1", {**team, "participant": [{"member": {"reference": f"Organization/{hospital}"}}]})
        card = await ann.card(NAVIGATOR)
        assert card["allergies"]["state"] == card["medicines"]["state"] == card["alerts"]["state"] == "not-for-role"
        assert card["matters"]["state"] == "none-recorded"
        assert "Peanuts" not in str(card)

    async def test_a_crew_sees_an_advance_decision_that_is_a_consent_and_no_other_consent(self, ann: Holding) -> None:
        await ann.done(CREW, "break-glass", reason="Unconscious at home", minutes=30)
        await ann.share()
        scopes, kinds = (f"http://terminology.hl7.org/CodeSystem/consent{name}" for name in ("scope", "categorycodes"))
        said = {"resourceType": "Consent", "status": "active", "patient": {"reference": "Patient/ann"}, "dateTime": "2025-06-01"}
        said |= {"category": [{"coding": [{"system": kinds, "code": "dnr"}]}]}
        await ann.put("A81001", {**said, "id": "no", "scope": {"coding": [{"system": scopes, "code": "patient-privacy"}]}})
        ann.clock.advance(1)
        assert (await ann.card(CREW))["cpr"]["lines"] == []
        await ann.put("A81001", {**said, "id": "adr", "scope": {"coding": [{"system": scopes, "code": "adr"}]}})
        ann.clock.advance(1)
        (line,) = (await ann.card(CREW))["cpr"]["lines"]
        assert (line["text"], line["means"]) == ("Not for cardiopulmonary resuscitation", "not-for-cpr")
        plan = await ann.client.get("/fhir/Patient/ann/$care-plan", x_who=CREW.user)
        assert [each["resource"]["id"] for each in plan.json()["entry"] if each["resource"].get("scope")] == ["adr"]
        assert (await ann.client.get("/fhir/Consent/adr", x_who=CREW.user)).status_code == 403

    async def test_the_person_sees_their_own(self, ann: Holding) -> None:
        assert (await ann.card(ANN))["glance"]["allergies"] == "Allergies: Peanuts"

    async def test_who_may_see_nobody_is_refused_or_finds_nobody(self, ann: Holding) -> None:
        for who, status in ((OPERATOR, 403), (OFFICER, 403), (DAUGHTER, 404), (NAVIGATOR, 404)):
            await ann.card(who, status=status)

    async def test_nobody(self, ann: Holding) -> None:
        known, unknown = [await ann.client.get(f"/fhir/Patient/{of}/$crew-card", x_who=NAVIGATOR.user) for of in ("ann", "nobody")]
        assert (known.status_code, known.text) == (unknown.status_code, unknown.text)

    async def test_who_was_deleted_is_gone(self, ann: Holding) -> None:
        await ann.done(GP, "record-consent", decision="given")
        await ann.put("A81001", {"resourceType": "Patient", "id": "ann"}, deleted=True)
        await ann.card(GP, status=410)


class TestAudit:
    async def test_each_card_is_one_row_about_the_person_held_or_not(self, tmp_path: Path) -> None:
        async with running(tmp_path) as engine, asking(engine) as http:
            for resource in (person(), allergy("a", "Peanuts"), flag("f", "Dog")):
                await _put(http, resource)
            for _ in range(3):
                answer = await http.get("/fhir/Patient/p/$crew-card")
                assert answer.status_code == 200, answer.text
            assert len(answer.json()["alerts"]["lines"]) == 1
            found = [row for row in rows(tmp_path) if row.interaction == "$crew-card"]
        told = [(row.kind, row.type, row.id, row.status, row.resources, row.patients) for row in found]
        assert told == [(READ, "Patient", "p", 200, 3, ("p",))] * 3

    async def test_an_engine_holds_them_and_hears_of_what_is_written(self, tmp_path: Path) -> None:
        async with running(tmp_path) as engine, asking(engine) as http:
            await _put(http, person())
            told = []
            for words in ("Dog", "Stairs"):
                await _put(http, flag("f", words))
                for _ in range(2):
                    told.append((await http.get("/fhir/Patient/p/$crew-card")).json()["glance"]["alerts"])
        assert told == ["Alerts: Dog", "Alerts: Dog", "Alerts: Stairs", "Alerts: Stairs"]


async def _put(http: httpx.AsyncClient, resource: dict[str, object]) -> None:
    address = f"/fhir/{resource['resourceType']}/{resource['id']}"
    answer = await http.put(address, json=resource, headers={"content-type": FHIR})
    assert answer.status_code in (200, 201), answer.text
