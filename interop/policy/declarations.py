"""What users declare about a person, as resources: an emergency (Consent), that they are involved in the care (CareTeam)."""

from __future__ import annotations

from typing import Any, Final

from interop.clock import instant
from interop.policy.asker import Asker
from interop.policy.consents import BREAKING, EMERGENCY, PURPOSES, SCOPE
from interop.policy.grants import USER
from interop.policy.relationships import CATEGORY, SELF_CLAIMED

REASON: Final = "urn:interop:extension:reason"
ACTS: Final = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
RECIPIENT: Final = "http://terminology.hl7.org/CodeSystem/v3-ParticipationType", "IRCP"


def emergency(asker: Asker, patient: str, reason: str, now: int, until: int) -> dict[str, Any]:
    """The Consent by which a user breaks the glass of a Patient until then (microseconds), under a reason: what IHE PCF calls an
    override, with the user for its only recipient."""
    return {
        "resourceType": "Consent",
        "extension": [{"url": REASON, "valueString": reason}],
        "status": "active",
        "scope": concept(*SCOPE),
        "category": [concept(CATEGORY, EMERGENCY)],
        "patient": {"reference": f"Patient/{patient}"},
        "dateTime": instant(now),
        "policyRule": concept(ACTS, "EMRGONLY"),
        "provision": {
            "type": "permit",
            "period": {"start": instant(now), "end": instant(until)},
            "actor": [{"role": concept(*RECIPIENT), "reference": user(asker)}],
            "purpose": [{"system": PURPOSES, "code": BREAKING}],
        },
    }


def claim(asker: Asker, patient: str, reason: str, start: str, end: str) -> dict[str, Any]:
    """The CareTeam of one user who says, under a reason, that they are involved in the care of a Patient from then to then
    (dateTimes, the end inclusive)."""
    return {
        "resourceType": "CareTeam",
        "status": "active",
        "category": [concept(CATEGORY, SELF_CLAIMED)],
        "subject": {"reference": f"Patient/{patient}"},
        "period": {"start": start, "end": end},
        "participant": [{"member": user(asker)}],
        "reasonCode": [{"text": reason}],
    }


def user(asker: Asker) -> dict[str, Any]:
    """A Reference to a user."""
    return {"identifier": {"system": USER, "value": asker.user}}


def concept(system: str, code: str) -> dict[str, Any]:
    """A CodeableConcept of one coding."""
    return {"coding": [{"system": system, "code": code}]}
