"""Winifred, 89: what she wishes, at three in the morning, and after."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Any

from conformance.examples.cast import GP
from conformance.generate import adt, cda
from conformance.generate.adt import Envelope, Registration
from conformance.generate.clinical import Call, Term
from conformance.generate.itk import Booking
from conformance.generate.places import CALL_ADVISORS, CLINICS, COMMUNITY, OPERATORS
from conformance.generate.record import Entry
from tests.spec.workflows.cast import (
    AMBULANCE_SYSTEM,
    CREW,
    CREWS,
    DESK,
    DOCTOR,
    HOSPICE,
    HOSPICE_TEAM,
    HOSPITAL_SYSTEM,
    LOCALITY,
    PRACTICE_SYSTEM,
    STRANGER,
    Actor,
    by,
)
from tests.spec.workflows.fhir import coded, does, lines, matches, parameters, plan, team
from tests.spec.workflows.neighbours import WINIFRED, absences, agreed, kept, known
from tests.spec.workflows.telling import Step, Story, telling

TITLE = "11. End of life: Winifred"
ABOUT = (
    "Winifred is 89 and dying, and wants to die at home. The hospice has written down what she wishes, and shares it since she has "
    "said so. At three in the morning her daughter rings; 111 and the crew read what she wishes and leave her at home. She dies "
    "before the team is due: every clock about her stops, nothing more is sent to her, somebody looks at the booking that she had, "
    "and whoever cared for her is told once."
)
SHORT = (
    "The place of death is what the practice has written, in words: whether it is the one that she wished for a person reads; no "
    "measure counts it yet.",
    "Nobody is sent for her booking: somebody at the desk looks and cancels it.",
    "A crew and 111 say themselves that the call is about her; the privacy officer sees each such word.",
)
NURSE = Actor("Hospice nurse", "hospital-clinician", HOSPICE, mail="nurse@hospice.example")
ADVISOR = Actor("111 advisor", "nhs111", CREWS)
LEFT = ("Left at home, as she wishes.",)
STEP = "Give the morphine that is in the blue box and ring the hospice; no ambulance to hospital"


async def story(directory: Path) -> list[Step]:
    """A month."""
    async with telling(directory) as here:
        await agreed(here)
        await here.agree(HOSPICE)
        await here.staff(HOSPICE_TEAM, NURSE)
        patient = await known(here, WINIFRED)
        await _wishes(here, patient)
        await _night(here, patient)
        await _after(here, patient)
        return here.steps


async def _wishes(here: Story, patient: str) -> None:
    """Who takes care of her, that she shares, and what she wishes."""
    consent = f"/fhir/Patient/{patient}/$record-consent"
    nurse = {"reference": f"Practitioner/{here.ids[NURSE.name]}"}
    theirs = team(patient, "Hospice at home", by(HOSPICE), HOSPICE_TEAM.mail, nurse)
    await here.asks(DOCTOR, "she wants her record shared", "POST", consent, parameters(decision="given"))
    await here.asks(DOCTOR, "the hospice takes care of her at home", "POST", "/fhir/CareTeam", theirs)
    subject = {"reference": f"Patient/{patient}"}
    wishes = plan(
        "What Winifred wishes",
        does("what-matters", "To die at home, in my own bed, with Imelda beside me"),
        does("contingency", STEP, when="She is in pain or cannot breathe", who="Hospice at home"),
        subject=subject,
        created="2026-01-05",
        author={"reference": nurse["reference"], "display": NURSE.name},
    )
    contribute = f"/fhir/Patient/{patient}/$care-plan-contribute"
    told = [(HOSPICE_TEAM, "plan-made-told"), (NURSE, "plan-made-told")]
    await here.asks(NURSE, "writes down what she wishes", "POST", contribute, wishes, told=told)
    for what, code in (("is not to be resuscitated", "450476008"), ("wants to die at home", "110481000000108")):
        said = {
            "resourceType": "Observation",
            "status": "final",
            "subject": subject,
            "code": coded(code, "http://snomed.info/sct"),
            "effectiveDateTime": here.instant(),
            "performer": [nurse],
        }
        await here.asks(NURSE, f"records that she {what}", "POST", "/fhir/Observation", said)
    clinic = Booking("APW1101", CLINICS[0], datetime(2026, 2, 10, 10, 15), 20, "Annual review")
    booked = adt.schedule("S12", Registration.of(WINIFRED), clinic, Envelope("W1100001", here.local(), 1, OPERATORS[2]))
    await here.sends(HOSPITAL_SYSTEM, "an appointment that was made long ago (SIU)", booked, port="MLLP")
    reminder = {
        "resourceType": "CommunicationRequest",
        "status": "active",
        "subject": subject,
        "recipient": [subject],
        "payload": [{"contentString": "Your appointment"}],
        "authoredOn": here.instant(),
    }
    await here.asks(DOCTOR, "asks that she be reminded of it", "POST", "/fhir/CommunicationRequest", reminder)


async def _night(here: Story, patient: str) -> None:
    """Three in the morning."""
    await here.until("a month later, at three in the morning, her daughter rings", "2026-02-03T03:02")
    claimed = parameters(reason="Call to 111, her daughter is on the telephone")
    claim = f"/fhir/Patient/{patient}/$claim-relationship"
    await here.asks(ADVISOR, "says that the call is about her", "POST", claim, claimed)
    await here.asks(ADVISOR, "reads the plan", "GET", f"/fhir/Patient/{patient}/$care-plan", answer=_wished)
    await here.passes("a crew is with her", minutes=28)
    await here.asks(CREW, "says that it is with her", "POST", claim, parameters(reason="At the scene"))
    await here.asks(CREW, "opens her card", "GET", f"/fhir/Patient/{patient}/$crew-card", answer=_card)
    plans = f"/fhir/CarePlan?patient={patient}"
    await here.asks(STRANGER, "asks for her plan", "GET", plans, answer=lambda said: "; ".join(absences(said)))
    call = Call(
        "In pain, breathless",
        ("Awake", "Comfortable after morphine"),
        "Dx05",
        "To contact a local service within 2 hours",
        ("The hospice will visit.",),
        Term("279039007", "", "Pain"),
    )
    now = here.local()
    report = cda.Report("MA11030001", call, datetime(2026, 2, 3, 3, 2), now, CALL_ADVISORS[2], COMMUNITY, crew=LEFT)
    await here.sends(
        AMBULANCE_SYSTEM,
        "left at home, as she wishes (ITK CDA)",
        cda.message(WINIFRED, report),
        port="/itk",
        told=[(NURSE, "triaged-told")],
    )
    asked = {
        "resourceType": "ServiceRequest",
        "status": "active",
        "intent": "order",
        "priority": "urgent",
        "subject": {"reference": f"Patient/{patient}"},
        "code": coded("urgent-response", "urn:example:desk"),
        "authoredOn": here.instant(),
        "requester": by(LOCALITY),
        "performer": [by(HOSPICE)],
    }
    await here.asks(
        CREW,
        "the hospice is to come within two hours",
        "POST",
        "/fhir/ServiceRequest",
        asked,
        made=["clock urgent-response: running"],
    )


async def _after(here: Story, patient: str) -> None:
    """She dies at home, and what follows."""
    await here.until("she has died, at ten past four", "2026-02-03T04:40")
    await here.sends(
        PRACTICE_SYSTEM,
        "the doctor of the night: died at home",
        died(here.local().date()),
        told=[(DOCTOR, "death-told"), (HOSPICE_TEAM, "death-told"), (NURSE, "death-told")],
        made=["clock urgent-response: not-needed", "death-bookings -> Co-ordination desk"],
    )
    await here.passes("the two hours of the request are over", hours=2)
    await here.asks(DESK, "what waits for the desk?", "GET", "/fhir/Task?status=requested", answer=_waiting)
    await here.asks(DOCTOR, "is she still to be reminded?", "GET", f"/fhir/CommunicationRequest?patient={patient}", answer=_status)
    await here.asks(DOCTOR, "and her appointment?", "GET", f"/fhir/Appointment?patient={patient}", answer=_status)
    await here.asks(DOCTOR, "where did she wish to die?", "GET", f"/fhir/Patient/{patient}/$care-plan", answer=_place)
    where = f"/fhir/Observation?patient={patient}&code:text=died"
    await here.asks(DOCTOR, "where did she die?", "GET", where, answer=lambda said: matches(said)[0]["code"]["text"])
    stays = f"/fhir/Encounter?patient={patient}&class=IMP&date=2026-02-03"
    await here.asks(DOCTOR, "was she in hospital?", "GET", stays, answer=lambda said: f"{len(matches(said))} stays on that day")
    await here.passes("nobody is chased", days=30)


def died(today: date) -> bytes:
    """Her record as the practice has it after her death."""
    place = Entry("visit/death", "OBS", Term("", "", "Died at home"), datetime(2026, 2, 3, 4, 10), GP)
    said = kept(WINIFRED, today, place).decode()
    return said.replace(
        "<caseloadPatient", "<dateOfDeath>2026-02-03T04:10:00</dateOfDeath><dead>true</dead><caseloadPatient", 1
    ).encode()


def _wished(said: dict[str, Any]) -> str:
    """What she wishes, as the plan says it."""
    found = {each: lines(said, each) for each in ("what-matters", "cpr", "place-of-death", "contingency")}
    assert found["cpr"] == ["Not for cardiopulmonary resuscitation"]
    return "; ".join(f"{each}: {', '.join(one)}" for each, one in found.items())


def _card(card: dict[str, Any]) -> str:
    """The same on one screen."""
    found = {each: [line["text"] for line in card[each]["lines"]] for each in ("cpr", "placeOfDeath", "steps")}
    assert found["placeOfDeath"] == ["Home"]
    return "; ".join(f"{each}: {', '.join(one)}" for each, one in found.items())


def _place(said: dict[str, Any]) -> str:
    (place,) = lines(said, "place-of-death")
    return place


def _status(said: dict[str, Any]) -> str:
    (one,) = matches(said)
    return str(one["status"])


def _waiting(said: dict[str, Any]) -> str:
    return "; ".join(each["code"]["coding"][0]["display"] for each in matches(said))
