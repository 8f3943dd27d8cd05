"""Values as tokens: system, code, and what they are called (FHIR R4 search, section 3.1.1.4.10)."""

from __future__ import annotations

from functools import cache
from typing import Any

from interop.fhir import facts
from interop.fhir.searching.making import Convert, Rows
from interop.fhir.searching.text import normalise

MEDIA = "http://hl7.org/fhir/ValueSet/mimetypes"
"""The value set of media types, which are searched below their base (section 3.1.1.4.10.1)."""


def called(text: Any, rows: Rows) -> None:
    """A row for what a token or reference is called: the ``:text`` modifier."""
    if isinstance(text, str) and (plain := normalise(text)):
        rows.append(("text", plain, None, None))


def coding(value: Any, rows: Rows) -> None:
    if isinstance(value, dict):
        code, system = value.get("code", ""), value.get("system", "")
        if isinstance(code, str) and isinstance(system, str) and (code or system):
            rows.append(("token", system, code, None))
        if "display" in value:
            called(value["display"], rows)


def concept(value: Any, rows: Rows) -> None:
    if not isinstance(value, dict):
        return
    codings = value.get("coding")
    if isinstance(codings, list):
        for each in codings:
            coding(each, rows)
    if "text" in value:
        called(value["text"], rows)


def identified(value: Any, kind: str, rows: Rows) -> None:
    """An Identifier by system and value: as a ``token`` or as the ``identifier`` of a reference."""
    if isinstance(value, dict):
        text, system = value.get("value", ""), value.get("system", "")
        if isinstance(text, str) and isinstance(system, str) and (text or system):
            rows.append((kind, system, text, None))


def identifier(value: Any, rows: Rows) -> None:
    """An Identifier by system and value, by each coding of its type (``:of-type``) and by what its type is called."""
    identified(value, "token", rows)
    type_ = value.get("type") if isinstance(value, dict) else None
    if isinstance(type_, dict):
        codings, text = type_.get("coding"), value.get("value")
        for each in codings if isinstance(codings, list) and isinstance(text, str) else ():
            code, system = (each.get("code"), each.get("system", "")) if isinstance(each, dict) else (None, "")
            if isinstance(code, str) and isinstance(system, str):
                rows.append(("of-type", system, f"{code}|{text}", None))
        called(type_.get("text"), rows)


def contact(value: Any, rows: Rows) -> None:
    """A ContactPoint by its value, under its own system (``phone``, ``email``) and under none; a number that is written with
    blanks is found without them too."""
    text = value.get("value") if isinstance(value, dict) else None
    if not isinstance(text, str):
        return
    system = value.get("system")
    for under in ("", system) if isinstance(system, str) and system else ("",):
        rows.append(("token", under, text, None))
        if " " in text:
            rows.append(("token", under, text.replace(" ", ""), None))


@cache
def code(binding: str | None) -> Convert:
    """A code under the system that its required value set takes it from; other texts under none."""
    systems = {code: system for system, code in facts.concepts(binding) or ()} if binding else {}
    media = binding == MEDIA

    def convert(value: Any, rows: Rows) -> None:
        if isinstance(value, str):
            rows.append(("token", systems.get(value, ""), value, None))
            if media:
                rows.extend(("below", "", each, None) for each in dict.fromkeys((value, value.partition(";")[0].rstrip())))

    return convert


def word(binding: str | None) -> Convert:
    """A string as a token, as written and in lower case: "if the underlying data type is string then the search is not case
    sensitive"."""

    def convert(value: Any, rows: Rows) -> None:
        if isinstance(value, str):
            rows.extend(("token", "", each, None) for each in dict.fromkeys((value, value.casefold())))

    return convert


def boolean(value: Any, rows: Rows) -> None:
    if isinstance(value, bool):
        rows.append(("token", "", "true" if value else "false", None))
