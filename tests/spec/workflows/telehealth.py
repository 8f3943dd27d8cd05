"""Arthur, 75: a reading, a letter, and a list on which he is the highest."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson

from tests.spec.workflows.cast import (
    DOCTOR,
    HOSPITAL_SYSTEM,
    LOCALITY,
    LOCALITY_SYSTEM,
    MATRON,
    OAKSHAW,
    OPERATOR,
    PRACTICE_SYSTEM,
    STRANGER,
    TEAM,
    TELEHEALTH,
    Actor,
    by,
)
from tests.spec.workflows.fhir import NHS, matches
from tests.spec.workflows.hospital import letter, reading
from tests.spec.workflows.neighbours import (
    ARTHUR,
    DIRECTORY,
    ERNEST,
    HAROLD,
    JOYCE,
    MAVIS,
    OFFICER,
    VERIFIED,
    WINIFRED,
    absences,
    agreed,
    agreement,
    cared_for,
    kept,
    parts,
)
from tests.spec.workflows.telling import Step, Story, telling

TITLE = "13. A reading at home, a letter, and a list by pseudonym: Arthur"
ABOUT = (
    "Arthur is 75 and has heart failure. He weighs himself each morning, and a hub sends what the scales say; when it is out of "
    "his range the team hears of it once. A clinic writes about him, and the letter is there for whoever cares for him. An analyst "
    "who may know nobody draws up whom his practice should look at: only his own doctor learns that the highest of them is he, and "
    "asks the whole team to review him."
)
SHORT = (
    "A hub that says nothing in OBR-24 of what kind its readings are has each told to the matron as a result as well.",
    "Readings out of range within four hours are told once; nothing says that they go on getting worse.",
    "The list is of one practice; pseudonyms hold for a month, and a list of another month cannot be laid beside it.",
)
ANALYST = Actor("Analyst", "analyst", LOCALITY)
TOLD = [(MATRON, "reading-told"), (TEAM, "reading-told")]
OTHERS = (HAROLD, JOYCE, ERNEST, MAVIS, WINIFRED)


async def story(directory: Path) -> list[Step]:
    """Two weeks."""
    async with telling(directory) as here:
        await agreed(here)
        patient = await cared_for(here, ARTHUR)
        await _readings(here, patient)
        await _letter(here, patient)
        await _loop(here, patient)
        return here.steps


async def _weighs(here: Story, what: str, kilograms: str, flag: str = "", **more: Any) -> None:
    body = reading(ARTHUR, ("29463-7", "Body weight"), (kilograms, "kg", "70-74", flag), here.local())
    await here.sends(TELEHEALTH, f"{what}: {kilograms} kg (ORU)", body, **more)


async def _readings(here: Story, patient: str) -> None:
    """What the scales say."""
    await here.until("he weighs himself", "2026-01-06T07:10")
    await _weighs(here, "as usual", "72.4")
    await here.until("the next morning", "2026-01-07T07:10")
    await _weighs(here, "out of his range", "75.1", "H", told=TOLD, made=["reading-team -> CareTeam"])
    await here.passes("ten minutes later", minutes=10)
    await _weighs(here, "he tries again", "75.2", "H")
    tasks = f"/fhir/Task?patient={patient}&status=requested"
    found = await here.asks(TEAM, "what is there to do?", "GET", tasks, answer=_tasks)
    (task,) = matches(found)
    here.ids["task"] = task["id"]
    done = task | {"status": "completed"}
    await here.asks(TEAM, "has rung him", "PUT", f"/fhir/Task/{task['id']}", done, made=["reading-team -> CareTeam: completed"])
    await here.asks(STRANGER, "asks for his readings", "GET", f"/fhir/Observation?patient={patient}", answer=_nothing)
    await here.until("the next morning", "2026-01-08T07:10")
    await _weighs(here, "still", "74.6", "H", told=TOLD, made=["reading-team -> CareTeam"])


async def _letter(here: Story, patient: str) -> None:
    """A clinic writes."""
    await here.until("a clinic has seen him", "2026-01-09T15:00")
    body = letter(ARTHUR, "L13001", here.local(), "Dear Dr Ansley", "More water tablets; weigh each morning.")
    await here.sends(HOSPITAL_SYSTEM, "the clinic's letter (MDM T02)", body, port="MLLP", told=[(MATRON, "letter-told")])
    await here.sends(HOSPITAL_SYSTEM, "the same, sent again", body, port="MLLP")
    letters = f"/fhir/DocumentReference?patient={patient}"
    await here.asks(TEAM, "reads it", "GET", letters, answer=lambda said: "; ".join(each["description"] for each in matches(said)))
    await here.asks(STRANGER, "looks for letters", "GET", letters, answer=_nothing)


async def _loop(here: Story, patient: str) -> None:
    """From a list by pseudonym to the team that reviews him."""
    for each in OTHERS:
        await here.sends(PRACTICE_SYSTEM, f"the record of {each.spoken}", kept(each, here.local().date()))
        (other,) = await here.patients(each.nhs_number)
        await here.consents(DOCTOR, other)
    await here.sends(LOCALITY_SYSTEM, "risks of six people, by a tool", risks(here.instant()))
    listed = f"/fhir/$population?organisation={OAKSHAW}"
    await here.asks(ANALYST, "whom is the practice to look at?", "GET", listed, answer=_ranked(0))
    for source in (OAKSHAW, LOCALITY):
        await here.asks(
            OPERATOR, f"{source} lets analysts count", "POST", "/fhir/$agreement", agreement(source, purpose="analytics")
        )
    rows = await here.asks(ANALYST, "whom is the practice to look at?", "GET", listed, answer=_ranked(6))
    pseudonyms = [each["pseudonym"] for each in parts(rows, "row")]
    asked = {
        "resourceType": "Parameters",
        "parameter": [
            {"name": "organisation", "valueString": OAKSHAW},
            *({"name": "pseudonym", "valueString": each} for each in pseudonyms),
            {"name": "reason", "valueCode": "integrated-review"},
        ],
    }
    await here.refused(ANALYST, "who are they?", "POST", "/fhir/$relink", asked)
    await here.refused(STRANGER, "who are they?", "POST", "/fhir/$relink", asked)
    found = await here.asks(DOCTOR, "who are they?", "POST", "/fhir/$relink", asked, answer=_linked)
    mine = f"Patient/{patient}"
    assert mine in [each["patient"]["reference"] for each in parts(found, "relinked")]
    request = {
        "resourceType": "ServiceRequest",
        "status": "active",
        "intent": "order",
        "subject": {"reference": mine},
        "code": {"coding": [{"system": "urn:interop:codes:task", "code": "integrated-review"}]},
        "authoredOn": here.instant(),
        "requester": by(OAKSHAW),
        "performer": [by(LOCALITY)],
        "reasonCode": [{"text": "Weight, and on the list"}],
    }
    await here.asks(DOCTOR, "asks the whole team to review Arthur", "POST", "/fhir/ServiceRequest", request)
    await here.asks(DOCTOR, "who is to be reviewed?", "GET", "/fhir/$worklist?name=mdt", answer=_listed)
    await here.asks(STRANGER, "who is to be reviewed?", "GET", "/fhir/$worklist?name=mdt", answer=_listed)
    await here.asks(OFFICER, "who has looked at his record?", "GET", f"/fhir/{mine}/$who-looked", answer=_looked)


def risks(now: str) -> bytes:
    """What a tool says of each."""
    made: list[dict[str, Any]] = []
    for place, each in enumerate((ARTHUR, *OTHERS)):
        id = f"p{place}"
        made.append(
            {
                "resourceType": "Patient",
                "id": id,
                "identifier": [{"system": NHS, "value": each.nhs_number, "extension": [VERIFIED]}],
                "name": [{"family": each.family, "given": [each.given]}],
                "birthDate": f"{each.birth_date}",
            }
        )
        made.append(
            {
                "resourceType": "RiskAssessment",
                "id": f"r{place}",
                "status": "final",
                "subject": {"reference": f"Patient/{id}"},
                "occurrenceDateTime": now,
                "prediction": [{"probabilityDecimal": 0.61 - place / 10}],
            }
        )
    entry = [{"fullUrl": f"{DIRECTORY}/{each['resourceType']}/{each['id']}", "resource": each} for each in made]
    return orjson.dumps(
        {"resourceType": "Bundle", "meta": {"source": DIRECTORY}, "type": "collection", "timestamp": now, "entry": entry}
    )


def _linked(said: dict[str, Any]) -> str:
    assert len(parts(said, "relinked")) == 1 + len(OTHERS)
    return "six patients of hers: Arthur is one"


def _tasks(said: dict[str, Any]) -> str:
    return "; ".join(each["code"]["coding"][0]["display"] for each in matches(said))


def _nothing(said: dict[str, Any]) -> str:
    assert matches(said) == []
    return "; ".join(absences(said))


def _ranked(count: int) -> Callable[[Any], str]:
    """So many rows, of which nothing tells who they are."""

    def answer(said: dict[str, Any]) -> str:
        rows, text = parts(said, "row"), orjson.dumps(said).decode()
        assert len(rows) == count
        for person in (ARTHUR, *OTHERS):
            assert not [each for each in (person.nhs_number, person.family, person.given, f"{person.birth_date}") if each in text]
        first = "".join(f"; each: risk {each['risk']} or more, aged {each['age']}" for each in rows[:1])
        return f"{count} people by pseudonym{first}"

    return answer


def _listed(said: dict[str, Any]) -> str:
    (listed,) = [each["resource"] for each in said["entry"] if each["resource"]["resourceType"] == "List"]
    return "; ".join(each["flag"]["text"] for each in listed.get("entry", [])) or "nobody"


def _looked(said: dict[str, Any]) -> str:
    words = sorted({each["words"] for each in parts(said, "look")})
    (analyst,) = [each for each in words if each.startswith("An analyst")]
    assert not [each for each in words if STRANGER.name in each]
    return str(analyst)
