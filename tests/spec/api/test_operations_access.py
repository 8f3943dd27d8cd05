"""Emergencies, claimed relationships and agreements, and why somebody may see: operations end to end, under the rules, by a clock
that is moved."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from interop.apply.writes import Writes
from interop.clock import MICROSECONDS, ManualClock, instant
from interop.fhir.findings import failed
from interop.fhir.validation import check
from interop.policy.asker import Asker
from interop.store.plan import Access, Everything
from interop.store.sql.store import SqlStore
from interop.store.sqlite import SqliteStore
from tests.spec.api.governed import (
    ANN,
    CREW,
    DAUGHTER,
    GP,
    NAVIGATOR,
    OFFICER,
    OPERATOR,
    OTHER_CREW,
    PROGRAM,
    WARD,
    World,
    of_ann,
    record_ann,
    world,
)

pytestmark = pytest.mark.anyio


@pytest.fixture
async def here(store: SqlStore, clock: ManualClock) -> AsyncIterator[World]:
    async with of_ann(store, clock) as made:
        yield made


async def told(here: World, who: Asker) -> list[dict[str, Any]]:
    """What ``$everything`` says of emergencies."""
    answer = await here.client.get("/fhir/Patient/ann/$everything?_type=Patient", x_who=who.user)
    outcomes = [each["resource"] for each in orjson.loads(answer.content)["entry"] if each["search"]["mode"] == "outcome"]
    return [issue for each in outcomes for issue in each["issue"] if "emergency" in issue["details"]["text"]]


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

    async def test_who_has_declared_one_is_told_so_while_it_lasts(self, here: World) -> None:
        """Beside what they are given of the person, and nobody else."""
        await here.share()
        await here.done(CREW, "break-glass", reason="Unconscious at home", minutes=30)
        said = (await told(here, CREW))[0]
        assert said["details"]["coding"] == [{"system": "urn:interop:codes:access", "code": "break-glass"}]
        assert said["extension"][0]["valueInstant"] == instant(here.clock.now() + 30 * 60 * MICROSECONDS)
        assert await told(here, OTHER_CREW) == []
        here.clock.advance(30 * 60)
        assert await told(here, CREW) == []

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
    await record_ann(other)
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
