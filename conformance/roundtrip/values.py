"""Searches that must find a resource, made of its own values (FHIR R4, search.html 3.1.1.4).

They are derived from the definition of each search parameter by FHIRPath alone, without the index that a server of this
project keeps.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from functools import cache
from typing import Any, NamedTuple

from interop.fhir.fhirpath import Environment, Expression, FhirPathError, Item, TooCostly, compile
from interop.fhir.parameters import SearchParameter, search_parameters

Resource = dict[str, Any]
CURRENCY = "urn:iso:std:iso:4217"
_LEFT_OUT = frozenset(("_id", "_lastUpdated", "_text", "_content", "_filter", "_query"))
_DATED = re.compile(r"\d{4}(-|$)")
_BRANCH = re.compile(r"\(?\s*([A-Z]\w*)")


class Search(NamedTuple):
    """A parameter, with its modifier if any, and the value to ask for, escaped as search asks."""

    parameter: str
    value: str


def searches(resource: Resource) -> Iterator[Search]:
    """A search for each parameter of the type that the resource has a value for."""
    kind = resource["resourceType"]
    for code, parameter in sorted(search_parameters(kind).items()):
        if code in _LEFT_OUT or not parameter.expression:
            continue
        for item in _found(kind, parameter, resource):
            made = _composite(kind, parameter, item, resource) if parameter.type == "composite" else _value(parameter, item)
            if made:
                modifier, _, value = made.rpartition("\0")
                yield Search(code + modifier, value)
                break


def _found(kind: str, parameter: SearchParameter, resource: Resource) -> list[Item]:
    expression = _compiled(_of(kind, parameter.expression))
    return _evaluated(expression, Item.of(resource), resource) if expression is not None else []


def _of(kind: str, expression: str) -> str:
    """The branches of an expression that are about a type."""
    branches = [each.strip() for each in re.split(r"\s\|\s(?![^(]*\))", expression)]
    starts = (kind, "Resource", "DomainResource")
    return " | ".join(each for each in branches if (found := _BRANCH.match(each)) and found[1] in starts)


@cache
def _compiled(expression: str) -> Expression | None:
    try:
        return compile(expression.replace("as(DateTime)", "as(dateTime)")) if expression else None
    except FhirPathError:
        return None


def _evaluated(expression: Expression, focus: Item, resource: Resource) -> list[Item]:
    def resolve(reference: str) -> Resource | None:
        found = re.search(r"(?:^|/)([A-Z]\w+)/[^/]+(?:/_history/[^/]+)?$", reference)
        return {"resourceType": found[1]} if found else None

    try:
        return expression.evaluate(focus, Environment(resource=resource, resolve=resolve))
    except (FhirPathError, TooCostly):
        return []


def _composite(kind: str, parameter: SearchParameter, item: Item, resource: Resource) -> str:
    parts = []
    for code, expression in parameter.components:
        part = search_parameters(kind).get(code)
        ready = _compiled(expression.replace("as(DateTime)", "as(dateTime)"))
        if part is None or ready is None:
            return ""
        values = [_value(part, each) for each in _evaluated(ready, item, resource)]
        value = next((each for each in values if each and "\0" not in each), "")
        if not value:
            return ""
        parts.append(value)
    return "$".join(parts)


def escaped(text: str) -> str:
    """A value as a search writes it (R4, search 3.1.1.4.0.1 escaping)."""
    return re.sub(r"([\\,|$])", r"\\\1", text)


def _value(parameter: SearchParameter, item: Item) -> str:
    """'' where nothing is to be asked; a modifier stands before a NUL."""
    make = {
        "token": _token,
        "string": _string,
        "date": _date,
        "number": _number,
        "quantity": _quantity,
        "reference": _reference,
        "uri": _uri,
        "special": _near,
    }.get(parameter.type)
    return make(item.value) if make is not None and item.value is not None else ""


def _token(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return escaped(value)
    if not isinstance(value, dict):
        return ""
    if codings := value.get("coding"):
        return next(filter(None, map(_coded, codings)), "")
    if "code" in value:
        return _coded(value)
    if "value" in value and isinstance(value["value"], str):
        contact = "use" in value and value.get("system") in ("phone", "fax", "email", "pager", "url", "sms", "other")
        system = "" if contact else value.get("system", "")
        return f"{escaped(system)}|{escaped(value['value'])}" if system else escaped(value["value"])
    return ""


def _coded(coding: dict[str, Any]) -> str:
    code = coding.get("code")
    if not isinstance(code, str):
        return ""
    return f"{escaped(coding['system'])}|{escaped(code)}" if isinstance(coding.get("system"), str) else escaped(code)


def _string(value: Any) -> str:
    if isinstance(value, str):
        return escaped(value.strip())
    if not isinstance(value, dict):
        return ""
    for name in ("family", "given", "text", "city", "line", "district", "state", "country", "postalCode", "value", "name"):
        said = value.get(name)
        first = said[0] if isinstance(said, list) and said else said
        if isinstance(first, str) and first.strip():
            return escaped(first.strip())
    return ""


def _date(value: Any) -> str:
    if isinstance(value, str):
        return value if _DATED.match(value) else ""  # a choice may be a text, which is no date
    if not isinstance(value, dict):
        return ""
    if isinstance(value.get("event"), list) and isinstance(value["event"][0], str):
        return f"ge{value['event'][0]}"
    period = (value.get("repeat") or {}).get("boundsPeriod") if "repeat" in value else value
    if not isinstance(period, dict):
        return ""
    if isinstance(period.get("start"), str):
        return f"ge{period['start']}"
    return f"le{period['end']}" if isinstance(period.get("end"), str) else ""


def _number(value: Any) -> str:
    return str(value) if isinstance(value, int | float | Decimal) and not isinstance(value, bool) else ""


def _quantity(value: Any) -> str:
    if not isinstance(value, dict) or "comparator" in value:
        return ""
    if "currency" in value and "value" in value:
        return f"{value['value']}|{CURRENCY}|{value['currency']}"
    if "low" in value and isinstance(value["low"], dict) and "value" in value["low"]:
        return f"ge{_measured(value['low'])}"
    return _measured(value) if "value" in value else ""


def _measured(quantity: dict[str, Any]) -> str:
    number = quantity["value"]
    if isinstance(quantity.get("system"), str) and isinstance(quantity.get("code"), str):
        return f"{number}|{escaped(quantity['system'])}|{escaped(quantity['code'])}"
    unit = quantity.get("unit") or quantity.get("code")
    return f"{number}||{escaped(unit)}" if isinstance(unit, str) else str(number)


def _reference(value: Any) -> str:
    said = value if isinstance(value, str) else value.get("reference") if isinstance(value, dict) else None
    if isinstance(said, str):
        return "" if said.startswith("#") else escaped(said)
    if not isinstance(value, dict):
        return ""
    named = value.get("identifier")
    if isinstance(named, dict) and isinstance(named.get("value"), str):
        return f":identifier\0{escaped(named.get('system', ''))}|{escaped(named['value'])}" if "system" in named else ""
    return ""


def _uri(value: Any) -> str:
    return escaped(value) if isinstance(value, str) else ""


def _near(value: Any) -> str:
    if isinstance(value, dict) and "latitude" in value and "longitude" in value:
        return f"{value['latitude']}|{value['longitude']}|1|km"
    return ""
