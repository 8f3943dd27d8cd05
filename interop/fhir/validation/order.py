"""The order of findings: where they stand in the resource, each once."""

from __future__ import annotations

import re
from typing import Any

from interop.fhir.findings import INFORMATION, Findings

_STEP = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)(?:\[(\d+)\])?")
_MORE = re.compile(r" \(and in (\d+) other places?\)$")
_SEVERITY = {"fatal": 0, "error": 1, "warning": 2, "information": 3}


def ordered(resource: Any, findings: Findings) -> Findings:
    """The findings without repetitions, in the order of the resource; at one place the gravest first.

    A finding of base R4 stands for the same one of a profile.
    """
    kept: dict[tuple[str, str, str, str], int] = {}
    for place, each in enumerate(findings):
        key = (each.severity, each.expression, each.code, each.message)
        if key not in kept or (findings[kept[key]].profile and not each.profile):
            kept[key] = place
    places = {place: _where(resource, findings[place].expression) for place in kept.values()}
    return [
        findings[place]
        for place in sorted(places, key=lambda place: (places[place], _SEVERITY.get(findings[place].severity, 4), place))
    ]


def _where(resource: Any, expression: str) -> tuple[tuple[int, int], ...]:
    """The places of the steps among the names of each object."""
    found: list[tuple[int, int]] = []
    value = resource
    for name, place in _STEP.findall(expression.partition(".")[2].replace("[x]", "")):
        if not isinstance(value, dict):
            break
        names = list(value)
        key = name if name in value else next((each for each in names if each.startswith(name) or each == "_" + name), None)
        if key is None:
            found.append((len(names), 0))
            break
        found.append((names.index(key), int(place) if place else -1))
        value = value[key]
        if isinstance(value, list):
            value = value[int(place)] if place and int(place) < len(value) else None
    return tuple(found)


def gathered(findings: Findings) -> Findings:
    """What was *not checked* for one reason in many places, told once, at the first of them."""
    places: dict[tuple[str, str, str], tuple[int, set[str]]] = {}
    kept: Findings = []
    for each in findings:
        if each.severity != INFORMATION or each.code != "not-supported":
            kept.append(each)
            continue
        key = (each.rule, each.message, each.profile)
        if key not in places:
            places[key] = (len(kept), set())
            kept.append(each)
        places[key][1].add(each.expression)
    for place, expressions in places.values():
        if len(expressions) > 1:
            told = f"{kept[place].message} (and in {len(expressions) - 1} other place{'s' * (len(expressions) > 2)})"
            kept[place] = kept[place]._replace(message=told)
    return kept


def counted(message: str) -> tuple[str, int]:
    """A message as it was before it was gathered, and for how many places it stands."""
    more = _MORE.search(message)
    return (message[: more.start()], 1 + int(more[1])) if more else (message, 1)
