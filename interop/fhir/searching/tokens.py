"""Values as tokens: system, code, and what they are called (FHIR R4 search, section 3.1.1.4.10)."""

from __future__ import annotations

from typing import Any

from interop.fhir import facts
from interop.fhir.rows import IndexRow
from interop.fhir.searching.making import Convert, Make, Rows
from interop.fhir.searching.text import normalise


def called(parameter: str, text: Any, rows: Rows) -> None:
    """A row for what a token or reference is called: the ``:text`` modifier."""
    if isinstance(text, str) and (plain := normalise(text)):
        rows.append(IndexRow(parameter, "text", plain))


def coding(parameter: str, _binding: str | None) -> Convert:
    def convert(value: Any, rows: Rows) -> None:
        if isinstance(value, dict):
            code, system = value.get("code"), value.get("system", "")
            if isinstance(code, str) and isinstance(system, str):
                rows.append(IndexRow(parameter, "token", system, code))
            if "display" in value:
                called(parameter, value["display"], rows)

    return convert


def concept(parameter: str, binding: str | None) -> Convert:
    one = coding(parameter, binding)

    def convert(value: Any, rows: Rows) -> None:
        if not isinstance(value, dict):
            return
        codings = value.get("coding")
        if isinstance(codings, list):
            for each in codings:
                one(each, rows)
        if "text" in value:
            called(parameter, value["text"], rows)

    return convert


def identified(kind: str) -> Make:
    """An Identifier by system and value: as a ``token`` or as the ``identifier`` of a reference."""

    def make(parameter: str, _binding: str | None) -> Convert:
        def convert(value: Any, rows: Rows) -> None:
            if isinstance(value, dict):
                text, system = value.get("value"), value.get("system", "")
                if isinstance(text, str) and isinstance(system, str):
                    rows.append(IndexRow(parameter, kind, system, text))

        return convert

    return make


def identifier(parameter: str, binding: str | None) -> Convert:
    """An Identifier by system and value, by each coding of its type (``:of-type``) and by what its type is called."""
    plain = identified("token")(parameter, binding)

    def convert(value: Any, rows: Rows) -> None:
        plain(value, rows)
        type_ = value.get("type") if isinstance(value, dict) else None
        if isinstance(type_, dict):
            codings, text = type_.get("coding"), value.get("value")
            for each in codings if isinstance(codings, list) and isinstance(text, str) else ():
                code, system = (each.get("code"), each.get("system", "")) if isinstance(each, dict) else (None, "")
                if isinstance(code, str) and isinstance(system, str):
                    rows.append(IndexRow(parameter, "of-type", system, f"{code}|{text}"))
            called(parameter, type_.get("text"), rows)

    return convert


def contact(parameter: str, _binding: str | None) -> Convert:
    """A ContactPoint by its value, under its own system (``phone``, ``email``) and under none; a number that is written with
    blanks is found without them too."""

    def convert(value: Any, rows: Rows) -> None:
        text = value.get("value") if isinstance(value, dict) else None
        if not isinstance(text, str):
            return
        system = value.get("system")
        for under in ("", system) if isinstance(system, str) and system else ("",):
            rows.append(IndexRow(parameter, "token", under, text))
            if " " in text:
                rows.append(IndexRow(parameter, "token", under, text.replace(" ", "")))

    return convert


def code(parameter: str, binding: str | None) -> Convert:
    """A code under the system that its required value set takes it from; other texts under none."""
    systems = {code: system for system, code in facts.concepts(binding) or ()} if binding else {}

    def convert(value: Any, rows: Rows) -> None:
        if isinstance(value, str):
            rows.append(IndexRow(parameter, "token", systems.get(value, ""), value))

    return convert


def boolean(parameter: str, _binding: str | None) -> Convert:
    def convert(value: Any, rows: Rows) -> None:
        if isinstance(value, bool):
            rows.append(IndexRow(parameter, "token", "", "true" if value else "false"))

    return convert
