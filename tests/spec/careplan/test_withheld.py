"""What of a plan somebody may not see is not in it, and nothing says so; what is absent by agreement, consent or feed is told."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from interop.api.feed_health import tell
from interop.clock import ManualClock
from interop.policy.asker import Asker
from interop.policy.scopes import read_scopes
from interop.record.fold import content, render
from interop.record.indexing import indexed
from interop.store.sql.store import SqlStore
from interop.store.values import Change, Committed, Put, Stored
from tests.spec.api.governed import EVERYONE, GP, HIV, OPERATOR, WARD, World, contribute, record_ann, world
from tests.spec.api.people import FEED, T0
from tests.spec.careplan.cards import allergy
from tests.spec.careplan.plans import FOR, MATTERS, NOT_FOR, observed, planned

pytestmark = pytest.mark.anyio


def of_ann(resource: dict[str, Any], of: str = "ann", *labels: dict[str, str]) -> dict[str, Any]:
    marked = {"meta": {"security": list(labels)}} if labels else {}
    return {**resource, "subject": {"reference": f"Patient/{of}"}, **marked}


@pytest.fixture
async def ann(store: SqlStore, clock: ManualClock) -> AsyncIterator[World]:
    """Her practice says what matters to her and that she is not for resuscitation; the hospital thinks otherwise."""
    await record_ann(store)
    said = of_ann(observed("matters", MATTERS, valueString="My garden"))
    await contribute(
        store, "A81001", said, of_ann(observed("no", NOT_FOR)), of_ann(planned("virus", {"description": "Count"}), "ann", HIV)
    )
    await contribute(store, "RX1", of_ann(observed("yes", FOR), "ann-ward"))
    async with world(store, clock) as made:
        await made.done(GP, "record-consent", decision="given")
        yield made


async def plan(ann: World, who: Asker) -> dict[str, Any]:
    answer = await ann.client.get("/fhir/Patient/ann/$care-plan", x_who=who.user)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def lines(bundle: dict[str, Any], heading: str) -> list[str]:
    groups = bundle["entry"][0]["resource"]["section"]
    (found,) = [one for group in groups for one in group["section"] if one["code"]["coding"][0]["code"] == heading]
    return [line["title"] for line in found.get("section", [])]


def empty(bundle: dict[str, Any], heading: str) -> str:
    """Why nothing stands under a heading, '' where something does."""
    groups = bundle["entry"][0]["resource"]["section"]
    (found,) = [one for group in groups for one in group["section"] if one["code"]["coding"][0]["code"] == heading]
    return str(found.get("emptyReason", {}).get("text", ""))


def absent(bundle: dict[str, Any]) -> list[str]:
    """The codes of what is said to be absent."""
    outcomes = [each["resource"] for each in bundle["entry"] if each["resource"]["resourceType"] == "OperationOutcome"]
    return [issue["details"]["coding"][0]["code"] for each in outcomes for issue in each["issue"]]


async def test_what_no_agreement_shares_is_no_line_and_is_said_to_be_missing(ann: World) -> None:
    await ann.done(OPERATOR, "agreement", "", source="RX1", status="pending")
    found = await plan(ann, GP)
    assert lines(found, "cpr") == ["Not for cardiopulmonary resuscitation"]
    assert "plan-conflict" not in str(found)
    assert "not-shared" in absent(found)


async def test_a_conflict_is_there_as_soon_as_both_are_shared(ann: World) -> None:
    await ann.share()
    found = await plan(ann, GP)
    assert len(lines(found, "cpr")) == 2
    assert "plan-conflict" in str(found)
    assert "not-shared" not in absent(found)


async def test_what_a_label_holds_back_is_as_if_it_were_not_there(ann: World, store: SqlStore) -> None:
    """Not a word, and not the tag either: it is that of a plan that never held it."""
    await ann.share()
    before = await ann.client.get("/fhir/Patient/ann/$care-plan", x_who=GP.user)
    assert "Count" not in before.text
    assert "withheld" not in absent(before.json())
    await contribute(store, "A81001", of_ann(planned("virus2", {"description": "Count again"}), "ann", HIV))
    after = await ann.client.get("/fhir/Patient/ann/$care-plan", x_who=GP.user)
    assert (after.headers["etag"], after.text) == (before.headers["etag"], before.text)


async def test_who_has_nothing_to_do_with_her_is_shown_nothing_and_not_told_that_there_is_none(ann: World) -> None:
    await ann.share()
    found = await plan(ann, WARD)
    assert "withheld" in absent(found)
    assert lines(found, "what-matters") == []
    assert "My garden" not in str(found)
    assert "None recorded" not in str(found)
    assert "None shown: something of the record is absent" in str(found)


async def test_what_is_not_for_a_role_is_not_said_to_be_none(ann: World, store: SqlStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """The desk is given the plan and not what is clinical: the headings say so, and so does the OperationOutcome."""
    desk = Asker("https://issuer.test|desk", "coordinator", "A81001", scopes=None)
    monkeypatch.setitem(EVERYONE, desk.user, desk)
    await contribute(store, "A81001", {**allergy("nuts", "Peanuts"), "patient": {"reference": "Patient/ann"}})
    await ann.share()
    found = await plan(ann, desk)
    assert lines(found, "allergies") == lines(found, "cpr") == []
    assert empty(found, "allergies") == empty(found, "alerts") == "Not shown to this role"
    assert empty(found, "cpr") == "None shown: not all that may stand here is shown to this role"
    assert empty(found, "important-people") != "None recorded"
    assert empty(found, "goals") == "None recorded"
    assert absent(found).count("not-for-role") == 2


async def test_what_is_not_for_a_token_is_not_said_to_be_none(ann: World, monkeypatch: pytest.MonkeyPatch) -> None:
    narrow = replace(GP, user="https://issuer.test|narrow", scopes=read_scopes("user/Patient.rs user/CarePlan.rs"))
    monkeypatch.setitem(EVERYONE, narrow.user, narrow)
    found = await plan(ann, narrow)
    assert empty(found, "allergies") == "Not shown to this role"
    assert "not all" in empty(found, "cpr")


async def test_a_line_of_a_source_that_is_down_says_since_when(ann: World, store: SqlStore) -> None:
    await ann.share()
    fed = of_ann(observed("home", "110481000000108"))
    body = render(content("Observation", "home", fed), 1, "2026-01-01T00:00:00.000Z", FEED, 1)
    put = Put(Stored("Observation", "home", 1, T0, body, owner=FEED, source="A81001"), indexed(fed))
    assert isinstance(await store.commit(Change(puts=[put])), Committed)
    assert "source-down" not in str(await plan(ann, GP))
    await tell(ann.services, FEED, "down")
    ann.clock.advance(60)
    found = await plan(ann, GP)
    said = [extension for extension in _extensions(found) if extension["url"] == "source-down"]
    assert [each["valueInstant"] for each in said] == ["2026-01-01T00:00:00.000Z"]


def _extensions(value: Any) -> list[dict[str, Any]]:
    if isinstance(value, list):
        return [each for one in value for each in _extensions(one)]
    if not isinstance(value, dict):
        return []
    return [*value.get("extension", []), *(each for one in value.values() for each in _extensions(one))]


async def test_a_look_at_a_plan_is_a_look_at_the_person(ann: World) -> None:
    """And at all her Patients who are in it."""
    await ann.share()
    await plan(ann, GP)
    found = (await ann.client.get("/fhir/Patient/ann/$care-plan", x_who=GP.user)).json()
    assert {each["resource"]["id"] for each in found["entry"] if each["resource"]["resourceType"] == "Patient"} == {
        "ann",
        "ann-ward",
    }
