"""Values as strings, normalised and as written (FHIR R4 search, section 3.1.1.4.8)."""

from __future__ import annotations

from typing import Any

from interop.fhir.rows import IndexRow
from interop.fhir.searching.making import Convert, Make, Rows
from interop.fhir.searching.text import normalise

NAME = ("text", "family", "given", "prefix", "suffix")
ADDRESS = ("text", "line", "city", "district", "state", "postalCode", "country")


def string(parameter: str, _binding: str | None) -> Convert:
    def convert(value: Any, rows: Rows) -> None:
        if isinstance(value, str) and (plain := normalise(value)):
            rows.append(IndexRow(parameter, "string", plain, value))

    return convert


def parts(names: tuple[str, ...]) -> Make:
    """A row for each of those children that is a string."""

    def make(parameter: str, _binding: str | None) -> Convert:
        def convert(value: Any, rows: Rows) -> None:
            if isinstance(value, dict):
                for name in names:
                    part = value.get(name)
                    if part is None:
                        continue
                    for text in part if isinstance(part, list) else (part,):
                        if isinstance(text, str) and (plain := normalise(text)):
                            rows.append(IndexRow(parameter, "string", plain, text))

        return convert

    return make
