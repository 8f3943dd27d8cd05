"""A model to Python source: one maker and one filler for each resource, one function for each sub-table and message type."""

from __future__ import annotations

from collections.abc import Iterable

from interop.mapping.contribution import REST
from interop.mapping.emit_er7 import Er7Paths
from interop.mapping.emit_rows import RowEmitter
from interop.mapping.emit_tree import TreePaths
from interop.mapping.emit_units import UnitEmitter
from interop.mapping.lines import Lines, route_name
from interop.mapping.model import Element, Model, Resource
from interop.mapping.paths import TreePath

HEAD = '''"""Generated from the tables of {family} (digest {digest}); not to be edited."""

from interop.mapping.generated import *

'''


def emit(model: Model, traced: bool = False) -> str:
    """The module's source. ``traced`` code also tells the run's trace of every element that it sets."""
    return _Module(model, traced).source()


class _Module:
    def __init__(self, model: Model, traced: bool) -> None:
        self.model = model
        self.paths = Er7Paths(model) if model.er7 else TreePaths(model)
        self.rows = RowEmitter(model, self.paths, traced)
        self.units = UnitEmitter(self.paths, self.rows) if isinstance(self.paths, Er7Paths) and not traced else None

    def source(self) -> str:
        lines = Lines()
        for table in self.model.subtables.values():
            lines.add(0, f"def t_{table.name}({self.paths.subtable_arguments}):")
            self.rows.subtable(lines, table)
            lines.add(0, "")
        for resource in self.model.resources.values():
            self.maker(lines, resource)
            if resource.row.type or resource.elements:
                self.filler(lines, resource)
        for route in self.model.tables.routes:
            self.route(lines, route.message, route.resources)
        head = HEAD.format(family=self.model.tables.family, digest=self.model.tables.digest)
        return head + "".join(self.paths.functions()) + lines.text()

    def maker(self, lines: Lines, resource: Resource) -> None:
        """``m_NAME(run, m, up, active)`` makes an instance wherever the resource occurs within ``up``."""
        lines.add(0, f"MEMO_{resource.name} = {{}}")
        lines.add(0, f"def m_{resource.name}(run, m, up, active):")
        pure = not self.rows.traced and self.paths.pure(resource)
        self.paths.enter(resource)
        depth = self.paths.occurrences(lines, resource)
        if pure:
            self.paths.pure_key(lines, depth, resource)
            lines.add(depth, f"if k in MEMO_{resource.name}:")
            lines.add(depth + 1, f'run.again(MEMO_{resource.name}[k], "{resource.name}", up, place)')
            lines.add(depth + 1, "continue" if resource.each is not None else "return")
        self.paths.occurrence(lines, depth, resource)
        if resource.when:
            hoisted = self.rows.conditions(lines, depth, resource, resource.when, "up")
            lines.add(depth, f"if {hoisted}:")
            depth += 1
        lines.add(depth, f'i = run.make("{resource.name}", "{resource.row.type}", up, place)')
        if pure:
            lines.add(depth, "if k is not None:")
            lines.add(depth + 1, f"i.memo = (MEMO_{resource.name}, k)")
        self.paths.settle(lines, depth, resource)
        effect = resource.row.effect.partition(":")[0]
        if resource.row.type:
            said = resource.row.effect if effect == "cancel" else "upsert" if effect in ("relink", "whole") else effect
            lines.add(depth, f'i.effect = "{said}"')
            lines.add(depth, f'i.row = "{resource.name}"')
            self.key(lines, depth, resource)
        elif resource.elements:
            lines.add(depth, f"f_{resource.name}(run, m, i)")
        if resource.relink is not None:
            self.relink(lines, depth, resource)
        for child in resource.children:
            there = self.paths.there(self.model.resources[child])
            lines.add(depth, f'if "{child}" in active{" and " * bool(there)}{there}:')
            lines.add(depth + 1, f"m_{child}(run, m, i, active)")
        lines.add(0, "")

    def key(self, lines: Lines, depth: int, resource: Resource) -> None:
        if not resource.key:
            return
        if resource.key[0][0] in ("identifier", "national"):
            lines.add(depth, f'i.by_identifier = "{resource.key[0][0]}"')
            if resource.key[0][1] == "identifier":
                return
        kind = resource.row.type
        first = resource.key[0][1]
        if len(resource.key) == 1 and not isinstance(first, str):
            wholes = [self.paths.whole_key(resource, path) for path in first]
            if all(wholes):
                lines.add(depth, f"i.key = {' or '.join(wholes)}")
                return
        parts, owned = [], False
        for what, part in resource.key:
            if isinstance(part, str):
                parts.append(f'run.find(i, "{part}")')
                owned = owned or what == "resource"
            else:
                parts.append("(" + " or ".join(self.paths.text(resource, path, "i") for path in part) + ")")
        lines.add(depth, f'i.key = run.{"owned_key" if owned else "key"}("{kind}", [{", ".join(parts)}])')

    def relink(self, lines: Lines, depth: int, resource: Resource) -> None:
        if isinstance(resource.relink, str):
            lines.add(depth, f'i.relink = run.find(i, "{resource.relink}")')
        elif resource.relink is not None:
            text = self.paths.text(resource, resource.relink, "i")
            whole = self.paths.whole_key(resource, resource.relink) or f'run.key("Patient", [{text}])'
            lines.add(depth, f"i.relink = {whole}")

    def filler(self, lines: Lines, resource: Resource) -> None:
        """``f_NAME(run, m, i)`` sets the registers of one instance, row by row."""
        units, rest = self.units.of(resource) if self.units else ([], resource.elements)
        body = Lines()
        body.add(0, f"def f_{resource.name}(run, m, i):")
        body.add(1, "r = i.registers")
        self.paths.prologue(body, resource)
        if self.units:
            self.units.functions(lines, resource, units)
            self.units.calls(body, resource, units)
        self.paths.splits(body, resource, rest)
        for each, elements in _by_each(rest):
            self.rows.block(body, resource, each, elements)
        if resource.row.effect == "whole":
            body.add(1, self.unsaid(resource))
        body.add(0, "")
        lines.take(body)

    def unsaid(self, resource: Resource) -> str:
        """What a whole resource does not say is deleted: the registers of its rows, or, where they are copied, all others. What
        rows read elsewhere in the message is no part of it: that may come once and not again.
        """
        if any(element.kind == "copy" for element in resource.elements):
            return f"i.deleted.append({REST!r})"
        elsewhere = {element.register for element in resource.elements if element.target and _elsewhere(element)}
        registers = sorted({element.register for element in resource.elements if element.target} - elsewhere)
        return f"i.deleted += [name for name in {tuple(registers)!r} if name not in r]"

    def route(self, lines: Lines, message: str, resources: tuple[str, ...]) -> None:
        name = route_name(message)
        active = frozenset(resources)
        lines.add(0, f"ACTIVE_{name} = frozenset({sorted(active)!r})")
        lines.add(0, f"def route_{name}(run, m):")
        lines.add(1, f'"""{message}"""')
        if self.units:
            lines.add(1, "run.units = UNITS.of(run.organisation, m.simple)")
        for made in resources:
            if not self.model.resources[made].row.within:
                there = self.paths.there(self.model.resources[made])
                if there:
                    lines.add(1, f"if {there}:")
                lines.add(1 + bool(there), f"m_{made}(run, m, run.root, ACTIVE_{name})")
        lines.add(1, "for i in run.own:")
        lines.add(2, "run.fill(FILL[i.name], m, i)")
        self.paths.finish(lines, name, resources)
        lines.add(0, f"ROUTES[{message!r}] = route_{name}")
        lines.add(0, "")
        if message == self.model.tables.routes[-1].message:
            if isinstance(self.paths, Er7Paths):
                self.paths.stopping(lines)
            if self.units:
                lines.add(0, f"UNITS = Units({self.units.count})")
            for resource in self.model.resources.values():
                if resource.row.type:
                    lines.add(0, f'FILL["{resource.name}"] = f_{resource.name}')


def _by_each(elements: list[Element]) -> Iterable[tuple[str, list[Element]]]:
    groups: dict[str, list[Element]] = {}
    for element in elements:
        groups.setdefault(element.row.each, []).append(element)
    return groups.items()


def _elsewhere(element: Element) -> bool:
    """Whether a row reads from the root of the message."""
    paths = [*element.paths, *([element.each] if element.each is not None else [])]
    return any(isinstance(path, TreePath) and path.start == "/" for path in paths)
