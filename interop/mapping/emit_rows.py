"""Emits the body of fillers and sub-tables: values, transforms, codes, references, and where they go."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from interop.mapping import coded, transforms
from interop.mapping.conditions import Condition
from interop.mapping.model import Element, Model, Resource, SubTable
from interop.mapping.paths import CONSTANT, Literal
from interop.mapping.tables import Code
from interop.mapping.targets import Part, Target

if TYPE_CHECKING:
    from interop.mapping.emit_er7 import Er7Paths
    from interop.mapping.emit_tree import TreePaths


class Lines:
    """Source lines with their indentation."""

    def __init__(self) -> None:
        self._lines: list[str] = []

    def add(self, depth: int, line: str) -> None:
        """One line, ``depth`` levels in."""
        self._lines.append("    " * depth + line if line else "")

    def take(self, other: Lines) -> None:
        """Add the lines of another."""
        self._lines += other._lines

    def text(self) -> str:
        """All of it."""
        return "\n".join(self._lines) + "\n"


class RowEmitter:
    """Rows to statements. ``i`` is the instance, ``r`` its registers, ``x`` what ``each`` stands on."""

    def __init__(self, model: Model, paths: Er7Paths | TreePaths, traced: bool) -> None:
        self.model, self.paths, self.traced = model, paths, traced
        self.codes = {} if traced else model.tables.codes
        """The code tables whose constants may stand in the source."""
        self.in_table = False

    def conditions(self, lines: Lines, depth: int, resource: Resource | None, when: Condition, scope: str) -> str:
        """An expression for a condition."""
        tests = []
        self.paths.in_condition = True
        for test in when:
            text = self.paths.text(resource, test.path, scope)
            if test.kind == "present":
                said = (
                    f"not {self.paths.present(resource, test.path, scope)}"
                    if test.negated
                    else self.paths.present(resource, test.path, scope)
                )
            elif test.kind == "numeric":
                said = f"decimal({text}) is {'' if test.negated else 'not '}None"
            elif test.kind == "length":
                said = f"len({text}) {'!=' if test.negated else '=='} {test.length}"
            elif test.kind == "starts":
                said = f"{'not ' if test.negated else ''}{text}.startswith({tuple(sorted(test.values))!r})"
            elif len(test.values) == 1:
                said = f"{text} {'!=' if test.negated else '=='} {next(iter(test.values))!r}"
            else:
                values = ", ".join(map(repr, sorted(test.values)))
                said = f"{text} {'not in' if test.negated else 'in'} {{{values}}}"
            tests.append(said)
        self.paths.in_condition = False
        return " and ".join(tests)

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
        for name in sorted({list_variable(one, number) for one in elements if one.target for number in _lists(one)}):
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

    def given(self, lines: Lines, depth: int, element: Element, fired: bool) -> None:
        """``v`` holds a source value: transform it and set the target."""
        target = element.target
        if element.kind == "copy":
            names = {source: code.code for source, code in self.model.tables.codes.get(f"copy-{element.name}", {}).items()}
            lines.add(depth, f"copy_into(run, r, v, i.type, {names!r}, {element.id!r})")
            if fired:
                lines.add(depth, "fired = True")
            return
        assert target is not None
        hit = self.paths.hit(element)
        if hit:
            lines.add(depth, hit)
        if element.kind == "table":
            self.assign(lines, depth, element, "v", fired)
            return
        if element.kind == "key":
            lines.add(depth, f"w = run.by_key(v, {(element.name,) if element.name else target.targets!r})")
            self.otherwise(lines, depth, element, "unresolved", fired)
            return
        if element.kind == "id":
            self.assign(lines, depth, element, "v", fired)
            return
        if element.row.codes:
            self.coded(lines, depth, element, fired)
            return
        using = element.row.using
        if using in transforms.OF_SENDER:
            lines.add(depth, f"w = run.{using}(v)")
            self.assign(lines, depth, element, "w", fired)
        elif using in transforms.OF_NODE or using in transforms.OF_MANY or using in transforms.OF_PAIR:
            lines.add(depth, "w = v")
            self.otherwise(lines, depth, element, "unreadable", fired)
        elif using in ("", "text") and target.types[0] in ("string", "markdown"):
            self.assign(lines, depth, element, "v", fired)
        else:
            lines.add(depth, f"w = {function_name(using, target.types[0])}(v)")
            self.otherwise(lines, depth, element, "unreadable", fired)

    def otherwise(self, lines: Lines, depth: int, element: Element, reason: str, fired: bool) -> None:
        """Set the target with ``w``, or note the loss."""
        lines.add(depth, "if w is not None:")
        self.assign(lines, depth + 1, element, "w", fired)
        lines.add(depth, "else:")
        self.paths.lose(lines, depth + 1, element, reason)
        if fired:
            lines.add(depth + 1, "fired = True")

    def coded(self, lines: Lines, depth: int, element: Element, fired: bool) -> None:
        """A value through its code table."""
        assert element.target is not None
        form = "code" if set(element.target.types) & {"code", "string", "markdown", "uri"} else element.target.types[0]
        lines.add(depth, f"w = code_as_{form}({codes_name(element.row.codes)}, {'v.lower()' if element.row.using else 'v'})")
        if form == "CodeableConcept" and element.target.binding is None:
            lines.add(depth, "if w is None:")
            self.paths.lose(lines, depth + 1, element, "no-code")
            lines.add(depth + 1, 'w = {"text": v}')
            self.assign(lines, depth, element, "w", fired)
        else:
            self.otherwise(lines, depth, element, "no-code", fired)

    def constant(self, lines: Lines, depth: int, element: Element, peers: list[Element]) -> None:
        """A constant: by itself where its register has nothing else, otherwise only beside what else there is."""
        assert element.target is not None
        others = [
            peer
            for peer in peers
            if peer is not element and not peer.constant and peer.target and peer.register == element.register
        ]
        part = element.target.repeats or len(element.target.parts) > element.target.register
        if others and part:
            lines.add(
                depth,
                f"if {list_variable(element, element.target.register - 1)} is not None:"
                if element.target.repeats
                else f'if "{element.target.path}" in r:',
            )
            depth += 1
        self.assign(
            lines,
            depth,
            element,
            constant_expression(element, element.target, self.codes),
            False,
        )

    def assign(self, lines: Lines, depth: int, element: Element, value: str, fired: bool) -> None:
        """Put an expression's value where the target says."""
        target = element.target
        assert target is not None
        register = "" if self.in_table else element.register
        if self.in_table:
            pass
        elif self.traced and not element.constant:
            lines.add(depth, f"run.traced({element.id!r}, i, {register!r}, {self.paths.origin(element)}, {value})")
        elif self.traced:
            lines.add(depth, f"run.traced({element.id!r}, i, {register!r}, {CONSTANT!r}, {value})")
        emit_assignment(lines, depth, element, register, value)
        if fired:
            lines.add(depth, "fired = True")

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
                {list_variable(element, number) for element in elements if element.target for number in _lists(element)}
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


def emit_assignment(lines: Lines, depth: int, element: Element, register: str, value: str) -> None:
    """Statements that walk from the registers (or a sub-table's dict) to the target and set it."""
    target = element.target
    assert target is not None
    start = target.register if register else 0
    parts = target.parts
    holder = "r"
    if register:
        last = start == len(parts)
        part = parts[start - 1]
        if part.label is None:
            if last:
                lines.add(depth, f"r[{register!r}] = {value}")
                return
            lines.add(depth, f"d = r.get({register!r})")
            lines.add(depth, "if d is None:")
            lines.add(depth + 1, f"d = r[{register!r}] = {{}}")
            holder = "d"
        else:
            if last and _primitive(target):
                lines.add(depth, f"r.setdefault({register!r}, []).append({value})")
                return
            holder = _enter_list(lines, depth, element, start - 1, f"r.setdefault({register!r}, [])", part, value if last else "")
            if last:
                return
    for number in range(start, len(parts)):
        part, last = parts[number], number == len(parts) - 1
        if part.label is None:
            if last:
                lines.add(depth, f"{holder}[{part.key!r}] = {value}")
            else:
                lines.add(depth, f"d = {holder}.setdefault({part.key!r}, {{}})")
                holder = "d"
        elif last and _primitive(target):
            lines.add(depth, f"{holder}.setdefault({part.key!r}, []).append({value})")
        else:
            holder = _enter_list(
                lines, depth, element, number, f"{holder}.setdefault({part.key!r}, [])", part, value if last else ""
            )


def _enter_list(lines: Lines, depth: int, element: Element, number: int, container: str, part: Part, whole: str) -> str:
    variable = list_variable(element, number)
    url = f'"url": {part.url!r}' if part.url else ""
    lines.add(depth, f"if {variable} is None:")
    if whole:
        lines.add(depth + 1, f"{variable} = {whole}")
        lines.add(depth + 1, f"{container}.append({variable})")
        lines.add(depth, "else:")
        lines.add(depth + 1, f"{variable}.update({whole})")
    else:
        lines.add(depth + 1, f"{variable} = {{{url}}}")
        lines.add(depth + 1, f"{container}.append({variable})")
    return variable


def _primitive(target: Target) -> bool:
    return bool(target.types) and target.types[0][:1].islower()


def _lists(element: Element) -> list[int]:
    assert element.target is not None
    parts = element.target.parts
    return [
        n for n, part in enumerate(parts) if part.label is not None and not (n == len(parts) - 1 and _primitive(element.target))
    ]


def list_variable(element: Element, number: int) -> str:
    """The variable of the list element at a part: the same for all rows of a block that share the path up to there."""
    assert element.target is not None
    words = [
        f"{part.key}_{part.label or ''}" if part.label is not None else part.key for part in element.target.parts[: number + 1]
    ]
    return "e_" + "_".join(words).replace("-", "_")


def route_name(message: str) -> str:
    """A message type as a part of names."""
    return "".join(letter if letter.isalnum() else "_" for letter in message)


def codes_name(name: str) -> str:
    """The generated name of a code table."""
    return "C_" + "".join(letter if letter.isalnum() else "_" for letter in name)


def constant_expression(element: Element, target: Target, codes: Mapping[str, dict[str, Code]]) -> str:
    """The expression of a constant: what a code table gives for it (asked each time where it is not in ``codes``), by the
    sender's systems, or as its transform gives it."""
    path = element.sources[0]
    assert isinstance(path, Literal)
    form, using = target.types[0], element.row.using
    if element.row.codes:
        name = f"code_as_{'code' if form in ('code', 'string', 'markdown', 'uri') else form}"
        if element.row.codes in codes:
            return repr(getattr(coded, name)(codes[element.row.codes], path.text))
        return f"{name}({codes_name(element.row.codes)}, {path.text!r})"
    if using in transforms.OF_SENDER:
        return f"run.{using}({path.text!r})"
    made = transforms.REGISTRY[using, form](path.text)
    if form == "decimal":
        return f"Number({str(made)!r})"
    return repr(made if isinstance(made, (bool, int)) else str(made))


def function_name(using: str, kind: str) -> str:
    """The name under which a transform is known to generated code."""
    return f"x_{using or 'text'}_{kind}"
