"""One person's plan out of the messages of several families: real messages, by the real ports, and what clients add."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
import structlog
from typer.testing import CliRunner

from adapters.emis import adapter as emis
from interop.app.engine import Engine
from interop.cli.main import app
from tests.spec.api.people import NHS
from tests.spec.careplan.plans import MATTERS, coded
from tests.spec.engine.running import client, found, ingest, running
from tests.spec.families.maps import example

pytestmark = [pytest.mark.anyio, pytest.mark.long]
HOSPICE = "https://hospice.example.org/R4"


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncIterator[Engine]:
    async with running(tmp_path / "data") as engine:
        yield engine


@pytest.fixture
async def http(engine: Engine) -> AsyncIterator[httpx.AsyncClient]:
    async with client(engine) as http:
        yield http


def openhr() -> bytes:
    """Her practice: a diary entry, and that resuscitation is not to be attempted."""
    said = b'displayName="Recurrent falls" code="279992002"'
    text = example("openhr", "record.xml")
    assert said in text
    return text.replace(said, b'displayName="Not for cardiopulmonary resuscitation" code="450476008"')


def nhs111() -> bytes:
    """A report of NHS 111, of which a section says what matters to her; what the triage came to is no plan of hers."""
    said = b'code="887181000000106" codeSystem="2.16.840.1.113883.2.1.3.2.4.15" displayName="Clinical summary"'
    text = example("nhs111", "report.xml")
    assert said in text
    return text.replace(said, said.replace(b"887181000000106", MATTERS.encode()).replace(b"Clinical summary", b"What matters"))


def extract() -> list[bytes]:
    """The extract of another practice: where she would die, and a diary entry."""
    codes = example("emis", "codes.txt").replace(b"O/E - weight,22A..,162763007,", b"PPD home,22A..,110481000000108,")
    assert b"110481000000108" in codes
    observations = example("emis", "observations.txt")
    for weight in (b"72.50,kg,Value,50,80.0", b"<40,kg,Value,,"):
        assert weight in observations
        observations = observations.replace(weight, b",,Observation,,")
    texts = [codes, observations, *(example("emis", f"{name}.txt") for name in ("patients", "people", "diary"))]
    return list(emis.split(BytesIO(b"".join(texts))))


def hospice() -> bytes:
    """Of a hospice: a plan for contingencies, who is named, what is in the house, and that she would be resuscitated."""
    her = {"reference": "Patient/p1"}
    doctor = {"reference": "Practitioner/c1"}
    resources: list[dict[str, Any]] = [
        {"resourceType": "Patient", "id": "p1", "identifier": [{"system": NHS, "value": "9991000011"}],
         "name": [{"family": "Hopfield", "given": ["Laura"]}], "birthDate": "1952-09-17"},
        {"resourceType": "Practitioner", "id": "c1", "name": [{"family": "Marsh", "prefix": ["Dr"]}],
         "telecom": [{"system": "phone", "value": "01632 960777"}]},
        {"resourceType": "CarePlan", "id": "x", "status": "active", "intent": "plan", "subject": her,
         "title": "If things get worse", "author": doctor, "created": "2025-03-01", "category": [coded("887701000000100")],
         "activity": [{"detail": {"status": "scheduled", "reasonCode": [{"text": "Breathless at night"}],
                                  "description": "Sit her up, then ring the hospice", "performer": [doctor]}}]},
        {"resourceType": "CareTeam", "id": "x", "status": "active", "subject": her,
         "participant": [{"role": [coded("named-clinician", "urn:interop:codes:plan-content")], "member": doctor}]},
        {"resourceType": "MedicationRequest", "id": "x", "status": "active", "intent": "order", "subject": her,
         "category": [coded("871021000000106")], "medicationCodeableConcept": {"text": "Morphine 10mg/ml injection"}},
        {"resourceType": "Observation", "id": "x", "status": "final", "code": coded("450475007"), "subject": her,
         "effectiveDateTime": "2024-12-01", "performer": [doctor]},
    ]  # fmt: skip
    entries = [{"fullUrl": f"{HOSPICE}/{each['resourceType']}/{each['id']}", "resource": each} for each in resources]
    bundle = {"resourceType": "Bundle", "meta": {"source": HOSPICE}, "type": "collection", "timestamp": "2025-03-02T12:00:00Z"}
    return orjson.dumps({**bundle, "entry": entries})


async def told(http: httpx.AsyncClient, feed: str, *bodies: bytes) -> None:
    for body in bodies:
        answer = await ingest(http, body, feed=feed)
        assert answer.json()["state"] == "applied", answer.text


async def hers(http: httpx.AsyncClient) -> list[str]:
    """Her Patients, made one person by somebody who knows that they are."""
    laura = [each["id"] for each in await found(http, "Patient?family=Hopfield")]
    (orla,) = [each["id"] for each in await found(http, "Patient?family=Penrose")]
    first = laura[0]
    for other in [*laura[1:], orla]:
        said = {"resourceType": "Parameters", "parameter": [{"name": "other", "valueReference": {"reference": f"Patient/{other}"}},
                                                            {"name": "reason", "valueString": "She says so"}]}  # fmt: skip
        answer = await http.post(f"/fhir/Patient/{first}/$link", json=said)
        assert answer.status_code == 200, answer.text
    return [*laura, orla]


async def plan_of(http: httpx.AsyncClient, id: str) -> dict[str, list[str]]:
    """What stands under each heading."""
    answer = await http.get(f"/fhir/Patient/{id}/$care-plan")
    assert answer.status_code == 200, answer.text
    groups = answer.json()["entry"][0]["resource"]["section"]
    return {
        each["code"]["coding"][0]["code"]: [line["title"] for line in each.get("section", [])]
        for group in groups
        for each in group["section"]
    }


async def contents(http: httpx.AsyncClient, id: str) -> dict[str, dict[str, Any]]:
    """The CarePlans by id, save when they were applied."""
    plans = await found(http, f"CarePlan?patient={id}")
    return {each["id"]: {**each, "meta": {**each["meta"], "lastUpdated": ""}} for each in plans}


async def test_one_plan_out_of_five_ways_in(http: httpx.AsyncClient) -> None:
    await told(http, "openhr", openhr())
    await told(http, "nhs111", nhs111())
    await told(http, "emis", *extract())
    await told(http, "r4", hospice())
    patients = await hers(http)
    assert len(patients) == 4
    own = {"resourceType": "CarePlan", "status": "active", "intent": "plan", "title": "Of the locality team",
           "activity": [{"detail": {"status": "scheduled", "description": "Visit each week"}}]}  # fmt: skip
    answer = await http.post(f"/fhir/Patient/{patients[0]}/$care-plan-contribute", json=own)
    assert answer.status_code == 201, answer.text
    plan = await plan_of(http, patients[0])
    assert plan["what-matters"], plan
    assert plan["cpr"] == ["Not for cardiopulmonary resuscitation", "For cardiopulmonary resuscitation"]
    assert plan["place-of-death"] == ["Home"]
    assert plan["contingency"] == ["Sit her up, then ring the hospice"]
    assert plan["standby-medicines"] == ["Morphine 10mg/ml injection"]
    assert plan["named-clinician"] == ["Dr Marsh"]
    assert {"Falls plan review at home", "If things get worse", "Of the locality team"} <= set(plan["additional-plans"])
    assert "Visit each week" in plan["actions"]
    assert "Owen Hopfield" in str(plan["key-people"])
    triage = [each["title"] for each in await found(http, "CarePlan?category=triage-outcome")]
    assert triage
    assert not set(triage) & set(plan["additional-plans"])
    for other in patients[1:]:
        assert await plan_of(http, other) == plan


async def test_messages_that_come_again_change_nothing(http: httpx.AsyncClient) -> None:
    await told(http, "openhr", openhr())
    await told(http, "r4", hospice())
    (first, *_) = [each["id"] for each in await found(http, "Patient?family=Hopfield")]
    before = await http.get(f"/fhir/Patient/{first}/$care-plan")
    for feed, body in (("r4", hospice()), ("openhr", openhr())):
        assert (await ingest(http, body, feed=feed)).status_code == 200
    after = await http.get(f"/fhir/Patient/{first}/$care-plan")
    assert after.headers["etag"] == before.headers["etag"]


async def test_an_umbrella_that_a_client_came_before_is_the_feeds_too(http: httpx.AsyncClient) -> None:
    """Who adds the first contribution makes the umbrella; a feed that contributes afterwards finds it, and nothing is lost."""
    text = example("openhr", "record.xml")
    await told(http, "openhr", text.replace(b"<eventType>DRY</eventType>", b"<eventType>OBS</eventType>"))
    (her,) = [each["id"] for each in await found(http, "Patient?family=Hopfield")]
    own = {"resourceType": "CarePlan", "status": "active", "intent": "plan", "title": "Of the locality team"}
    part = (await http.post(f"/fhir/Patient/{her}/$care-plan-contribute", json=own)).json()["partOf"]
    await told(http, "r4", hospice())
    await told(http, "openhr", text.replace(b"2025-03-04T06:30:00", b"2025-03-05T06:30:00"))
    diary = [each for each in await found(http, f"CarePlan?patient={her}") if each.get("title") == "Falls plan review at home"]
    assert [each["partOf"] for each in diary] == [part]
    assert (await http.get(f"/fhir/{part[0]['reference']}")).json()["title"] == "Shared care plan"
    assert "Of the locality team" in (await plan_of(http, her))["additional-plans"]


async def test_a_record_made_again_from_the_journal_has_the_same_plan(tmp_path: Path) -> None:
    """Contributions of clients and of feeds, and the umbrella that the one made and the other found."""
    text = example("openhr", "record.xml")
    own = {"resourceType": "CarePlan", "status": "active", "intent": "plan", "title": "Of the locality team"}
    async with running(tmp_path / "data") as engine, client(engine) as http:
        await told(http, "openhr", text.replace(b"<eventType>DRY</eventType>", b"<eventType>OBS</eventType>"))
        (her,) = [each["id"] for each in await found(http, "Patient?family=Hopfield")]
        assert (await http.post(f"/fhir/Patient/{her}/$care-plan-contribute", json=own)).status_code == 201
        await told(http, "openhr", text.replace(b"2025-03-04T06:30:00", b"2025-03-05T06:30:00"))
        before = await http.get(f"/fhir/Patient/{her}/$care-plan")
        plans = await contents(http, her)
    command = ["rebuild", "--data", str(tmp_path / "data"), "--into", str(tmp_path / "again"), "--mappers", "0", "--test-numbers"]
    rebuilt = await asyncio.to_thread(CliRunner().invoke, app, command)
    structlog.reset_defaults()  # the command has set up the log for a stream that is no more
    assert rebuilt.exit_code == 0, rebuilt.output
    async with running(tmp_path / "again") as engine, client(engine) as http:
        assert await contents(http, her) == plans
        assert (await http.get(f"/fhir/Patient/{her}/$care-plan")).headers["etag"] == before.headers["etag"]
