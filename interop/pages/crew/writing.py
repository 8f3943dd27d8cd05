"""What an outcome at the scene writes: resources that the rules act on. Pure.

| outcome | Encounter | besides | what follows by our rules |
|---|---|---|---|
| conveyed | in-progress, with where to | – | team and named clinician are told; a running urgent response is not needed |
| seen and treated | finished | – | the named clinician is told; the desk is asked whether a team goes |
| urgent response | finished | ServiceRequest | the same, and the two hours run from now |
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from interop.ids import ODS_ORGANISATION
from interop.policy.asker import Asker

Json = dict[str, Any]
SYSTEM: Final = "urn:interop:codes:crew-outcome"
KEYS: Final = "urn:interop:id:crew-outcome"
"""System of the identifier by which the same form sent twice is one outcome."""
CLASS: Final = {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "FLD", "display": "field"}
URGENT: Final = "urgent-response"


class Outcome(NamedTuple):
    """How a call ends. ``said`` stands on the button, ``next`` says what happens then; ``field`` is what is asked besides."""

    code: str
    said: str
    short: str
    next: str
    field: str
    label: str
    hint: str


OUTCOMES: Final = {
    each.code: each
    for each in (
        Outcome(
            "conveyed", "Conveyed to hospital", "Conveyed",
            "The record will say that you take this person to hospital. Their team and named clinician are told if there are any. "
            "An urgent response that was asked for is called off.",
            "destination", "Which hospital? (optional)", "",
        ),
        Outcome(
            "seen-and-treated", "Seen and treated, stays at home", "Seen and treated",
            "The record will say that you have left this person at home. Their named clinician is told, and where they have a team "
            "the co-ordination desk is asked whether it goes. No clock starts before the desk has decided.",
            "reason", "What was it? (optional)", "A few words: their team reads them",
        ),
        Outcome(
            URGENT, "Referred to urgent response, stays at home", "Urgent response",
            "The record will ask for an urgent response: the clock starts now. Their team and named clinician are told if "
            "there are any.",
            "reason", "What does the team need to know? (optional)", "A few words: the team reads them",
        ),
    )
}  # fmt: skip
"""By code."""
ELSEWHERE: Final = "Hospital (not said which)"
"""The display of a destination that the crew has not named: the rules must see that there is one."""


def transaction(outcome: Outcome, patient: str, asker: Asker, words: str, key: str, now: str) -> Json:
    """A transaction Bundle; with the same ``key`` it is written once. ``now`` is an instant."""
    entries = [_once("Encounter", encounter(outcome, patient, asker, words, key, now), key, "urn:uuid:" + _uuid(key, 1))]
    if outcome.code == URGENT:
        asked = request(patient, asker, words, key, now)
        asked["encounter"] = {"reference": "urn:uuid:" + _uuid(key, 1)}
        entries.append(_once("ServiceRequest", asked, key, "urn:uuid:" + _uuid(key, 2)))
    return {"resourceType": "Bundle", "type": "transaction", "entry": entries}


def encounter(outcome: Outcome, patient: str, asker: Asker, words: str, key: str, now: str) -> Json:
    """The contact at the scene. When it began nobody has said."""
    made: Json = {
        "resourceType": "Encounter",
        "identifier": [{"system": KEYS, "value": key}],
        "status": "in-progress" if outcome.code == "conveyed" else "finished",
        "class": CLASS,
        "type": [{"coding": [{"system": SYSTEM, "code": outcome.code, "display": outcome.said}], "text": outcome.said}],
        "subject": {"reference": f"Patient/{patient}"},
    }
    if outcome.code == "conveyed":
        made["hospitalization"] = {"destination": {"display": words or ELSEWHERE}}
    else:
        made["period"] = {"end": now}
        if words:
            made["reasonCode"] = [{"text": words}]
    if asker.fhir_user.startswith("Practitioner/"):
        made["participant"] = [{"individual": {"reference": asker.fhir_user}}]
    if asker.organisation:
        made["serviceProvider"] = organisation(asker)
    return made


def request(patient: str, asker: Asker, words: str, key: str, now: str) -> Json:
    """An urgent response is asked for: the two hours run from ``authoredOn``."""
    made: Json = {
        "resourceType": "ServiceRequest",
        "identifier": [{"system": KEYS, "value": key}],
        "status": "active",
        "intent": "order",
        "priority": "urgent",
        "code": {"coding": [{"system": SYSTEM, "code": URGENT, "display": "Urgent response"}], "text": "Urgent response"},
        "subject": {"reference": f"Patient/{patient}"},
        "authoredOn": now,
    }
    if words:
        made["reasonCode"] = [{"text": words}]
    if asker.fhir_user.startswith("Practitioner/"):
        made["requester"] = {"reference": asker.fhir_user}
    elif asker.organisation:
        made["requester"] = organisation(asker)
    return made


def organisation(asker: Asker) -> Json:
    """A reference to the asker's organisation."""
    return {"identifier": {"system": ODS_ORGANISATION, "value": asker.organisation}}


def _once(type: str, resource: Json, key: str, url: str) -> Json:
    asked = {"method": "POST", "url": type, "ifNoneExist": f"identifier={KEYS}|{key}"}
    return {"fullUrl": url, "resource": resource, "request": asked}


def _uuid(key: str, number: int) -> str:
    """Of this Bundle alone: ``key`` is 32 hexadecimal digits."""
    return f"{key[:8]}-{key[8:12]}-{key[12:16]}-{key[16:20]}-{key[20:31]}{number}"
