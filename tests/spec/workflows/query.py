"""Mavis, 81: who may see her record, asked in the order in which it is decided."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.spec.workflows.cast import (
    CREW,
    CREWS,
    DOCTOR,
    HOSPITAL,
    HOSPITAL_SYSTEM,
    LOCALITY,
    MATRON,
    OAKSHAW,
    OPERATOR,
    TEAM,
    Actor,
)
from tests.spec.workflows.fhir import NHS, matches, parameters
from tests.spec.workflows.hospital import result
from tests.spec.workflows.neighbours import MAVIS, OFFICER, PRIVACY_OFFICE, SECOND_CREW, absences, agreement, known, parts
from tests.spec.workflows.telling import Step, Story, telling

TITLE = "4. A record is asked for, and the glass is broken: Mavis"
ABOUT = (
    "Mavis is 81 and lies on her kitchen floor. A crew asks for her record, and it is decided in this order: does the organisation "
    "that holds it share? Has she consented, and is the crew involved in her care? Only in a clinical emergency, declared with a "
    "reason, is what she has not consented to served: to that one user, for four hours, and the privacy office is told. What an "
    "organisation does not share no emergency opens, and another crew of the same service sees nothing of it."
)
SHORT = (
    "Her practice is told of an emergency where consent and its agreement let it see that there was one, and else not; the privacy "
    "office hears of each.",
    "Four hours, and a day at most, are the same for every role and place; no table of a site says otherwise.",
    "Whoever is not found by her number is told nothing of agreements that are missing: only who knows her record's id is.",
)
REASON = "lies on the floor and does not answer"
ALERT = [(PRIVACY_OFFICE, "route privacy-office")]
Answer = Callable[[Any], str]


async def story(directory: Path) -> list[Step]:
    """One afternoon, and what follows from it."""
    async with telling(directory, ("privacy-office", "privacy-office", PRIVACY_OFFICE)) as here:
        await here.staff(DOCTOR, MATRON, TEAM)
        patient = await known(here, MAVIS)
        blood = result(MAVIS, "O4001", "Haemoglobin", "95", "g/L", "115-165", "L", here.local())
        await here.sends(HOSPITAL_SYSTEM, "a result of hers (ORU)", blood, port="MLLP")
        await _no_agreement(here, patient)
        await _no_consent(here, patient)
        await _broken(here, patient)
        await _reported(here, patient)
        await _over(here, patient)
        await _consented(here, patient)
        return here.steps


async def _no_agreement(here: Story, patient: str) -> None:
    """First: does whoever holds it share?"""
    allergies = f"/fhir/AllergyIntolerance?patient={patient}"
    await here.asks(CREW, "asks by her NHS number", "GET", BY_NUMBER, answer=_found(0))
    await here.asks(CREW, "asks for her allergies", "GET", allergies, answer=_absent({OAKSHAW: "no agreement"}))
    emergency = f"/fhir/Patient/{patient}/$break-glass"
    await here.refused(CREW, "declares an emergency", "POST", emergency, parameters(reason=REASON))
    await here.asks(OPERATOR, "the practice was asked to share", "POST", "/fhir/$agreement", agreement(OAKSHAW, "pending"))
    await here.asks(CREW, "asks for her allergies", "GET", allergies, answer=_absent({OAKSHAW: "agreement pending"}))
    await here.refused(CREW, "declares an emergency", "POST", emergency, parameters(reason=REASON))


async def _no_consent(here: Story, patient: str) -> None:
    """Second: has she consented, and is the crew involved?"""
    await here.asks(OPERATOR, "the practice has signed", "POST", "/fhir/$agreement", agreement(OAKSHAW))
    await here.agree(CREWS, LOCALITY)
    await here.asks(CREW, "asks by her NHS number", "GET", BY_NUMBER, answer=_found(1))
    await _card(here, CREW, patient, "withheld")
    claimed = parameters(reason="999 call, at the scene")
    await here.asks(CREW, "says that it is with her", "POST", f"/fhir/Patient/{patient}/$claim-relationship", claimed)
    await _card(here, CREW, patient, "withheld")


async def _broken(here: Story, patient: str) -> None:
    """The emergency: what consent withheld is served, what is not shared is not."""
    emergency = f"/fhir/Patient/{patient}/$break-glass"
    await here.asks(
        CREW, f"declares an emergency: {REASON}", "POST", emergency, parameters(reason=REASON), answer=_until, told=ALERT
    )
    await _card(here, CREW, patient, "recorded", "penicillin")
    results = f"/fhir/DiagnosticReport?patient={patient}"
    await here.asks(CREW, "asks for results", "GET", results, answer=_absent({HOSPITAL: "no agreement"}))
    await here.asks(OPERATOR, "the hospital signs", "POST", "/fhir/$agreement", agreement(HOSPITAL))
    await here.asks(CREW, "asks for results", "GET", results, answer=_found(1))
    await _card(here, SECOND_CREW, patient, "withheld")


async def _reported(here: Story, patient: str) -> None:
    """What the privacy officer is told of it."""
    await here.asks(OFFICER, "looks at the queue", "GET", "/fhir/$privacy-queue", answer=_queue)
    await here.asks(OFFICER, "looks who has seen her record", "GET", f"/fhir/Patient/{patient}/$who-looked", answer=_looks)


async def _over(here: Story, patient: str) -> None:
    """Four hours."""
    await here.passes("a minute before four hours are over", minutes=239)
    await _card(here, CREW, patient, "recorded", "penicillin")
    await here.passes("four hours are over", minutes=1)
    await _card(here, CREW, patient, "withheld")


async def _consented(here: Story, patient: str) -> None:
    """She is better, and is asked."""
    await here.passes("the next day", days=1)
    consent = f"/fhir/Patient/{patient}/$record-consent"
    await here.asks(DOCTOR, "she wants her record shared", "POST", consent, parameters(decision="given"))
    herself = Actor("Mavis", "patient", patient=patient)
    await here.asks(herself, "looks who has seen her record", "GET", f"/fhir/Patient/{patient}/$who-looked", answer=_looks)
    await _card(here, CREW, patient, "recorded", "penicillin")
    await _card(here, SECOND_CREW, patient, "withheld")
    emergency = f"/fhir/Patient/{patient}/$break-glass"
    said = parameters(reason="cannot speak, at the scene")
    told = [(DOCTOR, "break-glass-told"), *ALERT]
    await here.asks(SECOND_CREW, "declares an emergency: cannot speak", "POST", emergency, said, answer=_until, told=told)
    await _card(here, SECOND_CREW, patient, "recorded", "penicillin")
    await here.asks(OPERATOR, "the practice withdraws", "POST", "/fhir/$agreement", agreement(OAKSHAW, "withdrawn"))
    await here.refused(SECOND_CREW, "opens her card", "GET", f"/fhir/Patient/{patient}/$crew-card")


async def _card(here: Story, who: Any, patient: str, state: str, words: str = "") -> None:
    """Somebody opens the crew card, on which her allergies are in that state."""

    def answer(card: dict[str, Any]) -> str:
        allergies = card["allergies"]
        assert allergies["state"] == state, card["allergies"]
        said = [line["text"] for line in allergies["lines"]]
        assert bool(said) == bool(words)
        assert words in " ".join(said)
        return f"allergies: {'; '.join(said) or allergies['words']}"

    await here.asks(who, "opens her card", "GET", f"/fhir/Patient/{patient}/$crew-card", answer=answer)


def _found(count: int) -> Answer:
    """So many are found."""

    def answer(said: dict[str, Any]) -> str:
        assert len(matches(said)) == count
        return f"{count} found"

    return answer


def _absent(sources: dict[str, str]) -> Answer:
    """Nothing is found; of these sources it is said why."""

    def answer(said: dict[str, Any]) -> str:
        assert matches(said) == []
        told = absences(said)
        for source, why in sources.items():
            assert f"not shared ({why}): {source}" in told, told
        return "; ".join(told)

    return answer


def _until(consent: dict[str, Any]) -> str:
    period = consent["provision"]["period"]
    return f"until {period['end'][11:16]}"


def _queue(said: dict[str, Any]) -> str:
    found = [(each["rule"], each["user"].rpartition("|")[2]) for each in parts(said, "item")]
    assert sorted(found) == [("break-glass", CREW.user), ("self-claimed", CREW.user)]
    return "; ".join(f"{rule}, {user}" for rule, user in found)


def _looks(said: dict[str, Any]) -> str:
    found = {each["words"] for each in parts(said, "look")}
    (declared,) = [each for each in found if "declared an emergency to see" in each]
    assert [each for each in found if "under an emergency that they had declared" in each]
    return str(declared)


BY_NUMBER = f"/fhir/Patient?identifier={NHS}|{MAVIS.nhs_number}"
