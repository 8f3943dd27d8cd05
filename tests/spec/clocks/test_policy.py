"""Who may not see the person is not told of a clock, and its Task is no more visible than what started it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from interop.apply.acting.recipients import Recipients
from interop.ids import ODS_ORGANISATION
from interop.policy.decide import decide
from interop.policy.facts import Agreement, Facts
from interop.store.decision import PERMIT_ALL
from interop.store.plan import Read, Search
from interop.store.values import Stored
from tests.spec.clocks.timing import Timed, timed
from tests.spec.engine.messages import adt
from tests.spec.rules.acting import team

pytestmark = pytest.mark.anyio
HOSPITAL, COMMUNITY = "RX1", "RYY01"
AGREEMENT = Agreement("a1", HOSPITAL, COMMUNITY, ("direct-care",), 0, 1 << 61, "active")
NAME = "expected-discharge-date"


async def stayed(here: Timed, agreement: Agreement, consent: str = "implied", vip: bool = False) -> list[str]:
    """Whoever is told that a stay of somebody, of whom the team of a community trust takes care, has no date after a day."""
    await here.tell(adt("A28", "K1", at="20251201100000"))
    trust = {"identifier": {"system": ODS_ORGANISATION, "value": COMMUNITY}}
    await here.put(team("t1", await here.patient(), managingOrganization=[trust]))
    shop = here.engine.workshop
    facts = Facts((agreement,), consent, names=shop.governance.names)
    here.keeper.recipients = Recipients(shop.store, decide, lambda: facts, shop.governance.code, {}, open=False)
    body = adt("A01", "C1")
    await here.tell(body.replace(b"^RX1|||||||||||||", b"^RX1|||||||||||||VIP", 1) if vip else body)
    await here.later(25 * 60)
    assert await here.states(NAME) == ["breached"]
    return [each["recipient"][0]["reference"] for each in await here.told()]


async def test_a_team_with_an_agreement_is_told(tmp_path: Path) -> None:
    async with timed(tmp_path / "data") as here:
        assert await stayed(here, AGREEMENT) == ["CareTeam/t1"]


async def test_of_what_only_looks_like_a_clock_nobody_is_told(tmp_path: Path) -> None:
    """Who helps may write a Task; whom that reaches is not theirs to say."""
    async with timed(tmp_path / "data") as here:
        assert await stayed(here, AGREEMENT) == ["CareTeam/t1"]
        forged = await here.one(NAME)
        del forged["id"], forged["output"]
        forged["businessStatus"]["coding"][0]["code"] = "running"
        answer = await here.http.post("/fhir/Task", json=forged)
        assert answer.status_code == 201, answer.text
        await here.later(60)
        assert await here.states(NAME) == ["breached", "breached"]
        assert len(await here.told()) == 1


@pytest.mark.parametrize("status", ["pending", "withdrawn"])
async def test_without_an_agreement_the_step_is_recorded_and_nobody_is_told(tmp_path: Path, status: str) -> None:
    async with timed(tmp_path / "data") as here:
        assert await stayed(here, replace(AGREEMENT, status=status)) == []


async def test_without_consent_nobody_is_told_where_it_is_asked_for(tmp_path: Path) -> None:
    async with timed(tmp_path / "data") as here:
        assert await stayed(here, AGREEMENT, consent="explicit") == []


async def test_of_what_is_sensitive_nobody_is_told_who_is_not_cleared_and_its_clock_bears_the_label(tmp_path: Path) -> None:
    async with timed(tmp_path / "data") as here:
        assert await stayed(here, AGREEMENT, vip=True) == []
        task = await here.one(NAME)
    assert "CEL" in [each["code"] for each in task["meta"]["security"]]


async def test_the_task_comes_from_where_the_stay_comes_from(tmp_path: Path) -> None:
    async with timed(tmp_path / "data") as here:
        await stayed(here, AGREEMENT)
        rows: list[Stored] = [each async for each in here.engine.workshop.store.stream(Search(PERMIT_ALL, "Communication"))]
        rows += await here.engine.workshop.store.query(Read(PERMIT_ALL, "Task", (await here.one(NAME))["id"]))
    assert {row.source for row in rows} == {HOSPITAL}


async def test_what_is_made_and_what_is_changed_by_one_event_each_keep_their_source(tmp_path: Path) -> None:
    """A discharge makes a Task of the team and ends a clock that is there."""
    async with timed(tmp_path / "data") as here:
        await stayed(here, AGREEMENT)
        await here.tell(adt("A03", "C2", at="20260106110000"))
        (asked,), clock = await here.made("discharged-team"), await here.one(NAME)
        assert clock["status"] == "completed"
        keys = [("Task", asked["id"]), ("Task", clock["id"])]
        rows = [await here.engine.workshop.store.query(Read(PERMIT_ALL, *key)) for key in keys]
    assert [row.source for (row,) in rows] == [HOSPITAL, HOSPITAL]
