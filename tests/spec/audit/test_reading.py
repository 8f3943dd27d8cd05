"""Who looked: AuditEvents by the API, the person's own view, the privacy officer's queue."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from interop.api.asgi import Request
from interop.audit.privacy import limit
from interop.fhir.validation import check
from interop.policy.asker import Asker
from tests.spec.audit.asking import asking

pytestmark = pytest.mark.anyio
GP = Asker("iss|gp1", "gp", "A81001", "surgery", "direct-care", fhir_user="Practitioner/dr1", scopes=None, session="s1")
OFFICER = Asker("iss|po", "privacy-officer", "RX1", "console", "audit", scopes=None, session="s2")
PERSON = Asker("iss|ann", "patient", "", "app", "own-record", "p1", "Patient/p1", scopes=None)


async def test_an_answer_about_two_people_is_an_event_for_each(tmp_path: Path) -> None:
    async with asking(tmp_path) as at:
        await at.made()
        await at.get("Patient?_id=p1,p2")
        events = await at.events(OFFICER, "AuditEvent?subtype=search-type")
    assert [event["entity"][0]["what"]["reference"] for event in events] == ["Patient/p2", "Patient/p1"]
    assert len({event["id"] for event in events}) == 2


@pytest.mark.parametrize(
    ("query", "profile"),
    [
        ("subtype=read&patient=p1", "PatientRead"), ("subtype=search-type&patient=p1", "PatientQuery"),
        ("action=C&type=rest", "PatientCreate"),
        ("action=U", "PatientUpdate"), ("action=D", "PatientDelete"), ("outcome=4", ""), ("type=110107", ""), ("type=110100", ""),
    ],
)  # fmt: skip
async def test_events_keep_to_r4_and_say_by_which_pattern(tmp_path: Path, query: str, profile: str) -> None:
    async with asking(tmp_path) as at:
        await at.made()
        await at.get("Patient/p1")
        await at.get("Patient?_id=p1&family=Quarrington")
        await at.get("Patient/none")
        await at.delete("Observation/o1")
        await at.ingest()
        events = await at.events(OFFICER, f"AuditEvent?{query}")
    assert events
    for event in events:
        assert [finding for finding in check(event) if finding.severity == "error"] == []
        patterns = [each.rpartition(".")[2] for each in event["meta"].get("profile", [])]
        assert patterns == ([profile] if profile else [])
        kinds = {agent["type"]["coding"][0]["code"] for agent in event["agent"]}
        assert {"110152", "110153"} <= kinds
        assert any(agent["requestor"] for agent in event["agent"])


async def test_who_asks_why_something_may_be_seen_has_looked(tmp_path: Path) -> None:
    """The answer may tell whether somebody is involved and has consented."""
    async with asking(tmp_path) as at:
        await at.made()
        assert (await at.get("Patient/p1/$why", GP)).status_code == 200
        answer = await at.get("Patient/p1/$who-looked", PERSON)
    assert "iss|gp1" in answer.text or "A81001" in answer.text, answer.json()


async def test_an_event_is_read_under_its_id_for_ever(tmp_path: Path) -> None:
    async with asking(tmp_path) as at:
        await at.made()
        events = await at.events(OFFICER, "AuditEvent?action=C")
        ids = [event["id"] for event in events]
        at.audited.trail.close()
        (tmp_path / "audit" / "index.sqlite").unlink()
        at.audited.trail.__init__(tmp_path / "audit")  # type: ignore[misc]
        for event in events:
            again = await at.get(f"AuditEvent/{event['id']}", OFFICER)
            assert again.json() == event
        assert [event["id"] for event in await at.events(OFFICER, "AuditEvent?action=C")] == ids


async def test_events_are_found_by_patient_date_agent_action_and_outcome(tmp_path: Path) -> None:
    async with asking(tmp_path) as at:
        await at.made()
        await at.get("Patient/p1", GP)
        at.clock.advance(86_400)
        await at.get("Patient/p2")
        before, after = "date=lt2026-01-02", "date=ge2026-01-02"
        of_gp = "agent:identifier=urn:interop:user|iss|gp1"
        assert len(await at.events(OFFICER, f"AuditEvent?{of_gp}")) == 1
        assert await at.events(OFFICER, f"AuditEvent?{of_gp}&outcome=4") == []
        assert len(await at.events(OFFICER, f"AuditEvent?subtype=read&patient=Patient/p2&{after}")) == 1
        assert await at.events(OFFICER, f"AuditEvent?subtype=read&patient=p2&{before}") == []
        answer = await at.get("AuditEvent?agent-name=x", OFFICER)
        assert answer.status_code == 400


async def test_pages_of_events_repeat_and_skip_nothing_while_more_are_written(tmp_path: Path) -> None:
    async with asking(tmp_path) as at:
        await at.made()
        for _ in range(7):
            await at.get("Patient/p1")
        seen: list[str] = []
        address: str | None = "AuditEvent?subtype=read&patient=p1&_count=3"
        while address:
            bundle = (await at.get(address, OFFICER)).json()
            assert bundle["total"] == 7
            seen += [entry["resource"]["id"] for entry in bundle.get("entry", [])]
            await at.get("Patient/p1")
            following = [link["url"] for link in bundle["link"] if link["relation"] == "next"]
            address = following[0].partition("/fhir/")[2] if following else None
    assert len(seen) == len(set(seen)) == 7


async def test_a_person_sees_who_looked_at_their_own_record_and_at_no_other(tmp_path: Path) -> None:
    async with asking(tmp_path) as at:
        await at.made()
        await at.get("Patient/p1")
        await at.get("Patient/p2")
        events = await at.events(PERSON, "AuditEvent?_count=100")
        assert events
        assert {event["entity"][0]["what"]["reference"] for event in events} == {"Patient/p1"}
        assert await at.events(PERSON, "AuditEvent?patient=p2") == []
        other = (await at.events(OFFICER, "AuditEvent?subtype=read&patient=p2"))[0]["id"]
        assert (await at.get(f"AuditEvent/{other}", PERSON)).status_code == 404
        looks = (await at.get("Patient/p1/$who-looked", PERSON)).json()["parameter"]
        assert (await at.get("Patient/p2/$who-looked", PERSON)).status_code == 404
    shown = [{part["name"]: list(part.values())[1] for part in look["part"]} for look in looks if look["name"] == "look"]
    assert {(look["action"], look["role"], look["what"]) for look in shown} >= {("read the record", "tester", "Patient")}


@pytest.mark.parametrize("role", ["gp", "hospital-clinician", "operator", "analyst", "system", "voluntary-sector"])
async def test_nobody_else_sees_who_looked(tmp_path: Path, role: str) -> None:
    async with asking(tmp_path) as at:
        await at.made()
        asker = Asker("iss|x", role, "A81001", "c", scopes=None)
        for address in ("AuditEvent", "AuditEvent/log-1-2-0", "Patient/p1/$who-looked", "$privacy-queue"):
            assert (await at.get(address, asker)).status_code == 403


async def test_audit_events_of_clients_are_resources_as_any_other(tmp_path: Path) -> None:
    event: dict[str, Any] = {
        "resourceType": "AuditEvent", "id": "theirs", "recorded": "2026-01-01T00:00:00Z",
        "type": {"system": "http://terminology.hl7.org/CodeSystem/audit-event-type", "code": "rest"},
        "agent": [{"requestor": True}], "source": {"observer": {"display": "theirs"}},
    }  # fmt: skip
    async with asking(tmp_path) as at:
        assert (await at.put(event)).status_code == 201
        assert [each["id"] for each in await at.events(None, "AuditEvent")] == ["theirs"]
        assert "theirs" not in [each["id"] for each in await at.events(OFFICER, "AuditEvent")]
        assert len(await at.events(None, "AuditEvent?_source=urn:interop:audit")) > 1


async def test_an_emergency_is_in_the_queue_at_once_and_somebody_is_told_without_a_name(tmp_path: Path) -> None:
    consent = declaration("Consent", "break-glass")
    async with asking(tmp_path) as at:
        await at.made()
        assert (await at.put(consent)).status_code == 201
        await at.tick()
        items = await at.queue(OFFICER)
        assert [(item["rule"], item["patient"]["reference"]) for item in items] == [("break-glass", "Patient/p1")]
        (alert,) = at.audited.outbox()
        assert (alert.item, alert.rule) == (items[0]["item"], "break-glass")
        assert not {"p1", "iss|gp1", "tester"} & set(map(str, alert))
        at.audited.auditing.notified(alert.item, "nobody")
        await at.tick()
        assert at.audited.outbox() == []
        event = (await at.events(OFFICER, "AuditEvent?action=C&entity-type=Consent"))[0]
        assert [each["coding"][0]["code"] for each in event["purposeOfEvent"]] == ["BTG"]


async def test_the_officer_s_outcome_closes_an_item_and_stands_in_the_audit(tmp_path: Path) -> None:
    async with asking(tmp_path) as at:
        await at.made()
        await at.put(declaration("CareTeam", "self-claimed"))
        (item,) = await at.queue(OFFICER)
        assert item["rule"] == "self-claimed"
        refused = await at.post(f"$privacy-outcome?item={item['item']}&outcome=perhaps", OFFICER)
        assert refused.status_code == 400
        done = await at.post(f"$privacy-outcome?item={item['item']}&outcome=justified", OFFICER)
        assert done.status_code == 200, done.text
        assert await at.queue(OFFICER) == []
        (closed,) = await at.queue(OFFICER, "?closed=true")
        assert (closed["outcome"], closed["judge"]) == ("justified", "iss|po")
        assert (await at.events(OFFICER, "AuditEvent?type=110101"))[0]["entity"][0]["description"] == "justified"
        at.audited.trail.close()
        (tmp_path / "audit" / "index.sqlite").unlink()
        at.audited.trail.__init__(tmp_path / "audit")  # type: ignore[misc]
        assert await at.queue(OFFICER, "?closed=true") == [closed]


async def test_more_people_in_an_hour_than_a_role_cares_for_are_an_item_once(tmp_path: Path) -> None:
    async with asking(tmp_path) as at:
        crew = Asker("iss|crew", "ambulance-clinician", "RX9", "c", scopes=None)
        most = limit(crew.role)
        for number in range(most + 5):
            at.audited.auditing.given(crew, "QBP^Q22", [f"p{number}"], 1)
            if number == most // 2:
                await at.tick()
        (item,) = await at.queue(OFFICER)
        assert (item["rule"], item["user"]) == ("unusual-volume", "iss|crew")
        at.clock.advance(3_600)
        for number in range(most):
            at.audited.auditing.given(crew, "QBP^Q22", [f"p{number}"], 1)
        assert len(await at.queue(OFFICER)) == 1


async def test_who_reads_a_record_of_their_own_name_is_an_item_and_no_name_is_written(tmp_path: Path) -> None:
    async with asking(tmp_path) as at:
        await at.made()
        await at.put({"resourceType": "Practitioner", "id": "dr1", "name": [{"family": "QUARRÍNGTON"}]})
        scope = {"method": "GET", "path": "/fhir/Patient/p1", "headers": [], "interop.asker": GP}
        for patient in ("p1", "p2"):
            at.looked(Request({**scope, "path": f"/fhir/Patient/{patient}"}, None), patient)  # type: ignore[arg-type]
        await at.tick()
        (item,) = await at.queue(OFFICER)
        assert (item["rule"], item["patient"]["reference"]) == ("same-surname", "Patient/p1")
    text = b"".join(path.read_bytes() for path in (tmp_path / "audit").glob("*.log"))
    assert b"uarr" not in text.lower()


def declaration(type: str, code: str) -> dict[str, Any]:
    category = [{"coding": [{"system": "urn:interop:codes:access", "code": code}]}]
    said: dict[str, Any] = {"resourceType": type, "id": f"d-{code}", "status": "active", "category": category}
    if type == "Consent":
        said |= {
            "scope": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/consentscope", "code": "patient-privacy"}]},
            "patient": {"reference": "Patient/p1"},
            "policyRule": {"text": "emergency"},
        }
    else:
        said |= {"subject": {"reference": "Patient/p1"}}
    return said
