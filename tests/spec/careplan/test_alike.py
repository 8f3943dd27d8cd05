"""The card and the plan tell one story: what is read for the one is read for the other, however much there is."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from interop.careplan.crew.sections import PLANNED
from interop.careplan.tables import Content
from interop.clock import ManualClock
from interop.store.sql.store import SqlStore
from tests.spec.api.governed import GP
from tests.spec.api.people import patient
from tests.spec.careplan.held import Holding, holding
from tests.spec.careplan.plans import FOR, NOT_FOR, coded, observed
from tests.spec.careplan.test_headings import ROWS, TABLES, example

pytestmark = pytest.mark.anyio
BOTH = pytest.mark.parametrize("place", ["sqlite", "postgresql"], indirect=True)
ANN = {"reference": "Patient/ann"}
SECTIONS = {heading: name for name, heading in PLANNED.items()}
PULSES = 300
"""Readings that tell nothing, among which what tells anything is found."""
PLAN = {"resourceType": "CarePlan", "id": "x", "status": "active", "intent": "plan", "subject": ANN,
        "category": [coded("887701000000100")]}  # fmt: skip


@pytest.fixture
async def ann(store: SqlStore, clock: ManualClock) -> AsyncIterator[Holding]:
    async with holding(store, clock) as world:
        await world.done(GP, "record-consent", decision="given")
        clock.advance(1)
        yield world


async def told(world: Holding, heading: str) -> tuple[list[str], list[str]]:
    """The words of a heading: of the card, of the plan."""
    card = await world.card(GP)
    answer = await world.client.get("/fhir/Patient/ann/$care-plan", x_who=GP.user)
    assert answer.status_code == 200, answer.text
    groups = answer.json()["entry"][0]["resource"]["section"]
    (found,) = [one for group in groups for one in group["section"] if one["code"]["coding"][0]["code"] == heading]
    lines = [(line["title"], [one["valueString"] for one in line["extension"] if one["url"].endswith("trigger")])
             for line in found.get("section", ())]  # fmt: skip
    shown = [" if ".join((line["text"], *([line["if"]] if "if" in line else []))) for line in card[SECTIONS[heading]]["lines"]]
    return sorted(shown), sorted(" if ".join((title, *trigger)) for title, trigger in lines)


async def many(world: Holding) -> None:
    await world.put("A81001", *({**observed(f"pulse{at}", "78564009"), "subject": ANN} for at in range(PULSES)))


def about_ann(row: Content, worded: bool) -> dict[str, Any]:
    """The example of a row, with words in place of the code by which it is placed where ``worded``."""
    made = {**example(row), ("patient" if row.type in ("Consent", "AllergyIntolerance") else "subject"): ANN}
    for condition in row.when.conditions if worded else ():
        if condition.path.text == "code" and condition.how == "in":
            (part,) = made[row.each.text] if row.each.text else (made,)
            part["code"] = {"text": TABLES.displays[sorted(condition.codes)[0]]}
    return made


@pytest.mark.long
@pytest.mark.parametrize("much", [False, True])
async def test_every_row_of_what_a_person_has_most_of_is_on_both(ann: Holding, much: bool) -> None:
    if much:
        await many(ann)
    for row in ROWS:
        if row.heading not in SECTIONS or row.type not in ("Condition", "Observation", "Procedure", "ServiceRequest"):
            continue
        for worded in (False, True):
            await ann.put("A81001", about_ann(row, worded))
            card, plan = await told(ann, row.heading)
            assert card == plan, row.row
            assert card, row.row
            await ann.put("A81001", about_ann(row, worded), deleted=True)


@BOTH
@pytest.mark.parametrize("much", [False, True])
async def test_steps_that_a_plan_refers_to_and_their_reasons_are_on_both(ann: Holding, much: bool) -> None:
    if much:
        await many(ann)
    order = {"status": "active", "intent": "order", "subject": ANN}
    await ann.put(
        "A81001",
        {**PLAN, "activity": [
            {"reference": {"reference": "ServiceRequest/s"}},
            {"reference": {"reference": "ServiceRequest/n", "display": "Antibiotics"}},
            {"reference": {"reference": "DeviceRequest/d"}},
            {"detail": {"status": "scheduled", "description": "Buccal midazolam",
                        "reasonReference": [{"reference": "Condition/z"}]}},
        ]},
        {"resourceType": "ServiceRequest", "id": "s", **order, "code": {"coding": [{"display": "Ring the hospice"}]},
         "reasonReference": [{"reference": "Condition/b"}]},
        {"resourceType": "Condition", "id": "b", "subject": ANN, "code": coded("3", "urn:x", text="Breathless")},
        {"resourceType": "ServiceRequest", "id": "n", **order, "doNotPerform": True, "code": coded("1", "urn:x")},
        {"resourceType": "DeviceRequest", "id": "d", **order, "codeCodeableConcept": {"text": "Oxygen at home"}},
        {"resourceType": "Condition", "id": "z", "subject": ANN, "code": coded("2", "urn:x", text="Seizure over 5 minutes")},
    )  # fmt: skip
    card, plan = await told(ann, "contingency")
    assert card == plan
    assert card == [
        "Buccal midazolam if Seizure over 5 minutes",
        "Do not: Antibiotics",
        "Oxygen at home",
        "Ring the hospice if Breathless",
    ]


async def test_what_is_about_another_is_nobodys_step(ann: Holding) -> None:
    await ann.put("A81001", patient("ben"), links={"ben": "two"})
    await ann.put(
        "A81001",
        {**PLAN, "activity": [{"reference": {"reference": "ServiceRequest/s"}}]},
        {"resourceType": "ServiceRequest", "id": "s", "status": "active", "intent": "order", "code": {"text": "Ben's"},
         "subject": {"reference": "Patient/ben"}},
    )  # fmt: skip
    card, plan = await told(ann, "contingency")
    assert card == plan == ["A step (not shown here, see the record)"]


async def test_a_card_that_is_held_is_made_anew_when_a_step_changes(ann: Holding) -> None:
    step = {"resourceType": "ServiceRequest", "id": "s", "status": "active", "intent": "order", "subject": ANN}
    await ann.put("A81001", {**PLAN, "activity": [{"reference": {"reference": "ServiceRequest/s"}}]})
    before = await ann.client.get("/fhir/Patient/ann/$care-plan", x_who=GP.user)
    await ann.card(GP)
    await ann.put("A81001", {**step, "code": coded("1", "urn:x", text="Ring"), "doNotPerform": True})
    after = await ann.client.get("/fhir/Patient/ann/$care-plan", x_who=GP.user)
    assert before.headers["etag"] != after.headers["etag"]
    assert await told(ann, "contingency") == (["Do not: Ring"], ["Do not: Ring"])


@pytest.mark.parametrize("much", [False, True])
async def test_a_decision_in_words_alone_is_beside_one_by_code(ann: Holding, much: bool) -> None:
    if much:
        await many(ann)
    words = {"text": "  NOT for cardiopulmonary resuscitation "}
    await ann.put("A81001", {**observed("1", FOR), "subject": ANN}, {**observed("2", ""), "code": words, "subject": ANN})
    await ann.put("A81001", {"resourceType": "Condition", "id": "c", "subject": ANN, "code": {"id": "a", **words}})
    card = (await ann.card(GP))["cpr"]
    assert (card["conflict"], [line["means"] for line in card["lines"]]) == (True, ["for-cpr", "not-for-cpr"])
    assert NOT_FOR not in str(card)


@BOTH
@pytest.mark.parametrize("much", [False, True])
async def test_words_that_forbid_it_are_on_both_whoever_coded_them(ann: Holding, much: bool) -> None:
    if much:
        await many(ann)
    local = {"coding": [{"system": "urn:local", "code": "X", "display": "Patient is  NOT for resus"}]}
    await ann.put("A81001", {**observed("1", ""), "code": local, "subject": ANN})
    await ann.put(
        "A81001", {"resourceType": "Condition", "id": "c", "subject": ANN, "code": {"text": "DNACPR - in the blue folder"}}
    )
    card, plan = await told(ann, "cpr")
    assert card == plan == ["DNACPR - in the blue folder", "Patient is NOT for resus"]
