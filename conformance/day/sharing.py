"""Who may see the day: tokens of the demonstration, agreements between the organisations, consents of the three people."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable
from pathlib import Path

import httpx

from conformance.bench.report import WrongOutcome
from conformance.bench.server import command
from conformance.day.record import NHS
from conformance.generate.people import Person
from conformance.generate.places import AMBULANCE_SITE, PRACTICES, TRUST
from conformance.judged.tokens import PATIENCE, bearer

EREFERRAL = "ERS"
"""What the e-Referral Service's messages come under."""


def token(directory: Path, role: str, organisation: str = "", *options: str) -> str:
    """A token of the engine's embedded issuer, whose key is in its data directory. Raises WrongOutcome."""
    words = [command(), "token", "--data", str(directory), "--role", role, *options]
    words += ["--org", organisation] if organisation else []
    done = subprocess.run(words, capture_output=True, text=True, timeout=PATIENCE, check=False)
    if done.returncode:
        raise WrongOutcome(f"no token for {role}: {done.stderr.strip()}")
    return done.stdout.strip()


def signed_on(web: str, directory: Path, role: str, organisation: str = "", *options: str) -> httpx.Client:
    """A client that asks as somebody of a role."""
    headers = bearer(token(directory, role, organisation, *options))
    return httpx.Client(base_url=web, timeout=60, trust_env=False, headers=headers)


def agree(operator: httpx.Client) -> int:
    """Every organisation of the day agrees to share for direct care; how many."""
    sources = [TRUST.ods, AMBULANCE_SITE, *(practice.ods for practice in PRACTICES), EREFERRAL]
    for source in sources:
        _asked(operator, "/fhir/$agreement", {"source": source})
    return len(sources)


def consent(practice: httpx.Client, person: Person) -> None:
    """The practice takes down that the person wants the record shared."""
    found = practice.post("/fhir/Patient/_search", data={"identifier": f"{NHS}|{person.nhs_number}"}).json()
    for entry in found.get("entry", [])[:1]:
        _asked(practice, f"/fhir/Patient/{entry['resource']['id']}/$record-consent", {"decision": "given"})


def _asked(client: httpx.Client, address: str, parameters: dict[str, str]) -> None:
    named: Iterable[dict[str, str]] = ({"name": name, "valueString": value} for name, value in parameters.items())
    body = {"resourceType": "Parameters", "parameter": list(named)}
    answer = client.post(address, json=body, headers={"content-type": "application/fhir+json"})
    if not answer.is_success:
        raise WrongOutcome(f"{address.rpartition('/')[2]} was answered {answer.status_code}")
