"""Values as strings, normalised and as written (FHIR R4 search, section 3.1.1.4.8)."""

from __future__ import annotations

import re
from typing import Any

from interop.fhir.searching.making import Convert, Rows
from interop.fhir.searching.text import normalise, unpunctuated

SHORT = 100
"""Characters of a text whose parts are looked for: names, not descriptions."""
_BETWEEN = re.compile(r"[\s\-](?=\w)")
NAME = ("text", "family", "given", "prefix", "suffix")
ADDRESS = ("text", "line", "city", "district", "state", "postalCode", "country")


def string(value: Any, rows: Rows) -> None:
    """A string and, where it is short and has punctuation, the same without: "punctuation should also be ignored"."""
    if isinstance(value, str) and (plain := normalise(value)):
        rows.append(("string", plain, value, None))
        if len(plain) <= SHORT and not plain.isalnum():
            bare = unpunctuated(plain)
            if bare and bare != plain:
                rows.append(("part", bare, value, None))


def family(value: Any, rows: Rows) -> None:
    """A family name, and from each of its further words on: "search the parts of a family name independently"."""
    string(value, rows)
    if isinstance(value, str) and len(value) <= SHORT:
        plain = normalise(value)
        if not plain.isalnum():
            rows.extend(("part", plain[found.end() :], value, None) for found in _BETWEEN.finditer(plain))


def parts(names: tuple[str, ...]) -> Convert:
    """A row for each of those children that is a string."""

    def convert(value: Any, rows: Rows) -> None:
        if isinstance(value, dict):
            for name in names:
                part = value.get(name)
                if part is None:
                    continue
                if name == "family":
                    family(part, rows)
                    continue
                for text in part if isinstance(part, list) else (part,):
                    string(text, rows)

    return convert
