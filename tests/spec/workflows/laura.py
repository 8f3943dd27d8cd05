"""Laura, 72: a fall, and not conveyed."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Any

from conformance.examples.cast import GP, laura
from conformance.examples.cast import MATRON as NURSE
from conformance.generate import cda, clinical, emis
from conformance.generate.clinical import Call
from conformance.generate.places import CALL_ADVISORS, COMMUNITY
from conformance.generate.record import Consultation, Entry, Problem, Record
from tests.spec.workflows.cast import (
    AMBULANCE_SYSTEM,
    CREW,
    CREWS,
    DESK,
    DISPATCH,
    DOCTOR,
    HOSPICE,
    HOSPICE_TEAM,
    LOCALITY,
    LOCALITY_SYSTEM,
    MATRON,
    OAKSHAW,
    PRACTICE_SYSTEM,
    STRANGER,
    TEAM,
    Actor,
    by,
)
from tests.spec.workflows.fhir import NHS, coded, does, lines, looked, matches, message, nothing, only, parameters, plan, team
from tests.spec.workflows.telling import Step, Story, telling

TITLE = "1. A fall, not conveyed: Laura"
ABOUT = (
    "Laura is 72, lives alone, and wants to stay in her home. She is known to be at risk, her locality team has made a plan with "
    "her. She falls; the crew reads the plan in her kitchen, leaves her at home, and the team is with her within two hours. "
    "A practice that has nothing to do with her, and a hospice with which the ambulance service shares nothing, hear of none of it."
)
SHORT = (
    "Had no crew asked, the desk's taking on of its Task would have started the two hours; a Task that is completed without being "
    "taken on starts none, for it may have been decided that nobody goes.",
    "*Later contacts are merged to the fewest*: the record has them all in one place; nothing merges them.",
    "The request and the desk's Task are not the same thing: a request that is written before the report comes does not take the "
    "Task from the worklist.",
    "Nobody tells Laura that there is a plan: she sees it when she signs on.",
)
BARS = "/bars/$process-message"
TODAY = date(2026, 1, 5)
MATTERS = "To stay in my own home and look after my garden"
STEP = "No head injury and no pain in the hip: do not convey; the locality team comes within two hours"


def record() -> bytes:
    """What her practice knows, as OpenHR."""
    person = laura(TODAY)
    made = Record(person, date(2009, 6, 1))
    made.problems = [
        Problem("problem/bones", clinical.OSTEOPOROSIS, date(2020, 1, 14), GP),
        Problem("problem/falls", clinical.FALLS_RISK, date(2025, 12, 18), NURSE, text="Two falls in a year."),
    ]
    seen = datetime(2025, 12, 18, 10, 30)
    pressure = Entry("visit/lying", "VAL", clinical.SYSTOLIC, seen, NURSE, value="142", unit="mm Hg", heading="Examination")
    made.consultations = [Consultation("visit/assessment", seen, NURSE, "HV", 50, [pressure])]
    made.loose = [
        Entry("course/pressure", "MED", clinical.HYPERTENSION, date(2023, 7, 1), GP, medicine=clinical.RAMIPRIL),
        Entry("allergy/penicillin", "ALL", clinical.PENICILLIN, date(1988, 5, 2), GP, "Swelling of the face."),
    ]
    return emis.document(made, datetime(2026, 1, 5, 9, 55))


def report(version: int = 1) -> bytes:
    """What the ambulance service says of the call when the crew has left, as an ITK CDA document."""
    call = Call(
        "Fallen in the kitchen, cannot get up without help",
        ("Awake, no head injury", "No pain in hip or back"),
        "Dx05",
        "To contact a local service within 2 hours",
        ("Locality team to visit; call again for pain in the hip or drowsiness.",),
        clinical.FALL,
    )
    began, ended = datetime(2026, 1, 7, 13, 31), datetime(2026, 1, 7, 14, 6)
    made = cda.Report("MA72140001", call, began, ended, CALL_ADVISORS[2], COMMUNITY, version, ("Lifted; walks with her stick.",))
    return cda.message(laura(TODAY), made)


async def story(directory: Path) -> list[Step]:
    """Her story, from Monday to Thursday."""
    async with telling(directory) as here:
        patient = await begun(here)
        await here.until("two days later she falls in her kitchen", "2026-01-07T13:34")
        await _fallen(here, patient, laura(TODAY).nhs_number)
        await _answered(here, patient)
        return here.steps


async def begun(here: Story) -> str:
    """Until her plan is made: who shares what with whom, her record, her team; the id of her Patient."""
    await here.agree(OAKSHAW)
    await here.agree(LOCALITY, CREWS, partners=(OAKSHAW, LOCALITY, CREWS))
    await here.agree(LOCALITY, CREWS, purpose="own-record")
    await here.staff(DOCTOR, MATRON, TEAM, STRANGER, HOSPICE_TEAM)
    await here.sends(PRACTICE_SYSTEM, "her record: problems, medicines, an allergy", record())
    (patient,) = await here.patients(laura(TODAY).nhs_number)
    here.ids["patient"] = patient
    await _planned(here, patient)
    return patient


async def _planned(here: Story, patient: str) -> None:
    """Found by the risk list, taken on by the team, assessed, planned with."""
    await here.asks(
        DOCTOR, "takes down that she wants her record shared", "POST", f"/fhir/Patient/{patient}/$record-consent",
        parameters(decision="given"), answer=lambda said: "recorded",
    )  # fmt: skip
    await here.sends(
        LOCALITY_SYSTEM, "the risk list: hers is high", message("laura-risk.json"),
        made=["risk-raised-flag: flag", "risk-raised-review -> Review list"],
    )  # fmt: skip
    clinician = {"reference": f"Practitioner/{here.ids[MATRON.name]}"}
    ours = team(patient, "Locality team", by(LOCALITY), TEAM.mail, clinician)
    await here.asks(DOCTOR, "the locality team takes her on, the matron answers for her", "POST", "/fhir/CareTeam", ours)
    theirs = team(patient, "Hospice at home", by(HOSPICE), HOSPICE_TEAM.mail)
    await here.asks(DOCTOR, "a hospice team is in her care too", "POST", "/fhir/CareTeam", theirs)
    mine = plan(
        "Laura's plan",
        does("what-matters", MATTERS),
        does("contingency", STEP, when="She falls", who="Locality team"),
        period={"start": "2026-01-05"},
    )
    await here.asks(
        MATRON, "the plan that they have made with her", "POST", f"/fhir/Patient/{patient}/$care-plan-contribute", mine,
        told=[(MATRON, "plan-made-told"), (TEAM, "plan-made-told")],
    )  # fmt: skip
    await here.asks(
        herself(patient), "reads her copy of the plan", "GET", f"/fhir/Patient/{patient}/$care-plan",
        answer=lambda said: f"what matters to her: {only(lines(said, 'what-matters'))}",
    )  # fmt: skip


async def _fallen(here: Story, patient: str, number: str) -> None:
    """The crew reads the plan at the scene and leaves her at home; the desk is told, and the matron, once."""
    await here.sends(DISPATCH, "999: fallen, awake, a crew is sent", message("laura-999.json"), port=BARS)
    await here.until("the crew is with her", "2026-01-07T13:50")
    await here.asks(
        CREW, "finds her by her NHS number", "GET", f"/fhir/Patient?identifier={NHS}|{number}",
        answer=lambda said: f"{len(matches(said))} records, of practice, team and ambulance service: one person",
    )  # fmt: skip
    await here.asks(CREW, "opens her crew card", "GET", f"/fhir/Patient/{patient}/$crew-card", answer=read)
    await here.until("she is lifted, nothing is broken, she stays as she wishes", "2026-01-07T14:02")
    await here.asks(
        CREW, "asks for the locality team by the desk", "POST", "/fhir/ServiceRequest", request(here, patient),
        made=["clock urgent-response: running"],
    )  # fmt: skip
    await here.until("the crew leaves", "2026-01-07T14:06")
    await here.sends(
        DISPATCH, "the crew has left her at home", message("laura-left-at-home.json"), port=BARS,
        told=[(MATRON, "not-conveyed-told")], made=["not-conveyed-desk -> Co-ordination desk"],
    )  # fmt: skip
    await here.until("the call is closed", "2026-01-07T14:07")
    await here.sends(AMBULANCE_SYSTEM, "the report of the call", report(), port="/itk")
    await here.sends(AMBULANCE_SYSTEM, "the report again, corrected", report(2), port="/itk")


async def _answered(here: Story, patient: str) -> None:
    """The team is warned when nobody has gone, goes, and is there in time; who has nothing to do with it hears and sees nothing."""
    listed = await here.asks(
        DESK, "looks at its worklist", "GET", "/fhir/Task?status=requested&code=urgent-response",
        answer=lambda said: only([each["description"] for each in matches(said)]),
    )  # fmt: skip
    (task,) = matches(listed)
    sent = task | {"status": "accepted", "note": [{"text": "The locality team goes."}]}
    await here.asks(
        DESK, "the locality team is sent", "PUT", f"/fhir/Task/{here.named('task', task['id'])}", sent,
        made=["not-conveyed-desk -> Co-ordination desk: accepted"],
    )  # fmt: skip
    await here.until("an hour and a half after the crew has asked nobody is there", "2026-01-07T15:32",
        told=[(TEAM, "urgent-response warned")], made=["clock urgent-response: warned"],
    )  # fmt: skip
    await here.until("the team is on its way", "2026-01-07T15:50")
    await here.sends(
        LOCALITY_SYSTEM, "the matron is with her since 15:48", message("laura-visit.json"), made=["clock urgent-response: met"]
    )
    await here.asks(
        DESK, "has no more to do", "PUT", f"/fhir/Task/{here.named('task', task['id'])}", sent | {"status": "completed"},
        made=["not-conveyed-desk -> Co-ordination desk: completed"],
    )  # fmt: skip
    for other in (STRANGER, HOSPICE_TEAM):
        await here.asks(
            other, "looks for what has happened since", "GET", f"/fhir/Encounter?patient={patient}&date=sa2026-01-06",
            answer=lambda said: nothing(matches(said)),
        )  # fmt: skip
        await here.asks(
            other, "looks at her plan", "GET", f"/fhir/Patient/{patient}/$care-plan",
            answer=lambda said: nothing(lines(said, "what-matters") + lines(said, "contingency")),
        )  # fmt: skip
    await here.passes("a week goes by", days=7)
    await here.asks(
        herself(patient), "who has looked at her record?", "GET", f"/fhir/Patient/{patient}/$who-looked",
        answer=lambda said: "; ".join(looked(said)),
    )  # fmt: skip


def request(here: Story, patient: str) -> dict[str, Any]:
    """The crew asks for the locality team, as an urgent response."""
    return {
        "resourceType": "ServiceRequest", "status": "active", "intent": "order", "priority": "urgent",
        "subject": {"reference": f"Patient/{patient}"}, "code": coded("urgent-response", "urn:example:desk"),
        "authoredOn": here.instant(), "requester": by(CREWS), "performer": [by(LOCALITY)],
    }  # fmt: skip


def herself(patient: str) -> Actor:
    """Laura, who signs on as a patient."""
    return Actor("Laura", "patient", patient=patient)


def read(card: dict[str, Any]) -> str:
    """What the crew reads on the card in a second, which is what the team has written."""
    glance = card["glance"]
    assert glance["matters"] == f"What matters: {MATTERS}"
    assert [line["text"] for line in card["steps"]["lines"]] == [STEP]
    return f"{glance['matters']}; if she falls: {STEP}; {glance['allergies']}; {glance['alerts']}"
