"""The names that generated code sees: ``from interop.mapping.generated import *``."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from interop.formats.csv import Row
from interop.formats.json import Number as Number
from interop.formats.tree import Node
from interop.mapping import transforms
from interop.mapping.coded import code_as_code as code_as_code
from interop.mapping.coded import code_as_CodeableConcept as code_as_CodeableConcept
from interop.mapping.coded import code_as_Coding as code_as_Coding
from interop.mapping.er7_access import stray_parts as stray_parts
from interop.mapping.kept import Kept as Kept
from interop.mapping.kept import Units as Units
from interop.mapping.runtime import NULL, Run, read_value
from interop.mapping.transforms import decimal as decimal
from interop.mapping.transforms import text_data as text_data
from interop.mapping.unread import RoutePlan as RoutePlan
from interop.mapping.unread import unread as unread

ABSENT = ("", NULL)
Walk = Callable[[Node, Node], Iterator[Node]]
MARKUP = frozenset(("@schemaLocation", "@noNamespaceSchemaLocation", "@nullFlavor", "@key", "@ref", "@name"))
"""Attributes that say nothing of the person: where a schema lies, why an element is empty, what a reader has added."""


def below(node: Node) -> Iterator[Node]:
    """A node and everything below it, in document order as far as one name goes."""
    yield node
    for name, kids in node.kids.items():
        if not name.startswith("@"):
            for kid in kids:
                yield from below(kid)


def pair_minutes(value: str, unit: str = "") -> int | bool | None:
    """``transforms.duration`` in whole minutes; nothing where it is absent, False where it is unreadable or there are none."""
    if not value:
        return None
    length = transforms.duration(value, unit)
    return length is not None and not length.seconds % 60 and int(length.total_seconds()) // 60


def pair_plusduration(start: str, value: str, unit: str = "") -> str | bool | None:
    """``transforms.plus_duration``; nothing where either is absent, False where it is unreadable."""
    if not start or not value:
        return None
    return transforms.plus_duration(start, value, unit) or False


def pair_daytime(day: str, clock: str, minutes: str = "0") -> str | bool | None:
    """``transforms.day_time``; nothing where the day is absent or the minutes that a row asks for, False where it is unreadable."""
    if not day or not minutes:
        return None
    return transforms.day_time(day, clock, minutes if minutes != "0" else "") or False


def pair_partdate(value: str, precision: str) -> str | bool | None:
    """``transforms.part_time``: without a precision as it is given; nothing where it is unknown, False where it is unreadable."""
    if not value or precision == "U":
        return None
    return transforms.part_time(precision.upper(), value) or False


def all_kids(node: Node) -> Iterator[Node]:
    """Every child element."""
    for name, kids in node.kids.items():
        if not name.startswith("@"):
            yield from kids


def value_of(walk: Walk, node: Node) -> str:
    """The first text that a walk meets, marked as read; '' where there is none."""
    for found in walk(node, node):
        if found.value:
            return read_value(found)
    return ""


def value_of_kid(node: Node, name: str) -> str:
    """``value_of`` the kids of that name."""
    if isinstance(node, Row) and node.nodes is None:
        text = node.cells.get(name, "")
        if text:
            node.seen.add(name)
        return text
    for found in node.kids.get(name, ()):
        if found.value:
            return read_value(found)
    return ""


def has_kid(node: Node, name: str) -> bool:
    """``has`` of the kids of that name."""
    if isinstance(node, Row) and node.nodes is None:
        return name in node.cells
    return any(found.value or filled(found) for found in node.kids.get(name, ()))


def holds(walk: Walk, node: Node, value: str) -> bool:
    """Whether a walk from ``node`` meets that text; it is then marked as read."""
    if not value:
        return False
    for found in walk(node, node):
        if found.value == value:
            found.read = True
            return True
    return False


def filled(node: Node) -> bool:
    """Whether a node holds any text, ``nullFlavor`` aside: an element that only says why it is empty is empty."""
    return bool(node.value) or any(filled(kid) for name, kids in node.kids.items() if name != "@nullFlavor" for kid in kids)


class Joins:
    """The message at hand, with indexes for paths such as ``/adminDomain/person[id=$x]``, made when first asked for."""

    def __init__(self) -> None:
        self.root = Node("")
        self._tables: dict[tuple[Walk, Walk], dict[str, list[Node]]] = {}

    def begin(self, root: Node) -> None:
        """Turn to another message; ``root`` is what paths with a leading slash start from."""
        self.root = root
        self._tables = {}

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
            holds(key, node, value)
        return nodes


JOINS = Joins()


def has(walk: Walk, node: Node) -> bool:
    """Whether a walk meets a node that holds anything."""
    return any(filled(found) for found in walk(node, node))


def node_parttime(node: Node) -> str | None:
    """``transforms.part_time`` of a node's datepart and value."""
    value, precision = node.kid("@value"), node.kid("@datepart")
    return transforms.part_time(read_value(precision) or "YMDT", read_value(value) or read_value(node))


def node_narrative(node: Node) -> str | None:
    """The whole text of a node, which counts as read with all that lies in it."""
    mark(node)
    return node.narrative().strip() or None


def node_xhtml(node: Node) -> str | None:
    """The whole text as a narrative ``div``."""
    text = node_narrative(node)
    return text and transforms.as_xhtml(text)


def mark(node: Node) -> None:
    """Mark a node and everything below it as read."""
    node.read = True
    for kids in node.kids.values():
        for kid in kids:
            mark(kid)


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


def unread_tree(run: Run, root: Node, left: dict[tuple[str, ...], str]) -> None:
    """Note every text that nobody read; ``left`` are endings of paths that are deliberately left out, with their rows."""
    longest = max(map(len, left), default=0)
    known: dict[tuple[str, ...], tuple[str, str, str]] = {}

    def note(names: tuple[str, ...]) -> None:
        lost = known.get(names)
        if lost is None:
            row = next((left[names[-n:]] for n in range(1, longest + 1) if names[-n:] in left), "")
            lost = known[names] = "/".join(names), "not-carried" if row else "unmapped", row
        run.lose(*lost)

    def visit(node: Node, names: tuple[str, ...]) -> None:
        if node.value and not node.read:
            if names[-1:] and names[-1] not in MARKUP:
                note(names)
        elif node.value:
            run.carried += 1
        if isinstance(node.raw, str):
            return
        for name, kids in node.kids.items():
            for kid in kids:
                if isinstance(kid, Row) and kid.nodes is None:
                    run.carried += len(kid.seen)
                    for column in kid.cells:
                        if column not in kid.seen:
                            note((*names, name, column))
                elif kid.read and not kid.kids:
                    run.carried += bool(kid.value)
                else:
                    visit(kid, (*names, name))

    visit(root, ())


for (_name, _kind), _function in transforms.REGISTRY.items():
    globals()[f"x_{_name or 'text'}_{_kind}"] = _function

__all__ = [name for name in globals() if not name.startswith("__")]
