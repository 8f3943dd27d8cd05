"""The operations by which people govern who sees what, end to end, under the rules, by a clock that is moved."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest

from interop.api.asgi import Request
from interop.api.reading import ReadingStore
from interop.api.services import Services
from interop.apply.governance import Governance
from interop.apply.indexed_store import IndexedStore
from interop.apply.reindexing import Reindexer
from interop.apply.whereabouts import Whereabouts
from interop.apply.writes import Writes
from interop.clock import ManualClock
from interop.fhir.findings import failed
from interop.fhir.validation import check
from interop.ids import ODS_ORGANISATION
from interop.policy.asker import Asker
from interop.policy.grants import USER
from interop.record.fold import content, render
from interop.record.indexing import indexed
from interop.store.decision import PERMIT_ALL
from interop.store.plan import Access, Everything, Read
from interop.store.sql.store import SqlStore
from interop.store.sqlite import SqliteStore
from interop.store.values import Change, Committed, Link, Put, Stored
from tests.spec.api.conftest import Client, calling, serving
from tests.spec.api.people import T0, patient

pytestmark = pytest.mark.anyio
GP = Asker("https://issuer.test|gp", "gp", "A81001", scopes=None)
CREW = Asker("https://issuer.test|crew", "ambulance-clinician", "RYE", scopes=None)
OTHER_CREW = Asker("https://issuer.test|other", "ambulance-clinician", "RYE", scopes=None)
WARD = Asker("https://issuer.test|ward", "hospital-clinician", "RX1", scopes=None)
NAVIGATOR = Asker("https://issuer.test|navigator", "care-navigator", "RX1", scopes=None)
PROGRAM = Asker(role="system", organisation="RX1", client="ward-system", scopes=None)
OPERATOR = Asker("https://issuer.test|operator", "operator", scopes=None)
OFFICER = Asker("https://issuer.test|officer", "privacy-officer", "RX1", scopes=None)
ANN = Asker("https://issuer.test|ann", "patient", patient="ann", scopes=None)
DAUGHTER = Asker("https://issuer.test|daughter", "carer", scopes=None)
EVERYONE = {
    asker.user or asker.client: asker
    for asker in (GP, CREW, OTHER_CREW, WARD, NAVIGATOR, PROGRAM, OPERATOR, OFFICER, ANN, DAUGHTER)
}
PRACTICE = {"identifier": {"system": ODS_ORGANISATION, "value": "A81001"}}
CODE = {"coding": [{"system": "http://loinc.org", "code": "85354-9"}]}
HIV = {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "HIV"}


def observation(id: str, of: str, *labels: dict[str, str]) -> dict[str, Any]:
    marked = {"meta": {"security": list(labels)}} if labels else {}
    return {
        "resourceType": "Observation",
        "id": id,
        "status": "final",
        "code": CODE,
        "subject": {"reference": f"Patient/{of}"},
        **marked,
    }


class ByHeader:
    """A door that lets everyone in under the name that they say."""

    async def admit(self, request: Request) -> Asker:
        return EVERYONE[request.header(b"x-who")]


class World:
    """The API, its record and its clock. Ann has two Patients, one at her practice and one at the ward's hospital."""

    def __init__(self, store: SqlStore, client: Client, clock: ManualClock, services: Services) -> None:
        self.store, self.client, self.clock, self.services = store, client, clock, services

    async def call(self, who: Asker, name: str, of: str = "Patient/ann", /, **said: Any) -> httpx.Response:
        """Call an operation by POST; a list is several values, a dict a datatype by its type."""
        parameters = []
        for key, value in said.items():
            for each in value if isinstance(value, list) else [value]:
                form, given = next(iter(each.items())) if isinstance(each, dict) else _form(key, each)
                parameters.append({"name": key.replace("_", "-"), form: given})
        body = orjson.dumps({"resourceType": "Parameters", "parameter": parameters})
        address = f"/fhir/{of}/${name}" if of else f"/fhir/${name}"
        return await self.client.send("POST", address, body, x_who=who.user or who.client)

    async def done(self, who: Asker, name: str, of: str = "Patient/ann", /, **said: Any) -> dict[str, Any]:
        answer = await self.call(who, name, of, **said)
        assert answer.status_code in (200, 201), answer.text
        made: dict[str, Any] = answer.json()
        return made

    async def sees(self, who: Asker) -> set[str]:
        """The observations that somebody finds, which are those that they can read."""
        found = {each.partition("/")[2] for each in await self.client.ids("/fhir/Observation", x_who=who.user or who.client)}
        for id in ("bp", "ward", "hiv"):
            answer = await self.client.get(f"/fhir/Observation/{id}", x_who=who.user or who.client)
            assert answer.status_code == (200 if id in found else 404)
        return found

    async def share(self) -> None:
        """Both organisations share with all who take part."""
        for source in ("A81001", "RX1"):
            await self.done(OPERATOR, "agreement", "", source=source)


def _form(key: str, value: Any) -> tuple[str, Any]:
    forms = {"until": "valueDateTime", "start": "valueDateTime", "end": "valueDateTime", "decision": "valueCode"}
    return ("valueInteger", value) if isinstance(value, int) else (forms.get(key, "valueString"), value)


async def contribute(store: SqlStore, source: str, *resources: dict[str, Any], links: dict[str, str] | None = None) -> None:
    puts = []
    for resource in resources:
        kind, id = resource["resourceType"], resource["id"]
        body = render(content(kind, id, dict(resource)), 1, "2026-01-01T00:00:00.000Z", "feed", 1)
        puts.append(Put(Stored(kind, id, 1, T0, body, owner="feed", source=source), indexed(resource)))
    change = Change(puts=puts, links=[Link(patient, person, "") for patient, person in (links or {}).items()])
    assert isinstance(await store.commit(change), Committed)


@asynccontextmanager
async def world(store: SqlStore, clock: ManualClock) -> AsyncIterator[World]:
    intake, services = serving(store, clock)
    governance = Governance(services.mint, services.feeds)
    await governance.start(store)
    indexing = services.indexing
    written = IndexedStore(store, indexing, Reindexer(store, indexing, clock), governance.committed)
    services.store = ReadingStore(store, Whereabouts(store), clock)
    services.facts, services.door = governance.facts, ByHeader()
    services.writes = Writes(written, clock)
    async with calling(services) as client:
        yield World(store, client, clock, services)
    await intake.drain()


@pytest.fixture
async def here(store: SqlStore, clock: ManualClock) -> AsyncIterator[World]:
    ann = patient("ann", generalPractitioner=[PRACTICE])
    await contribute(store, "A81001", ann, observation("bp", "ann"), observation("hiv", "ann", HIV), links={"ann": "one"})
    await contribute(store, "RX1", patient("ann-ward"), observation("ward", "ann-ward"), links={"ann-ward": "one"})
    async with world(store, clock) as made:
        yield made


class TestConsent:
    async def test_it_is_not_given_by_default(self, here: World) -> None:
        await here.share()
        assert await here.sees(GP) == set()

    async def test_given_refused_and_withdrawn_are_versions_of_one_consent(self, here: World) -> None:
        await here.share()
        first = await here.done(GP, "record-consent", decision="given")
        assert await here.sees(GP) == {"bp", "ward"}
        for decision in ("refused", "given", "withdrawn"):
            again = await here.done(GP, "record-consent", decision=decision)
            assert again["id"] == first["id"]
            assert await here.sees(GP) == ({"bp", "ward"} if decision == "given" else set())
        assert again["meta"]["versionId"] == "4"
        assert not failed(check(again))

    async def test_the_person_decides_too(self, here: World) -> None:
        await here.share()
        await here.done(ANN, "record-consent", decision="given")
        assert await here.sees(GP) == {"bp", "ward"}

    async def test_it_ends_when_it_says(self, here: World) -> None:
        await here.share()
        await here.done(GP, "record-consent", decision="given", until="2026-01-01T12:00:00Z")
        here.clock.advance(12 * 3600)
        assert await here.sees(GP) == {"bp", "ward"}
        here.clock.advance(1)
        assert await here.sees(GP) == set()

    async def test_a_label_is_decided_on_by_itself(self, here: World) -> None:
        await here.share()
        await here.done(GP, "record-consent", decision="given")
        said = await here.done(GP, "record-consent", decision="given", label="HIV")
        assert await here.sees(GP) == {"bp", "ward", "hiv"}
        assert said["meta"]["security"] == [HIV]
        await here.done(GP, "record-consent", decision="refused", label="HIV")
        assert await here.sees(GP) == {"bp", "ward"}
        await here.done(GP, "record-consent", decision="refused")
        assert await here.sees(GP) == set()
        await here.done(GP, "record-consent", decision="given")
        assert await here.sees(GP) == {"bp", "ward"}

    async def test_of_a_person_with_several_patients_one_is_in_force(self, here: World) -> None:
        """And what was said by way of the other goes on in it."""
        await here.share()
        await here.done(GP, "record-consent", decision="given", label="HIV")
        await here.done(GP, "record-consent", "Patient/ann-ward", decision="given")
        assert await here.sees(GP) == {"bp", "ward", "hiv"}
        await here.done(GP, "record-consent", decision="refused")
        assert await here.sees(GP) == set()
        await here.done(GP, "record-consent", "Patient/ann-ward", decision="given")
        assert await here.sees(GP) == {"bp", "ward", "hiv"}

    async def test_patients_who_turn_out_to_be_two_people_have_what_each_has_said(self, here: World) -> None:
        """Nobody has what another has given, or loses what they have refused of anything that the other did not decide on."""

        async def said(patient: str) -> set[str]:
            return {code for _, _, code, *_ in await here.store.query(Access((patient,), ("consent", "proxy")))}

        daughter = {"valueReference": {"identifier": {"system": USER, "value": DAUGHTER.user}}}
        await here.share()
        await here.done(GP, "record-consent", "Patient/ann-ward", decision="refused")
        await here.done(GP, "record-consent", "Patient/ann-ward", decision="refused", label=["HIV", "PSY"])
        await here.done(GP, "record-consent", "Patient/ann-ward", decision="given", proxy=daughter)
        await here.done(GP, "record-consent", decision="given")
        assert await here.sees(GP) == {"bp", "ward"}
        await here.done(GP, "record-consent", decision="given", label="HIV")
        assert await here.sees(GP) == {"bp", "ward", "hiv"}
        await here.done(GP, "record-consent", decision="refused", label="PSY")
        assert await said("ann") == {"given", "given:HIV", "refused:PSY", f"user:{DAUGHTER.user}"}
        await contribute(here.store, "RX1", links={"ann-ward": "two"})
        assert await said("ann") == {"given", "given:HIV", "refused:PSY"}
        assert await said("ann-ward") == {"refused:PSY", f"user:{DAUGHTER.user}"}
        assert await here.sees(GP) == {"bp", "hiv"}

    async def test_a_consent_of_which_nothing_is_left_is_no_longer_in_force(self, here: World) -> None:
        await here.share()
        before = await here.done(GP, "record-consent", "Patient/ann-ward", decision="refused")
        await here.done(GP, "record-consent", decision="given")
        (stored,) = await here.store.query(Read(PERMIT_ALL, "Consent", before["id"]))
        assert orjson.loads(stored.body)["status"] == "inactive"
        assert await here.sees(GP) == {"bp", "ward"}

    async def test_who_acts_for_the_person_is_a_decision_of_its_own(self, here: World) -> None:
        await here.share()
        daughter = {"valueReference": {"identifier": {"system": USER, "value": DAUGHTER.user}}}
        assert await here.sees(DAUGHTER) == set()
        await here.done(GP, "record-consent", decision="given", proxy=daughter)
        assert await here.sees(DAUGHTER) == {"bp", "ward"}
        assert await here.sees(GP) == set()
        await here.done(GP, "record-consent", decision="withdrawn", proxy=daughter)
        assert await here.sees(DAUGHTER) == set()

    async def test_decisions_at_the_same_time_are_all_kept(self, here: World) -> None:
        labels = ["HIV", "STD", "SEX", "SDV", "ETH", "PSY"]
        await asyncio.gather(*(here.done(GP, "record-consent", decision="refused", label=label) for label in labels))
        said = await here.done(GP, "record-consent", decision="given")
        assert said["meta"]["versionId"] == "7"
        assert {each["code"] for each in said["meta"]["security"]} == {*labels}

    @pytest.mark.parametrize(
        "said",
        [
            {"decision": "perhaps"},
            {},
            {"decision": "given", "label": "SECRET"},
            {"decision": "given", "until": "2025-12-31"},
            {"decision": "given", "until": "soon"},
            {"decision": "given", "proxy": {"valueReference": {"reference": "Practitioner/x"}}},
            {"decision": "given", "taken_by": "x" * 201},
        ],
    )
    async def test_what_is_wrong_is_named(self, here: World, said: dict[str, Any]) -> None:
        answer = await here.call(GP, "record-consent", **said)
        assert answer.status_code == 400
        assert [*said, "decision"][-1 if len(said) < 2 else 1].replace("_", "-") in answer.json()["issue"][0]["diagnostics"]

    async def test_who_has_nothing_to_do_with_the_person_takes_down_nothing(self, here: World) -> None:
        """Not even whoever may declare an emergency: else a consent would be the easier way."""
        await here.share()
        for who in (WARD, GP):
            answer = await here.call(who, "record-consent", "Patient/nobody" if who is GP else "Patient/ann", decision="given")
            assert answer.status_code == 404
        assert (await here.call(CREW, "record-consent", decision="given")).status_code == 403


class TestBreakGlass:
    async def test_an_emergency_opens_the_record_to_one_user_for_four_hours(self, here: World) -> None:
        await here.share()
        assert await here.sees(CREW) == set()
        grant = await here.done(CREW, "break-glass", reason="Unconscious at home")
        assert not failed(check(grant))
        assert await here.sees(CREW) == {"bp", "ward", "hiv"}
        assert await here.sees(OTHER_CREW) == set()
        here.clock.advance(4 * 3600 - 1)
        assert await here.sees(CREW) == {"bp", "ward", "hiv"}
        here.clock.advance(1)
        assert await here.sees(CREW) == set()

    async def test_a_refusal_is_lifted_and_a_missing_agreement_is_not(self, here: World) -> None:
        await here.done(OPERATOR, "agreement", "", source="RX1")
        await here.done(OPERATOR, "agreement", "", source="A81001")
        await here.done(GP, "record-consent", decision="refused")
        await here.done(CREW, "break-glass", reason="Unconscious at home", minutes=30)
        assert await here.sees(CREW) == {"bp", "ward", "hiv"}
        await here.done(OPERATOR, "agreement", "", source="A81001", status="withdrawn")
        assert await here.sees(CREW) == {"ward"}

    @pytest.mark.parametrize("said", [{}, {"reason": " "}, {"reason": "x" * 2001}, {"reason": "x", "minutes": 1441}])
    async def test_it_needs_a_reason_and_an_end_within_a_day(self, here: World, said: dict[str, Any]) -> None:
        await here.share()
        assert (await here.call(CREW, "break-glass", **said)).status_code == 400

    async def test_only_clinicians_in_emergencies_and_no_program_declare_one(self, here: World) -> None:
        await here.share()
        for who in (NAVIGATOR, PROGRAM, OPERATOR, ANN, DAUGHTER):
            assert (await here.call(who, "break-glass", reason="curious")).status_code == 403

    async def test_nothing_is_told_of_whom_the_user_cannot_find(self, here: World) -> None:
        """Ann is hidden while her practice does not share: nobody is there."""
        await here.done(OPERATOR, "agreement", "", source="RX1")
        answers = [await here.call(CREW, "break-glass", of, reason="x") for of in ("Patient/ann", "Patient/nobody")]
        assert [answer.status_code for answer in answers] == [404, 404]
        assert answers[0].content == answers[1].content

    async def test_nothing_is_changed_by_get(self, here: World) -> None:
        for name in ("break-glass", "claim-relationship", "record-consent"):
            answer = await here.client.get(f"/fhir/Patient/ann/${name}?reason=x&decision=given", x_who=CREW.user)
            assert answer.status_code == 405
        assert (await here.client.get("/fhir/$agreement?source=RX1", x_who=OPERATOR.user)).status_code == 405


class TestClaim:
    async def test_whoever_claims_is_involved_until_it_ends(self, here: World) -> None:
        await here.share()
        await here.done(GP, "record-consent", decision="given")
        assert await here.sees(WARD) == set()
        claim = await here.done(WARD, "claim-relationship", reason="Reviews her medicines")
        assert not failed(check(claim))
        assert await here.sees(WARD) == {"bp", "ward"}
        here.clock.advance(7 * 24 * 3600 + 1)
        assert await here.sees(WARD) == set()

    async def test_it_lifts_no_consent(self, here: World) -> None:
        await here.share()
        await here.done(WARD, "claim-relationship", reason="Reviews her medicines")
        assert await here.sees(WARD) == set()

    async def test_after_a_claim_consent_can_be_taken_down(self, here: World) -> None:
        await here.share()
        await here.done(WARD, "claim-relationship", reason="Admitted her")
        await here.done(WARD, "record-consent", decision="given", taken_by="Sister Hollis")
        assert await here.sees(WARD) == {"bp", "ward"}

    async def test_a_claim_alone_opens_nothing_that_the_person_has_closed(self, here: World) -> None:
        """Nor does it say who acts for them; whom somebody else involves may take down that they have changed their mind."""
        await here.share()
        await here.done(GP, "record-consent", decision="refused")
        await here.done(GP, "record-consent", decision="refused", label="HIV")
        await here.done(WARD, "claim-relationship", reason="Admitted her")
        user = {"identifier": {"system": "urn:interop:user", "value": "https://id.example|son"}}
        for said in ({}, {"label": "HIV"}, {"proxy": {"valueReference": user}}):
            answer = await here.call(WARD, "record-consent", decision="given", taken_by="me", **said)
            assert answer.status_code == 403, said
        assert await here.sees(WARD) == set()
        assert (await here.call(WARD, "record-consent", decision="refused")).status_code == 200
        await here.done(GP, "record-consent", decision="given")
        assert await here.sees(WARD) == {"bp", "ward"}

    @pytest.mark.parametrize(
        "period",
        [
            {"start": "2026-01-01", "end": "2026-06-01"},
            {"end": "2025-12-01"},
            {"start": "2026-02-01", "end": "2026-01-15"},
            {"start": "2025-01-01", "end": "2025-02-01"},
        ],
    )
    async def test_it_has_an_end_within_ninety_days(self, here: World, period: dict[str, str]) -> None:
        await here.share()
        answer = await here.call(WARD, "claim-relationship", reason="x", period={"valuePeriod": period})
        assert answer.status_code == 400

    async def test_some_roles_claim_nothing(self, here: World) -> None:
        await here.share()
        for who in (NAVIGATOR, PROGRAM, ANN):
            assert (await here.call(who, "claim-relationship", reason="x")).status_code == 403


class TestAgreement:
    @pytest.fixture(autouse=True)
    async def _consenting(self, here: World) -> None:
        await here.done(GP, "record-consent", decision="given")

    async def test_ones_own_is_seen_without_and_another_s_only_with_one(self, here: World) -> None:
        assert await here.sees(GP) == {"bp"}
        made = await here.done(OPERATOR, "agreement", "", source="RX1")
        assert not failed(check(made))
        assert await here.sees(GP) == {"bp", "ward"}

    async def test_a_withdrawal_hides_at_once_and_keeps_the_rest(self, here: World) -> None:
        first = await here.done(OPERATOR, "agreement", "", source="RX1", start="2026-01-01", purpose=["direct-care", "booking"])
        after = await here.done(OPERATOR, "agreement", "", source="RX1", status="withdrawn")
        assert await here.sees(GP) == {"bp"}
        assert after["id"] == first["id"]
        assert (after["applies"], after["term"]) == (first["applies"], first["term"])

    async def test_it_begins_and_ends_by_the_clock(self, here: World) -> None:
        await here.done(OPERATOR, "agreement", "", source="RX1", start="2026-01-02", end="2026-01-02")
        seen = []
        for _ in range(3):
            seen.append("ward" in await here.sees(GP))
            here.clock.advance(24 * 3600)
        assert seen == [False, True, False]

    async def test_it_is_for_a_partner_and_a_purpose(self, here: World) -> None:
        await here.done(OPERATOR, "agreement", "", source="RX1", partner="B82002")
        await here.done(OPERATOR, "agreement", "", source="RX1", partner="A81001", purpose="booking")
        assert await here.sees(GP) == {"bp"}
        await here.done(OPERATOR, "agreement", "", source="RX1", partner="A81001", purpose="direct-care")
        assert await here.sees(GP) == {"bp", "ward"}

    async def test_an_organisation_signs_for_itself_alone(self, here: World) -> None:
        assert (await here.call(OFFICER, "agreement", "", source="A81001")).status_code == 403
        assert (await here.call(OFFICER, "agreement", "", source="rx1")).status_code == 201
        for who in (GP, CREW, ANN, NAVIGATOR):
            assert (await here.call(who, "agreement", "", source="RX1")).status_code == 403

    @pytest.mark.parametrize(
        "said",
        [
            {},
            {"source": "RX1", "partner": "RX1"},
            {"source": "RX1", "purpose": "marketing"},
            {"source": "RX1", "status": "maybe"},
            {"source": "RX1", "start": "2026-02-01", "end": "2026-01-01"},
            {"source": "RX1", "start": "soon"},
            {"source": "x" * 101},
        ],
    )
    async def test_what_is_wrong_is_named(self, here: World, said: dict[str, Any]) -> None:
        assert (await here.call(OPERATOR, "agreement", "", **said)).status_code == 400


class TestWhy:
    async def test_unknown_not_involved_and_not_consenting_are_one_answer(self, here: World) -> None:
        await here.share()
        answers = {(await here.call(WARD, "why", of)).content for of in ("Patient/ann", "Patient/nobody", "Patient/ann-ward")}
        assert len(answers) == 1
        said = orjson.loads(answers.pop())
        assert said["parameter"][0] == {"name": "permitted", "valueBoolean": False}
        changes = {each["part"][0]["valueCode"] for each in said["parameter"] if each["name"] == "change"}
        assert changes >= {"consent-given", "relationship-claimed", "break-glass-declared"}

    async def test_it_tells_by_what_the_record_is_open(self, here: World) -> None:
        await here.share()
        await here.done(GP, "record-consent", decision="given")
        said = await here.done(GP, "why", type="Observation")
        assert said["parameter"][0]["valueBoolean"] is True
        holding = {each["part"][0]["valueCode"] for each in said["parameter"] if each["name"] == "clause"}
        assert holding >= {"relationship", "consent"}

    async def test_it_may_be_asked_by_get_and_not_by_everyone(self, here: World) -> None:
        assert (await here.client.get("/fhir/Patient/ann/$why?type=Condition", x_who=GP.user)).status_code == 200
        assert (await here.client.get("/fhir/Patient/ann/$why?type=Animal", x_who=GP.user)).status_code == 400
        assert (await here.client.get("/fhir/Patient/ann/$why", x_who=OPERATOR.user)).status_code == 403


async def test_the_journal_alone_makes_it_all_again(here: World, tmp_path: Path) -> None:
    """Grants, claims, consents and agreements are writes like any other: what a rebuild gives holds for the same time."""
    await here.share()
    await here.done(GP, "record-consent", decision="given", label=["HIV"])
    await here.done(GP, "record-consent", "Patient/ann-ward", decision="given")
    await here.done(CREW, "break-glass", reason="Unconscious at home")
    await here.done(WARD, "claim-relationship", reason="Admitted her")
    other = SqliteStore.open(tmp_path / "again", clock=here.clock)
    ann = patient("ann", generalPractitioner=[PRACTICE])
    await contribute(other, "A81001", ann, observation("bp", "ann"), observation("hiv", "ann", HIV), links={"ann": "one"})
    await contribute(other, "RX1", patient("ann-ward"), observation("ward", "ann-ward"), links={"ann-ward": "one"})
    writes = Writes(other, here.clock)
    async for entry in here.store.stream(Everything()):
        await other.commit(await writes.replay(entry))
    asked = Access(("ann",))
    assert await other.query(asked) == await here.store.query(asked)
    async with world(other, here.clock) as again:
        assert again.services.facts().agreements == here.services.facts().agreements
        for who in (GP, CREW, OTHER_CREW, WARD, DAUGHTER):
            assert await again.sees(who) == await here.sees(who)
    await other.close()


async def test_what_they_are_can_be_read(here: World) -> None:
    for name in ("Patient-break-glass", "Patient-claim-relationship", "Patient-record-consent", "Patient-why", "agreement"):
        answer = await here.client.get(f"/fhir/OperationDefinition/{name}", x_who=GP.user)
        assert answer.status_code == 200
        assert not failed(check(answer.json()))
        assert answer.json()["affectsState"] is (name != "Patient-why")
