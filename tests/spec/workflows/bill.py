"""Bill, 66: dementia, and a carer at the end of her strength."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Any

from conformance.examples.cast import GP, bill
from conformance.generate import clinical, emis
from conformance.generate.record import Entry, Problem, Record
from interop.policy.grants import USER
from interop.signon.issuer import DEMO
from tests.spec.workflows.cast import (
    CREW,
    CREWS,
    DESK,
    DISPATCH,
    DOCTOR,
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
from tests.spec.workflows.fhir import coded, conflicts, does, lines, matches, message, nothing, only, parameters, plan, team
from tests.spec.workflows.telling import Step, Story, telling

TITLE = "3. Dementia and a carer in crisis: Bill and Joan"
ABOUT = (
    "Bill is 66 and has dementia; Joan, his wife, cares for him alone. A memory nurse and a social worker refer him to the review "
    "by the whole team. His plan has four authors, who do not agree in everything, and says so. When Joan cannot go on at "
    "night she calls the co-ordination desk and not 999; when a neighbour does, the crew reads what everybody has written, and "
    "nobody tells the story again."
)
SHORT = (
    "A carer reads and does not write: Joan's words are taken down by whoever hears them.",
    "A social worker has no right to write a ServiceRequest, which is clinical: a Task refers, and stands on the same list.",
    "The desk's own Task tells nobody: the desk rings the team, and the request by which the clock runs is a clinician's.",
    "Whoever writes a part of the plan is told of it as the others are.",
    "That two authors do not agree is shown to whoever reads; nobody is asked to settle it.",
)
BARS = "/bars/$process-message"
WORKLIST = "/fhir/$worklist?name=mdt"
TODAY = date(2026, 1, 5)
MIND, COUNCIL = "RZM", "Q99"
NURSE = Actor("Memory nurse", "hospital-clinician", MIND)
SOCIAL = Actor("Social worker", "social-worker", COUNCIL)
MEETING = Actor("Review meeting", "mdt-member", LOCALITY)
JOAN = Actor("Joan (wife)", "carer")
REVIEW = coded("integrated-review", "urn:interop:codes:task")
HERS = "Joan: a night's sleep, and one number to ring"
CALM = "Say your name each time, do not hurry him, let Joan stay with him"
DESKS = "Joan rings the co-ordination desk, day or night, and not 999"
TOLD = [(MATRON, "plan-made-told"), (TEAM, "plan-made-told")]


def record() -> bytes:
    """What his practice knows, as OpenHR."""
    made = Record(bill(TODAY), date(1998, 10, 12), carer="Wife, main carer")
    made.problems = [
        Problem("problem/dementia", clinical.ALZHEIMERS, date(2023, 1, 9), GP, about=("course/donepezil",)),
        Problem("problem/pressure", clinical.HYPERTENSION, date(2011, 10, 4), GP, "M"),
    ]
    made.loose = [Entry("course/donepezil", "MED", clinical.ALZHEIMERS, date(2023, 4, 3), GP, medicine=clinical.DONEPEZIL)]
    return emis.document(made, datetime(2026, 1, 5, 9, 55))


async def story(directory: Path) -> list[Step]:
    """Their story, over five weeks."""
    async with telling(directory) as here:
        await here.agree(OAKSHAW, LOCALITY, MIND, COUNCIL, CREWS)
        await here.staff(MATRON, TEAM, STRANGER)
        await here.sends(PRACTICE_SYSTEM, "his record: dementia, donepezil, cared for by his wife", record())
        (patient,) = await here.patients(bill(TODAY).nhs_number)
        here.ids["patient"] = patient
        await _referred(here, patient)
        await _planned(here, patient)
        await _crisis(here, patient)
        await _crew(here, patient)
        return here.steps


async def _referred(here: Story, patient: str) -> None:
    """Any professional refers; the meeting sees who asks and why."""
    subject = {"reference": f"Patient/{patient}"}
    joan = {"identifier": {"system": USER, "value": f"{DEMO}|{JOAN.user}"}}
    for_joan = parameters(decision="given")
    for_joan["parameter"].append({"name": "proxy", "valueReference": joan})
    for what, said in (("he shares his record", parameters(decision="given")), ("Joan acts for him", for_joan)):
        await here.asks(
            DOCTOR, f"takes down: {what}", "POST", f"/fhir/Patient/{patient}/$record-consent", said, answer=lambda _: "recorded"
        )
    clinician = {"reference": f"Practitioner/{here.ids[MATRON.name]}"}
    ours = team(patient, "Locality team", by(LOCALITY), TEAM.mail, clinician)
    ours["participant"] += [{"member": by(MIND)}, {"member": by(COUNCIL)}]
    await here.asks(DOCTOR, "his team: matron, memory nurse, social worker", "POST", "/fhir/CareTeam", ours)
    asked = {
        "resourceType": "ServiceRequest", "status": "active", "intent": "order", "code": REVIEW, "subject": subject,
        "authoredOn": here.instant(), "requester": by(MIND), "performer": [by(LOCALITY)],
        "reasonCode": [{"text": "Nights are worse, his wife has not slept"}],
    }  # fmt: skip
    await here.asks(NURSE, "refers to the integrated locality review", "POST", "/fhir/ServiceRequest", asked)
    task = {
        "resourceType": "Task", "status": "requested", "intent": "order", "code": REVIEW, "for": subject,
        "authoredOn": here.instant(), "requester": by(COUNCIL), "description": "His wife needs an assessment of her own",
    }  # fmt: skip
    await here.asks(SOCIAL, "refers too, by a Task", "POST", "/fhir/Task", task)
    why = "A clinician asks for the review: Nights are worse, his wife has not slept; Waits for the team's decision"
    await here.asks(MEETING, "who is on the list, and why?", "GET", WORKLIST, answer=lambda said: only([listed(said)], why))
    await here.asks(STRANGER, "who is on the list?", "GET", WORKLIST, answer=lambda said: only([listed(said)], "nobody"))


async def _planned(here: Story, patient: str) -> None:
    """One plan from many authors, with what they do not agree in."""
    path, read = f"/fhir/Patient/{patient}/$care-plan-contribute", f"/fhir/Patient/{patient}/$care-plan"
    await here.until("the team meets", "2026-01-08T13:00")
    parts = [
        (DOCTOR, "the practice's part", plan(
            "Practice plan", does("what-matters", "My dog, my allotment, and to be with Joan"), does("place-of-care", "At home"),
        )),
        (MATRON, "the team's part, with Joan's own words", plan(
            "Locality plan", does("what-matters", HERS), does("contingency", DESKS, when="Joan cannot go on", who="The desk"),
        )),
        (NURSE, "the mental health crisis plan", plan(
            "Crisis plan", does("contingency", CALM, when="He is restless or shouts", who="Whoever comes"),
            does("place-of-care", "Willow House, when nights cannot be borne at home"),
        )),
        (SOCIAL, "the social care part", plan("Support plan", does("support", "A sitter for three nights, then one a week"))),
    ]  # fmt: skip
    for who, what, part in parts:
        await here.asks(who, what, "POST", path, part, told=TOLD)
    await here.asks(MEETING, "reads the one plan", "GET", read, answer=one_plan)
    waiting = await here.asks(
        MEETING, "what waits for its decision?", "GET", f"/fhir/Task?patient={patient}&code=integrated-review",
        answer=lambda said: only([each["description"] for each in matches(said)]),
    )  # fmt: skip
    (task,) = matches(waiting)
    done = task | {"status": "completed", "lastModified": here.instant()}
    await here.asks(MEETING, "the review is done", "PUT", f"/fhir/Task/{here.named('task', task['id'])}", done)
    await here.asks(MEETING, "who is on the list now?", "GET", WORKLIST, answer=lambda said: only([listed(said)], "nobody"))


async def _crisis(here: Story, patient: str) -> None:
    """Joan calls the desk and not 999."""
    await here.until("half past two at night: Joan cannot go on", "2026-01-14T02:30")
    await here.asks(
        JOAN, "reads in the plan whom to call", "GET", f"/fhir/Patient/{patient}/$care-plan",
        answer=lambda said: only([each for each in lines(said, "contingency") if each != CALM], DESKS),
    )  # fmt: skip
    call = {
        "resourceType": "Task", "status": "accepted", "intent": "order", "code": {"text": "Carer's call"},
        "for": {"reference": f"Patient/{patient}"}, "authoredOn": here.instant(), "owner": by(LOCALITY),
        "description": "His wife cannot go on; the night team is asked to go",
    }  # fmt: skip
    await here.asks(DESK, "takes Joan's call: the night team is to go", "POST", "/fhir/Task", call)
    asked = {
        "resourceType": "ServiceRequest", "status": "active", "intent": "order", "priority": "urgent",
        "code": coded("urgent-response", "urn:example:desk"), "subject": {"reference": f"Patient/{patient}"},
        "authoredOn": here.instant(), "requester": by(LOCALITY), "performer": [by(LOCALITY)],
    }  # fmt: skip
    await here.asks(TEAM, "the night team takes it as an urgent response", "POST", "/fhir/ServiceRequest", asked,
        made=["clock urgent-response: running"],
    )  # fmt: skip
    await here.until("an hour and twenty minutes later the team is there", "2026-01-14T03:55")
    await here.sends(LOCALITY_SYSTEM, "with them since 03:50", message("bill-visit.json"), made=["clock urgent-response: met"])


async def _crew(here: Story, patient: str) -> None:
    """A crew comes all the same, and sees the plan."""
    await here.until("four weeks later a neighbour hears shouting and rings 999", "2026-02-10T03:15")
    await here.sends(DISPATCH, "999: a crew is sent", message("bill-999.json"), port=BARS)
    await here.asks(CREW, "opens his crew card", "GET", f"/fhir/Patient/{patient}/$crew-card", answer=card)
    await here.asks(
        STRANGER, "looks at his plan", "GET", f"/fhir/Patient/{patient}/$care-plan",
        answer=lambda said: nothing(lines(said, "what-matters") + lines(said, "contingency")),
    )  # fmt: skip


def listed(said: dict[str, Any]) -> str:
    """Who is on a worklist, and why in words; nobody where it is empty."""
    (found,) = [each["resource"] for each in said["entry"] if each["resource"]["resourceType"] == "List"]
    return "; ".join(each["flag"]["text"] for each in found.get("entry", [])) or "nobody"


def both(found: list[str]) -> list[str]:
    """Two lines, in the order of their letters."""
    assert len(found) == 2, found
    return sorted(found)


def one_plan(said: dict[str, Any]) -> str:
    """What four authors have written, and where two do not agree."""
    matters, place = both(lines(said, "what-matters")), both(conflicts(said, "place-of-care"))
    both(lines(said, "contingency"))
    words = f"what matters: {'; '.join(matters)}; preferred place of care, not agreed: {'; '.join(place)}"
    return f"{words}; {only(lines(said, 'support'))}"


def card(said: dict[str, Any]) -> str:
    """What the crew reads: the steps of both authors."""
    steps = [f"if {each['if']}: {each['text']} ({', '.join(each['from'])})" for each in said["steps"]["lines"]]
    assert [line["text"] for line in said["steps"]["lines"] if line["from"] == [LOCALITY]] == [DESKS]
    return "; ".join(both(steps))
