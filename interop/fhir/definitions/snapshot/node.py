"""Elements as a tree: children below their element, slices beside it (FHIR R4, ElementDefinition: id, path, sliceName)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from interop.fhir.definitions.unusable import TooLarge, Unusable
from interop.fhir.shapes import Json

DEPTH = 60
"""Steps of a path."""
SIZE = 20_000
"""Elements of a snapshot or differential."""


class Node:
    """An element or a slice of one. ``data`` is its ElementDefinition without id, path and sliceName, never changed in place.

    ``name`` is the last step of its path, ``value[x]`` for a choice. ``children`` are the elements below it by name, in order;
    none may mean that they are those of its type. ``slices`` are those of an unsliced element by name, in order; a slice of a
    slice (``a/b``) stands among them, after ``a``.
    """

    __slots__ = ("children", "data", "name", "slice", "slices")

    def __init__(self, name: str, slice: str = "", data: Json | None = None) -> None:
        self.name = name
        self.slice = slice
        self.data: Json = data if data is not None else {}
        self.children: dict[str, Node] = {}
        self.slices: dict[str, Node] = {}

    def __repr__(self) -> str:
        return f"Node({self.step()})"

    def copy(self, slice: str = "", *, slices: bool = True) -> Node:
        """A copy down to the leaves; the data are shared."""
        made = Node(self.name, slice or self.slice, self.data)
        made.children = {name: each.copy() for name, each in self.children.items()}
        made.slices = {name: each.copy() for name, each in self.slices.items()} if slices else {}
        return made

    def size(self) -> int:
        """How many elements it is, with those below and its slices."""
        return 1 + sum(each.size() for each in self.children.values()) + sum(each.size() for each in self.slices.values())

    def add(self, slice: Node, above: str) -> None:
        """A new slice: the last one or, where it is one of the slice ``above``, after that one and those of it."""
        self.slices[slice.slice] = slice
        if above:
            names = [name for name in self.slices if name != slice.slice]
            last = max(n for n, name in enumerate(names) if name == above or name.startswith(f"{above}/"))
            names.insert(last + 1, slice.slice)
            self.slices = {name: self.slices[name] for name in names}

    def step(self) -> str:
        """Its part of an element id."""
        return f"{self.name}:{self.slice}" if self.slice else self.name


def elements(root: Node) -> list[Json]:
    """The ElementDefinitions of a tree in the order of a snapshot, with ids and paths. Raises Unusable beyond ``SIZE``."""
    made: list[Json] = []

    def put(node: Node, above_id: str, above_path: str) -> None:
        id, path = above_id + node.step(), above_path + node.name
        said: Json = {"id": id, "path": path}
        if node.slice:
            said["sliceName"] = node.slice
        said.update(node.data)
        made.append(said)
        if len(made) > SIZE:
            raise TooLarge(f"{root.name}: more than {SIZE} elements")
        for each in node.children.values():
            put(each, id + ".", path + ".")
        for each in node.slices.values():
            put(each, above_id, above_path)

    put(root, "", "")
    return made


def tree(content: Iterable[Any], where: str) -> Node:
    """The tree of a snapshot's or differential's elements.

    An element stands below the elements and slices that its id names; where it has no id that fits its path, below the last one
    before it that has the path above its own. What is left out in between is put in without content. ``where`` is named when it
    raises Unusable: for an element without a path, one outside the root, too many or too deep.
    """
    root: Node | None = None
    last: list[Node] = []
    for number, each in enumerate(content):
        steps = _steps(each, where)
        if number >= SIZE or len(steps) > DEPTH:
            raise Unusable(f"{where}: too many elements or too deep")
        root = root or Node(steps[0])
        if steps[0] != root.name:
            raise Unusable(f"{where}: {each['path']} is not below {root.name}")
        last = _placed(root, _by_id(each, steps) or _by_order(each, steps, last))
        last[-1].data = {name: value for name, value in each.items() if name not in ("id", "path", "sliceName")}
    if root is None:
        raise Unusable(f"{where}: no elements")
    return root


def _steps(element: Any, where: str) -> list[str]:
    path = element.get("path") if isinstance(element, dict) else None
    if not isinstance(path, str) or not path or "" in (steps := path.split(".")):
        raise Unusable(f"{where}: an element without a path")
    return steps


Place = list[tuple[str, str]]
"""Name and slice of every step."""


def _placed(root: Node, place: Place) -> list[Node]:
    """The nodes down to a place, made where there are none."""
    node, nodes = root, [root]
    for name, slice in place[1:]:
        node = node.children.setdefault(name, Node(name))
        if slice:
            node = node.slices.setdefault(slice, Node(name, slice))
        nodes.append(node)
    return nodes


def _name(element: Json) -> str:
    said = element.get("sliceName")
    return said if isinstance(said, str) else ""


def _by_order(element: Json, steps: list[str], last: list[Node]) -> Place:
    """The place below the elements before it."""
    place: Place = []
    for level, name in enumerate(steps[:-1]):
        if len(place) == level and level < len(last) and last[level].name == name:
            place.append((name, last[level].slice))
        else:
            last = []
            place.append((name, ""))
    return [*place, (steps[-1], _name(element))]


def _by_id(element: Json, steps: list[str]) -> Place | None:
    """The place that the id says; None where it does not fit path and sliceName.

    ``value[x]:valueQuantity`` fits a path with ``valueQuantity``. A slice's name may hold dots.
    """
    id, place = element.get("id"), list[tuple[str, str]]()
    if not isinstance(id, str):
        return None
    for part in id.split("."):
        name, _, slice = part.partition(":")
        expected = steps[len(place)] if len(place) < len(steps) else ""
        short = name.endswith("[x]") and bool(slice) and expected.startswith(name[:-3])
        if expected and (name == expected or short):
            place.append((name, slice))
        elif place and place[-1][1]:
            place[-1] = (place[-1][0], f"{place[-1][1]}.{part}")
        else:
            return None
    if len(place) != len(steps):
        return None
    name, slice = place[-1]
    return place if slice == _name(element) or (not _name(element) and name != steps[-1]) else None
