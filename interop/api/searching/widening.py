"""Leniency towards clients that write ``identifier=|value`` and mean any system.

To the letter ``|value`` is an identifier without a system (FHIR R4 search, 3.1.1.4.10), and what has none is found so. Only where
nothing is, and handling is lenient, the same value is looked for under any system, and the answer says so. Criteria of conditional
interactions are never widened: there a wrong match is another person.
"""

from __future__ import annotations

from interop.api.searching.escapes import split

WIDENED = "identifier"


def widened(pairs: list[tuple[str, str]]) -> list[tuple[str, str]] | None:
    """The parameters with ``|value`` of identifiers as ``value``; None where there is none."""
    if not any(name == WIDENED and "|" in value for name, value in pairs):
        return None
    wider = [(name, _any_system(value) if name == WIDENED else value) for name, value in pairs]
    return wider if wider != pairs else None


def _any_system(value: str) -> str:
    return ",".join(part[1:] if part[:1] == "|" and len(split(part, "|")) == 2 else part for part in split(value, ","))
