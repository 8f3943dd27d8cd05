"""Synthetic people and what is recorded about them."""

from __future__ import annotations

from typing import Any

from interop.fhir.searching import index_rows
from interop.record.fold import content, render
from interop.record.indexing import parameters
from interop.store.seam import Store
from interop.store.values import Change, Committed, Link, Put, Stored

NHS = "https://fhir.nhs.uk/Id/nhs-number"
FEED = "pas"
T0 = 1_767_225_600_000_000
"""2026-01-01T00:00:00Z in microseconds."""


def patient(id: str, family: str = "Ashdown", given: str = "Mary", number: str = "9990000018", **more: Any) -> dict[str, Any]:
    """A Patient with an NHS number of the test range."""
    identifiers = [{"system": NHS, "value": number}]
    return {"resourceType": "Patient", "id": id, "identifier": identifiers, "name": [{"family": family, "given": [given]}], **more}


def encounter(id: str, of: str, start: str = "2026-01-10T09:00:00Z", status: str = "in-progress", **more: Any) -> dict[str, Any]:
    """An inpatient Encounter."""
    coded = {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "IMP"}
    said = {"status": status, "class": coded, "subject": {"reference": f"Patient/{of}"}, "period": {"start": start}}
    return {"resourceType": "Encounter", "id": id, **said, **more}


def plan(id: str, of: str, **more: Any) -> dict[str, Any]:
    """A CarePlan."""
    return {
        "resourceType": "CarePlan",
        "id": id,
        "status": "active",
        "intent": "plan",
        "subject": {"reference": f"Patient/{of}"},
        **more,
    }


def appointment(id: str, of: str, start: str, **more: Any) -> dict[str, Any]:
    """An Appointment of a Patient."""
    takes_part = [{"actor": {"reference": f"Patient/{of}"}, "status": "accepted"}]
    end = start.replace(":00:00Z", ":30:00Z")
    return {
        "resourceType": "Appointment",
        "id": id,
        "status": "booked",
        "start": start,
        "end": end,
        "participant": takes_part,
        **more,
    }


async def contribute(store: Store, *resources: dict[str, Any], owner: str = FEED, persons: dict[str, str] | None = None) -> None:
    """Put resources into the record as a feed's; ``persons`` links Patients: id -> person."""
    puts = []
    for resource in resources:
        kind, id_ = resource["resourceType"], resource["id"]
        stored = Stored(
            kind, id_, 1, T0, render(content(kind, id_, dict(resource)), 1, "2026-01-01T00:00:00.000Z", owner, 1), owner=owner
        )
        puts.append(Put(stored, index_rows(resource, parameters(kind))))
    links = [Link(patient, person, "") for patient, person in (persons or {}).items()]
    assert isinstance(await store.commit(Change(puts=puts, links=links)), Committed)
