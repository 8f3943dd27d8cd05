"""Values of a datatype as index rows of a parameter type (FHIR R4 search, section 3.1.1.4).

A converter takes a value and appends rows; what does not parse appends nothing. The tables at the end say which
datatypes each parameter type takes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from interop.fhir import facts
from interop.fhir.canonicals import CURRENCIES
from interop.fhir.references import versionless
from interop.fhir.rows import EARLIEST, HIGHEST, LATEST, LOWEST, IndexRow
from interop.fhir.searching.dates import interval
from interop.fhir.searching.text import normalise

Rows = list[IndexRow]
Convert = Callable[[Any, Rows], None]
Make = Callable[[str, str | None], Convert]

_NAME_PARTS = ("text", "family", "given", "prefix", "suffix")
_ADDRESS_PARTS = ("text", "line", "city", "district", "state", "postalCode", "country")


def _coding(parameter: str, _binding: str | None) -> Convert:
    def convert(value: Any, rows: Rows) -> None:
        if isinstance(value, dict):
            code, system = value.get("code"), value.get("system", "")
            if isinstance(code, str) and isinstance(system, str):
                rows.append(IndexRow(parameter, "token", system, code))

    return convert


def _concept(parameter: str, binding: str | None) -> Convert:
    one = _coding(parameter, binding)

    def convert(value: Any, rows: Rows) -> None:
        codings = value.get("coding") if isinstance(value, dict) else None
        if isinstance(codings, list):
            for each in codings:
                one(each, rows)

    return convert


def _identifier(parameter: str, _binding: str | None, kind: str = "token") -> Convert:
    def convert(value: Any, rows: Rows) -> None:
        if isinstance(value, dict):
            text, system = value.get("value"), value.get("system", "")
            if isinstance(text, str) and isinstance(system, str):
                rows.append(IndexRow(parameter, kind, system, text))

    return convert


def _contact(parameter: str, _binding: str | None) -> Convert:
    # Numbers are written with and without blanks: both forms are found.
    def convert(value: Any, rows: Rows) -> None:
        text = value.get("value") if isinstance(value, dict) else None
        if isinstance(text, str):
            rows.append(IndexRow(parameter, "token", "", text))
            if " " in text:
                rows.append(IndexRow(parameter, "token", "", text.replace(" ", "")))

    return convert


def _code(parameter: str, binding: str | None) -> Convert:
    # The system of a code is the one that its required value set takes it from.
    systems = {code: system for system, code in facts.concepts(binding) or ()} if binding else {}

    def convert(value: Any, rows: Rows) -> None:
        if isinstance(value, str):
            rows.append(IndexRow(parameter, "token", systems.get(value, ""), value))

    return convert


def _boolean(parameter: str, _binding: str | None) -> Convert:
    def convert(value: Any, rows: Rows) -> None:
        if isinstance(value, bool):
            rows.append(IndexRow(parameter, "token", "", "true" if value else "false"))

    return convert


def _string(parameter: str, _binding: str | None) -> Convert:
    def convert(value: Any, rows: Rows) -> None:
        if isinstance(value, str) and (plain := normalise(value)):
            rows.append(IndexRow(parameter, "string", plain))

    return convert


def _parts(names: tuple[str, ...]) -> Make:
    def make(parameter: str, _binding: str | None) -> Convert:
        def convert(value: Any, rows: Rows) -> None:
            if isinstance(value, dict):
                for name in names:
                    part = value.get(name)
                    for text in part if isinstance(part, list) else (part,):
                        if isinstance(text, str) and (plain := normalise(text)):
                            rows.append(IndexRow(parameter, "string", plain))

        return convert

    return make


def _reference(parameter: str, _binding: str | None) -> Convert:
    identifier = _identifier(parameter, None, "identifier")

    def convert(value: Any, rows: Rows) -> None:
        if isinstance(value, dict):
            literal = value.get("reference")
            if isinstance(literal, str) and literal and literal[0] != "#":
                rows.append(IndexRow(parameter, "reference", versionless(literal)))
            if "identifier" in value:
                identifier(value["identifier"], rows)

    return convert


def _canonical(kind: str) -> Make:
    # A canonical with a version is found with and without it.
    def make(parameter: str, _binding: str | None) -> Convert:
        def convert(value: Any, rows: Rows) -> None:
            if isinstance(value, str) and value:
                rows.append(IndexRow(parameter, kind, value))
                url, mark, _ = value.partition("|")
                if mark:
                    rows.append(IndexRow(parameter, kind, url))

        return convert

    return make


def _resource(parameter: str, _binding: str | None) -> Convert:
    def convert(value: Any, rows: Rows) -> None:
        if isinstance(value, dict) and isinstance(value.get("id"), str) and isinstance(value.get("resourceType"), str):
            rows.append(IndexRow(parameter, "reference", f"{value['resourceType']}/{value['id']}"))

    return convert


def _span(text: Any) -> tuple[int, int] | None:
    return interval(text) if isinstance(text, str) else None


def _date(parameter: str, _binding: str | None) -> Convert:
    def convert(value: Any, rows: Rows) -> None:
        found = _span(value)
        if found:
            rows.append(IndexRow(parameter, "date", found[0], found[1]))

    return convert


def _bounds(value: Any) -> tuple[int, int] | None:
    """The interval of a Period; None where neither side can be read."""
    if not isinstance(value, dict):
        return None
    start, end = _span(value.get("start")), _span(value.get("end"))
    if not (start or end):
        return None
    return (start[0] if start else EARLIEST, end[1] if end else LATEST)


def _period(parameter: str, _binding: str | None) -> Convert:
    def convert(value: Any, rows: Rows) -> None:
        found = _bounds(value)
        if found:
            rows.append(IndexRow(parameter, "date", found[0], found[1]))

    return convert


def _timing(parameter: str, _binding: str | None) -> Convert:
    # Only the outer limits of a Timing count.
    def convert(value: Any, rows: Rows) -> None:
        if not isinstance(value, dict):
            return
        events, repeat = value.get("event"), value.get("repeat")
        found = [_span(each) for each in events] if isinstance(events, list) else []
        found.append(_bounds(repeat.get("boundsPeriod")) if isinstance(repeat, dict) else None)
        spans = [each for each in found if each]
        if spans:
            rows.append(IndexRow(parameter, "date", min(low for low, _ in spans), max(high for _, high in spans)))

    return convert


def _float(value: Any) -> float | None:
    if value is None or isinstance(value, bool):
        return None
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return number if LOWEST <= number <= HIGHEST else None


def _number(parameter: str, _binding: str | None) -> Convert:
    def convert(value: Any, rows: Rows) -> None:
        number = _float(value)
        if number is not None:
            rows.append(IndexRow(parameter, "number", number, number))

    return convert


def _sides(quantity: Any) -> tuple[float, float] | None:
    """What a Quantity covers with its comparator."""
    number = _float(quantity.get("value")) if isinstance(quantity, dict) else None
    if number is None:
        return None
    comparator = quantity.get("comparator")
    return (LOWEST if comparator in ("<", "<=") else number, HIGHEST if comparator in (">", ">=") else number)


def _units(quantity: Any) -> list[str | None]:
    """``system|code``, the code, the unit: a search may name any of them."""
    system, code, unit = (quantity.get(name) if isinstance(quantity, dict) else None for name in ("system", "code", "unit"))
    if isinstance(quantity, dict) and isinstance(quantity.get("currency"), str):
        system, code = CURRENCIES, quantity["currency"]
    said: list[str | None] = [f"{system}|{code}"] if isinstance(system, str) and isinstance(code, str) else []
    said += [each for each in (code, unit) if isinstance(each, str)]
    return said or [None]


def _quantity(parameter: str, _binding: str | None) -> Convert:
    def convert(value: Any, rows: Rows) -> None:
        sides = _sides(value)
        if sides:
            rows.extend(IndexRow(parameter, "quantity", sides[0], sides[1], unit) for unit in _units(value))

    return convert


def _range(kind: str) -> Make:
    def make(parameter: str, _binding: str | None) -> Convert:
        def convert(value: Any, rows: Rows) -> None:
            if not isinstance(value, dict):
                return
            low, high = _sides(value.get("low")), _sides(value.get("high"))
            if low or high:
                units = _units(value.get("low") or value.get("high")) if kind == "quantity" else [None]
                a, b = low[0] if low else LOWEST, high[1] if high else HIGHEST
                rows.extend(IndexRow(parameter, kind, a, b, unit) for unit in units)

        return convert

    return make


_TEXTS = ("string", "id", "markdown", "uri", "url", "canonical", "oid", "uuid")
_URIS = ("uri", "url", "oid", "uuid")

CONVERTERS: dict[str, dict[str, Make]] = {
    "token": {
        "Coding": _coding,
        "CodeableConcept": _concept,
        "Identifier": _identifier,
        "ContactPoint": _contact,
        "code": _code,
        "boolean": _boolean,
        **dict.fromkeys(_TEXTS, _code),
    },
    "string": {
        "HumanName": _parts(_NAME_PARTS),
        "Address": _parts(_ADDRESS_PARTS),
        "code": _string,
        **dict.fromkeys(_TEXTS, _string),
    },
    "reference": {
        "Reference": _reference,
        "Resource": _resource,
        "canonical": _canonical("reference"),
        **dict.fromkeys(_URIS, _canonical("reference")),
    },
    "date": {**dict.fromkeys(("date", "dateTime", "instant"), _date), "Period": _period, "Timing": _timing},
    "number": {**dict.fromkeys(("decimal", "integer", "positiveInt", "unsignedInt"), _number), "Range": _range("number")},
    "quantity": {
        **dict.fromkeys(("Quantity", "Age", "Count", "Distance", "Duration", "Money"), _quantity),
        "Range": _range("quantity"),
    },
    "uri": {**dict.fromkeys(_URIS, _canonical("uri")), "canonical": _canonical("uri")},
}
"""Parameter type -> datatype -> maker of a converter from parameter code and required value set."""
