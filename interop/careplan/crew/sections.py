"""The sections of the card, and what of the tables of the plan they are made by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from interop.careplan.tables import Content, PlanTables

PATIENT: Final = "Patient"
PLANS: Final = "plans"
"""The section that holds the own words of plans."""
PLANNED: Final = {
    "cpr": "cpr",
    "matters": "what-matters",
    "steps": "contingency",
    "communication": "communication",
    "advanceDecisions": "advance-decisions",
    "placeOfCare": "place-of-care",
    "placeOfDeath": "place-of-death",
    "standby": "standby-medicines",
    "takeAlong": "take-along",
    "namedClinician": "named-clinician",
    "gp": "gp",
    "people": "key-people",
}
"""Sections that stand under a heading of the plan."""
UNREAD: Final = ("DocumentReference",)
"""Types of which a person may have hundreds that say nothing to a crew: the plan has their words."""
WORDED: Final = {"alerts": "alerts", "allergies": "allergies"}
"""Sections that have of the plan what authors wrote under such a heading, and all else from elsewhere."""
TOLD: Final = frozenset((*PLANNED.values(), *WORDED.values()))
"""Headings of which a card tells."""
SECTIONS: Final = (
    "alerts",
    "cpr",
    "allergies",
    "matters",
    "steps",
    PLANS,
    "communication",
    "advanceDecisions",
    "placeOfCare",
    "placeOfDeath",
    "medicines",
    "standby",
    "takeAlong",
    "namedClinician",
    "gp",
    "people",
)
"""Sections in the order in which the card has them."""
OWN: Final = {
    "alerts": ("Flag",),
    "allergies": ("AllergyIntolerance", "List"),
    "medicines": ("MedicationRequest", "MedicationStatement"),
}
"""The types of the sections that stand under no heading."""


@dataclass(frozen=True, slots=True)
class CardTables:
    """What of the tables of the plan a card is made by: ``plan`` has the headings alone that a card tells; ``sections`` are the
    types that each section is made of."""

    plan: PlanTables
    sections: Mapping[str, tuple[str, ...]]

    @classmethod
    def of(cls, tables: PlanTables) -> CardTables:
        """Of the whole tables."""
        names = {heading: name for name, heading in PLANNED.items()}
        headings = {name: heading for name, heading in tables.headings.items() if name in TOLD}
        content = {type_: tuple(row for row in rows if row.heading in names) for type_, rows in tables.content.items()}
        content = {type_: rows for type_, rows in content.items() if rows}
        found = {name: set(OWN.get(name, ())) for name in SECTIONS}
        for type_, rows in content.items():
            for row in rows:
                found[names[row.heading]].add(type_)
        written = {type_: rows for type_, rows in tables.written.items() if type_ not in UNREAD}
        found[PLANS] = {type_ for type_, rows in written.items() if any(row.plan for row in rows)}
        narrowed = replace(tables, headings=headings, content=content, written=written)
        return cls(narrowed, {name: tuple(sorted(types)) for name, types in found.items()})

    def rows(self, type: str) -> tuple[Content, ...]:
        """By which a type is read."""
        return (*self.plan.content.get(type, ()), *(one.row for one in self.plan.written.get(type, ())))

    @property
    def types(self) -> frozenset[str]:
        """All of them."""
        return frozenset((PATIENT, *(type_ for types in self.sections.values() for type_ in types)))
