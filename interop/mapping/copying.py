"""``copy:``: a JSON subtree taken over as it stands, element by element, as far as R4 knows its names.

``copy:same`` keeps names; another name is a table ``codes/copy-NAME.csv`` whose sources are old names and whose codes are new ones.
"""

from __future__ import annotations

from typing import Any

from interop.fhir import facts
from interop.formats.tree import Node
from interop.mapping.generated import mark, path_of
from interop.mapping.runtime import Run


def copy_into(run: Run, registers: dict[str, Any], node: Node, kind: str, names: dict[str, str], row: str) -> None:
    """Set a register for each child of ``node`` that R4's ``kind`` has; what it lacks is a loss, by its path."""
    for name, kids in node.kids.items():
        if name in ("resourceType", "id", "meta"):
            continue
        element = facts.element(f"{kind}.{names.get(name, name)}")
        if element is None or element.max == 0:
            for kid in kids:
                run.lose(path_of(kid), "unmapped", row)
            continue
        values = [kept for kept in (_kept(run, kid, element.path, names, row) for kid in kids) if kept not in (None, {}, [])]
        if values and element.max is None:
            registers.setdefault(f"{element.name}:{row}", []).extend(values)
        elif values:
            registers.setdefault(element.name, values[0])


def _kept(run: Run, node: Node, path: str, names: dict[str, str], row: str) -> Any:
    if not node.kids or isinstance(node.raw, str):
        mark(node)
        return node.raw
    made: dict[str, Any] = {}
    for name, kids in node.kids.items():
        element = facts.element(f"{path}.{names.get(name, name)}")
        if element is None or element.max == 0:
            for kid in kids:
                run.lose(path_of(kid), "unmapped", row)
            continue
        values = [kept for kept in (_kept(run, kid, element.path, names, row) for kid in kids) if kept not in (None, {}, [])]
        if values:
            made[element.name] = values if element.max is None else values[0]
    return made
