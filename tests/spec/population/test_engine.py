"""The whole loop at a running engine: messages in by the port, tokens, the audit, the privacy officer and the list of the team."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest

from interop.app.engine import Engine
from interop.audit.row import READ, Row, Who
from interop.audit.words import sentence
from interop.clock import MICROSECONDS, ManualClock
from interop.population.pseudonyms import NAME
from interop.ports import Feed
from interop.signon.issuer import OwnIssuer, default_scope
from interop.signon.keyfile import own_keys
from tests.spec.engine.running import client, settings
from tests.spec.population.practice import ELSEWHERE, PRACTICE, assessment, number, parts, rows, somebody
from tests.spec.rules.acting import START

pytestmark = pytest.mark.anyio
Json = dict[str, Any]
BASE = "https://practice.example/R4"
BOARD = "QKS"
JSON = {"content-type": "application/fhir+json"}
PEOPLE = 8
VERIFIED: Json = {
    "url": "https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-NHSNumberVerificationStatus",
    "valueCodeableConcept": {
        "coding": [
            {
                "system": "https://fhir.hl7.org.uk/CodeSystem/UKCore-NHSNumberVerificationStatus",
                "code": "number-present-and-verified",
            }
        ]
    },
}
"""Of an NHS number."""


class Signed:
    """A running engine, asked by whoever has a token of its issuer."""

    def __init__(self, engine: Engine, http: httpx.AsyncClient, clock: ManualClock) -> None:
        self.engine, self.http, self.clock = engine, http, clock

    def token(self, role: str, organisation: str = "", user: str = "", feed: str = "") -> dict[str, str]:
        claims = {"sub": user or role, "role": role, "organisation": organisation, "feed": feed, "client_id": feed or "portal"}
        claims |= {"scope": default_scope(role, ""), "patient": ""}
        issued = OwnIssuer().issue(own_keys(self.engine.settings.data), claims, now=self.clock.now() / MICROSECONDS, seconds=600)
        return {"authorization": f"Bearer {issued}"}

    async def call(self, who: dict[str, str], name: str, of: str = "", **said: Any) -> httpx.Response:
        parameters = [
            {"name": key, ("valueCode" if key in ("reason", "decision") and value in CODES else "valueString"): value}
            for key, given in said.items()
            for value in (given if isinstance(given, list) else [given])
        ]
        body = orjson.dumps({"resourceType": "Parameters", "parameter": parameters})
        return await self.http.post(f"/fhir/{of}${name}", content=body, headers=who | JSON)


CODES = {"given", "integrated-review"}


def message() -> bytes:
    """What a practice's system sends of its people, and a tool of their risk: one Bundle."""
    entries = [{"fullUrl": f"{BASE}/{each['resourceType']}/{each['id']}", "resource": each} for each in _said()]
    said = {"resourceType": "Bundle", "type": "collection", "timestamp": "2026-01-05T09:30:00Z", "meta": {"source": BASE}}
    return orjson.dumps(said | {"entry": entries})


def _said() -> list[Json]:
    found: list[Json] = []
    for place in range(PEOPLE):
        person = somebody(place)
        person["identifier"][0]["extension"] = [VERIFIED]
        found += [person, assessment(place, (place + 1) / 10)]
    return found


@asynccontextmanager
async def signed(place: Path) -> AsyncIterator[Signed]:
    """An engine to which the practice has sent its people, who consent, and whose practice has agreed."""
    clock = ManualClock(START)
    feeds = {"practice": Feed("practice", "r4", organisation=PRACTICE, also=((BASE, PRACTICE),), test_numbers=True)}
    engine = await Engine.start(settings(place / "data", open=False), clock, declared=feeds)
    try:
        async with client(engine) as http:
            made = Signed(engine, http, clock)
            feed, gp = made.token("feed", PRACTICE, "practice", "practice"), made.token("gp", PRACTICE)
            sent = await http.post("/ingest/practice?wait=applied", content=message(), headers=feed)
            assert sent.is_success, sent.text
            found = (await http.get("/fhir/Patient?_count=50", headers=gp)).json()["entry"]
            assert len(found) == PEOPLE
            for each in found:
                answer = await made.call(gp, "record-consent", f"Patient/{each['resource']['id']}/", decision="given")
                assert answer.is_success, answer.text
            operator = made.token("operator")
            assert (await made.call(operator, "agreement", source=PRACTICE, purpose="analytics")).is_success
            yield made
    finally:
        await engine.stop()


async def test_from_the_message_to_the_list_of_the_team(tmp_path: Path) -> None:
    async with signed(tmp_path) as here:
        analyst, gp = here.token("analyst", BOARD), here.token("gp", PRACTICE)
        answer = await here.http.get(f"/fhir/$population?organisation={PRACTICE}&measure=risk&_count=100", headers=analyst)
        assert answer.status_code == 200, answer.text
        found = rows(answer.json())
        assert [(row["rank"], row["risk"]) for row in found] == [(rank, 0.1) for rank in range(1, PEOPLE + 1)]
        some = found[0]["pseudonym"]
        other = here.token("gp", ELSEWHERE, "other")
        for who, status in ((analyst, 403), (other, 404), (gp, 200)):
            linked = await here.call(who, "relink", pseudonym=[some], reason="integrated-review", organisation=PRACTICE)
            assert linked.status_code == status, linked.text
        (one,) = [parts(each) for each in linked.json()["parameter"]]
        patient = (await here.http.get(f"/fhir/{one['patient']['reference']}", headers=gp)).json()
        assert patient["identifier"][0]["value"] in {number(place) for place in range(PEOPLE)}
        review = {
            "resourceType": "ServiceRequest",
            "status": "active",
            "intent": "order",
            "code": {"coding": [{"system": "urn:interop:codes:task", "code": "integrated-review"}]},
            "subject": one["patient"],
            "authoredOn": "2026-01-05T10:00:00Z",
        }
        put = await here.http.post("/fhir/ServiceRequest", content=orjson.dumps(review), headers=gp | JSON)
        assert put.status_code == 201, put.text
        listed = await here.http.get("/fhir/$worklist?name=mdt", headers=gp)
        assert listed.status_code == 200, listed.text
        patients = [each["resource"]["id"] for each in listed.json()["entry"] if each["search"]["mode"] == "match"]
        assert patients == [patient["id"]]
        assert (tmp_path / "data" / NAME).stat().st_size == 32


async def test_each_link_is_in_the_audit_with_who_why_and_whom_and_each_list_too(tmp_path: Path) -> None:
    async with signed(tmp_path) as here:
        gp, officer = here.token("gp", PRACTICE), here.token("privacy-officer", BOARD)
        answer = await here.http.get(f"/fhir/$population?organisation={PRACTICE}", headers=here.token("analyst", BOARD))
        names = [row["pseudonym"] for row in rows(answer.json())]
        linked = await here.call(gp, "relink", pseudonym=names[:2], reason="integrated-review")
        assert linked.status_code == 200, linked.text
        patients = {parts(each)["patient"]["reference"] for each in linked.json()["parameter"]}
        await here.engine.audited.tick()
        events = (await here.http.get("/fhir/AuditEvent?_count=200", headers=officer)).json()["entry"]
        said = [each["resource"] for each in events]
        relinks, lists = (
            [each for each in said if name in (code["code"] for code in each["subtype"])] for name in ("$relink", "$population")
        )
        assert {each["outcomeDesc"] for each in relinks} == {"integrated-review"}
        assert _about(relinks) == patients
        assert len(_about(lists)) == PEOPLE
        assert all("gp" in orjson.dumps(each["agent"]).decode() for each in relinks)
        text = orjson.dumps([relinks, lists]).decode()
        assert not [name for name in names if name in text]


async def test_of_a_link_that_is_refused_the_audit_tells_who_asked_and_nobody_else(tmp_path: Path) -> None:
    """Whoever reads the log is not told whose a pseudonym was, nor whether it was anybody's."""
    async with signed(tmp_path) as here:
        other, officer = here.token("gp", ELSEWHERE, "other"), here.token("privacy-officer", BOARD)
        answer = await here.http.get(f"/fhir/$population?organisation={PRACTICE}", headers=here.token("analyst", BOARD))
        name, said = rows(answer.json())[0]["pseudonym"], []
        for each in (name, "a" * 32):
            refused = await here.call(other, "relink", pseudonym=[each], reason="safety", organisation=PRACTICE)
            assert refused.status_code == 404
        refused = await here.call(here.token("analyst", BOARD), "relink", pseudonym=[name], reason="safety")
        assert refused.status_code == 403
        await here.engine.audited.tick()
        for each in (await here.http.get("/fhir/AuditEvent?_count=200", headers=officer)).json()["entry"]:
            event = each["resource"]
            if "$relink" in (code["code"] for code in event.get("subtype", [])):
                assert name not in orjson.dumps(event).decode()
                said.append((event.get("outcomeDesc"), [entity.get("what") for entity in event.get("entity", [])]))
        assert len(said) == 3
        assert _about([{"entity": [{"what": what or {}} for what in whats]} for _, whats in said]) == set()


def test_the_person_is_told_in_words_what_was_done() -> None:
    analyst = Row(1, START, READ, Who("issuer|ann", "analyst", BOARD, "portal", "analytics"), "$population")
    doctor = Row(2, START, READ, Who("issuer|jo", "gp", PRACTICE, "portal", "direct-care"), "$relink")
    counted = "An analyst of the board counted what is recorded into a list without names to count and compare."
    assert sentence(analyst, "the board", ()) == counted
    assert (
        sentence(doctor, "", ()) == "A general practitioner was told who somebody in a list without names is for the person's care."
    )


def _about(events: list[Json]) -> set[str]:
    """The Patients whom events are about."""
    named = {each.get("what", {}).get("reference", "") for event in events for each in event["entity"]}
    return {each for each in named if each.startswith("Patient/")}
