"""Narratives as R4 has them: what no narrative may hold is left away, its text stays (FHIR R4, narrative.html)."""

from __future__ import annotations

from typing import Any, Final

from interop.errors import Problem
from interop.fhir import xhtml
from interop.mapping import transforms

EMPTY: Final[dict[str, Any]] = {"status": "empty", "div": transforms.as_xhtml("No text")}
"""The narrative of what holds nothing."""


def as_div(said: str) -> str | None:
    """A ``div`` as it is where it may be a narrative, else its plain text as one; None where it has no text."""
    if not xhtml.problems(said):
        return said
    plain = _plain(said)
    return transforms.as_xhtml(plain) if plain else None


def _plain(said: str) -> str:
    from interop.formats.narrative import narrative
    from interop.formats.xml import parse_xml

    try:
        return narrative(parse_xml(said.encode("utf-8", "replace"))).strip()
    except Problem:
        return said.strip()
