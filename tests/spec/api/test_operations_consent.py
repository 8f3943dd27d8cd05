"""``$record-consent``: what a person has said of sharing their record, end to end, under the rules, by a clock that is moved."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import orjson
import pytest

from interop.clock import ManualClock
from interop.fhir.findings import failed
from interop.fhir.validation import check
from interop.policy.grants import USER
from interop.store.decision import PERMIT_ALL
from interop.store.plan import Access, Read
from interop.store.sql.store import SqlStore
from tests.spec.api.governed import ANN, CREW, DAUGHTER, GP, HIV, WARD, World, contribute, of_ann

pytestmark = pytest.mark.anyio


@pytest.fixture
async def here(store: SqlStore, clock: ManualClock) -> AsyncIterator[World]:
    async with of_ann(store, clock) as made:
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
