"""The statements of the commonest reads and searches, kept by their shape: making the text again costs more than running it.

A shape is all of a question but its values. Kept are reads by id and searches of which one part is sure to leave few rows, so that
nothing is counted before; a statement is made once with marks in place of the values, which tell where each value goes. What a
Decision's predicate comes to is kept by the predicate itself: one that is asked again is not even looked at.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import count
from typing import Any, NamedTuple

from interop.store.decision import Decision
from interop.store.plan import Read, Search
from interop.store.sql.conditions import Conditions
from interop.store.sql.dialect import Dialect
from interop.store.sql.links import Targets
from interop.store.sql.marks import Key, Marks, Values, literal, shape
from interop.store.sql.names import Names
from interop.store.sql.start import SURE, asks_for_words, bounded, flatten, rank
from interop.store.sql.statement import Statement, Steps
from interop.store.values import Stored
from interop.store.where import Where

ROOM = 1_000
"""Shapes that are kept."""
PREDICATES = 1_000
"""Predicates that are kept: those of a second or so, as each holds the time."""
NAMED = re.compile(r":(p\d+)\b")


class Shape(NamedTuple):
    """Text, and the names of the parameters that take a value, with the value's place: of the predicate, of the question."""

    text: str
    ruled: list[tuple[str, int]]
    asked: list[tuple[str, int]]


UNMADE = Shape("?", [], [])
"""Stands for a shape that is not kept: another thread may clear what is kept at any time."""
NOT_MADE: tuple[str, dict[str, Any], list[tuple[str, int]]] = ("?", {}, [])
"""The same for the text of a predicate."""


class Numbers:
    """Shapes of predicates as numbers. None is ever given twice: it stands for what may be seen."""

    def __init__(self) -> None:
        self._known: dict[Key, int] = {}
        self._next = count()

    def of(self, shape: Key) -> int:
        """The number of a shape."""
        if len(self._known) >= ROOM:
            self._known.clear()
        found = self._known.get(shape)
        if found is None:
            found = self._known[shape] = next(self._next)
        return found


class Ruled:
    """A predicate as it is asked: its shape and values, and for each shape of a question the text with what it always takes."""

    __slots__ = ("at", "conditions", "made", "parameters", "predicate", "shape", "size", "timeless", "values", "words")

    def __init__(self, predicate: Where | None, size: int, numbers: Numbers) -> None:
        self.predicate = predicate
        """Held so that no other object has its identity."""
        self.size = size
        self.values = Values()
        bounded(predicate, 1)
        self.words = asks_for_words(predicate)
        """Whether it asks for full text."""
        self.conditions: Conditions | None = None
        self.parameters: dict[str, Any] = {}
        """What its conditions take."""
        found = () if predicate is None else shape(predicate, self.values)
        self.shape = None if found is None else numbers.of(found)
        """The number of its shape; None where what is asked under it is not kept."""
        times = self.values.times
        self.at = self.values.listed[times[0]] if len(times) == 1 else 0
        """The one time that it asks access rows with; 0 where there is none, or several."""
        rest = [value for place, value in enumerate(self.values.listed) if place not in times]
        self.timeless: Key = (size, predicate) if self.shape is None or len(times) > 1 else (size, self.shape, *rest)
        """The same for predicates that differ in that time alone."""
        self.made: dict[Key, tuple[str, dict[str, Any], list[tuple[str, int]]] | None] = {}

    def held(self, type_: str | None, row: str, focus: Targets | None = None, *, past: bool = False) -> str | None:
        """As ``Conditions.text``."""
        return None if self.conditions is None else self.conditions.text(type_, row, focus, past=past)

    def follows(self, type_: str | None) -> bool:
        """As ``Conditions.follows``."""
        return self.predicate is None or (self.conditions is not None and self.conditions.follows(type_))

    def resolved(self, names: Names) -> list[Any]:
        """Its values, masks for contributors."""
        return resolved(self.values, names)


def resolved(values: Values, names: Names) -> list[Any]:
    """Values, with masks for contributors."""
    found = values.listed
    if values.named:
        found = list(found)
        for place in values.named:
            found[place] = names.contributors.mask(found[place][1])
    return found


class Shapes:
    """What has been made so far; one for each store."""

    def __init__(self, names: Names, dialect: Dialect) -> None:
        self._names, self._dialect = names, dialect
        self._conditions: dict[tuple[int, int], Conditions] = {}
        self._known: dict[Key, Shape | None] = {}
        self._ruled: dict[int, Ruled] = {}
        self._numbers = Numbers()
        self._open = Ruled(None, names.size, self._numbers)

    def search(self, plan: Search, make: Callable[[Search], Steps[list[Stored]]]) -> Statement | None:
        """The statement of a search, where it is of a kind that is kept. ``make`` are the steps of any search."""
        if plan.after is not None or not plan.type or plan.where is None:
            return None
        values = Values()
        bounded(plan.where)
        asked = shape(plan.where, values)
        ruled = self.rule(plan.decision.predicate)
        if asked is None or ruled.shape is None:
            return None
        key = (plan.type, plan.sort, asked)
        kept = ruled.made.get(key, NOT_MADE)
        if kept is NOT_MADE:
            kept = self._prepared(ruled, key, lambda: self._searching(plan, values, ruled, make))
        if kept is None:
            return None
        text, same, places = kept
        parameters = {**same, "count": plan.count + 1}
        listed = resolved(values, self._names) if values.named else values.listed
        for name, place in places:
            parameters[name] = listed[place]
        return text, parameters

    def read(self, plan: Read, gone: bool, make: Callable[[Read], Steps[list[Stored]]]) -> Statement | None:
        """The statement of a read by id under a predicate, of what is there or of what is ``gone``."""
        ruled = self.rule(plan.decision.predicate)
        if ruled.shape is None:
            return None
        key = (plan.type, gone)
        kept = ruled.made.get(key)
        if kept is None:
            kept = self._prepared(ruled, key, lambda: self._reading(plan, gone, ruled, make))
        assert kept is not None
        return kept[0], {**kept[1], "type": plan.type, "id": plan.id}

    def rule(self, predicate: Where | None) -> Ruled:
        """A predicate with what is kept of it."""
        found = self._open if predicate is None else self._ruled.get(id(predicate))
        if found is None or found.size != self._names.size:
            found = Ruled(predicate, self._names.size, self._numbers)
            if predicate is None:
                self._open = found
            else:
                if len(self._ruled) >= PREDICATES:
                    self._ruled.clear()
                self._ruled[id(predicate)] = found
                self._keep(found)
        return found

    def _keep(self, ruled: Ruled) -> None:
        """Give a predicate the conditions of its shape."""
        if ruled.shape is None or ruled.predicate is None:
            return
        key = (ruled.size, ruled.shape)
        known = self._conditions.get(key)
        if known is None:
            if len(self._conditions) >= ROOM:
                self._conditions.clear()
            known = self._conditions[key] = Conditions(ruled.predicate, ruled.values, self._names, self._dialect)
        ruled.parameters = {f"r{place}": value for place, value in enumerate(ruled.resolved(self._names))}
        ruled.conditions = known

    def _prepared(
        self, ruled: Ruled, key: Key, make: Callable[[], Shape | None]
    ) -> tuple[str, dict[str, Any], list[tuple[str, int]]] | None:
        """Text and values of the predicate for a shape of a question."""
        whole = (ruled.size, ruled.shape, key)
        made = self._known.get(whole, UNMADE)
        if made is UNMADE:
            if len(self._known) >= ROOM:
                self._known.clear()
            made = self._known[whole] = make()
        if len(ruled.made) >= ROOM:
            ruled.made.clear()
        if made is None:
            ruled.made[key] = None
            return None
        values = ruled.resolved(self._names)
        kept = ruled.made[key] = (made.text, {name: values[place] for name, place in made.ruled}, made.asked)
        return kept

    def _searching(self, plan: Search, values: Values, ruled: Ruled, make: Callable[[Search], Steps[list[Stored]]]) -> Shape | None:
        """The shape of a search; None where it counts before it begins."""
        assert plan.where is not None
        if not any(rank(part) <= SURE for part in flatten(plan.where)):
            return None
        asked, rules = Marks(0), Marks(1)
        where, decision = asked.marked(plan.where, values), self._decision(plan.decision, ruled, rules)
        return _shape(next(make(Search(decision, plan.type, where, plan.sort, plan.count))), rules, asked, ("count",))

    def _reading(self, plan: Read, gone: bool, ruled: Ruled, make: Callable[[Read], Steps[list[Stored]]]) -> Shape:
        rules = Marks(1)
        steps = make(Read(self._decision(plan.decision, ruled, rules), plan.type, plan.id))
        first = next(steps)
        return _shape(steps.send([]) if gone else first, rules, Marks(0), ("type", "id"))

    def _decision(self, decision: Decision, ruled: Ruled, marks: Marks) -> Decision:
        predicate = decision.predicate
        return decision if predicate is None else Decision(decision.rule, marks.marked(predicate, ruled.values))


def _shape(statement: Statement, rules: Marks, asked: Marks, own: tuple[str, ...]) -> Shape:
    """The text with everything in it that is the same for all of the shape; ``own`` are parameters that each question gives."""
    text, parameters = statement
    assert isinstance(parameters, dict)
    same: dict[str, str] = {}
    places: tuple[list[tuple[str, int]], list[tuple[str, int]]] = ([], [])
    for name, value in parameters.items():
        if value in rules.made:
            places[0].append((name, rules.made[value]))
        elif value in asked.made:
            places[1].append((name, asked.made[value]))
        elif name not in own:
            same[name] = literal(value)
    return Shape(NAMED.sub(lambda found: same.get(found[1], found[0]), text), *places)
