"""Emits what becomes of a value: conditions, transforms, codes, constants, and the register that it goes to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from interop.mapping import coded, transforms
from interop.mapping.conditions import Condition
from interop.mapping.emit_targets import emit_assignment, list_variable
from interop.mapping.lines import Lines, codes_name, function_name
from interop.mapping.model import Element, Model, Resource
from interop.mapping.paths import CONSTANT, Literal
from interop.mapping.tables import Code
from interop.mapping.targets import Target

if TYPE_CHECKING:
    from interop.mapping.emit_er7 import Er7Paths
    from interop.mapping.emit_tree import TreePaths


class ValueEmitter:
    """Values to statements. ``i`` is the instance, ``r`` its registers, ``v`` what a row's source says."""

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
