"""Who lives in a care home, in the order of the afternoon's round, as things stand when it is asked."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.spec.rules.acting import acting
from tests.spec.worklists.asking import on
from tests.spec.worklists.hospital import about, observed, person, stay

pytestmark = pytest.mark.anyio
ROUND = "care-home-round"
LIVES = "160734000"


async def test_a_discharge_and_a_new_resident_move_up_and_a_plan_moves_down(tmp_path: Path) -> None:
    async with acting(tmp_path / "data", rules=None) as here:
        await here.tell(stay("A01", "20251230093000", local="L1", visit="V1"))
        back = await here.patient("L1")
        await here.put(observed("o1", back, LIVES))
        for id in ("calm", "new"):
            await here.put(person(id))
        await here.put(observed("o2", "calm", LIVES))
        await here.put(about("CarePlan", "p2", "calm", status="active", intent="plan", created="2025-12-01"))
        lines = {each.patient: each for each in await on(here.http, ROUND)}
        assert list(lines) == [back, "calm"]
        assert lines[back].words.keys() == {"home-noted", "home-in-hospital", "home-plan"}
        assert lines["calm"].words == {"home-noted": "Lives in a care home: Nursing home"}
        kind = [{"coding": [{"system": "urn:interop:codes:episode", "code": "care-home"}]}]
        home = {"display": "The Laurels", "reference": "Organization/laurels"}
        began = {"start": "2026-01-03"}
        episode = about("EpisodeOfCare", "e", "new", status="active", type=kind, managingOrganization=home, period=began)
        await here.put({"resourceType": "Organization", "id": "laurels", "name": "The Laurels"})
        await here.put(episode)
        lines = {each.patient: each for each in await on(here.http, ROUND)}
        assert list(lines) == ["new", back, "calm"]
        assert lines["new"].words["home-new"] == "New in the home"
        await here.tell(stay("A03", "20251230093000", "20260105093000", local="L1", visit="V1", to="54"))
        lines = {each.patient: each for each in await on(here.http, ROUND)}
        assert list(lines) == [back, "new", "calm"], "whoever has just left hospital is seen first"
        assert lines[back].words["home-discharged"] == "Left hospital within the last fourteen days"
        assert lines[back].words["home-discharged-to"] == "Discharged to a care home"
        for who in (back, "new"):
            await here.put(about("CarePlan", f"p-{who[:3]}", who, status="active", intent="plan", created="2026-01-05"))
        assert "home-plan" not in {word for each in await on(here.http, ROUND) for word in each.words}
        assert [each.patient for each in await on(here.http, ROUND, "&organization=laurels")] == ["new"]


async def test_risk_an_ambulance_and_a_review_that_was_due(tmp_path: Path) -> None:
    async with acting(tmp_path / "data", rules=None) as here:
        await here.put(person("p"))
        await here.put(observed("o", "p", LIVES))
        due = [{"url": "urn:interop:extension:review-date", "valueDate": "2025-12-31"}]
        await here.put(about("CarePlan", "plan", "p", status="active", intent="plan", extension=due))
        high = {"qualitativeRisk": {"coding": [{"code": "high"}]}}
        risk = about("RiskAssessment", "r", "p", status="final", occurrenceDateTime="2025-12-20", prediction=[high])
        await here.put(risk)
        called = {"class": {"code": "FLD"}, "period": {"start": "2026-01-02T03:00:00Z"}, "status": "finished"}
        await here.put(about("Encounter", "crew", "p", **called))
        (line,) = await on(here.http, ROUND)
        assert line.words.keys() == {"home-noted", "home-risk", "home-ambulance", "home-review"}
        assert line.points == 2 + 2 + 1
        here.clock.advance(14 * 24 * 3600)
        (line,) = await on(here.http, ROUND)
        assert "home-ambulance" not in line.words
