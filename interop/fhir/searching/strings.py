"""Values as strings, normalised and as written (FHIR R4 search, section 3.1.1.4.8)."""

from __future__ import annotations

from typing import Any

from interop.fhir.searching.making import Convert, Rows
from interop.fhir.searching.text import normalise

NAME = ("text", "family", "given", "prefix", "suffix")
ADDRESS = ("text", "line", "city", "district", "state", "postalCode", "country")


def string(value: Any, rows: Rows) -> None:
    if isinstance(value, str) and (plain := normalise(value)):
        rows.append(("string", plain, value, None))


def parts(names: tuple[str, ...]) -> Convert:
    """A row for each of those children that is a string."""

    def convert(value: Any, rows: Rows) -> None:
        if isinstance(value, dict):
            for name in names:
                part = value.get(name)
                if part is None:
                    continue
                for text in part if isinstance(part, list) else (part,):
                    string(text, rows)

    return convert
