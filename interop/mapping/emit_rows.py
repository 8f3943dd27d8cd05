"""Emits the rows of fillers and sub-tables: blocks of one ``each``, one row after another."""

from __future__ import annotations

from interop.mapping.emit_targets import emit_assignment, list_variable, lists
from interop.mapping.emit_values import ValueEmitter, constant_expression
from interop.mapping.lines import Lines
from interop.mapping.model import Element, Resource, SubTable


class RowEmitter(ValueEmitter):
    """Rows to statements, one by one or as a block. ``x`` is what ``each`` stands on."""

    def block(self, lines: Lines, resource: Resource, each: str, elements: list[Element]) -> None:
        """All rows of a resource that share ``each``."""
        gone = [element for element in elements if element.kind == "gone"]
        if gone:
            self.block(lines, resource, each, rest) if (rest := [one for one in elements if one not in gone]) else None
            self.gone(lines, resource, gone)
            return
        first = elements[0]
        depth, fired = 1, False
        self.paths.enter(resource)
        if each:
            assert first.each is not None
            depth = self.paths.loop(lines, 1, resource, first.each, elements)
            fired = self.paths.tracks(elements)
            if fired:
                lines.add(depth, "fired = False")
        for name in sorted({list_variable(one, number) for one in elements if one.target for number in lists(one)}):
            lines.add(depth, f"{name} = None")
        for element in [*(e for e in elements if not e.constant), *(e for e in elements if e.constant)]:
            self.element(lines, depth, resource, element, elements, fired)
        if fired:
            self.paths.unfired(lines, depth, first)

    def gone(self, lines: Lines, resource: Resource, elements: list[Element]) -> None:
        """Rows that say that an element is gone, unless another row has set it."""
        self.paths.enter(resource)
        for element in elements:
            lines.add(1, f"# {element.id} {element.row.to} is gone")
            tests = self.conditions(lines, 1, resource, element.when, "i") or "True"
            lines.add(1, f"if {tests} and {element.register!r} not in r:")
            lines.add(2, f"i.deleted += ({element.register!r},)")

    def element(self, lines: Lines, depth: int, resource: Resource, element: Element, peers: list[Element], fired: bool) -> None:
        """One row of a resource."""
        lines.add(depth, f"# {element.id} {element.row.source} -> {element.row.to}")
        if element.when:
            lines.add(depth, f"if {self.conditions(lines, depth, resource, element.when, 'i')}:")
            depth += 1
        if element.kind == "none":
            self.paths.leave(lines, depth, resource, element)
            if fired:
                lines.add(depth, "fired = True")
            return
        if element.kind == "delete":
            self.paths.withdraw(lines, depth, element, element.register)
            return
        if element.constant:
            self.constant(lines, depth, element, peers)
            return
        if element.kind == "resource":
            place = self.paths.place(resource, element)
            lines.add(depth, f'v = run.refer(i, "{element.name}"{place})')
            lines.add(depth, "if v is not None:")
            self.assign(lines, depth + 1, element, "v", fired)
            return
        after = self.paths.value(lines, depth, resource, element, "i")
        self.given(lines, after, element, fired)

    def subtable(self, lines: Lines, table: SubTable) -> None:
        """The body of a sub-table's function: it gives a dict, None where nothing is present."""
        self.in_table = True
        lines.add(1, "r = {}")
        groups: dict[str, list[Element]] = {}
        for element in table.elements:
            groups.setdefault(element.row.each, []).append(element)
        self.paths.enter(None, table=True)
        self.paths.subtable_prologue(lines, table)
        for each, elements in groups.items():
            depth = 1
            self.paths.enter(None, table=True)
            if each:
                assert elements[0].each is not None
                depth = self.paths.subtable_loop(lines, 1, elements[0].each)
            for name in sorted(
                {list_variable(element, number) for element in elements if element.target for number in lists(element)}
            ):
                lines.add(depth, f"{name} = None")
            for element in [*(e for e in elements if not e.constant), *(e for e in elements if e.constant)]:
                self.table_row(lines, depth, element, elements)
            if each:
                lines.add(1, "x = o")
        lines.add(1, "return r or None")
        self.in_table = False

    def table_row(self, lines: Lines, depth: int, element: Element, peers: list[Element]) -> None:
        """One row of a sub-table."""
        lines.add(depth, f"# {element.id} {element.row.source} -> {element.row.to}")
        if element.when:
            lines.add(depth, f"if {self.conditions(lines, depth, None, element.when, 'x')}:")
            depth += 1
        if element.kind == "none":
            self.paths.leave(lines, depth, None, element)
            return
        if element.constant:
            beside = [
                peer
                for peer in peers
                if not peer.constant and peer.target and element.target and peer.target.parts[0] == element.target.parts[0]
            ]
            first = element.target.parts[0] if element.target else None
            if beside and first is not None and len(element.target.parts if element.target else ()) > 1:
                lines.add(depth, f"if {first.key!r} in r:")
            else:
                lines.add(depth, "if r:")
            assert element.target is not None
            emit_assignment(
                lines,
                depth + 1,
                element,
                "",
                constant_expression(element, element.target, self.codes),
            )
            return
        after = self.paths.value(lines, depth, None, element, "x")
        self.given(lines, after, element, False)
