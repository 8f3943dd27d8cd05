"""Synthetic parts of plans, and what a fold of them says."""

from __future__ import annotations

from typing import Any

from interop.api.operations.planning import plan_tables
from interop.careplan.folding import folded
from interop.careplan.plan import Given, Health, Line, Plan

SNOMED = "http://snomed.info/sct"
OWN = "urn:interop:codes:plan-content"
NOW = 1_767_225_600_000_000
"""2026-01-01T00:00:00Z."""
ANN, BOB = {"reference": "Practitioner/ann", "display": "Dr Ann"}, {"reference": "Practitioner/bob", "display": "Dr Bob"}
FOR, NOT_FOR = "450475007", "450476008"
MATTERS, HOME, HOSPICE = "1515861000000103", "110481000000108", "108401000000102"


def coded(code: str, system: str = SNOMED, **more: Any) -> dict[str, Any]:
    """A CodeableConcept."""
    return {"coding": [{"system": system, "code": code}], **more}


def observed(id: str, code: str, date: str = "2025-06-01", by: Any = None, **more: Any) -> dict[str, Any]:
    """An Observation of Patient/p."""
    said = {"status": "final", "code": coded(code), "subject": {"reference": "Patient/p"}, "effectiveDateTime": date}
    return {"resourceType": "Observation", "id": id, **said, **({"performer": [by]} if by else {}), **more}


def planned(id: str, *activities: dict[str, Any], **more: Any) -> dict[str, Any]:
    """An active CarePlan of Patient/p; an activity is its detail."""
    details = [{"detail": {"status": "scheduled", **each}} for each in activities]
    said = {"status": "active", "intent": "plan", "subject": {"reference": "Patient/p"}, "title": f"Plan {id}"}
    return {"resourceType": "CarePlan", "id": id, **said, **({"activity": details} if details else {}), **more}


def fold(*given: dict[str, Any] | Given, now: int = NOW, health: dict[str, Health] | None = None) -> Plan:
    """The fold of resources; without more they come from organisation A in their first version."""
    return folded([each if isinstance(each, Given) else Given(each, 1, "A") for each in given], plan_tables(), now, health)


def texts(plan: Plan, heading: str) -> list[str]:
    """What stands under a heading now."""
    return [line.text for line in plan.section(heading).lines]


def only(plan: Plan, heading: str) -> Line:
    """The one line under a heading."""
    (line,) = plan.section(heading).lines
    return line
