"""The names that generated code sees: ``from interop.mapping.generated import *``."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from operator import itemgetter
from typing import Any

from interop.formats.er7 import WIDTH
from interop.formats.json import Number as Number
from interop.formats.tree import Node
from interop.mapping import transforms
from interop.mapping.er7_access import Er7, stray_parts
from interop.mapping.runtime import NULL, Run, loss, read_value
from interop.mapping.tables import Code

ABSENT = ("", NULL)
Walk = Callable[[Node, Node], Iterator[Node]]
FieldReading = tuple[bool, frozenset[int] | None, bool]
"""Whether repetitions are read, which components (None: all), whether only under conditions."""
Reading = dict[str, dict[int, FieldReading]]
"""Segment -> field -> how it is read."""
MARKUP = frozenset(("@schemaLocation", "@noNamespaceSchemaLocation", "@nullFlavor"))
"""Attributes that say nothing of the person: where a schema lies, why an element is empty."""


def code_as_code(table: dict[str, Code], value: str) -> str | None:
    """The code for a source value; None where the table lacks it."""
    found = table.get(value) or table.get("*")
    if found is None:
        return None
    return value if found.code == "=" else found.code


def code_as_Coding(table: dict[str, Code], value: str) -> dict[str, Any] | None:
    """The same as a Coding; a row without a code gives nothing but its display."""
    found = table.get(value) or table.get("*")
    if found is None:
        return None
    coding = dict(found.coding)
    if found.code == "=":
        coding["code"] = value
    return coding or None


def code_as_CodeableConcept(table: dict[str, Code], value: str) -> dict[str, Any] | None:
    """The same as a CodeableConcept of one coding."""
    coding = code_as_Coding(table, value)
    return {"coding": [coding]} if coding is not None else None


class FieldPlan:
    """Which fields of a segment the rows of a route read, ready to be asked of many segments."""

    __slots__ = ("known", "others", "pick", "pick_known")

    def __init__(self, name: str, fields: dict[int, FieldReading]) -> None:
        first = 3 if name == "MSH" else 1
        others = [number for number in range(first, WIDTH) if number not in fields]
        known = [number for number in sorted(fields) if number >= first]
        self.pick = itemgetter(*others)
        self.others = [loss(f"{name}-{number}", "unmapped", "") for number in others]
        self.pick_known = (
            itemgetter(*known) if len(known) > 1 else (lambda values: (values[known[0]],)) if known else (lambda _: ())
        )
        self.known = [(number, f"{name}-{number}", *fields[number]) for number in known]


class MadePlan(dict[str, FieldPlan]):
    """The plans of some resources by segment; a segment that none of them names gets one that reads nothing."""

    def __missing__(self, name: str) -> FieldPlan:
        made = self[name] = FieldPlan(name, {})
        return made


class RoutePlan:
    """What a route's resources read. Those that a message does not make read nothing, save what decided so."""

    def __init__(self, reads: dict[str, tuple[Reading, Reading]], active: frozenset[str]) -> None:
        self._reads = {name: read for name, read in reads.items() if name in active}
        self._plans: dict[frozenset[str], MadePlan] = {}

    def of(self, made: frozenset[str]) -> MadePlan:
        """The plans of a message that makes resources of these names."""
        plan = self._plans.get(made)
        if plan is None:
            fields: Reading = {}
            for name, (rows, decided) in self._reads.items():
                for read in (rows, decided) if name in made else (decided,):
                    for segment, numbers in read.items():
                        known = fields.setdefault(segment, {})
                        for number, (repeats, parts, conditional) in numbers.items():
                            before = known.get(number, (False, frozenset(), True))
                            both = None if parts is None or before[1] is None else parts | before[1]
                            known[number] = (before[0] or repeats, both, before[2] and conditional)
            plan = self._plans[made] = MadePlan({name: FieldPlan(name, numbers) for name, numbers in fields.items()})
        return plan


def unread(run: Run, m: Er7, plans: RoutePlan) -> None:
    """Note the populated fields that no row reads, and count those that one does.

    A row reads where its resource was made, and only the segments that lie within its context.
    """
    repetition, component = m.repetition, m.component
    losses, hits = run.losses, run.hits
    plan = plans.of(frozenset(run.made))
    for position, fields in enumerate(m.message.segments):
        of = plan[fields[0]]
        values = of.pick(fields)
        if any(values):
            losses += [other for value, other in zip(values, of.others, strict=True) if value and value != NULL]
        if len(fields) > WIDTH:
            for number in range(WIDTH, len(fields)):
                if fields[number]:
                    run.lose(f"{fields[0]}-{number}", "unmapped")
        touched = position in m.touched
        for value, (number, path, repeats, parts, conditional) in zip(of.pick_known(fields), of.known, strict=True):
            if not value:
                continue
            if not touched:
                if value != NULL:
                    run.lose(path, "unmapped")
                continue
            if conditional and (number, id(fields)) not in hits:
                run.lose(path, "condition")
                continue
            run.carried += 1
            read = [value]
            if repetition in value:
                every = value.split(repetition)
                read = every if repeats else every[:1]
                for again, more in enumerate(every[len(read) :], 2):
                    if more:
                        run.lose(f"{path}[{again}]", "unmapped")
            if parts is not None and component in value:
                for one in read:
                    for stray in stray_parts(one.split(component), parts):
                        run.lose(f"{path}.{stray}", "unmapped")


def below(node: Node) -> Iterator[Node]:
    """A node and everything below it, in document order as far as one name goes."""
    yield node
    for name, kids in node.kids.items():
        if not name.startswith("@"):
            for kid in kids:
                yield from below(kid)


def pair_plusminutes(start: str, minutes: str) -> str | None:
    """``transforms.plus_minutes``; nothing where either is absent."""
    return transforms.plus_minutes(start, minutes) if start and minutes else None


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

    def visit(node: Node, names: tuple[str, ...]) -> None:
        if node.value and not node.read:
            row = next((left[names[-n:]] for n in range(1, longest + 1) if names[-n:] in left), "")
            if names[-1:] and names[-1] not in MARKUP:
                run.lose("/".join(names), "not-carried" if row else "unmapped", row)
        elif node.value:
            run.carried += 1
        if isinstance(node.raw, str):
            return
        for name, kids in node.kids.items():
            for kid in kids:
                visit(kid, (*names, name))

    visit(root, ())


for (_name, _kind), _function in transforms.REGISTRY.items():
    globals()[f"x_{_name or 'text'}_{_kind}"] = _function

__all__ = [name for name in globals() if not name.startswith("__")]
