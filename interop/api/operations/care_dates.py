"""When the care was that a resource tells of, for ``start`` and ``end`` of ``$everything``."""

from __future__ import annotations

from typing import Final

import orjson

from interop.fhir import facts
from interop.fhir.searching import index_rows
from interop.store.values import Stored

CARE_DATES: Final = {
    "AllergyIntolerance": ("onset", "last-date", "date"),
    "CarePlan": ("date", "activity-date"),
    "Claim": ("created",),
    "Condition": ("onset-date", "abatement-date", "recorded-date"),
    "Coverage": (),
    "DeviceRequest": ("event-date", "authored-on"),
    "DocumentReference": ("period", "date"),
    "ExplanationOfBenefit": ("created",),
    "FamilyMemberHistory": ("date",),
    "Goal": ("start-date", "target-date"),
    "ImagingStudy": ("started",),
    "Immunization": ("date",),
    "Media": ("created",),
    "MedicationAdministration": ("effective-time",),
    "MedicationDispense": ("whenhandedover", "whenprepared"),
    "MedicationRequest": ("authoredon", "date"),
    "MedicationStatement": ("effective",),
    "Provenance": ("when", "recorded"),
    "QuestionnaireResponse": ("authored",),
    "ServiceRequest": ("occurrence", "authored"),
    "Specimen": ("collected",),
    "Task": ("period", "authored-on"),
}
"""The search parameters that tell it, for types where ``date`` does not. The first that a resource has counts, and those
beside it; a resource without any is of no certain time and always belongs."""
TIMELESS: Final = frozenset(("Patient", "Person", "RelatedPerson"))
"""Types whose dates are not dates of care."""


def within(stored: Stored, start: int, end: int) -> bool:
    """Whether a resource is about care between these instants (microseconds, ``end`` exclusive, 0 = open)."""
    if stored.type in TIMELESS:
        return True
    known = facts.search_parameters(stored.type)
    codes = frozenset(code for code in CARE_DATES.get(stored.type, ("date",)) if code in known)
    if not codes:
        return True
    rows = [row for row in index_rows(orjson.loads(stored.body), codes) if row.kind == "date"]
    return not rows or any((not end or row.a < end) and (not start or row.b > start) for row in rows)
