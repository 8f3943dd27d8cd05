"""Joyce, 78: in hospital, home again, back, and home again."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from conformance.generate import clinical
from conformance.generate.itk import Visit
from conformance.generate.places import WARDS
from tests.spec.workflows.cast import DOCTOR, HOSPITAL_SYSTEM, LETTERS, MATRON, STRANGER, TEAM
from tests.spec.workflows.fhir import message
from tests.spec.workflows.hospital import stay
from tests.spec.workflows.neighbours import JOYCE, PRACTICE, agreed, cared_for
from tests.spec.workflows.telling import Step, Story, telling

TITLE = "6. Admission to discharge to follow-up: Joyce"
ABOUT = (
    "Joyce is 78, and a locality team takes care of her. She is admitted; the date on which she is to leave is set within a day; "
    "she is fit, stands on the list of those who wait, and leaves in time; the letter comes, her medicines are reviewed on the "
    "sixth day. Twelve days later she is back, and everything that can be late is: each lateness is told once, to whom it concerns."
)
SHORT = (
    "The letter and the hospital's messages tell of the stay under numbers of their own: the record has it twice, and it is acted "
    "on once.",
    "Fit and waiting is a list to look at; no clock counts from it, only from the expected date.",
    "Watching for readmission is the list of discharges that did not hold, thirty days long, and a review that is proposed; nobody "
    "is warned before somebody comes back.",
    "Who has no telephone and no mailbox in the record is told of changed medicines by the desk.",
)
FIRST, SECOND = "V6000101", "V6000202"
HERS = [(DOCTOR, "admitted-told"), (MATRON, "admitted-told"), (PRACTICE, "admitted-told")]
HOME = [(DOCTOR, "discharged-told"), (MATRON, "discharged-told"), (PRACTICE, "discharged-told")]


async def story(directory: Path) -> list[Step]:
    """Two stays."""
    async with telling(directory) as here:
        await agreed(here)
        patient = await cared_for(here, JOYCE)
        await _in_time(here, patient)
        await _followed_up(here, patient)
        await _late(here, patient)
        return here.steps


async def _in_time(here: Story, patient: str) -> None:
    """The first stay, in which each clock is met."""
    began = here.local()
    spell = Visit(FIRST, WARDS[1], "B4", clinical.ILLNESSES[3], began)
    admitted = stay("A01", JOYCE, spell, began)
    await here.sends(
        HOSPITAL_SYSTEM,
        "she is admitted (A01), without an expected date",
        admitted,
        port="MLLP",
        told=HERS,
        made=["admitted-team -> CareTeam", "clock expected-discharge-date: running"],
    )
    await here.sends(HOSPITAL_SYSTEM, "the same, sent again", admitted, port="MLLP")
    await here.passes(
        "eighteen hours on, no date is set",
        hours=18,
        told=[(TEAM, "expected-discharge-date warned")],
        made=["clock expected-discharge-date: warned"],
    )
    leaves = datetime(2026, 1, 8, 14, 0)
    planned = stay("A08", JOYCE, spell, here.local(), expected=leaves)
    await here.sends(
        HOSPITAL_SYSTEM,
        "she is to leave on Thursday at two (A08)",
        planned,
        port="MLLP",
        made=["clock discharge: running", "clock expected-discharge-date: met"],
    )
    await here.until("she is well again", "2026-01-08T09:30")
    fit = here.local()
    await here.sends(
        HOSPITAL_SYSTEM,
        "medically fit since nine (A08, ZU1-24)",
        stay("A08", JOYCE, spell, fit, expected=leaves, fit=fit - timedelta(minutes=30)),
        port="MLLP",
    )
    await here.asks(TEAM, "who is fit and waits?", "GET", "/fhir/$worklist?name=medically-fit", answer=_listed)
    await here.asks(STRANGER, "who is fit and waits?", "GET", "/fhir/$worklist?name=medically-fit", answer=_listed)
    await here.until("Thursday at two is over, she waits for her medicines", "2026-01-08T17:00")
    out = here.local()
    gone = stay("A03", JOYCE, spell._replace(discharged=out), out, expected=leaves)
    await here.sends(
        HOSPITAL_SYSTEM,
        "she has gone home (A03)",
        gone,
        port="MLLP",
        told=HOME,
        made=["clock discharge: met", "clock medicines-review: running", "discharged-team -> CareTeam"],
    )
    await here.asks(TEAM, "who is fit and waits?", "GET", "/fhir/$worklist?name=medically-fit", answer=_listed)


async def _followed_up(here: Story, patient: str) -> None:
    """The letter, and the review of medicines."""
    await here.until("the next morning", "2026-01-09T09:00")
    said = {
        "number": JOYCE.nhs_number,
        "local": JOYCE.hospital_number,
        "family": JOYCE.family,
        "given": JOYCE.given,
        "born": f"{JOYCE.birth_date}",
        "visit": FIRST,
        "admitted": "2026-01-05T10:00:00+00:00",
        "discharged": "2026-01-08T17:00:00+00:00",
        "written": "2026-01-08T17:20:00+00:00",
        "sent": "2026-01-09T08:50:00+00:00",
    }
    letter = message("joyce-letter.json", **said)
    told = [(MATRON, "letter-told"), (DOCTOR, "medicines-told"), (MATRON, "medicines-told"), (PRACTICE, "medicines-told")]
    await here.sends(
        LETTERS,
        "the discharge letter (ITK3); she has no telephone that takes messages",
        letter,
        port="/itk3/$process-message",
        told=told,
        made=["medicines-told-person could-not-be-told -> Co-ordination desk"],
    )
    changes = f"/fhir/Patient/{patient}/$medication-changes"
    await here.asks(DOCTOR, "what has become of her medicines?", "GET", changes, answer=_changed)
    await here.passes(
        "five days after she left",
        days=4,
        hours=15,
        told=[(TEAM, "medicines-review warned")],
        made=["clock medicines-review: warned"],
    )
    await here.until("the sixth day", "2026-01-14T10:00")
    review = {
        "resourceType": "Procedure",
        "status": "completed",
        "subject": {"reference": f"Patient/{patient}"},
        "code": {"coding": [{"system": "http://snomed.info/sct", "code": "182836005"}]},
        "performedDateTime": here.instant(),
    }
    await here.asks(DOCTOR, "has reviewed her medicines", "POST", "/fhir/Procedure", review, made=["clock medicines-review: met"])
    await here.passes("the eighth day", days=2)


async def _late(here: Story, patient: str) -> None:
    """The second stay, in which nothing is done in time."""
    await here.until("twelve days after she left", "2026-01-20T08:00")
    spell = Visit(SECOND, WARDS[1], "B9", clinical.ILLNESSES[3], here.local())
    back = stay("A01", JOYCE, spell, here.local())
    await here.sends(
        HOSPITAL_SYSTEM,
        "she is back (A01)",
        back,
        port="MLLP",
        told=HERS,
        made=["admitted-team -> CareTeam", "clock expected-discharge-date: running", "readmitted -> Review list"],
    )
    await here.asks(DOCTOR, "whose discharge did not hold?", "GET", "/fhir/$worklist?name=failed-discharges", answer=_listed)
    await here.asks(DOCTOR, "whom is the team to review?", "GET", "/fhir/$worklist?name=mdt", answer=_listed)
    await here.passes(
        "three quarters of a day on",
        hours=18,
        told=[(TEAM, "expected-discharge-date warned")],
        made=["clock expected-discharge-date: warned"],
    )
    await here.passes(
        "a day on, no date is set",
        hours=6,
        told=[(TEAM, "expected-discharge-date breached")],
        made=["clock expected-discharge-date: breached"],
    )
    await here.passes("an hour more", hours=1)
    leaves = datetime(2026, 1, 22, 12, 0)
    planned = stay("A08", JOYCE, spell, here.local(), expected=leaves)
    await here.sends(
        HOSPITAL_SYSTEM, "she is to leave on Thursday at noon (A08)", planned, port="MLLP", made=["clock discharge: running"]
    )
    await here.until("half a day after it", "2026-01-23T00:00", told=[(TEAM, "discharge warned")], made=["clock discharge: warned"])
    await here.until(
        "a day after it", "2026-01-23T12:00", told=[(MATRON, "discharge breached")], made=["clock discharge: breached"]
    )
    await here.passes("it is said once", days=1)
    out = here.local()
    gone = stay("A03", JOYCE, spell._replace(discharged=out), out, expected=leaves)
    await here.sends(
        HOSPITAL_SYSTEM,
        "she has gone home (A03)",
        gone,
        port="MLLP",
        told=HOME,
        made=["clock medicines-review: running", "discharged-team -> CareTeam"],
    )
    await here.passes("the fifth day", days=5, told=[(TEAM, "medicines-review warned")], made=["clock medicines-review: warned"])
    late = [(DOCTOR, "medicines-review breached"), (PRACTICE, "medicines-review breached")]
    await here.passes(
        "the eighth day: nobody has reviewed her medicines", days=3, told=late, made=["clock medicines-review: breached"]
    )
    await here.passes("it is said once", days=14)


def _listed(said: dict[str, Any]) -> str:
    """Who is on a list, and why."""
    (listed,) = [each["resource"] for each in said["entry"] if each["resource"]["resourceType"] == "List"]
    return "; ".join(each["flag"]["text"] for each in listed.get("entry", [])) or "nobody"


def _changed(said: dict[str, Any]) -> str:
    """What became of each medicine."""
    sections = said["entry"][0]["resource"]["section"]
    return "; ".join(f"{line['title']}: {each['title'].lower()}" for each in sections for line in each.get("section", []))
