"""What the record knows of a person, as rules ask for it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final, NamedTuple

from interop.careplan.contact import how_told
from interop.fhir.shapes import dicts
from interop.formats.json import load_json
from interop.policy.grants import period
from interop.record.umbrella import TRIAGE_OUTCOME
from interop.store.decision import PERMIT_ALL
from interop.store.plan import Group, Read, Search, Several
from interop.store.seam import Store
from interop.store.values import Stored
from interop.store.where import All, Not, Person, Span, Token, Where

MOST: Final = 500
"""Resources of a person that one variable holds at most."""
ACTIVE: Final = "active"
Resource = dict[str, Any]


def body(stored: Stored) -> Resource:
    """A version as JSON."""
    read: Resource = load_json(stored.body, values=None)
    return read


async def found(store: Store, type: str, patient: str, *narrowed: Where) -> list[Stored]:
    """What there is of a type about a person, whichever of the person's Patients it names."""
    where = All((Person("patient", (patient,)), *narrowed))
    rows: list[Stored] = await store.query(Search(PERMIT_ALL, type, where, count=MOST))
    return rows[:MOST]


class Piece(NamedTuple):
    """A resource that a variable holds, with what is known of it."""

    stored: Stored
    resource: Resource


async def known(store: Store, patient: str, names: Iterable[str], now: int) -> dict[str, list[Resource]]:
    """The values of variables (``interop.rules.expressions.VARIABLES``) for the person of a Patient."""
    return {name: [each.resource for each in await _one(store, patient, name, now)] for name in names}


async def pieces(store: Store, patient: str, names: Iterable[str], now: int) -> dict[str, list[Piece]]:
    """The same, with where they come from."""
    return {name: await _one(store, patient, name, now) for name in names}


async def _one(store: Store, patient: str, name: str, now: int) -> list[Piece]:
    match name:
        case "patient":
            return _read(each for each in await store.query(Read(PERMIT_ALL, "Patient", patient)) if not each.deleted)
        case "person":
            group: list[str] = await store.query(Group(PERMIT_ALL, patient))
            keys = tuple(("Patient", each) for each in group)
            return _read(await store.query(Several(PERMIT_ALL, keys)))
        case "deceased":
            return [each for each in await _one(store, patient, "person", now) if dead(each.resource)]
        case "teams":
            teams = _read(await found(store, "CareTeam", patient, Token("status", ACTIVE)))
            return [each for each in teams if _lasts(each.resource, now)]
        case "plans":
            plans = _read(await found(store, "CarePlan", patient, Token("status", ACTIVE)))
            return [each for each in plans if not _triage(each.resource)]
        case "flags":
            flags = _read(await found(store, "Flag", patient))  # R4 has no parameter for the status of a Flag
            return [each for each in flags if each.resource.get("status") == ACTIVE and not how_told(each.resource)]
        case "problems":
            return _read(await found(store, "Condition", patient, Not(Token("clinical-status", "resolved"))))
        case "encounters":
            return _read(await found(store, "Encounter", patient))
        case "bookings":
            return _read(await bookings(store, patient, now))
        case "goals":
            return _read(await found(store, "Goal", patient, Token("lifecycle-status", ACTIVE)))
        case "episodes":
            return _read(await found(store, "EpisodeOfCare", patient))
        case "tasks":
            return _read(await found(store, "Task", patient))
    raise KeyError(name)


def _read(stored: Iterable[Stored]) -> list[Piece]:
    return [Piece(each, body(each)) for each in stored]


async def bookings(store: Store, patient: str, now: int) -> list[Stored]:
    """Appointments of the person that are still to come."""
    rows = await found(store, "Appointment", patient, Span("date", "ge", now, now + 1))
    return [each for each in rows if body(each).get("status") in ("proposed", "pending", "booked", "waitlist")]


def dead(patient: Resource) -> bool:
    """Whether a Patient is said to have died."""
    return patient.get("deceasedBoolean") is True or "deceasedDateTime" in patient


def _lasts(resource: Resource, now: int) -> bool:
    span = period(resource)
    return span.low <= now < span.high


def _triage(plan: Resource) -> bool:
    codings = (coding for concept in dicts(plan, "category") for coding in dicts(concept, "coding"))
    return any(coding.get("code") == TRIAGE_OUTCOME for coding in codings)
