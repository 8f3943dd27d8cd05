"""Reads the FHIRPath that R4's search parameters use: paths, casts, a few functions, unions, one conjunction.

Grammar: ``conjunction = comparison ('and' comparison)*``; ``comparison = union ('!=' literal)?``; ``union = cast ('|' cast)*``;
``cast = chain ('as' type)?``; ``chain = (name | '(' conjunction ')') ('.' member | '[' number ']')*``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_TOKEN = re.compile(r"\s*(?:([A-Za-z_]\w*)|'([^']*)'|(\d+)|(!=|[.()|\[\]=]))")


class Unreadable(ValueError):
    """The expression is outside the subset."""


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


def parse(text: str) -> Expression:
    """The tree of an expression; raises Unreadable."""
    reader = _Reader(text)
    tree = reader.conjunction()
    if reader.at < len(reader.tokens):
        raise Unreadable(text)
    return tree


class _Reader:
    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens: list[tuple[str, str]] = []
        self.at = 0
        place, end = 0, len(text.rstrip())
        while place < end:
            found = _TOKEN.match(text, place)
            if not found or found.lastindex is None:
                raise Unreadable(text)
            self.tokens.append((("name", "text", "number", "sign")[found.lastindex - 1], found[found.lastindex]))
            place = found.end()

    def sees(self, kind: str, value: str | None = None) -> bool:
        if self.at >= len(self.tokens):
            return False
        found = self.tokens[self.at]
        return found[0] == kind and value in (None, found[1])

    def skip(self, kind: str, value: str | None = None) -> bool:
        seen = self.sees(kind, value)
        self.at += seen
        return seen

    def take(self, kind: str, value: str | None = None) -> str:
        if not self.skip(kind, value):
            raise Unreadable(self.text)
        return self.tokens[self.at - 1][1]

    def conjunction(self) -> Expression:
        parts = [self.comparison()]
        while self.skip("name", "and"):
            parts.append(self.comparison())
        return parts[0] if len(parts) == 1 else And(tuple(parts))

    def comparison(self) -> Union | Unequal:
        found = self.union()
        return Unequal(found, self.take("name")) if self.skip("sign", "!=") else found

    def union(self) -> Union:
        paths = self.cast().paths
        while self.skip("sign", "|"):
            paths += self.cast().paths
        return Union(paths)

    def cast(self) -> Union:
        found = self.chain()
        return _then(found, Cast(self.take("name"))) if self.skip("name", "as") else found

    def chain(self) -> Union:
        if self.skip("sign", "("):
            inner = self.conjunction()
            self.take("sign", ")")
            if not isinstance(inner, Union):
                raise Unreadable(self.text)
            found = inner
        else:
            found = Union(((Step(self.take("name")),),))
        while True:
            if self.skip("sign", "["):
                found = _then(found, Item(int(self.take("number"))))
                self.take("sign", "]")
            elif self.skip("sign", "."):
                found = _then(found, self.member())
            else:
                return found

    def member(self) -> Operation:
        name = self.take("name")
        if not self.skip("sign", "("):
            return Step(name)
        made = self.call(name)
        self.take("sign", ")")
        return made

    def call(self, name: str) -> Operation:
        if name in ("as", "ofType"):
            return Cast(self.take("name"))
        if name == "extension":
            return Extension(self.take("text"))
        if name == "exists":
            return Exists()
        if name == "where":
            return self.condition()
        raise Unreadable(self.text)

    def condition(self) -> Operation:
        name = self.take("name")
        if name == "resolve":
            self.take("sign", "(")
            self.take("sign", ")")
            self.take("name", "is")
            return ResolvesTo(self.take("name"))
        if name == "hasExtension":
            self.take("sign", "(")
            url = self.take("text")
            self.take("sign", ")")
            return HasExtension(url)
        self.take("sign", "=")
        return Equals(name, self.take("text"))


def _then(found: Union, operation: Operation) -> Union:
    return Union(tuple((*path, operation) for path in found.paths))
