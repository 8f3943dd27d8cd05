"""Ernest, Joyce and Harold, who live in one care home, and the list for the round at five."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson

from conformance.generate import clinical
from conformance.generate.itk import Visit
from conformance.generate.people import Person
from conformance.generate.places import WARDS
from tests.spec.workflows.cast import DISPATCH, DOCTOR, HOSPITAL_SYSTEM, LOCALITY_SYSTEM, MATRON, STRANGER, TEAM
from tests.spec.workflows.fhir import NHS, coded, does, message, plan
from tests.spec.workflows.hospital import stay
from tests.spec.workflows.neighbours import DIRECTORY, ERNEST, HAROLD, JOYCE, PRACTICE, VERIFIED, agreed, cared_for
from tests.spec.workflows.telling import Step, Story, telling

TITLE = "10. A care home: Ernest, Joyce and Harold"
ABOUT = (
    "Three people live in one care home: Ernest is new there, Joyce and Harold have been for years. Each afternoon at five their "
    "practice asks for the list of the round, and it stands as things are at that moment: who is new, who has no plan, for whom an "
    "ambulance was called, who is back from hospital, whose risk is high. Another practice that asks is given nobody."
)
SHORT = (
    "That somebody lives in the home is said by whoever sends an episode of type care-home or a finding; no system of care homes "
    "sends it yet.",
    "A plan counts whatever it says; that it is an anticipatory one a person sees.",
    "The list is asked for; nobody is told at five that it is there.",
)
ASKED = "/fhir/$worklist?name=care-home-round"


async def story(directory: Path) -> list[Step]:
    """A week, and its rounds."""
    async with telling(directory) as here:
        await agreed(here)
        for each in (ERNEST, JOYCE, HAROLD):
            here.ids[each.given] = await cared_for(here, each)
        await here.sends(LOCALITY_SYSTEM, "who lives in Saltmarsh House: Ernest since Saturday", residents(here.instant()))
        await _round(here, "2026-01-05", ERNEST, JOYCE, HAROLD)
        await _planned(here)
        await _round(here, "2026-01-06", ERNEST, HAROLD, JOYCE)
        await _called(here)
        await _round(here, "2026-01-07", HAROLD, ERNEST, JOYCE)
        await _back(here)
        await _round(here, "2026-01-10", HAROLD, JOYCE, ERNEST)
        await here.until("on Monday", "2026-01-12T09:00")
        made = ["risk-raised-flag: flag", "risk-raised-review -> Review list"]
        await here.sends(LOCALITY_SYSTEM, "a tool says that Ernest's risk is high", risk(here.instant()), made=made)
        await _round(here, "2026-01-12", ERNEST, HAROLD, JOYCE)
        await here.asks(STRANGER, "asks for the list", "GET", ASKED, answer=_order())
        return here.steps


async def _round(here: Story, day: str, *order: Person) -> None:
    """The list at five, in this order."""
    await here.until("five o'clock", f"{day}T17:00")
    await here.asks(DOCTOR, "whom does the round begin with?", "GET", ASKED, answer=_order(*order))


async def _planned(here: Story) -> None:
    """Anticipatory plans for two of them."""
    await here.until("the next morning", "2026-01-06T10:00")
    told = [(MATRON, "plan-made-told"), (TEAM, "plan-made-told")]
    for each in (ERNEST, JOYCE):
        step = does("contingency", "Ring the surgery before an ambulance", when="A chest infection")
        mine = plan(f"Plan for {each.given}", step, period={"start": f"{here.local().date()}"})
        path = f"/fhir/Patient/{here.ids[each.given]}/$care-plan-contribute"
        await here.asks(MATRON, f"an anticipatory plan with {each.given}", "POST", path, mine, told=told)


async def _called(here: Story) -> None:
    """An ambulance at night."""
    await here.until("an ambulance is called for Harold at night", "2026-01-07T02:10")
    said = {"id": "harold-999", "number": HAROLD.nhs_number, "family": HAROLD.family, "given": HAROLD.given}
    body = message("care-home-999.json", **said, born=f"{HAROLD.birth_date}")
    await here.sends(DISPATCH, "999: found on the floor (BaRS)", body, port="/bars/$process-message")


async def _back(here: Story) -> None:
    """Joyce is in hospital and comes back to the home."""
    await here.until("Joyce has pneumonia", "2026-01-08T11:00")
    spell = Visit("V1000101", WARDS[0], "A2", clinical.ILLNESSES[0], here.local())
    leaves = here.local() + timedelta(days=2)
    admitted = stay("A01", JOYCE, spell, here.local(), expected=leaves)
    told = [(each, "admitted-told") for each in (DOCTOR, MATRON, PRACTICE)]
    made = ["admitted-team -> CareTeam", "clock discharge: running", "clock expected-discharge-date: met"]
    await here.sends(HOSPITAL_SYSTEM, "Joyce is admitted (A01)", admitted, port="MLLP", told=told, made=made)
    await here.until("two days later", "2026-01-10T14:00")
    gone = stay("A03", JOYCE, spell._replace(discharged=here.local()), here.local(), expected=leaves)
    told = [(each, "discharged-told") for each in (DOCTOR, MATRON, PRACTICE)]
    made = ["clock discharge: met", "clock medicines-review: running", "discharged-team -> CareTeam"]
    await here.sends(HOSPITAL_SYSTEM, "she is back in the home (A03)", gone, port="MLLP", told=told, made=made)


def residents(now: str) -> bytes:
    """Who lives in the home, since when."""
    made: list[dict[str, Any]] = []
    for place, (each, since) in enumerate(((ERNEST, "2026-01-03"), (JOYCE, "2024-03-01"), (HAROLD, "2023-06-12"))):
        episode: dict[str, Any] = {"id": f"home{place}", "status": "active", "patient": {"reference": f"Patient/h{place}"}}
        episode |= {"period": {"start": since}, "type": [coded("care-home", "urn:example:episodes")]}
        made += [_named(f"h{place}", each), {"resourceType": "EpisodeOfCare", **episode}]
    return _bundle(made, now)


def risk(now: str) -> bytes:
    """What a tool says of Ernest."""
    prediction = {"qualitativeRisk": coded("high", "http://terminology.hl7.org/CodeSystem/risk-probability")}
    said = {"id": "r10", "status": "final", "subject": {"reference": "Patient/h0"}, "occurrenceDateTime": now}
    return _bundle([_named("h0", ERNEST), {"resourceType": "RiskAssessment", **said, "prediction": [prediction]}], now)


def _named(id: str, person: Person) -> dict[str, Any]:
    numbers = [{"system": NHS, "value": person.nhs_number, "extension": [VERIFIED]}]
    names = [{"family": person.family, "given": [person.given]}]
    return {"resourceType": "Patient", "id": id, "identifier": numbers, "name": names, "birthDate": f"{person.birth_date}"}


def _bundle(resources: list[dict[str, Any]], now: str) -> bytes:
    entry = [{"fullUrl": f"{DIRECTORY}/{each['resourceType']}/{each['id']}", "resource": each} for each in resources]
    bundle = {"resourceType": "Bundle", "meta": {"source": DIRECTORY}, "type": "collection", "timestamp": now, "entry": entry}
    return orjson.dumps(bundle)


def _order(*order: Person) -> Callable[[Any], str]:
    """Who stands where, and why."""

    def answer(said: dict[str, Any]) -> str:
        held = [each["resource"] for each in said["entry"]]
        (listed,) = [each for each in held if each["resourceType"] == "List"]
        people = [each for each in held if each["resourceType"] == "Patient"]
        names = {f"Patient/{each['id']}": each["name"][0]["given"][0].capitalize() for each in people}
        entries = [(names[each["item"]["reference"]], each["flag"]["text"]) for each in listed.get("entry", [])]
        assert [name for name, _ in entries] == [each.given for each in order]
        return " / ".join(f"{name}: {why}" for name, why in entries) or "nobody"

    return answer
