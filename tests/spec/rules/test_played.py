"""Days as they happen, as a stranger plays them: records that are linked meanwhile, and a first time that was none."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.spec.clocks.timing import timed
from tests.spec.engine.messages import ZELDA, adt
from tests.spec.rules.acting import Acted, acting, team
from tests.spec.rules.test_death import dead, traced

pytestmark = pytest.mark.anyio
KNOWN = adt("A28", "K1", at="20251201100000")


def elsewhere(body: bytes) -> bytes:
    """The same as another trust says it."""
    return body.replace(b"|RX1|", b"|RX2|")


async def decided(here: Acted, name: str, one: str, other: str) -> None:
    """Somebody says whether two Patients are one person."""
    said = [{"name": "other", "valueReference": {"reference": f"Patient/{other}"}}, {"name": "reason", "valueString": "Asked"}]
    answer = await here.http.post(f"/fhir/Patient/{one}/${name}", json={"resourceType": "Parameters", "parameter": said})
    assert answer.is_success, answer.text


async def asked(here: Acted, rule: str) -> list[str]:
    """Who has a Task of a rule."""
    return [each["owner"]["reference"] for each in await here.made(rule)]


async def test_whose_record_is_linked_and_unlinked_before_the_rules_look_is_not_the_teams(tmp_path: Path) -> None:
    """The team of one person hears nothing of another; linked for good, it hears of what happens then."""
    async with acting(tmp_path / "data") as here:
        await here.tell(KNOWN, elsewhere(adt("A28", "K2", at="20251201100000", local="M2")))
        one, other = await here.patient(), await here.patient("M2")
        await here.put(team("t1", one))
        await here.engine.outgoing.deliverer.pause("rules", True)
        stay = elsewhere(adt("A01", "C1", local="M2", visit="V9"))
        assert (await here.http.post("/ingest/hl7v2?wait=applied", content=stay)).is_success
        await decided(here, "link", one, other)
        await decided(here, "unlink", one, other)
        await here.engine.outgoing.deliverer.pause("rules", False)
        await here.quiet()
        assert await asked(here, "admitted-team") == []
        await decided(here, "link", one, other)
        await here.tell(elsewhere(adt("A03", "C2", local="M2", visit="V9", at="20260105110000")))
        assert await asked(here, "admitted-team") == []
        assert await asked(here, "discharged-team") == ["CareTeam/t1"]


def died(control: str, local: str, day: bytes = b"20260105") -> bytes:
    """Who has the NHS number ZELDA has died, as the hospital says."""
    body = traced(dead(control, nhs=ZELDA, local=local, status=""))
    return body.replace(b"2026010511", day + b"11").replace(b"2026010510", day + b"10")


async def test_who_dies_after_a_death_that_was_none_is_told_of_again_by_whichever_source(tmp_path: Path) -> None:
    async with acting(tmp_path / "data") as here:
        other = elsewhere(adt("A28", "K2", at="20251201100000", nhs=ZELDA, local="M2"))
        await here.tell(adt("A28", "K1", at="20251201100000", nhs=ZELDA), other)
        await here.put(team("t1", await here.patient()))
        await here.tell(died("C1", "L1001"))
        for each in await here.made("death-told", "Communication"):
            await here.put({**each, "status": "completed"})
        alive = died("C2", "L1001").replace(b"20260105103000|Y", b'""|N').replace(b"20260105110000", b"20260105113000")
        await here.tell(alive)
        assert len(await here.made("alive-told", "Communication")) == 2
        here.clock.advance(10 * 86_400)
        await here.tell(elsewhere(died("C3", "M2", b"20260115")))
        assert len(await here.made("death-told", "Communication")) == 4


async def test_a_visit_that_was_cancelled_keeps_nobody_from_hearing_of_the_true_one(tmp_path: Path) -> None:
    """Though somebody had begun with what the first asked for."""
    async with acting(tmp_path / "data") as here:
        await here.tell(KNOWN)
        await here.put(team("t1", await here.patient()))
        await here.tell(adt("A01", "C1"))
        (task,) = await here.made("admitted-team")
        await here.put({**task, "status": "in-progress"})
        true = adt("A01", "C3", visit="V2", at="20260105113000")
        await here.tell(adt("A11", "C2", at="20260105110000"), true, true)
        assert await asked(here, "admitted-team") == ["CareTeam/t1"] * 2
        await here.tell(adt("A01", "C4", visit="V3", at="20260105114500"))
        assert await asked(here, "admitted-team") == ["CareTeam/t1"] * 2


async def test_of_two_attendances_of_one_person_the_one_that_stands_is_answered(tmp_path: Path) -> None:
    """Two systems have registered it; one of them takes it back."""
    async with timed(tmp_path / "data") as here:
        other = elsewhere(adt("A28", "K2", at="20251201100000", nhs=ZELDA, local="M2"))
        await here.tell(adt("A28", "K1", at="20251201100000", nhs=ZELDA), other)
        await here.put(team("t1", await here.patient()))
        one = adt("A04", "E1", nhs=ZELDA).replace(b"PV1|1|I|", b"PV1|1|E|")
        two = elsewhere(adt("A04", "E2", nhs=ZELDA, local="M2", visit="V5").replace(b"PV1|1|I|", b"PV1|1|E|"))
        await here.tell(one, two, one, two)
        assert await asked(here, "arrived-team") == ["CareTeam/t1"]
        none = adt("A11", "E3", nhs=ZELDA, at="20260105103000").replace(b"PV1|1|I|", b"PV1|1|E|")
        await here.tell(none, two, none)
        assert sorted(each["status"] for each in await here.made("arrived-team")) == ["cancelled", "requested"]
        assert sorted(await here.states("ae-to-team")) == ["cancelled", "running"]
        gone = elsewhere(adt("A11", "E4", nhs=ZELDA, local="M2", visit="V5", at="20260105104000"))
        await here.tell(gone.replace(b"PV1|1|I|", b"PV1|1|E|"))
        assert [each["status"] for each in await here.made("arrived-team")] == ["cancelled"] * 2
        assert await here.states("ae-to-team") == ["cancelled"] * 2
