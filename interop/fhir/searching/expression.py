"""The shapes of expression that R4's search parameters have: paths, casts, a few filters, unions, one conjunction.

They are runs of operations, which walkers take at the speed of plain paths.
"""

from __future__ import annotations

from dataclasses import dataclass


class Unreadable(ValueError):
    """The expression is no FHIRPath, or of a shape that no walker takes."""


WHOLE = "%resource"
"""The first Step of a path that starts at the resource wherever it is evaluated: in a component of a composite."""


@dataclass(frozen=True, slots=True)
class Step:
    """Go to the child of that name; a choice is named by its stem."""

    name: str


@dataclass(frozen=True, slots=True)
class Cast:
    """Keep what is of that type."""

    type: str


@dataclass(frozen=True, slots=True)
class ResolvesTo:
    """Keep references that lead to that resource type."""

    type: str


@dataclass(frozen=True, slots=True)
class Equals:
    """Keep what has a child of that value."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class HasExtension:
    """Keep what carries an extension of that URL."""

    url: str


@dataclass(frozen=True, slots=True)
class Extension:
    """Go to the extensions of that URL."""

    url: str


@dataclass(frozen=True, slots=True)
class Item:
    """Keep the one at that place, from 0."""

    index: int


@dataclass(frozen=True, slots=True)
class Exists:
    """Whether there is anything."""


Operation = Step | Cast | ResolvesTo | Equals | HasExtension | Extension | Item | Exists


@dataclass(frozen=True, slots=True)
class Union:
    """Paths, each a run of operations that starts with the Step of a type name (or of an element, in a component)."""

    paths: tuple[tuple[Operation, ...], ...]


@dataclass(frozen=True, slots=True)
class Unequal:
    """True unless the path yields that one literal; nothing where it yields nothing."""

    path: Union
    literal: str


@dataclass(frozen=True, slots=True)
class And:
    """True where every part is."""

    parts: tuple[Union | Unequal, ...]


Expression = Union | Unequal | And
