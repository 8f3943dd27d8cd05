"""One value of a parameter, by the parameter's type, as a part of the query tree."""

from __future__ import annotations

import re
from typing import Final

from interop.api.searching.escapes import plain, split
from interop.errors import Problem
from interop.fhir import facts
from interop.fhir.references import versionless
from interop.fhir.searching import interval, normalise
from interop.store.where import All, Ids, Person, Reference, Span, Text, Token, Updated, Where

ID: Final = re.compile(r"[A-Za-z0-9\-.]{1,64}")
_LITERAL: Final = re.compile(r"([A-Z][A-Za-z]+)/([A-Za-z0-9\-.]{1,64})")
_PREFIX: Final = re.compile(r"(eq|ne|gt|lt|ge|le|sa|eb|ap)?(.+)", re.DOTALL)
_LOST_PLUS: Final = re.compile(r" (\d\d:\d\d)$")
PERSONS: Final = ("patient", "subject")
"""Parameters that find whatever is about the same person, whichever Patient it names."""


def token(name: str, value: str) -> Where:
    """``code``, ``system|code``, ``|code`` (no system), ``system|`` (any code); 3.1.1.4.10."""
    parts = [plain(part) for part in split(value, "|")]
    if len(parts) > 2 or not any(parts):
        raise malformed(name, "a code is wanted, or system|code")
    if len(parts) == 1:
        return Token(name, parts[0])
    return Token(name, parts[1] or None, parts[0])


def string(name: str, value: str, match: str) -> Where:
    """Start, whole or part of a text without regard to case and accents; 3.1.1.4.8."""
    text = normalise(plain(value))
    if not text:
        raise malformed(name, "a text is wanted")
    return Text(name, text, match)


def uri(name: str, value: str, match: str) -> Where:
    """The whole URI or, with ``:below``, its beginning; 3.1.1.4.13."""
    return Text(name, plain(value), match)


def span(text: str, name: str, now: int) -> tuple[str, int, int]:
    """Prefix and bounds of a date in microseconds; 3.1.1.4.7. ``ap`` is widened by a tenth of its distance from ``now``."""
    found = _PREFIX.fullmatch(text)
    covered = interval(_LOST_PLUS.sub(r"+\1", found[2])) if found else None
    if found is None or covered is None:
        raise malformed(name, "a date is wanted")
    low, high = covered
    if found[1] == "ap":
        width = abs(now - (low + high) // 2) // 10
        return "ap", low - width, high + width
    return found[1] or "eq", low, high


def date(name: str, value: str, now: int) -> Where:
    """A date or period that compares so."""
    prefix, low, high = span(plain(value), name, now)
    if prefix == "ap":
        return All((Span(name, "lt", high, high), Span(name, "gt", low, low)))
    return Span(name, prefix, low, high)


def updated(value: str, now: int) -> Where:
    """``_lastUpdated``."""
    prefix, low, high = span(plain(value), "_lastUpdated", now)
    if prefix == "ap":
        return All((Updated("lt", high, high), Updated("ge", low, low)))
    return Updated(prefix, low, high)


def ids(values: list[str]) -> Where:
    """``_id``: several are one list."""
    for value in values:
        if not ID.fullmatch(value):
            raise malformed("_id", "an id is wanted")
    return Ids(tuple(values))


def reference(name: str, value: str, targets: tuple[str, ...], base: str, narrowed: str = "") -> Where:
    """``id``, ``Type/id`` or a URL; 3.1.1.4.12. ``narrowed`` is the type of a modifier such as ``:Patient``."""
    text = versionless(plain(value))
    if text.startswith(base + "/"):
        text = text[len(base) + 1 :]
    found = _LITERAL.fullmatch(text)
    if found is None and ID.fullmatch(text):
        types = (narrowed,) if narrowed else targets or tuple(sorted(facts.resource_types()))
        return _refers(name, tuple(f"{type_}/{text}" for type_ in types))
    if found is None and ":" not in text:
        raise malformed(name, "an id, Type/id or a URL is wanted")
    if found is not None and narrowed and found[1] != narrowed:
        raise malformed(name, "its type is not that of the modifier")
    return _refers(name, (text,))


def _refers(name: str, targets: tuple[str, ...]) -> Where:
    if name in PERSONS:
        patients = tuple(target[8:] for target in targets if target.startswith("Patient/"))
        if patients:
            return Person(name, patients)
    return Reference(name, targets)


def malformed(name: str, wanted: str) -> Problem:
    """A value that cannot be read; the value itself is not repeated."""
    return Problem("bad-parameter", where=name, detail=wanted)
