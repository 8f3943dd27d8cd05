"""Filters of a value set over a code system that lists its codes (FHIR R4, FilterOperator)."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from interop.fhir.terminology.system import Codes, Filter, Selection

if TYPE_CHECKING:
    from interop.fhir.terminology.listed import ListedSystem

CODE = ("concept", "code")
LONGEST = 1_000
"""Characters of a regular expression that is tried."""
SECONDS = 0.25
"""Time that the matches of one regular expression may take together."""


class TooSlow(Exception):
    """A regular expression took longer than ``SECONDS``."""


class Pattern:
    """A regular expression of a value set, matched as a whole and within a time (``regex`` is slow to import and seldom needed)."""

    def __init__(self, text: str) -> None:
        """Raises ValueError where it is too long or not a regular expression."""
        if len(text) > LONGEST:
            raise ValueError("the regular expression is too long")
        import regex

        try:
            self._pattern: Any = regex.compile(text, regex.V0)
        except regex.error:
            raise ValueError("the regular expression cannot be read") from None
        self.again()

    def again(self) -> None:
        """A new text: the time starts again."""
        self._left = SECONDS

    def matches(self, text: str) -> bool:
        """Raises TooSlow."""
        if self._left <= 0:
            raise TooSlow
        start = time.thread_time()
        try:
            return bool(self._pattern.fullmatch(text, timeout=self._left))
        except TimeoutError:
            raise TooSlow from None
        finally:
            self._left -= time.thread_time() - start


def select(system: ListedSystem, wanted: Filter) -> Selection | str:
    """The codes of a filter in the order of the system, or the reason why they cannot be computed."""
    name, op, value = wanted
    if op in _HIERARCHY and name in CODE:
        return Codes(_HIERARCHY[op](system, value))
    values = {part.strip() for part in value.split(",")}
    if op == "=":
        return Codes(code for code in system.codes() if _text(value) in _values(system, code, name))
    if op == "in":
        return Codes(code for code in system.codes() if not values.isdisjoint(_values(system, code, name)))
    if op == "not-in":
        return Codes(code for code in system.codes() if values.isdisjoint(_values(system, code, name)))
    if op == "exists":
        return Codes(code for code in system.codes() if bool(_values(system, code, name)) == (value == "true"))
    if op == "regex":
        try:
            pattern = Pattern(value)
            return Codes(code for code in system.codes() if any(map(pattern.matches, _values(system, code, name))))
        except ValueError as error:
            return str(error)
        except TooSlow:
            return "a regular expression takes too long"
    return f"filter '{op}' is not known"


def _below(system: ListedSystem, value: str) -> list[str]:
    return _ordered(system, system.descendants(value))


def _ordered(system: ListedSystem, chosen: set[str]) -> list[str]:
    return [code for code in system.codes() if code in chosen]


_HIERARCHY: dict[str, Callable[[ListedSystem, str], list[str]]] = {
    "is-a": _below,
    "descendent-of": lambda system, value: [code for code in _below(system, value) if code != value],
    "is-not-a": lambda system, value: _ordered(system, set(system.codes()) - system.descendants(value)),
    "generalizes": lambda system, value: _ordered(system, system.ancestors(value)),
    "child-of": lambda system, value: list(system.children.get(value, ())),
    "descendent-leaf": lambda system, value: [code for code in _below(system, value) if not system.children.get(code)],
}


def _values(system: ListedSystem, code: str, name: str) -> list[str]:
    """The values of a property as texts; a code has itself as ``concept`` and ``code``."""
    if name in CODE:
        return [code]
    if name == "parent":
        return list(system.parents(code))
    if name == "child":
        return list(system.children.get(code, ()))
    if name == "display":
        concept = system.find(code)
        return [concept.display] if concept and concept.display else []
    return [_text(value) for known, value in system.properties(code) if known == name and value is not None]


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
