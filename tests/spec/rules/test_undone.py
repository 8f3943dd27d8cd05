"""What did not happen is asked for no more; what somebody has begun with is theirs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.spec.engine.messages import adt
from tests.spec.rules.acting import Acted, acting, team

pytestmark = pytest.mark.anyio
KNOWN = adt("A28", "K1", at="20251201100000")
LATER = "20260105110000"


async def admitted(here: Acted) -> dict[str, str]:
    """The Task of an admission."""
    await here.tell(KNOWN)
    await here.put(team("t1", await here.patient()))
    await here.tell(adt("A01", "C1"))
    (task,) = await here.made("admitted-team")
    return task


async def test_a_cancelled_admission_ends_what_it_has_asked_for(tmp_path: Path) -> None:
    async with acting(tmp_path / "data") as here:
        await admitted(here)
        await here.tell(adt("A11", "C2", at=LATER))
        (task,) = await here.made("admitted-team")
        told = await here.made("admitted-told", "Communication")
    assert task["status"] == "cancelled"
    assert task["statusReason"]["coding"][0]["code"] == "not-so"
    assert [each["status"] for each in told] == ["not-done"]


async def test_what_somebody_has_begun_with_is_theirs_to_end(tmp_path: Path) -> None:
    async with acting(tmp_path / "data") as here:
        task = await admitted(here)
        await here.put({**task, "status": "in-progress"})
        await here.tell(adt("A11", "C2", at=LATER))
        (after,) = await here.made("admitted-team")
    assert after["status"] == "in-progress"


async def test_an_admission_that_was_cancelled_in_error_is_asked_about_again(tmp_path: Path) -> None:
    async with acting(tmp_path / "data") as here:
        before = await admitted(here)
        await here.tell(adt("A11", "C2", at=LATER), adt("A01", "C3", at="20260105113000"))
        (task,) = await here.made("admitted-team")
    assert (task["id"], task["status"]) == (before["id"], "requested")


async def test_a_cancelled_discharge_ends_what_the_discharge_has_asked_for_alone(tmp_path: Path) -> None:
    async with acting(tmp_path / "data") as here:
        await admitted(here)
        await here.tell(adt("A03", "C2", at=LATER))
        (follow_up,) = await here.made("discharged-team")
        assert follow_up["status"] == "requested"
        await here.tell(adt("A13", "C3", at="20260105113000"))
        (follow_up,) = await here.made("discharged-team")
        (ward,) = await here.made("admitted-team")
    assert follow_up["status"] == "cancelled"
    assert ward["status"] == "requested"


async def test_a_visit_that_is_deleted_ends_what_it_has_asked_for(tmp_path: Path) -> None:
    async with acting(tmp_path / "data") as here:
        await admitted(here)
        await here.tell(adt("A23", "C2", at=LATER))
        (task,) = await here.made("admitted-team")
    assert task["status"] == "cancelled"


async def test_a_task_that_was_deleted_is_not_made_again(tmp_path: Path) -> None:
    async with acting(tmp_path / "data") as here:
        task = await admitted(here)
        await here.http.delete(f"/fhir/Task/{task['id']}")
        for each in await here.queue("sent"):
            await here.engine.outgoing.deliverer.resend("rules", each.sequence)
        await here.quiet()
        assert await here.made("admitted-team") == []


def risk(patient: str, code: str, **more: Any) -> dict[str, Any]:
    system = "http://terminology.hl7.org/CodeSystem/risk-probability"
    said = {"status": "final", "subject": {"reference": f"Patient/{patient}"}, **more}
    return {"resourceType": "RiskAssessment", "id": "r1", **said, "prediction": [{"qualitativeRisk": {"coding": [
        {"system": system, "code": code}]}}]}  # fmt: skip


async def test_what_a_clinician_has_ended_is_not_raised_again(tmp_path: Path) -> None:
    async with acting(tmp_path / "data") as here:
        await here.tell(KNOWN)
        patient = await here.patient()
        await here.put(risk(patient, "high", occurrenceDateTime="2026-01-05T09:00:00Z"))
        (flag,) = await here.made("risk-raised-flag", "Flag")
        await here.put({**flag, "status": "inactive"})
        for each in await here.queue("sent"):
            await here.engine.outgoing.deliverer.resend("rules", each.sequence)
        await here.quiet()
        await here.put(risk(patient, "high", occurrenceDateTime="2026-01-05T09:00:00Z") | {"id": "r2"})
        flags = await here.made("risk-raised-flag", "Flag")
    assert [each["status"] for each in flags] == ["inactive"]


async def test_what_was_taken_back_and_is_true_after_all_is_raised_again(tmp_path: Path) -> None:
    rows = [
        "stay-flag,admitted,,flag at-risk,,1d,event,Ask the team,Tried",
        "stay-none,admission-cancelled,,cancel admitted,,1d,event,,Tried",
    ]
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "rules.csv").write_text("\n".join(["id,event,condition,action,to,within,once,says,why", *rows, ""]))
    async with acting(tmp_path / "data", rules=tmp_path / "site") as here:
        await admitted(here)
        await here.tell(adt("A11", "C2", at=LATER))
        (flag,) = await here.made("stay-flag", "Flag")
        assert flag["status"] == "inactive"
        await here.tell(adt("A01", "C3", at="20260105113000"))
        (flag,) = await here.made("stay-flag", "Flag")
    assert flag["status"] == "active"


async def test_a_warning_of_what_was_taken_down_is_ended(tmp_path: Path) -> None:
    async with acting(tmp_path / "data") as here:
        await here.tell(KNOWN)
        await here.put(risk(await here.patient(), "high"))
        (flag,) = await here.made("risk-raised-flag", "Flag")
        said = [{"name": "reference", "valueString": "RiskAssessment/r1"}, {"name": "reason", "valueString": "Of another person"}]
        answer = await here.http.post("/fhir/$takedown", json={"resourceType": "Parameters", "parameter": said})
        assert answer.is_success, answer.text
        await here.quiet()
        (after,) = await here.made("risk-raised-flag", "Flag")
    assert (flag["status"], after["status"]) == ("active", "inactive")


async def test_what_happens_again_to_a_resource_without_a_time_is_acted_on_again(tmp_path: Path) -> None:
    async with acting(tmp_path / "data") as here:
        await here.tell(KNOWN)
        patient = await here.patient()
        for code in ("high", "moderate", "high"):
            await here.put(risk(patient, code))
            here.clock.advance(40 * 86_400)
        assert len(await here.made("risk-raised-review")) == 2
