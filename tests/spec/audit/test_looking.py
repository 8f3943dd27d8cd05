"""Who looked, in words: for the person and for whoever acts for the person (``Patient/[id]/$who-looked``)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from interop.audit.row import CHANGE, DENIAL, READ, Row, Who
from interop.audit.words import sentence, words
from interop.fhir.validation import check
from interop.ids.national import ODS_ORGANISATION
from interop.policy.asker import Asker
from interop.policy.decide import purpose_of
from interop.policy.declarations import claim, emergency
from interop.policy.scopes import read_scopes
from interop.policy.tables import tables
from tests.spec.audit.asking import Asking, asking
from tests.spec.store.build import T0

pytestmark = pytest.mark.anyio
HOUR = 3_600_000_000
GP = Asker("iss|gp1", "gp", "A81001", "surgery", scopes=None)
CREW = Asker("iss|crew", "ambulance-clinician", "RYX", "crew", scopes=None)
PERSON = Asker("iss|ann", "patient", "", "app", "own-record", "p1", "Patient/p1", scopes=None)
CARER = Asker("iss|bea", "carer", "", "app", scopes=None)


async def looks(at: Asking, who: Asker, patient: str = "p1") -> list[dict[str, Any]]:
    answer = await at.get(f"Patient/{patient}/$who-looked", who)
    assert answer.status_code == 200, answer.text
    found = [each["part"] for each in answer.json()["parameter"] if each["name"] == "look"]
    return [{part["name"]: next(v for k, v in part.items() if k != "name") for part in each} for each in found]


async def glanced(at: Asking, who: Asker) -> dict[str, Any]:
    """The look of an asker who has just been given something of p1."""
    at.audited.auditing.given(who, "search-type", ["p1"], 1)
    return (await looks(at, PERSON))[0]


async def test_a_look_says_which_organisation_in_what_role_for_what(tmp_path: Path) -> None:
    async with asking(tmp_path) as at:
        await at.made()
        named = {
            "resourceType": "Organization",
            "identifier": [{"system": ODS_ORGANISATION, "value": "A81001"}],
            "name": "Larkfield",
        }
        assert (await at.put({**named, "id": at.mint.id("Organization", ODS_ORGANISATION, "A81001")})).status_code == 201
        look = await glanced(at, GP)
    assert look["words"] == "A general practitioner of Larkfield searched the record for the person's care."
    assert (look["organisation"], look["role"], look["purpose"]) == ("Larkfield", "gp", "direct-care")
    assert "declared" not in look


async def test_a_look_under_a_declared_emergency_says_so_and_one_before_or_after_it_does_not(tmp_path: Path) -> None:
    async with asking(tmp_path) as at:
        await at.made()
        assert "declared" not in await glanced(at, CREW)
        start = T0 + HOUR
        assert (await at.put({**emergency(CREW, "p1", "unconscious", start, start + HOUR), "id": "bg"})).status_code == 201
        at.clock.advance(3_600)
        look = await glanced(at, CREW)
        assert look["declared"] == "break-glass"
        assert look["words"] == (
            "An ambulance crew of RYX searched the record for the person's care, under an emergency that they had declared."
        )
        assert "declared" not in await glanced(at, GP)
        at.clock.advance(3_599)
        assert (await glanced(at, CREW))["declared"] == "break-glass"
        at.clock.advance(1)
        assert "declared" not in await glanced(at, CREW)


async def test_a_look_under_a_claim_says_so_and_one_by_a_care_team_that_others_wrote_does_not(tmp_path: Path) -> None:
    async with asking(tmp_path) as at:
        await at.made()
        team = {**claim(CREW, "p1", "asked in", "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"), "id": "claimed"}
        assert (await at.put(team)).status_code == 201
        theirs = {**claim(GP, "p1", "listed", "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"), "id": "listed"}
        del theirs["category"]
        assert (await at.put(theirs)).status_code == 201
        look = await glanced(at, CREW)
        assert (look["declared"], look["words"].partition(", ")[2]) == (
            "self-claimed",
            "under their own declaration that they are involved in the care.",
        )
        assert "declared" not in await glanced(at, GP)


async def test_looks_are_counted_left_out_and_paged(tmp_path: Path) -> None:
    async with asking(tmp_path) as at:
        await at.made()
        for who in (GP, CREW, PERSON, GP):
            at.audited.auditing.given(who, "search-type", ["p1"], 1)
            at.clock.advance(1)

        async def asked(query: str) -> tuple[list[str], int, bool]:
            said = (await at.get(f"Patient/p1/$who-looked?{query}", PERSON)).json()["parameter"]
            roles = [one["valueCode"] for each in said if each["name"] == "look" for one in each["part"] if one["name"] == "role"]
            total, more = (next(each for each in said if each["name"] == name) for name in ("total", "more"))
            return roles, total["valueInteger"], more["valueBoolean"]

        every, total, _ = await asked("")
        assert total == len(every)
        assert "patient" in every
        roles, others, more = await asked("others=true&_count=2")
        assert (roles, more) == (["gp", "ambulance-clinician"], True)
        assert others == len([each for each in every if each != "patient"])
        assert (await asked("others=true&_count=2&skip=1"))[0] == ["ambulance-clinician", "gp"]
        assert await asked(f"others=true&skip={others}") == ([], others, False)


async def test_a_declaration_itself_is_a_look_of_its_own(tmp_path: Path) -> None:
    async with asking(tmp_path) as at:
        await at.made()
        assert (await at.put({**emergency(CREW, "p1", "unconscious", T0, T0 + HOUR), "id": "bg"})).status_code == 201
        assert "declared an emergency to see the record" in [each["action"] for each in await looks(at, PERSON)]


async def test_who_acts_for_a_person_sees_who_looked_as_long_as_they_do_and_at_nobody_else(tmp_path: Path) -> None:
    consent: dict[str, Any] = {
        "resourceType": "Consent", "id": "proxy", "status": "active", "patient": {"reference": "Patient/p1"},
        "scope": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/consentscope", "code": "patient-privacy"}]},
        "category": [{"coding": [{"system": "http://loinc.org", "code": "59284-0"}]}],
        "policyRule": {"text": "as said"},
        "provision": {
            "type": "permit",
            "period": {"end": "2026-01-01T01:00:00Z"},
            "actor": [{"role": {"text": "carer"}, "reference": {"identifier": {"system": "urn:interop:user", "value": "iss|bea"}}}],
        },
    }  # fmt: skip
    async with asking(tmp_path) as at:
        await at.made()
        assert (await at.get("Patient/p1/$who-looked", CARER)).status_code == 404
        assert (await at.put(consent)).status_code == 201
        await at.get("Patient/p1", GP)
        assert await looks(at, CARER)
        assert (await at.get("Patient/p2/$who-looked", CARER)).status_code == 404
        assert (await at.get("Patient/nobody/$who-looked", CARER)).status_code == 404
        assert (await at.get("AuditEvent?patient=p1", CARER)).status_code == 403
        narrow = Asker("iss|bea", "carer", "", "app", scopes=read_scopes("user/Patient.rs user/Observation.rs"))
        assert (await at.get("Patient/p1/$who-looked", narrow)).status_code == 403
        wide = Asker("iss|bea", "carer", "", "app", scopes=read_scopes("user/Patient.rs user/AuditEvent.rs"))
        assert await looks(at, wide)
        at.clock.advance(3_601)
        assert (await at.get("Patient/p1/$who-looked", CARER)).status_code == 404


async def test_the_person_reads_events_in_which_nobody_is_named_but_they_themselves(tmp_path: Path) -> None:
    named = Asker("iss|gp1", "gp", "A81001", "surgery", fhir_user="Practitioner/dr1", session="s1", scopes=None)
    async with asking(tmp_path) as at:
        await at.made()
        for who in (named, PERSON):
            at.audited.auditing.given(who, "search-type", ["p1"], 1)
        events = await at.events(PERSON, "AuditEvent?subtype=search-type")
        text = str(events)
        assert len(events) == 2
        assert PERSON.user in text
        assert "A81001" in text
        assert not [each for each in ("iss|gp1", "Practitioner/dr1", "session:s1") if each in text]
        (one,) = [each for each in events if "A81001" in str(each)]
        assert (await at.get(f"AuditEvent/{one['id']}", PERSON)).json() == one
        assert [each for each in check(one) if each.severity == "error"] == []
        by = "AuditEvent?agent:identifier=urn:interop:user|"
        assert await at.events(PERSON, by + "iss|gp1") == []
        assert await at.events(PERSON, f"{by}iss|gp1,urn:interop:user|{PERSON.user}") == []
        assert await at.events(PERSON, by + PERSON.user)
        officer = Asker("iss|po", "privacy-officer", "RX1", "console", "audit", scopes=None)
        assert len(await at.events(officer, by + "iss|gp1")) == 1


def test_the_purpose_in_force_is_the_role_s_own_where_none_is_named() -> None:
    assert purpose_of(GP) == "direct-care"
    assert purpose_of(CARER) == "own-record"
    assert purpose_of(Asker(role="gp", purpose="booking")) == "booking"
    assert purpose_of(Asker()) == purpose_of(Asker(role="tester")) == purpose_of(Asker(role="king")) == ""


def test_every_role_purpose_and_declaration_has_its_words() -> None:
    said = words()
    assert {code for kind, code in said if kind == "role"} == {*tables().roles, "engine", ""}
    assert {code for kind, code in said if kind == "purpose"} == {*tables().purposes}
    assert all(said.values())


def test_a_sentence_tells_denials_and_declarations_from_looks() -> None:
    gp = Who("iss|gp1", "gp", "A81001", purpose="booking")
    denied = Row(1, T0, DENIAL, gp, "read", "Patient", more={"reason": "not-found"})
    declared = Row(1, T0, CHANGE, gp, "create", "Consent", more={"keys": [["create", "Consent", "c"]], "mark": "break-glass"})
    written = Row(1, T0, CHANGE, gp, "create", "Task", more={"keys": [["create", "Task", "t"]]})
    read = Row(1, T0, READ, Who(), "read", "Patient")
    assert sentence(denied, "Larkfield", ()).startswith(
        "A general practitioner of Larkfield asked for the record and was refused to"
    )
    assert "declared an emergency to see the record" in sentence(declared, "", ())
    assert "wrote something new in the record" in sentence(written, "", ())
    assert sentence(read, "", ()) == "Somebody who had not signed on read the record."
    assert sentence(read._replace(who=Who(role="king")), "", ()) == "King read the record."
    assert sentence(read, "", ("break-glass", "self-claimed")).count(", under ") == 2
