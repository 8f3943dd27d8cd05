"""Questions without their values: the shape of a tree, and the tree with marks in place of values.

Trees of one shape are one text. ``shape`` and ``marked`` go through a tree in the same order; equal values have one place.
"""

from __future__ import annotations

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
    """The values of a tree, each once, in the order in which they are met. Contributors are ``named``: their value is a mask."""

    __slots__ = ("_places", "listed", "named")

    def __init__(self) -> None:
        self._places: dict[Value, int] = {}
        self.listed: list[Value] = []
        self.named: list[int] = []

    def place(self, value: Value) -> int:
        """The place of a value."""
        found = self._places.get(value)
        if found is None:
            found = self._places[value] = len(self.listed)
            self.listed.append(value)
        return found

    def places(self, values: tuple[Value, ...]) -> Key:
        """The places of several."""
        return tuple([self.place(value) for value in values])

    def mask(self, names: tuple[str, ...]) -> int:
        """The place of the mask of these contributors."""
        place = self.place((Sources, names))
        if place not in self.named:
            self.named.append(place)
        return place


def shape(where: Where, values: Values) -> Key | None:
    """The shape of a tree, its values told to ``values``; None where trees with such a part are not kept."""
    match where:
        case All(parts) | Any(parts):
            inner = [shape(part, values) for part in parts]
            return None if None in inner else (where.__class__, *inner)
        case Not(part):
            one = shape(part, values)
            return None if one is None else (Not, one)
        case About(parameter, codes, now, every):
            if parameter in STEADY:
                return (About, parameter, every, values.place(now), codes)
            return (About, parameter, every, values.place(now), *values.places(tuple([code[:LONGEST] for code in codes])))
        case Sources(names):
            return (Sources, values.mask(names))
        case Types(types):
            return (Types, types)
        case Token(parameter, code, system, kind):
            return (Token, parameter, system, kind, None if code is None else values.place(code[:LONGEST]))
        case Tokens(parameter, pairs):
            return (Tokens, parameter, pairs)
        case Person(parameter, patients):
            return (Person, parameter, *values.places(patients))
        case Ids(ids):
            return (Ids, *values.places(ids))
        case Span(parameter, prefix, low, high):
            return (Span, parameter, prefix, values.place(low), values.place(high))
        case Updated(prefix, low, high):
            return (Updated, prefix, values.place(low), values.place(high))
        case Present(parameter):
            return (Present, parameter)
        case Reference(parameter, (target,)):
            if target.startswith(PATIENT):
                return (Reference, parameter, values.place(target[:LONGEST]), values.place(target[len(PATIENT) :]))
            return (Reference, parameter, values.place(target[:LONGEST]))
        case Chain(parameter, of, inside):
            one = shape(inside, values)
            return None if one is None else (Chain, parameter, of, one)
        case Has(of, parameter, asked):
            one = () if asked is None else shape(asked, values)
            return None if one is None else (Has, of, parameter, one)
    return None


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
                return About(parameter, said, self.number(known.place(now)), every)
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
