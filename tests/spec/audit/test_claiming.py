"""Whoever writes themselves into a person's care, without saying that they claim it, is on the privacy officer's queue."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from interop.policy.asker import Asker
from tests.spec.audit.asking import JSON, Asking, asking

pytestmark = pytest.mark.anyio
DOCTOR = Asker("iss|gp1", "gp", "A81001", "surgery", scopes=None, fhir_user="Practitioner/dr1")
OFFICER = Asker("iss|po", "privacy-officer", "RX1", "console", "audit", scopes=None)
ODS = "https://fhir.nhs.uk/Id/ods-organization-code"
NEW = "urn:uuid:5f1c1c1e-7b1a-4d3c-8e64-0c1f2d3e4a5b"
SURGERY = {"identifier": {"system": ODS, "value": "A81001"}}
OTHERS = {"identifier": {"system": ODS, "value": "B82002"}}


async def queue(at: Asking) -> list[tuple[str, str]]:
    return [(item["rule"], item["user"]) for item in await at.queue(OFFICER)]


async def create(at: Asking, resource: dict[str, Any], asker: Asker = DOCTOR) -> str:
    answer = await at.send("POST", resource["resourceType"], asker, json=resource, headers=JSON)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


@pytest.mark.parametrize("whom", [SURGERY, {"reference": "Practitioner/dr1"}])
async def test_a_patient_who_is_registered_with_who_made_them_is_an_item(tmp_path: Path, whom: dict[str, Any]) -> None:
    async with asking(tmp_path) as at:
        await create(at, {"resourceType": "Patient", "generalPractitioner": [whom]})
        assert await queue(at) == [("own-relationship", "iss|gp1")]


async def test_a_patient_who_is_registered_with_others_or_with_nobody_is_none(tmp_path: Path) -> None:
    async with asking(tmp_path) as at:
        await create(at, {"resourceType": "Patient", "generalPractitioner": [OTHERS]})
        await create(at, {"resourceType": "Patient", "generalPractitioner": [SURGERY], "active": False})
        await create(at, {"resourceType": "Patient"})
        assert await queue(at) == []


async def test_in_a_transaction_with_a_patient_of_ones_own_it_is_one(tmp_path: Path) -> None:
    team = {"resourceType": "CareTeam", "status": "active", "subject": {"reference": NEW},
            "participant": [{"member": {"reference": "Practitioner/dr1"}}]}  # fmt: skip
    entries = [
        {"fullUrl": NEW, "resource": {"resourceType": "Patient"},
         "request": {"method": "POST", "url": "Patient"}},
        {"resource": team, "request": {"method": "POST", "url": "CareTeam"}},
    ]  # fmt: skip
    async with asking(tmp_path) as at:
        bundle = {"resourceType": "Bundle", "type": "transaction", "entry": entries}
        assert (await at.send("POST", "", DOCTOR, json=bundle, headers=JSON)).status_code == 200
        assert await queue(at) == [("own-relationship", "iss|gp1")]


async def test_only_what_lasts_longer_than_before_is_one(tmp_path: Path) -> None:
    """Who is in the care of a person goes on to write of it; who was for a day and makes it for ever is an item."""
    team = {"resourceType": "CareTeam", "status": "active", "participant": [{"member": SURGERY}]}
    async with asking(tmp_path) as at:
        await at.put({"resourceType": "Patient", "id": "p1"})
        subject = {"subject": {"reference": "Patient/p1"}}
        await at.put({**team, **subject, "id": "t1", "period": {"start": "2025-12-01", "end": "2026-06-01"}})
        given = {"resourceType": "Consent", "id": "c1", "status": "active", "patient": {"reference": "Patient/p1"},
                 "scope": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/consentscope", "code": "patient-privacy"}]},
                 "category": [{"coding": [{"system": "http://loinc.org", "code": "59284-0"}]}],
                 "policyRule": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "OPTIN"}]},
                 "provision": {"type": "permit"}}  # fmt: skip
        await at.put(given)
        assert await queue(at) == []
        await create(at, {**team, **subject, "period": {"start": "2025-12-01", "end": "2026-05-01"}})
        assert await queue(at) == []
        await create(at, {**team, **subject})
        assert await queue(at) == [("own-relationship", "iss|gp1")]


async def test_what_claims_it_says_so_itself(tmp_path: Path) -> None:
    async with asking(tmp_path) as at:
        person = await create(at, {"resourceType": "Patient"})
        answer = await at.send("POST", f"Patient/{person}/$claim-relationship", DOCTOR, json={
            "resourceType": "Parameters", "parameter": [{"name": "reason", "valueString": "on call"}]}, headers=JSON)  # fmt: skip
        assert answer.status_code in (200, 201), answer.text
        assert await queue(at) == [("self-claimed", "iss|gp1")]


async def test_consent_that_somebody_else_turns_is_an_item(tmp_path: Path) -> None:
    """What the person says, what only closes, and what follows on silence is none."""
    person = Asker("iss|ann", "patient", "", "app", "own-record", "p1", scopes=None)

    async def say(asker: Asker, decision: str, **more: Any) -> None:
        said = [{"name": "decision", "valueCode": decision}, *({"name": name, **value} for name, value in more.items())]
        body = {"resourceType": "Parameters", "parameter": said}
        answer = await at.send("POST", "Patient/p1/$record-consent", asker, json=body, headers=JSON)
        assert answer.status_code in (200, 201), answer.text

    async with asking(tmp_path) as at:
        await at.put({"resourceType": "Patient", "id": "p1", "generalPractitioner": [SURGERY]})
        await say(DOCTOR, "given")
        await say(DOCTOR, "refused")
        await say(person, "given")
        await say(person, "withdrawn")
        await say(DOCTOR, "refused", label={"valueString": "HIV"})
        assert await queue(at) == []
        await say(DOCTOR, "given")
        await say(DOCTOR, "given", label={"valueString": "HIV"})
        son = {"identifier": {"system": "urn:interop:user", "value": "https://id.example|son"}}
        await say(DOCTOR, "given", proxy={"valueReference": son})
        assert await queue(at) == [("consent-opened", "iss|gp1")] * 3
        await say(DOCTOR, "given", label={"valueString": "ETH"})
        assert len(await queue(at)) == 3
