"""Emits where a value goes: from the registers, or a sub-table's dict, through objects and lists to the target."""

from __future__ import annotations

from interop.mapping.lines import Lines
from interop.mapping.model import Element
from interop.mapping.targets import Part, Target


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


def lists(element: Element) -> list[int]:
    """The parts of a target that are elements of lists: each has a variable (``list_variable``)."""
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
