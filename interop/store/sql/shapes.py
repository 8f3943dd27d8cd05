"""The statements of the commonest searches, kept by their shape: making the text again costs as much as running it.

A shape is all of a search but its values. Kept are searches by plain conditions of which one is sure to leave few rows, so that
nothing is counted before; a statement is made once with marks in place of the values, which tell where each value goes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from interop.store.plan import Search
from interop.store.sql.index import LONGEST, PATIENT
from interop.store.sql.names import Names
from interop.store.sql.start import SURE, flatten, rank
from interop.store.sql.statement import Statement, Steps
from interop.store.values import Stored
from interop.store.where import All, Ids, Person, Reference, Span, Token, Where

ROOM = 1_000
"""Shapes that are kept."""
NUMBER = 2**61
"""From here on numbers are marks; no date comes near."""

Key = tuple[Any, ...]


class Shape(NamedTuple):
    """Text, parameters that are the same for all, and the names of those that take a value with the value's place."""

    text: str
    same: dict[str, Any]
    places: list[tuple[str, int]]


class Shapes:
    """What has been made so far; one for each store."""

    def __init__(self, names: Names) -> None:
        self._names = names
        self._known: dict[Key, Shape | None] = {}

    def statement(self, plan: Search, make: Callable[[Search], Steps[list[Stored]]]) -> Statement | None:
        """The statement of a search, where it is of a kind that is kept. ``make`` are the steps of any search."""
        if plan.decision.predicate is not None or plan.after is not None or not plan.type or plan.where is None:
            return None
        parts = plan.where.parts if isinstance(plan.where, All) else (plan.where,)
        kinds: list[Key] = []
        values: list[Any] = []
        for part in parts:
            kind = _taken(part, values)
            if kind is None:
                return None
            kinds.append(kind)
        key = (plan.type, plan.sort, len(self._names.parameters), len(self._names.systems), *kinds)
        if key not in self._known:
            if len(self._known) >= ROOM:
                self._known.clear()
            self._known[key] = _made(plan, parts, values, make)
        shape = self._known[key]
        if shape is None:
            return None
        parameters = {**shape.same, "count": plan.count + 1}
        for name, place in shape.places:
            parameters[name] = values[place]
        return shape.text, parameters


def _taken(part: Where, values: list[Any]) -> Key | None:
    """The kind of a part, its values added to the list; None where statements with it are not kept."""
    match part:
        case Person(parameter, (patient,)):
            values.append(patient)
            return (Person, parameter)
        case Token(parameter, code, system, kind) if code is not None:
            values.append(code[:LONGEST])
            return (Token, parameter, system, kind)
        case Span(parameter, prefix, low, high):
            values += (low, high)
            return (Span, parameter, prefix)
        case Reference(parameter, (target,)):
            of_patient = target[: len(PATIENT)] == PATIENT
            values += (target[:LONGEST], target[len(PATIENT) :]) if of_patient else (target[:LONGEST],)
            return (Reference, parameter, of_patient)
        case Ids((one,)):
            values.append(one)
            return (Ids,)
    return None


def _made(plan: Search, parts: tuple[Where, ...], values: list[Any], make: Callable[[Search], Steps[list[Stored]]]) -> Shape | None:
    """The shape of a search; None where it counts before it begins."""
    if not any(rank(part) <= SURE for part in flatten(plan.where)):
        return None
    marks: dict[Any, int] = {}
    marked = tuple([_marked(part, marks) for part in parts])
    text, parameters = next(make(Search(plan.decision, plan.type, All(marked), plan.sort, plan.count)))
    assert isinstance(parameters, dict)
    assert len(marks) == len(values)
    places = [(name, marks[value]) for name, value in parameters.items() if value in marks]
    same = {name: value for name, value in parameters.items() if value not in marks}
    return Shape(text, same, places)


def _marked(part: Where, marks: dict[Any, int]) -> Where:
    """The part with marks for values, in the order of ``_taken``."""
    first = len(marks)
    text, number = f"\x00{first}", NUMBER + first
    match part:
        case Person(parameter, _):
            marks[text] = first
            return Person(parameter, (text,))
        case Token(parameter, _, system, kind):
            marks[text] = first
            return Token(parameter, text, system, kind)
        case Span(parameter, prefix, _, _):
            marks[number], marks[number + 1] = first, first + 1
            return Span(parameter, prefix, number, number + 1)
        case Reference(parameter, (target,)) if target[: len(PATIENT)] == PATIENT:
            marks[PATIENT + text], marks[text] = first, first + 1
            return Reference(parameter, (PATIENT + text,))
        case Reference(parameter, _):
            marks[text] = first
            return Reference(parameter, (text,))
    marks[text] = first
    return Ids((text,))
