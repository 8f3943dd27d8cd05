"""Who is to be looked at by the whole team, and why: conditions, frailty, attendances, a clinician's word."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.spec.rules.acting import Acted, acting
from tests.spec.worklists.asking import asked, entries, on, reason
from tests.spec.worklists.hospital import about, attendance, condition, observed, person, stay

pytestmark = pytest.mark.anyio
MDT = "mdt"
ICD = "http://hl7.org/fhir/sid/icd-10"
RESOLVED = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/condition-clinical", "code": "resolved"}]}
DIABETES, COPD, FAILURE, CONGESTIVE = "44054006", "13645005", "84114007", "42343007"


async def words(here: Acted, patient: str) -> dict[str, str]:
    """Why somebody is on the list, by code; nothing where they are not."""
    return next((each.words for each in await on(here.http, MDT) if each.patient == patient), {})


def review(id: str, patient: str, type: str = "ServiceRequest", **said: Any) -> dict[str, Any]:
    coded = {"code": {"coding": [{"system": "urn:interop:codes:task", "code": "integrated-review"}]}}
    return about(
        type, id, patient, **{"status": "active", "intent": "order", "authoredOn": "2026-01-04T09:00:00Z", **coded, **said}
    )


async def test_three_groups_of_long_term_conditions_and_not_three_codes_of_one(tmp_path: Path, database_of: dict[str, Any]) -> None:
    async with acting(tmp_path / "data", rules=None, **database_of) as here:
        await here.put(person("p"))
        for each in (condition("c1", "p", DIABETES), condition("c2", "p", FAILURE), condition("c3", "p", CONGESTIVE)):
            await here.put(each)
        assert await words(here, "p") == {}
        await here.put(condition("c4", "p", "J44.1", system=ICD, recorded="2024-03-02"))
        bundle = await asked(here.http, MDT)
        (line,) = entries(bundle)
        groups = "Chronic obstructive pulmonary disease, Diabetes, Heart failure"
        assert line.words == {"mdt-conditions": f"Three or more long-term conditions (3): {groups}"}
        assert line.evidence["mdt-conditions"] == ["Condition/c4", "Condition/c1", "Condition/c2", "Condition/c3"]
        dates = [each["valueDateTime"] for each in reason(bundle, "mdt-conditions") if each["url"] == "date"]
        assert dates == ["2024-03-02"], "a date is told as its author has written it"
        await here.put(condition("c1", "p", DIABETES) | {"clinicalStatus": RESOLVED})
        assert await words(here, "p") == {}


async def test_frailty_by_finding_index_and_scale(tmp_path: Path) -> None:
    async with acting(tmp_path / "data", rules=None) as here:
        for id in "abcde":
            await here.put(person(id))
        await here.put(condition("f1", "a", "925861000000102"))
        await here.put(observed("f2", "b", "713634000", 0.31))
        await here.put(observed("f3", "c", "713636003", 7))
        await here.put(observed("f4", "d", "713636003", 0.12))
        await here.put(observed("f5", "e", "713636003", 4))
        await here.put(observed("f6", "e", "713636003", 7, "2024-03-01T09:00:00Z"))
        found = {each.patient: each.words for each in await on(here.http, MDT)}
    assert found == {
        "a": {"mdt-frailty-finding": "Frailty was found: Severe frailty"},
        "b": {"mdt-frailty-index": "Electronic frailty index above 0.24: 0.31"},
        "c": {"mdt-frailty-scale": "Clinical Frailty Scale (Rockwood) of 6 or more: 7"},
    }


async def test_five_attendances_within_twelve_months(tmp_path: Path) -> None:
    async with acting(tmp_path / "data", rules=None) as here:
        days = ("20241201", "20250201", "20250501", "20250801", "20251101", "20251220")
        for number, day in enumerate(days[:5]):
            await here.tell(attendance(number, day))
        assert await on(here.http, MDT) == [], "the first was more than twelve months ago"
        await here.tell(attendance(5, days[5]))
        (line,) = await on(here.http, MDT)
        assert line.words == {"mdt-attendances": "Attended A&E five times or more within twelve months (5)"}
        assert len(line.evidence["mdt-attendances"]) == 5


async def test_a_clinicians_word_comes_before_any_score_and_a_review_clears_the_list(tmp_path: Path) -> None:
    async with acting(tmp_path / "data", rules=None) as here:
        for id in "ab":
            await here.put(person(id))
        await here.put(observed("f", "a", "713636003", 8))
        await here.put(review("r", "b", reasonCode=[{"text": "His wife cannot go on"}]))
        lines = await on(here.http, MDT)
        assert [(each.patient, each.points) for each in lines] == [("b", 5), ("a", 3)]
        assert lines[0].words == {"mdt-asked": "A clinician asks for the review: His wife cannot go on"}
        await here.put(review("t", "b", "Task", status="completed", lastModified="2026-01-05T09:30:00Z"))
        assert [each.patient for each in await on(here.http, MDT)] == ["a"]
        await here.put(review("r2", "b", authoredOn="2026-01-05T09:45:00Z"))
        assert [each.patient for each in await on(here.http, MDT)] == ["b", "a"], "something has happened since the review"


async def test_what_a_rule_proposes_is_on_the_list_until_a_clinician_has_decided(tmp_path: Path) -> None:
    async with acting(tmp_path / "data") as here:
        await here.tell(stay("A01", "20251220093000"), stay("A03", "20251220093000", "20251228120000"))
        await here.tell(stay("A01", "20260105093000", visit="V2"))
        (line,) = await on(here.http, MDT)
        assert line.words == {"mdt-proposed": "A review is proposed"}
        (proposed,) = await here.made("readmitted", "ServiceRequest")
        assert line.evidence == {"mdt-proposed": [f"ServiceRequest/{proposed['id']}"]}
        await here.put({**proposed, "status": "revoked"})
        assert await on(here.http, MDT) == []


async def test_an_attendance_at_a_hospital_counts_for_the_person_whose_other_record_is_on_the_list(tmp_path: Path) -> None:
    async with acting(tmp_path / "data", rules=None) as here:
        for id in "ab":
            await here.put(person(id))
        await here.put(observed("o", "a", "160734000"))
        high = {"qualitativeRisk": {"coding": [{"code": "high"}]}}
        await here.put(about("RiskAssessment", "r", "b", status="final", occurrenceDateTime="2025-12-20", prediction=[high]))
        said = [{"name": "other", "valueReference": {"reference": "Patient/b"}}, {"name": "reason", "valueString": "Seen both"}]
        answer = await here.http.post("/fhir/Patient/a/$link", json={"resourceType": "Parameters", "parameter": said})
        assert answer.is_success, answer.text
        (line,) = await on(here.http, "care-home-round")
        assert line.evidence["home-risk"] == ["RiskAssessment/r"]


async def test_linked_records_are_one_person_and_the_dead_are_on_no_list_for_a_review(tmp_path: Path) -> None:
    async with acting(tmp_path / "data", rules=None) as here:
        for id in "abc":
            await here.put(person(id))
        await here.put(condition("c1", "a", DIABETES, COPD))
        await here.put(condition("c2", "b", FAILURE))
        await here.put(review("r", "c"))
        assert [each.patient for each in await on(here.http, MDT)] == ["c"]
        said = [{"name": "other", "valueReference": {"reference": "Patient/b"}}, {"name": "reason", "valueString": "Seen both"}]
        answer = await here.http.post("/fhir/Patient/a/$link", json={"resourceType": "Parameters", "parameter": said})
        assert answer.is_success, answer.text
        await here.put(person("c", deceasedBoolean=True))
        (line,) = await on(here.http, MDT)
        assert (line.patient, sorted(line.evidence["mdt-conditions"])) == ("a", ["Condition/c1", "Condition/c2"])
