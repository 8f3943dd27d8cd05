"""How generated code reaches into trees (XML, JSON, CSV), and marks what it has read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from threading import local

from interop.formats.csv import Row
from interop.formats.tree import Node
from interop.mapping.runtime import Run, read_value

Walk = Callable[[Node, Node], Iterator[Node]]


def text_of(nodes: Iterable[Node]) -> str:
    """The first text of some nodes, marked as read; '' where there is none."""
    for node in nodes:
        if node.value:
            node.read = True
            return node.value
    return ""


def part_of(nodes: Iterable[Node]) -> str:
    """The same of nodes that may be parts of a reference: one that is read marks the whole."""
    for node in nodes:
        if node.value:
            return read_value(node)
    return ""


def value_of(walk: Walk, node: Node) -> str:
    """The same of what a walk meets."""
    return part_of(walk(node, node))


def value_of_kid(node: Node, name: str) -> str:
    """The same of the kids of that name, where ``node`` may be a row of a table."""
    if isinstance(node, Row) and node.nodes is None:
        text = node.cells.get(name, "")
        if text:
            node.seen.add(name)
        return text
    return part_of(node.kids.get(name, ()))


def has_kid(node: Node, name: str) -> bool:
    """Whether any of the kids of that name holds anything."""
    if isinstance(node, Row) and node.nodes is None:
        return name in node.cells
    return any_filled(node.kids.get(name, ()))


def any_filled(nodes: Iterable[Node]) -> bool:
    """Whether any of some nodes holds anything."""
    for node in nodes:
        if node.value:
            return True
        if node.kids and filled(node):
            return True
    return False


def has(walk: Walk, node: Node) -> bool:
    """Whether a walk meets a node that holds anything."""
    return any_filled(walk(node, node))


def filled(node: Node) -> bool:
    """Whether a node holds any text, ``nullFlavor`` aside: an element that only says why it is empty is empty."""
    if node.value:
        return True
    for name, kids in node.kids.items():
        if name == "@nullFlavor":
            continue
        if any_filled(kids):
            return True
    return False


def holds(nodes: Iterable[Node], value: str) -> bool:
    """Whether any of some nodes has that text; it is then marked as read."""
    if value:
        for node in nodes:
            if node.value == value:
                node.read = True
                return True
    return False


def all_kids(node: Node) -> Iterator[Node]:
    """Every child element."""
    for name, kids in node.kids.items():
        if not name.startswith("@"):
            yield from kids


class Joins(local):
    """The message at hand, with indexes for paths such as ``/adminDomain/person[id=$x]`` and ``**/section``, made when first
    asked for. A thread that traces a message has its own."""

    def __init__(self) -> None:
        self.root = Node("")
        self._tables: dict[tuple[Walk, Walk], dict[str, list[Node]]] = {}
        self._columns: dict[tuple[Walk, str], dict[str, list[Node]]] = {}
        self._names: dict[str, list[Node]] = {}
        self._texts: dict[Node, str] = {}
        self._below: dict[tuple[Node, str], list[Node]] = {}

    def begin(self, root: Node) -> None:
        """Turn to another message; ``root`` is what paths with a leading slash start from."""
        self.root = root
        self._tables = {}
        self._columns = {}
        self._names = {}
        self._texts = {}
        self._below = {}

    def found(self, base: Walk, key: Walk, value: str) -> list[Node]:
        """The nodes of ``base`` for which any match of ``key`` has that value."""
        table = self._tables.get((base, key))
        if table is None:
            table = self._tables[base, key] = {}
            for node in base(self.root, self.root):
                for match in key(node, node):
                    if match.value:
                        table.setdefault(match.value, []).append(node)
        nodes = table.get(value, []) if value else []
        for node in nodes:
            holds(key(node, node), value)
        return nodes

    def named(self, base: Walk, name: str, value: str) -> list[Node]:
        """The same where the key is the kids of that name; nodes may be rows of a table."""
        table = self._columns.get((base, name))
        if table is None:
            table = self._columns[base, name] = {}
            for node in base(self.root, self.root):
                for text in _texts(node, name):
                    table.setdefault(text, []).append(node)
        nodes = table.get(value, []) if value else []
        for node in nodes:
            if isinstance(node, Row) and node.nodes is None:
                node.seen.add(name)
            else:
                holds(node.kids[name], value)
        return nodes

    def narrative(self, node: Node) -> str:
        """The whole text of a node, which counts as read with all that lies in it; several rows may ask for the same."""
        text = self._texts.get(node)
        if text is None:
            mark(node)
            text = self._texts[node] = node.narrative().strip()
        return text

    def below(self, node: Node, name: str) -> list[Node]:
        """Everything of that name below a node."""
        found = self._below.get((node, name))
        if found is None:
            if not self._names:
                self._name(self.root)
            found = self._below[node, name] = [one for one in self._names.get(name, ()) if _within(one, node)]
        return found

    def _name(self, node: Node) -> None:
        for name, kids in node.kids.items():
            self._names.setdefault(name, []).extend(kids)
        for name, kids in node.kids.items():
            if not name.startswith("@"):
                for kid in kids:
                    if kid.kids:
                        self._name(kid)


JOINS = Joins()


def _texts(node: Node, name: str) -> list[str]:
    if isinstance(node, Row) and node.nodes is None:
        text = node.cells.get(name)
        return [text] if text else []
    return [kid.value for kid in node.kids.get(name, ()) if kid.value]


def _within(node: Node, outer: Node) -> bool:
    up = node.up
    while up is not None:
        if up is outer:
            return True
        up = up.up
    return False


def mark(node: Node) -> None:
    """Mark a node and everything below it as read."""
    node.read = True
    for kids in node.kids.values():
        for kid in kids:
            if kid.kids:
                mark(kid)
            else:
                kid.read = True


def leave(run: Run, nodes: Iterable[Node], row: str) -> None:
    """Note as deliberately not carried whatever of these nodes nobody has read."""
    for node in nodes:
        for leaf in _leaves(node):
            if not leaf.read:
                leaf.read = True
                run.lose(path_of(leaf), "not-carried", row)


def _leaves(node: Node) -> Iterator[Node]:
    if node.value:
        yield node
    for kids in node.kids.values():
        for kid in kids:
            yield from _leaves(kid)


def path_of(node: Node) -> str:
    """A node's path of names below the root."""
    names: list[str] = []
    at: Node | None = node
    while at is not None and at.up is not None:
        names.append(at.name)
        at = at.up
    return "/".join(reversed(names)) or node.name
