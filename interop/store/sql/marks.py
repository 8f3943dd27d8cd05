"""Questions without their values: the shape of a tree, and the tree with marks in place of values.

Trees of one shape are one text. ``shape`` and ``marked`` go through a tree in the same order; equal values have one place.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any as Value

from interop.store.sql.index import LONGEST, PATIENT
from interop.store.where import (
    About,
    All,
    Any,
    Chain,
    Has,
    Ids,
    Not,
    Person,
    Present,
    Reference,
    Sources,
    Span,
    Token,
    Tokens,
    Types,
    Updated,
    Where,
)

NUMBER = 2**61
"""From here on numbers are marks; no date comes near."""

STEADY = frozenset(("consent", "hidden"))
"""Access rows whose codes are those of a table, whoever asks: they are no values."""

Key = tuple[Value, ...]


class Values:
    """The values of a tree, each once, in the order in which they are met. Contributors are ``named``: their value is a mask.
    ``times`` are the places of the times that access rows are asked with."""

    __slots__ = ("_places", "listed", "named", "times")

    def __init__(self) -> None:
        self._places: dict[Value, int] = {}
        self.listed: list[Value] = []
        self.named: list[int] = []
        self.times: list[int] = []

    def place(self, value: Value) -> int:
        """The place of a value."""
        found = self._places.get(value)
        if found is None:
            found = self._places[value] = len(self.listed)
            self.listed.append(value)
        return found

    def time(self, now: int) -> int:
        """The place of a time that access rows are asked with: no other value has it."""
        found = self._places.get((About, now))
        if found is None:
            found = self._places[About, now] = len(self.listed)
            self.listed.append(now)
            self.times.append(found)
        return found

    def mask(self, names: tuple[str, ...]) -> int:
        """The place of the mask of these contributors."""
        place = self.place((Sources, names))
        if place not in self.named:
            self.named.append(place)
        return place


def shape(where: Where, values: Values) -> Key | None:
    """The shape of a tree, its values told to ``values``; None where trees with such a part are not kept."""
    of = _SHAPES.get(where.__class__)
    return None if of is None else of(where, values)


def _joined(where: All | Any, values: Values) -> Key | None:
    inner = [shape(part, values) for part in where.parts]
    return None if None in inner else (where.__class__, *inner)


def _not(where: Not, values: Values) -> Key | None:
    one = shape(where.part, values)
    return None if one is None else (Not, one)


def _about(where: About, values: Values) -> Key:
    if where.parameter in STEADY:
        return (About, where.parameter, where.every, values.time(where.now), where.codes)
    return (About, where.parameter, where.every, values.time(where.now), *[values.place(code[:LONGEST]) for code in where.codes])


def _token(where: Token, values: Values) -> Key:
    place = None if where.code is None else values.place(where.code[:LONGEST])
    return (Token, where.parameter, where.system, where.kind, place)


def _reference(where: Reference, values: Values) -> Key | None:
    if len(where.targets) != 1:
        return None
    target = where.targets[0]
    if target.startswith(PATIENT):
        return (Reference, where.parameter, values.place(target[:LONGEST]), values.place(target[len(PATIENT) :]))
    return (Reference, where.parameter, values.place(target[:LONGEST]))


def _chain(where: Chain, values: Values) -> Key | None:
    one = shape(where.where, values)
    return None if one is None else (Chain, where.parameter, where.target, one)


def _has(where: Has, values: Values) -> Key | None:
    one = () if where.where is None else shape(where.where, values)
    return None if one is None else (Has, where.source, where.parameter, one)


_SHAPES: Mapping[type, Callable[[Value, Values], Key | None]] = {
    All: _joined,
    Any: _joined,
    Not: _not,
    About: _about,
    Sources: lambda where, values: (Sources, values.mask(where.names)),
    Types: lambda where, values: (Types, where.types),
    Token: _token,
    Tokens: lambda where, values: (Tokens, where.parameter, where.pairs),
    Person: lambda where, values: (Person, where.parameter, *[values.place(one) for one in where.patients]),
    Ids: lambda where, values: (Ids, *[values.place(one) for one in where.ids]),
    Span: lambda where, values: (Span, where.parameter, where.prefix, values.place(where.low), values.place(where.high)),
    Updated: lambda where, values: (Updated, where.prefix, values.place(where.low), values.place(where.high)),
    Present: lambda where, values: (Present, where.parameter),
    Reference: _reference,
    Chain: _chain,
    Has: _has,
}


class Masked(Sources):
    """Contributors whose mask is marked."""

    __slots__ = ()


class Marks:
    """Puts marks in the place of values. ``side`` tells the marks of one tree from those of another in the same statement."""

    def __init__(self, side: int) -> None:
        self._side = side
        self.made: dict[Value, int] = {}

    def text(self, place: int) -> str:
        """The mark of a text."""
        mark = f"\x00{self._side}.{place}"
        self.made[mark] = place
        return mark

    def number(self, place: int) -> int:
        """The mark of a number."""
        mark = NUMBER + (self._side << 32) + place
        self.made[mark] = place
        return mark

    def _texts(self, values: tuple[str, ...], known: Values) -> tuple[str, ...]:
        return tuple([self.text(known.place(value[:LONGEST])) for value in values])

    def marked(self, where: Where, known: Values) -> Where:
        """The tree with marks. ``known`` are its values."""
        match where:
            case All(parts) | Any(parts):
                return where.__class__(tuple([self.marked(part, known) for part in parts]))
            case Not(part):
                return Not(self.marked(part, known))
            case About(parameter, codes, now, every):
                said = codes if parameter in STEADY else self._texts(codes, known)
                return About(parameter, said, self.number(known.time(now)), every)
            case Sources(names):
                return Masked((self.text(known.mask(names)),))
            case Token(parameter, code, system, kind) if code is not None:
                return Token(parameter, self.text(known.place(code[:LONGEST])), system, kind)
            case Person(parameter, patients):
                return Person(parameter, tuple([self.text(known.place(one)) for one in patients]))
            case Ids(ids):
                return Ids(tuple([self.text(known.place(one)) for one in ids]))
            case Span(parameter, prefix, low, high):
                return Span(parameter, prefix, self.number(known.place(low)), self.number(known.place(high)))
            case Updated(prefix, low, high):
                return Updated(prefix, self.number(known.place(low)), self.number(known.place(high)))
            case Reference(parameter, (target,)):
                place = known.place(target[:LONGEST])
                if not target.startswith(PATIENT):
                    return Reference(parameter, (self.text(place),))
                whole = PATIENT + self.text(known.place(target[len(PATIENT) :]))
                self.made[whole] = place
                return Reference(parameter, (whole,))
            case Chain(parameter, of, inside):
                return Chain(parameter, of, self.marked(inside, known))
            case Has(of, parameter, asked):
                return Has(of, parameter, None if asked is None else self.marked(asked, known))
        return where


def literal(value: Value) -> str:
    """A number or a text as it stands in a statement."""
    if value.__class__ is int:
        return str(value)
    assert value.__class__ is str
    assert "\0" not in value
    return "'" + value.replace("'", "''") + "'"
