"""Harold, 84: A&E, and a team that answers."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

from conformance.generate import clinical
from conformance.generate.itk import Visit
from conformance.generate.places import WARDS
from tests.spec.workflows.cast import DOCTOR, HOSPITAL_SYSTEM, MATRON, STRANGER, TEAM
from tests.spec.workflows.fhir import matches
from tests.spec.workflows.hospital import emergency, stay
from tests.spec.workflows.neighbours import HAROLD, JOYCE, PRACTICE, absences, agreed, cared_for
from tests.spec.workflows.telling import Step, Story, telling

TITLE = "5. A&E to rapid response: Harold"
ABOUT = (
    "Harold is 84, and a locality team takes care of him. When he is in A&E the team and the matron who answers for him know it "
    "at once, and somebody is to come within two to four hours. The first time the team takes him home; the second time nobody "
    "comes, and that is said; the third time he is admitted, and nobody need come. Of a neighbour without a team nobody is told."
)
SHORT = (
    "A&E itself is not told that a team is coming: no rule names a destination of the hospital.",
    "The team's answer is its Task, in words; no code says whether an admission was saved.",
    "An attendance that is told of more than twelve hours late starts nothing.",
)
HERE = [(MATRON, "arrived-told"), (TEAM, "arrived-told")]
"""Who is told of an attendance."""


async def story(directory: Path) -> list[Step]:
    """His three attendances, and one of somebody else's."""
    async with telling(directory) as here:
        await agreed(here)
        patient = await cared_for(here, HAROLD)
        await _answered(here, patient)
        await _nobody_comes(here)
        await _admitted(here)
        await here.until("a neighbour, of whom no team takes care", "2026-01-21T11:00")
        now = here.local()
        await here.sends(HOSPITAL_SYSTEM, "she is in A&E (A04)", emergency("A04", JOYCE, "AE9", now, now), port="MLLP")
        await here.passes("nobody is waited for", hours=12)
        return here.steps


async def _answered(here: Story, patient: str) -> None:
    """Met: the team is there in the third hour."""
    began = here.local()
    arrives = emergency("A04", HAROLD, "AE1", began, began)
    await here.sends(
        HOSPITAL_SYSTEM,
        "he is registered in A&E (A04)",
        arrives,
        port="MLLP",
        told=HERE,
        made=["arrived-team -> CareTeam", "clock ae-to-team: running"],
    )
    await here.sends(HOSPITAL_SYSTEM, "the same, sent again", arrives, port="MLLP")
    await here.passes("two hours on", hours=2, told=[(TEAM, "ae-to-team warned")], made=["clock ae-to-team: warned"])
    task = await _taken(here, patient)
    await here.passes("an hour on", hours=1)
    done = task | {"status": "completed", "executionPeriod": {"end": here.instant()}}
    done["output"] = [{"type": {"text": "Outcome"}, "valueString": "Seen in A&E, taken home, visited tonight"}]
    await here.asks(
        TEAM,
        "has seen him and takes him home",
        "PUT",
        f"/fhir/Task/{task['id']}",
        done,
        told=[(DOCTOR, "answered-told"), (MATRON, "answered-told"), (PRACTICE, "answered-told")],
        made=["arrived-team -> CareTeam: completed", "clock ae-to-team: met"],
    )
    left = here.local()
    leaves = emergency("A03", HAROLD, "AE1", began, left, left=left)
    await here.sends(HOSPITAL_SYSTEM, "he has left A&E (A03)", leaves, port="MLLP")
    await here.asks(
        DOCTOR,
        "reads what the team has done",
        "GET",
        f"/fhir/Task/{task['id']}",
        answer=lambda said: said["output"][0]["valueString"],
    )
    await here.asks(STRANGER, "looks for his attendances", "GET", f"/fhir/Encounter?patient={patient}", answer=_nothing)
    await here.passes("nothing more comes of it", days=7)


async def _taken(here: Story, patient: str) -> dict[str, Any]:
    """The team's Task, taken on."""
    found = await here.asks(
        TEAM,
        "looks at what it has to do",
        "GET",
        f"/fhir/Task?patient={patient}&status=requested&code=respond",
        answer=lambda said: f"{len(matches(said))} to answer",
    )
    (task,) = matches(found)
    here.ids["task"] = task["id"]
    taken = task | {"status": "in-progress"}
    await here.asks(TEAM, "goes", "PUT", f"/fhir/Task/{task['id']}", taken, made=["arrived-team -> CareTeam: in-progress"])
    return taken


async def _nobody_comes(here: Story) -> None:
    """Warned, then breached, each told once."""
    began = here.local()
    arrives = emergency("A04", HAROLD, "AE2", began, began)
    await here.sends(
        HOSPITAL_SYSTEM,
        "he is in A&E again (A04)",
        arrives,
        port="MLLP",
        told=HERE,
        made=["arrived-team -> CareTeam", "clock ae-to-team: running"],
    )
    await here.passes("two hours on", hours=2, told=[(TEAM, "ae-to-team warned")], made=["clock ae-to-team: warned"])
    await here.passes("four hours on", hours=2, told=[(MATRON, "ae-to-team breached")], made=["clock ae-to-team: breached"])
    await here.passes("it is said once", days=7)


async def _admitted(here: Story) -> None:
    """Not needed: he is in hospital."""
    began = here.local()
    arrives = emergency("A04", HAROLD, "AE3", began, began)
    await here.sends(
        HOSPITAL_SYSTEM,
        "he is in A&E for the third time (A04)",
        arrives,
        port="MLLP",
        told=HERE,
        made=["arrived-team -> CareTeam", "clock ae-to-team: running"],
    )
    await here.passes("an hour on", hours=1)
    now = here.local()
    spell = Visit("V5001", WARDS[1], "B4", clinical.ILLNESSES[3], now)
    await here.sends(
        HOSPITAL_SYSTEM,
        "he is admitted (A01)",
        stay("A01", HAROLD, spell, now, expected=now + timedelta(days=3)),
        port="MLLP",
        told=[(DOCTOR, "admitted-told"), (MATRON, "admitted-told"), (PRACTICE, "admitted-told")],
        made=[
            "admitted-team -> CareTeam",
            "clock ae-to-team: not-needed",
            "clock discharge: running",
            "clock expected-discharge-date: met",
        ],
    )
    await here.passes("four hours after he came", hours=3)


def _nothing(said: dict[str, Any]) -> str:
    """Of somebody with whom one has nothing to do: no attendance, and why is not told apart."""
    assert matches(said) == []
    (why,) = absences(said)
    return f"nothing: {why}"
