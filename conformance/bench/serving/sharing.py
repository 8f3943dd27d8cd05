"""Who may see the data of the bench: a practice asks, a tenth of the people are another's, everyone consents, sources agree."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import httpx

from conformance.bench.report import WrongOutcome
from conformance.day.sharing import token
from conformance.generate.people import Person
from conformance.generate.places import AMBULANCE_SITE, PRACTICES, TRUST
from conformance.judged.tokens import bearer

Json = dict[str, Any]
HOME: Final = PRACTICES[0].ods
"""The organisation that asks."""
AWAY: Final = PRACTICES[1].ods
"""The organisation whose people it has nothing to do with."""
TENTH: Final = 10
GP, TESTER, OPERATOR = "gp", "tester", "operator"
_ODS: Final = "https://fhir.nhs.uk/Id/ods-organization-code"
_TERMS: Final = "http://terminology.hl7.org/CodeSystem"


def elsewhere(person: Person) -> bool:
    """Whether a person is registered with the other practice."""
    return person.serial % TENTH == 0


def registered(person: Person) -> Json:
    """A Reference to the practice of a person."""
    return {"identifier": {"system": _ODS, "value": AWAY if elsewhere(person) else HOME}}


def consent(key: str, given: str) -> Json:
    """The person ``key`` has given consent to the whole record, on a day."""
    permit: Json = {"system": f"{_TERMS}/v3-ActCode", "code": "OPTIN"}
    return {
        "resourceType": "Consent",
        "id": f"{key}-g",
        "status": "active",
        "scope": {"coding": [{"system": f"{_TERMS}/consentscope", "code": "patient-privacy"}]},
        "category": [{"coding": [{"system": "http://loinc.org", "code": "59284-0"}]}],
        "patient": {"reference": f"Patient/{key}"},
        "dateTime": given,
        "policyRule": {"coding": [permit]},
        "provision": {"type": "permit"},
    }


class Askers:
    """The tokens with which an engine is asked, of the key in its directory: whoever puts questions, whoever loads."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self.gp = self._token(GP, HOME)
        self.tester = self._token(TESTER)

    def _token(self, role: str, organisation: str = "") -> str:
        return token(self._directory, role, organisation, "--minutes", "1440")

    def agree(self, url: str) -> None:
        """The organisations share for direct care. Raises WrongOutcome."""
        with httpx.Client(timeout=60, trust_env=False, headers=bearer(self._token(OPERATOR))) as client:
            for source in (TRUST.ods, AMBULANCE_SITE, *(practice.ods for practice in PRACTICES)):
                body = {"resourceType": "Parameters", "parameter": [{"name": "source", "valueString": source}]}
                answer = client.post(f"{url}/$agreement", json=body, headers={"content-type": "application/fhir+json"})
                if not answer.is_success:
                    raise WrongOutcome(f"an agreement was answered {answer.status_code}")
