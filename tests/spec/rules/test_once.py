"""What follows from an event is done once, whatever is sent, replayed, merged, taken down, rebuilt or killed."""

from __future__ import annotations

from pathlib import Path

import pytest

from interop.clock import ManualClock
from tests.spec.engine.messages import ZELDA, adt
from tests.spec.engine.running import found
from tests.spec.rules.acting import RULE as SYSTEM
from tests.spec.rules.acting import START, Acted, acting, team

pytestmark = pytest.mark.anyio
RULE = "admitted-team"
AT = "20251201100000"
KNOWN = adt("A28", "K1", at=AT)


async def admitted(here: Acted) -> list[dict[str, str]]:
    await here.tell(KNOWN)
    await here.put(team("t1", await here.patient()))
    await here.tell(adt("A01", "C1"))
    return await here.made(RULE)


async def test_two_sources_of_one_admission_are_acted_on_once(tmp_path: Path) -> None:
    async with acting(tmp_path / "data") as here:
        await here.tell(adt("A28", "K1", at=AT, nhs=ZELDA), adt("A28", "K2", at=AT, nhs=ZELDA, local="M2"))
        await here.put(team("t1", await here.patient()))
        await here.tell(adt("A01", "C1", nhs=ZELDA), adt("A01", "C2", nhs=ZELDA, local="M2", visit="V2"))
        assert len(await here.made(RULE)) == 1


async def test_another_stay_later_is_another_event(tmp_path: Path) -> None:
    async with acting(tmp_path / "data") as here:
        await admitted(here)
        here.clock.advance(40 * 86_400)
        await here.tell(adt("A01", "C2", visit="V2", at="20260214100000"))
        assert len(await here.made(RULE)) == 2


async def test_what_happened_long_ago_is_acted_on_by_nobody(tmp_path: Path) -> None:
    async with acting(tmp_path / "data") as here:
        await here.tell(KNOWN)
        await here.put(team("t1", await here.patient()))
        long_ago = adt("A01", "C1", visit="V1001" + "|" * 25 + "20251201090000")
        await here.tell(long_ago)
        (stay,) = await found(here.http, "Encounter?identifier=V1001&status=in-progress")
        assert stay["period"]["start"].startswith("2025-12-01")
        assert await here.made(RULE) == []
        assert here.counts(RULE) == {"late": 1}


async def test_a_history_that_is_loaded_puts_nothing_into_the_queue(tmp_path: Path) -> None:
    async with acting(tmp_path / "data") as here:
        await here.tell(KNOWN)
        of = {"subject": {"reference": f"Patient/{await here.patient()}"}}
        vital = {"system": "http://terminology.hl7.org/CodeSystem/observation-category", "code": "vital-signs"}
        code = {"coding": [{"system": "http://loinc.org", "code": "8867-4"}]}
        said = {"status": "final", "category": [{"coding": [vital]}], "code": code, "valueQuantity": {"value": 72}, **of}
        before = len(await here.queue())
        await here.put({"resourceType": "Observation", "id": "old", "effectiveDateTime": "2019-03-01", **said})
        letter = {"status": "current", "content": [{"attachment": {"title": "Letter"}}], **of}
        await here.put({"resourceType": "DocumentReference", "id": "old", "date": "2019-03-01T10:00:00Z", **letter})
        assert len(await here.queue()) == before
        await here.put({"resourceType": "Observation", "id": "new", "effectiveDateTime": "2026-01-05T09:50:00Z", **said})
        await here.put({"resourceType": "DocumentReference", "id": "new", "date": "2026-01-05T09:50:00Z", **letter})
        assert len(await here.queue()) == before + 2


async def test_a_merge_is_no_event(tmp_path: Path) -> None:
    async with acting(tmp_path / "data") as here:
        before = await admitted(here)
        await here.tell(adt("A40", "C2", local="M2", merged="L1001", at="20260105110000"))
        assert await here.made(RULE) == before


async def test_what_was_done_and_not_marked_is_done_once(tmp_path: Path) -> None:
    clock = ManualClock(START)
    async with acting(tmp_path / "data", clock) as here:
        before = await admitted(here)
    async with acting(tmp_path / "data", clock) as here:
        for each in await here.queue("sent"):
            await here.engine.outgoing.deliverer.resend("rules", each.sequence)
        await here.quiet()
        assert await here.made(RULE) == before


async def test_what_the_rules_have_made_is_no_event_for_them(tmp_path: Path) -> None:
    async with acting(tmp_path / "data") as here:
        await admitted(here)
        routes = {(each.type, each.resource) for each in await here.queue()}
        made = {("Task", each["id"]) for each in await found(here.http, f"Task?_tag={SYSTEM}|")}
    assert made
    assert not routes & made


async def test_what_was_never_true_is_acted_on_by_nobody(tmp_path: Path) -> None:
    async with acting(tmp_path / "data") as here:
        await here.tell(KNOWN)
        patient = await here.patient()
        await here.put(team("t1", patient))
        subject = {"reference": f"Patient/{patient}"}
        kind = {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "IMP"}
        await here.engine.outgoing.deliverer.pause("rules", True)
        stay = {"resourceType": "Encounter", "id": "e1", "class": kind, "subject": subject}
        for status in ("in-progress", "entered-in-error"):
            answer = await here.http.put("/fhir/Encounter/e1", json={**stay, "status": status})
            assert answer.is_success, answer.text
        await here.engine.outgoing.deliverer.pause("rules", False)
        await here.quiet()
        assert await here.made(RULE) == []


@pytest.mark.parametrize("id", ["forged", "a" * 32])
async def test_a_task_that_a_client_has_tagged_as_a_rules_keeps_nobody_from_being_told(tmp_path: Path, id: str) -> None:
    """Also under an id like those that we make, which an engine without sign-on lets clients choose."""
    async with acting(tmp_path / "data") as here:
        await here.tell(KNOWN)
        patient = await here.patient()
        await here.put(team("t1", patient))
        tagged = {"meta": {"tag": [{"system": SYSTEM, "code": RULE}]}, "for": {"reference": f"Patient/{patient}"}}
        await here.put({"resourceType": "Task", "id": id, "status": "requested", "intent": "order", **tagged})
        await here.tell(adt("A01", "C1"))
        assert {each.get("owner", {}).get("reference") for each in await here.made(RULE)} == {None, "CareTeam/t1"}


async def test_a_task_that_a_client_has_tagged_as_a_rules_is_not_the_engines_to_end(tmp_path: Path) -> None:
    async with acting(tmp_path / "data") as here:
        (task,) = await admitted(here)
        copy = {name: value for name, value in task.items() if name not in ("id", "meta")} | {"meta": {"tag": task["meta"]["tag"]}}
        await here.put({**copy, "id": "forged"})
        await here.tell(adt("A11", "C2", at="20260105110000"))
        statuses = {each["id"]: each["status"] for each in await here.made(RULE)}
    assert statuses == {task["id"]: "cancelled", "forged": "requested"}


async def test_what_came_of_the_rules_is_a_figure(tmp_path: Path) -> None:
    async with acting(tmp_path / "data") as here:
        await admitted(here)
        figures = (await here.http.get("/metrics")).text
    assert f'interop_rules_total{{result="acted",rule="{RULE}"}} 1.0' in figures
    assert 'interop_deliveries{destination="rules",state="pending"} 0.0' in figures
