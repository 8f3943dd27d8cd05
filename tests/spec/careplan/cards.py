"""Synthetic people as crew cards tell of them, and the schema that every card keeps to."""

from __future__ import annotations

from typing import Any

import orjson
from jsonschema_rs import Draft202012Validator

from interop.api.crew.making import card_tables
from interop.api.crew.schema import schema
from interop.careplan.card import card
from interop.careplan.crew.known import Absent, Known
from interop.careplan.crew.who import Number
from interop.careplan.folding import folded
from interop.careplan.plan import Given
from tests.spec.careplan.plans import NOW

CLINICAL = "http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical"
VERIFICATION = "http://terminology.hl7.org/CodeSystem/allergyintolerance-verification"
SUBJECT = {"reference": "Patient/p"}
VALID = Draft202012Validator(orjson.loads(schema()))
MOST = 10_000
"""Bytes of a card."""


def person(**more: Any) -> dict[str, Any]:
    """Patient/p."""
    name = [{"use": "official", "family": "Ashdown", "given": ["Mary"], "prefix": ["Mrs"]}]
    return {"resourceType": "Patient", "id": "p", "name": name, "birthDate": "1953-02-01", "gender": "female", **more}


def allergy(id: str, substance: str, **more: Any) -> dict[str, Any]:
    """An active, confirmed allergy."""
    said = {"clinicalStatus": _coded(CLINICAL, "active"), "verificationStatus": _coded(VERIFICATION, "confirmed")}
    return {"resourceType": "AllergyIntolerance", "id": id, **said, "code": {"text": substance}, "patient": SUBJECT, **more}


def refuted(status: str) -> dict[str, Any]:
    """A verification status."""
    return {"verificationStatus": _coded(VERIFICATION, status)}


def clinical(status: str) -> dict[str, Any]:
    """A clinical status."""
    return {"clinicalStatus": _coded(CLINICAL, status)}


def flag(id: str, words: str, category: str = "", **more: Any) -> dict[str, Any]:
    """An active Flag."""
    of = {"category": [_coded("http://terminology.hl7.org/CodeSystem/flag-category", category)]} if category else {}
    return {"resourceType": "Flag", "id": id, "status": "active", "code": {"text": words}, "subject": SUBJECT, **of, **more}


def takes(id: str, medicine: str, status: str = "active", **more: Any) -> dict[str, Any]:
    """A MedicationStatement."""
    said = {"status": status, "medicationCodeableConcept": {"text": medicine}, "subject": SUBJECT}
    return {"resourceType": "MedicationStatement", "id": id, **said, **more}


def _coded(system: str, code: str) -> dict[str, Any]:
    return {"coding": [{"system": system, "code": code}]}


def given_card(*resources: dict[str, Any] | Given, now: int = NOW, **more: Any) -> dict[str, Any]:
    """The card of Patient/p by these resources, of organisation A without more; it is small, and by the schema."""
    given = [each if isinstance(each, Given) else Given(each, 1, "A", NOW) for each in resources]
    tables = card_tables()
    body = card(Known("p", given, folded(given, tables.plan, now), tables, now, **more))
    assert len(body) + len(b'"made":"2026-01-01T00:00:00.000Z",') <= MOST
    made: dict[str, Any] = {"made": "2026-01-01T00:00:00.000Z", **orjson.loads(body)}
    VALID.validate(made)
    return made


def texts(card: dict[str, Any], section: str) -> list[str]:
    """The words of a section's lines."""
    return [line["text"] for line in card[section]["lines"]]


def absent(code: str, source: str = "", since: str = "") -> Absent:
    """Something that is not here."""
    return Absent(code, f"{code}: {source}", source, since)


def number(value: str, standing: str) -> Number:
    """An NHS number and how it stands."""
    return Number(value, standing)
