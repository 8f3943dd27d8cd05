"""Whose voice a resource is: one person's, or where it names none its own alone."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final

from interop.fhir.references import target_type, versionless
from interop.fhir.shapes import Json, text

PERSONS: Final = ("Practitioner", "PractitionerRole", "Patient", "RelatedPerson")
"""Types of who can be one person; an organisation is many."""


def author(named: Iterable[Any], words: Callable[[Any], str]) -> tuple[str, str, str]:
    """Of those who are named as authors, in order: what the first person is called, the reference to them and their voice; without
    a person the first that has any name, with no voice."""
    others: tuple[str, str, str] = "", "", ""
    for value in named:
        name, reference = words(value), text(value, "reference")
        voice = _voice(value) if isinstance(value, dict) else ""
        if voice:
            return name, reference, voice
        if (name or reference) and not any(others):
            others = name, reference, ""
    return others


def _voice(value: Json) -> str:
    """Who a Reference leads to, by its literal or its identifier; '' for who is not known to be one person."""
    type_ = target_type(value)
    literal = text(value, "reference")
    if type_ in PERSONS and literal and not literal.startswith("#"):
        return versionless(literal)
    identifier = value.get("identifier")
    system, known = text(identifier, "system"), text(identifier, "value")
    person = type_ in PERSONS or (not type_ and "/ods-" not in system)
    return f"{system}|{known}" if known and system and person else ""
