"""One message field by field: what each populated field became, by which row, or why it became nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from interop.formats.er7 import Message
from interop.formats.tree import Node
from interop.ids import Mint
from interop.mapping.contribution import Loss, Mapped
from interop.mapping.er7_access import Er7
from interop.mapping.library import Family
from interop.mapping.runtime import Instance
from interop.mapping.unread_tree import MARKUP
from interop.ports import Envelope, Source

MAPPED: Final = "mapped"
READ: Final = "read"
"""No element holds the field: rows were chosen, or a resource was named, by it."""
MOST: Final = 5_000
"""Fields of a message that are told of."""
BELOW: Final = 100
"""Fields below one element of the source that are told as one row's."""
_FIELD: Final = re.compile(r"([A-Z][A-Z0-9]{2})-(\d+)")
_BRACKETS: Final = re.compile(r"\[[^\]]*\]")


@dataclass(slots=True)
class Field:
    """A populated field, as it stands in the message. ``elements`` are those that rows made of it, by place in
    ``Lineage.elements``; ``fate`` is ``mapped``, ``read`` or the reason of a loss; ``losses`` are those of it or its parts."""

    path: str
    text: str
    fate: str = ""
    elements: list[int] = field(default_factory=list)
    losses: list[Loss] = field(default_factory=list)


class Line(NamedTuple):
    """A segment, a row, or an element of a tree at a depth; ``fields`` by place in ``Lineage.fields``."""

    name: str
    depth: int
    fields: list[int]


class Element(NamedTuple):
    """What one row set in a resource: FHIR path, value, the source path as the row has it, and the fields where that stands."""

    type: str
    id: str
    path: str
    value: Any
    source: str
    row: str
    fields: tuple[int, ...]


@dataclass(slots=True)
class Lineage:
    """``more``: so many populated fields are not told of. ``made`` is None where the message could not be mapped."""

    lines: list[Line] = field(default_factory=list)
    fields: list[Field] = field(default_factory=list)
    more: int = 0
    elements: list[Element] = field(default_factory=list)
    made: Mapped | None = None


def layout(source: Source) -> _Er7 | _Tree:
    """The fields of a parsed message, before it is mapped."""
    return _Er7(source) if isinstance(source, Message) else _Tree(source)


def lineage(family: Family, source: Source, envelope: Envelope, mint: Mint, whose: str = "") -> Lineage:
    """Map a message by tables that trace (``Family.load(traced=True)``). Raises what ``Family.map`` raises."""
    laid = layout(source)
    steps: list[tuple[str, Instance, str, str, Any, tuple[int, ...]]] = []

    def trace(row: str, one: Instance, register: str, path: str, value: Any) -> None:
        steps.append((row, one, register, path, value, tuple(dict.fromkeys(laid.places(one, path, value)))))

    made = family.map(source, envelope, mint, trace, whose)
    told, rows = laid.told, family.rows()
    told.made = made
    for row, one, register, path, value, places in steps:
        said = rows.get(row)
        element = _BRACKETS.sub("", said.to) if said is not None and said.to else register.partition(":")[0]
        for place in places:
            told.fields[place].elements.append(len(told.elements))
        told.elements.append(Element(one.type, one.id, element, value, path, row, places))
    _judge(told, laid)
    return told


def _judge(told: Lineage, laid: _Er7 | _Tree) -> None:
    """What became of each field. A loss names a path, which may stand in several places: it is told of those that no row took."""
    assert told.made is not None
    lost: dict[str, list[Loss]] = {}
    for loss in dict.fromkeys(told.made.losses):
        lost.setdefault(laid.of(loss.path), []).append(loss)
    for place, one in enumerate(told.fields):
        found = lost.get(one.path, [])
        whole = next((loss for loss in found if loss.path == one.path), None)
        if one.elements:
            one.fate, one.losses = MAPPED, [loss for loss in found if loss is not whole or laid.parts]
        elif whole is not None and (not laid.read(place) or whole.reason == "not-carried"):
            one.fate, one.losses = whole.reason, found
        else:
            one.fate, one.losses = READ, [loss for loss in found if loss is not whole]


class _Er7:
    """Fields of segments; their parts are not told apart."""

    parts = True
    """A loss of a field that was mapped is of what no row took of it."""

    def __init__(self, message: Message) -> None:
        self.told = Lineage()
        self._message = message
        self._er7 = Er7(message)
        self._at: dict[tuple[int, int], int] = {}
        self._position = {id(fields): place for place, fields in enumerate(message.segments)}
        for position, fields in enumerate(message.segments):
            line = Line(fields[0], 0, [])
            self.told.lines.append(line)
            for number, text in enumerate(fields[1:], 1):
                if not text or len(self.told.fields) >= MOST:
                    self.told.more += bool(text)
                    continue
                line.fields.append(len(self.told.fields))
                self._at[position, number] = len(self.told.fields)
                self.told.fields.append(Field(f"{fields[0]}-{number}", text))

    def places(self, one: Instance, path: str, value: Any) -> Iterator[int]:
        """Where the fields of a row's source path stand, as seen from the resource that the row fills."""
        for segment, number in _FIELD.findall(path):
            at = [(position, int(number)) for position in self._segments(one, segment, int(number))]
            yield from self._holding([self._at[each] for each in at if each in self._at], value)

    def _holding(self, places: list[int], value: Any) -> list[int]:
        """Of several those that hold most of what the value says: rows that go through segments do not tell which."""
        if len(places) < 2:
            return places
        words = [word.replace("-", "").lower() for word in _words(value)]
        held = [sum(word in self.told.fields[place].text.lower() for word in words) for place in places]
        return [place for place, count in zip(places, held, strict=True) if count == max(held)]

    def _segments(self, one: Instance, segment: str, number: int) -> list[int]:
        own = one.fields
        if isinstance(own, list) and own and own[0] == segment and id(own) in self._position:
            return [self._position[id(own)]]
        found = [position for position, fields in self._er7.within(segment, one) if (position, number) in self._at]
        near = self._position.get(id(self._er7.near(segment, one)))
        return found or ([near] if near is not None else [])

    @staticmethod
    def of(path: str) -> str:
        """The field that the path of a loss is in."""
        found = _FIELD.match(path)
        return found[0] if found else path

    @staticmethod
    def read(place: int) -> bool:
        """A segment keeps no account of what was read: what is told as lost was not."""
        return False


class _Tree:
    """Elements, members, cells: those with a text, under those that enclose them."""

    parts = False

    def __init__(self, source: Node) -> None:
        self.told = Lineage()
        self._root = source
        self._nodes: list[Node] = []
        self._at: dict[int, int] = {}
        top = source
        while top.up is not None:
            top = top.up
        self._lay(top, (), 0)

    def _lay(self, node: Node, names: tuple[str, ...], depth: int) -> None:
        line = Line(node.name or "/", depth, [])
        self.told.lines.append(line)
        if node.value:
            self._add(line, node, "/".join(names) or node.name)
        if not isinstance(node.raw, str) or not node.value:
            for name, kids in node.kids.items():
                for kid in kids:
                    if kid.kids:
                        self._lay(kid, (*names, name), depth + 1)
                    elif name[:1] == "@":
                        if kid.value and name not in MARKUP:
                            self._add(line, kid, "/".join((*names, name)))
                    elif kid.value and len(self.told.fields) < MOST:
                        leaf = Line(name, depth + 1, [])
                        self.told.lines.append(leaf)
                        self._add(leaf, kid, "/".join((*names, name)))
                    else:
                        self.told.more += bool(kid.value)

    def _add(self, line: Line, node: Node, path: str) -> None:
        if len(self.told.fields) >= MOST:
            self.told.more += 1
            return
        line.fields.append(len(self.told.fields))
        self._at[id(node)] = len(self.told.fields)
        self._nodes.append(node)
        self.told.fields.append(Field(path, node.value or ""))

    def places(self, one: Instance, path: str, value: Any) -> Iterator[int]:
        """The same; where conditions of the path would choose among several, those that hold the value, else those that were
        read."""
        at = one
        while not isinstance(at.fields, Node) and at.up is not None:
            at = at.up
        if not isinstance(at.fields, Node):
            return
        found: list[Node] = []
        for each in path.split("|"):
            for node in self._walk(at.fields, each):
                found += _texts(node)
        same = [node for node in found if isinstance(value, str) and node.value == value]
        for node in same or [node for node in found if node.read]:
            if (place := self._at.get(id(node), self._at.get(id(node.up)))) is not None:  # a part of a reference stands for it
                yield place

    def _walk(self, node: Node, path: str) -> list[Node]:
        start, names = path[:1], path.lstrip("/^").removeprefix("**/").removeprefix("./")
        steps = [] if names in ("", ".") else names.split("/")
        if path.startswith("**/"):
            return [found for below in _all(self._root) for found in _down(below, steps)][:BELOW]
        if start == "/":
            return _down(self._root, steps)
        if start != "^":
            return _down(node, steps)
        up: Node | None = node
        while up is not None:
            if found := _down(up, steps):
                return found
            up = up.up
        return []

    @staticmethod
    def of(path: str) -> str:
        """A loss names the whole path."""
        return path

    def read(self, place: int) -> bool:
        """Whether any row, condition or key read it."""
        return self._nodes[place].read


def _words(value: Any) -> Iterator[str]:
    """The texts in a value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from _words(each)


def _down(node: Node, steps: list[str]) -> list[Node]:
    found = [node]
    for step in steps:
        found = [kid for each in found for name, kids in each.kids.items() if step in (name, "*") for kid in kids]
    return found


def _texts(node: Node) -> list[Node]:
    """A node with a text, or those below it, without what a reader has added."""
    found = [node] if node.value else []
    for name, kids in node.kids.items():
        if name not in MARKUP:
            for kid in kids:
                found += _texts(kid)
    return found[:BELOW]


def _all(node: Node) -> Iterator[Node]:
    yield node
    for kids in node.kids.values():
        for kid in kids:
            yield from _all(kid)
