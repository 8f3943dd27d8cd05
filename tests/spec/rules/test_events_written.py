"""Events that people and programs write as FHIR."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.spec.engine.messages import adt
from tests.spec.families.maps import example
from tests.spec.rules.acting import Acted, acting, at, team

pytestmark = pytest.mark.anyio
KNOWN = adt("A28", "K1", at="20251201100000")
NOW = "2026-01-05T10:00:00Z"
RESTING = {"coding": [{"system": "http://loinc.org", "code": "8867-4"}]}


async def known(here: Acted) -> str:
    await here.tell(KNOWN)
    patient = await here.patient()
    await here.put(team("t1", patient))
    return patient


def of(kind: str, id: str, patient: str, /, **more: Any) -> dict[str, Any]:
    return {"resourceType": kind, "id": id, "subject": {"reference": f"Patient/{patient}"}, **more}


def plan(patient: str, **more: Any) -> dict[str, Any]:
    return of("CarePlan", "p1", patient, **{"status": "active", "intent": "plan", **more})


def pulse(id: str, patient: str, value: float, **more: Any) -> dict[str, Any]:
    vital = {"system": "http://terminology.hl7.org/CodeSystem/observation-category", "code": "vital-signs"}
    said = {"status": "final", "category": [{"coding": [vital]}], "code": RESTING, "effectiveDateTime": NOW}
    quantity = {"value": value, "unit": "/min", "system": "http://unitsofmeasure.org", "code": "/min"}
    return of("Observation", id, patient, **said, valueQuantity=quantity, **more)


async def test_a_new_part_of_a_plan_and_each_change_of_it_are_told(tmp_path: Path) -> None:
    async with acting(tmp_path / "data") as here:
        patient = await known(here)
        await here.put(plan(patient, title="At home"))
        made = await here.made("plan-made-told", "Communication")
        await here.put(plan(patient, title="At home, with a nurse"))
        await here.put(plan(patient, title="At home, with a nurse", language="en"))
        first = await here.made("plan-changed-told", "Communication")
        await here.put(plan(patient, title="At home", status="revoked"))
        second = await here.made("plan-changed-told", "Communication")
    assert (len(made), len(first), len(second)) == (2, 2, 4)


async def test_what_triage_has_concluded_is_nobodys_plan(tmp_path: Path) -> None:
    async with acting(tmp_path / "data") as here:
        patient = await known(here)
        kind = [{"coding": [{"system": "urn:interop:codes:plan-category", "code": "triage-outcome"}]}]
        await here.put(plan(patient, category=kind))
        assert await here.made("plan-made-told", "Communication") == []


async def test_a_record_opened_in_an_emergency_is_told_to_whoever_answers_for_the_person(tmp_path: Path) -> None:
    async with acting(tmp_path / "data") as here:
        patient = await known(here)
        asked = {"resourceType": "Parameters", "parameter": [{"name": "reason", "valueString": "Unconscious at the scene"}]}
        answer = await here.http.post(f"/fhir/Patient/{patient}/$break-glass", json=asked)
        assert answer.is_success, answer.text
        await here.quiet()
        (told,) = await here.made("break-glass-told", "Communication")
    assert told["recipient"] == [{"reference": "Practitioner/named"}]
    assert "Unconscious" not in str(told)


async def test_a_reading_that_is_flagged_is_somebodys_to_look_at(tmp_path: Path) -> None:
    async with acting(tmp_path / "data") as here:
        patient = await known(here)
        high = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation", "code": "HH"}]}
        await here.put(pulse("o1", patient, 150, interpretation=[high]))
        assert len(await here.made("reading-team")) == 1


async def test_a_reading_outside_its_own_range_is_somebodys_to_look_at(tmp_path: Path) -> None:
    async with acting(tmp_path / "data") as here:
        patient = await known(here)
        between = [{"low": {"value": 50, "unit": "/min"}, "high": {"value": 100, "unit": "/min"}}]
        await here.put(pulse("o1", patient, 72, referenceRange=between))
        assert await here.made("reading-team") == []
        await here.put(pulse("o2", patient, 44, referenceRange=between))
        (task,) = await here.made("reading-team")
    assert task["focus"] == {"reference": "Observation/o2"}


async def test_a_reading_is_held_against_what_the_plan_says_is_usual(tmp_path: Path) -> None:
    async with acting(tmp_path / "data") as here:
        patient = await known(here)
        usual = {"measure": RESTING, "detailRange": {"low": {"value": 45}, "high": {"value": 90}}}
        words = {"description": {"text": "Pulse as usual"}, "lifecycleStatus": "active"}
        await here.put(of("Goal", "g1", patient, **words, target=[usual]))
        await here.put(pulse("o1", patient, 88))
        assert await here.made("reading-beyond-plan") == []
        await here.put(pulse("o2", patient, 96))
        assert len(await here.made("reading-beyond-plan")) == 1


async def test_readings_that_follow_one_another_are_looked_at_once(tmp_path: Path) -> None:
    async with acting(tmp_path / "data") as here:
        patient = await known(here)
        high = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation", "code": "H"}]}
        for number in range(3):
            await here.put(pulse(f"o{number}", patient, 120 + number, interpretation=[high]))
        assert len(await here.made("reading-team")) == 1
        here.clock.advance(5 * 3_600)
        late = pulse("o9", patient, 130, interpretation=[high]) | {"effectiveDateTime": "2026-01-05T14:59:00Z"}
        await here.put(late)
        assert len(await here.made("reading-team")) == 2


async def test_whoever_is_new_on_a_list_of_people_at_risk_is_reviewed(tmp_path: Path) -> None:
    async with acting(tmp_path / "data") as here:
        await here.tell(KNOWN, adt("A28", "K2", at="20251201100000", local="M2", family="VENN"))
        one, two = await here.patient(), await here.patient("M2")
        listed = {"resourceType": "List", "id": "top", "status": "current", "mode": "working"}
        await here.put({**listed, "entry": [{"item": {"reference": f"Patient/{one}"}}]})
        (first,) = await here.made("risk-list-review")
        await here.put({**listed, "entry": [{"item": {"reference": f"Patient/{each}"}} for each in (one, two)]})
        tasks = await here.made("risk-list-review")
    assert first["for"] == {"reference": f"Patient/{one}"}
    assert {each["for"]["reference"] for each in tasks} == {f"Patient/{one}", f"Patient/{two}"}
    assert len(tasks) == 2


async def test_a_risk_that_has_become_high_is_reviewed_and_shown(tmp_path: Path) -> None:
    async with acting(tmp_path / "data") as here:
        patient = await known(here)
        high = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/risk-probability", "code": "high"}]}
        score = of("RiskAssessment", "r1", patient, status="final", occurrenceDateTime=NOW)
        await here.put({**score, "prediction": [{"qualitativeRisk": {**high, "coding": [{**high["coding"][0], "code": "low"}]}}]})
        assert await here.made("risk-raised-flag", "Flag") == []
        await here.put({**score, "prediction": [{"qualitativeRisk": high}]})
        (flag,) = await here.made("risk-raised-flag", "Flag")
        (task,) = await here.made("risk-raised-review")
    assert (flag["status"], flag["subject"]) == ("active", {"reference": f"Patient/{patient}"})
    assert task["performerType"][0]["coding"][0]["code"] == "mdt"


def left_at_home(document: bytes) -> bytes:
    """A crew's document of an attendance that has ended and leads nowhere."""
    said = json.loads(document)

    def ended(value: Any) -> None:
        if isinstance(value, dict):
            if value.get("resourceType") == "Encounter":
                value["status"] = "finished"
                value["period"]["end"] = "2026-07-14T14:30:00+01:00"
                del value["hospitalization"]["destination"]
            for each in value.values():
                ended(each)
        elif isinstance(value, list):
            for each in value:
                ended(each)

    ended(said)
    return json.dumps(said).encode()


async def test_whom_a_crew_has_left_at_home_the_desk_and_the_clinician_hear_of(tmp_path: Path) -> None:
    async with acting(tmp_path / "data", at("2026-07-14T15:00:00Z")) as here:
        document = example("documents", "handover-before-arrival.json")
        await here.tell(document.replace(b'"558120"', b'"558000"'), feed="documents")
        (patient,) = await here.everyone()
        await here.put(team("t1", patient))
        await here.tell(left_at_home(document), feed="documents")
        (desk,) = await here.made("not-conveyed-desk")
        (told,) = await here.made("not-conveyed-told", "Communication")
        assert await here.made("arrived-team") == []
    assert desk["performerType"][0]["coding"][0]["code"] == "co-ordination"
    assert told["recipient"] == [{"reference": "Practitioner/named"}]


async def test_a_second_stay_within_thirty_days_is_proposed_for_review(tmp_path: Path) -> None:
    async with acting(tmp_path / "data") as here:
        patient = await known(here)
        stay = {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "IMP"}
        period = {"start": "2025-12-10T10:00:00Z", "end": "2025-12-20T10:00:00Z"}
        await here.put(of("Encounter", "first", patient, **{"class": stay}, status="finished", period=period))
        await here.tell(adt("A01", "C1"))
        (proposal,) = await here.made("readmitted", "ServiceRequest")
    assert (proposal["status"], proposal["intent"]) == ("draft", "proposal")
    assert proposal["performerType"]["coding"][0]["code"] == "mdt"


async def test_a_result_that_is_corrected_is_told_though_it_is_old(tmp_path: Path) -> None:
    async with acting(tmp_path / "data") as here:
        patient = await known(here)
        report = of("DiagnosticReport", "d1", patient, code={"text": "Blood count"}, issued="2025-11-01T10:00:00Z")
        await here.put({**report, "status": "final"})
        assert await here.made("result-told", "Communication") == []
        await here.put({**report, "status": "corrected"})
        (told,) = await here.made("result-corrected-told", "Communication")
    assert told["recipient"] == [{"reference": "Practitioner/named"}]


async def test_whoever_has_left_a_practice_and_has_no_other_is_somebodys_to_see_to(tmp_path: Path) -> None:
    async with acting(tmp_path / "data") as here:
        patient = await known(here)
        said = {"resourceType": "EpisodeOfCare", "id": "e1", "patient": {"reference": f"Patient/{patient}"}}
        said |= {"managingOrganization": {"display": "Practice"}, "period": {"start": "2019-01-01"}}
        await here.put({**said, "status": "active"})
        assert await here.made("registration-agreement") == []
        await here.put({**said, "status": "finished", "period": {"start": "2019-01-01", "end": "2026-01-04"}})
        (task,) = await here.made("registration-agreement")
    assert task["performerType"][0]["coding"][0]["code"] == "information-governance"
