"""Reads of JSON that may have any shape: what is not as it should be is the structure pass's finding and reads as absent here."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from typing import Any

from interop.fhir.findings import ERROR, Finding, Findings

Json = dict[str, Any]


def objects(holder: Any, name: str) -> list[tuple[int, Json]]:
    """The objects in an array, each with its place."""
    found = holder.get(name) if isinstance(holder, dict) else None
    if not found or not isinstance(found, list):
        return []
    return [(place, each) for place, each in enumerate(found) if isinstance(each, dict)]


def text(holder: Any, name: str) -> str:
    """A string, '' where there is none."""
    found = holder.get(name) if isinstance(holder, dict) else None
    return found if isinstance(found, str) else ""


def texts(holder: Any, name: str) -> list[str]:
    """The strings in an array."""
    found = holder.get(name) if isinstance(holder, dict) else None
    return [each for each in found if isinstance(each, str)] if isinstance(found, list) else []


def choice(holder: Json, stem: str) -> tuple[str, Any]:
    """Type name and value of a choice element (of ``value`` in ``valueCoding``: ``("Coding", …)``); ``("", None)`` if absent."""
    for name, value in holder.items():
        if name.startswith(stem) and name[len(stem) : len(stem) + 1].isupper():
            return name[len(stem) :], value
    return "", None


def identity(value: Any) -> Hashable:
    """What makes two answers the same: a Coding's system and code, a Reference's target, a primitive itself."""
    if isinstance(value, dict):
        return (text(value, "system"), text(value, "code"), text(value, "reference"))
    return value if isinstance(value, Hashable) else None


def extensions(holder: Any, url: str) -> Iterator[Json]:
    """The extensions of a URL."""
    for _place, each in objects(holder, "extension"):
        if each.get("url") == url:
            yield each


def fault(expression: str, message: str, *, severity: str = ERROR, code: str = "business-rule", rule: str = "structure") -> Finding:
    """A finding with a relative expression."""
    return Finding(severity, expression, code, message, rule)


def below(step: str, findings: Findings) -> Findings:
    """Findings of a child, seen from its parent; unlike ``at``, ``step`` may be ''."""
    if not step or not findings:
        return findings
    return [each._replace(expression=f"{step}.{each.expression}" if each.expression else step) for each in findings]
