"""``copy:``: a subtree in the form of FHIR taken over as it stands, element by element, as far as R4 knows and allows it.

``copy:same`` keeps names; another name is a table ``codes/copy-NAME.csv`` whose sources are old names and whose codes are new ones.
What other rows of the resource read is theirs and is left to them. ``codes`` may name a table of what is not taken as it stands:
``SYSTEM|CODE`` another coding in its place, ``PATH`` (``Appointment.participant.status``) the code where the source gives none,
``PATH|URL`` an extension that may not stand there and is told as not carried, where the code is ``-``, else the url by which R4
knows it. An extension that a row reads by its ``@name`` is left to that row, others are taken. On the way

- a value is written as its datatype has it (JSON and XML alike), a time without a zone is Europe/London's; one that cannot be of
  its datatype is a loss ``unreadable``, a code outside a required value set ``no-code``; a coding without a system, where such a
  value set has that code once, is of that system; a value set is no code system and goes;
- the systems of identifiers and codings are those of ``systems.csv``, an NHS number loses its blanks;
- a reference points to the resource of this message that has that key or address, its own or its ``@ref``, else to the one beside
  it that its ``@key`` names; one that points to none keeps what it says as an identifier and is a loss ``unresolved``;
- a part that R4 demands and the source leaves out is said to be absent (``data-absent-reason``), a code of a required set to be
  ``unknown`` where that has it; the kind of a contact point is told by its form, of an empty section that it is empty;
- of a narrative that holds what none may hold the text stays; one without a status may say more than the elements;
- an extension without a url, or with neither or both of value and extensions, is a loss ``unreadable``;
- of ``meta`` only ``security`` and ``tag`` are taken.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from interop.formats.tree import Node
from interop.mapping.copied import Copy
from interop.mapping.lines import codes_name
from interop.mapping.model import Element as Row
from interop.mapping.model import Model
from interop.mapping.paths import Step, TreePath
from interop.mapping.runtime import Run
from interop.mapping.tables import Code

_KEPT_OF_META = ("security", "tag")


class Copier:
    """``copy_into`` of the tables of one family: it knows which children the other rows of a resource read."""

    def __init__(self, model: Model, space: Mapping[str, Any]) -> None:
        self._space = space
        self._codes = {
            element.id: element.row.codes
            for each in model.resources.values()
            for element in each.elements
            if element.kind == "copy"
        }
        self._taken: dict[tuple[str, str], frozenset[str]] = {}
        self._given: dict[tuple[str, str], frozenset[str]] = {}
        for resource in model.resources.values():
            rows = [element.id for element in resource.elements if element.kind == "copy"]
            names = _read_by(resource.elements)
            for row in rows:
                place = row, resource.row.type
                self._taken[place] = self._taken.get(place, frozenset()) | names
                others = {element.target.parts[0].key for element in resource.elements if element.target}
                others |= model.tables.shared.required.get(resource.row.type, {}).keys()
                self._given[place] = self._given.get(place, frozenset()) | others

    def __call__(self, run: Run, registers: dict[str, Any], node: Node, kind: str, names: dict[str, str], row: str) -> None:
        """Set a register for each child of ``node`` that R4's ``kind`` has; what it lacks is a loss, by its path."""
        skip = self._taken.get((row, kind), frozenset()) | {"resourceType", "id", "meta"}
        table: dict[str, Code] = self._space[codes_name(self._codes[row])] if self._codes[row] else {}
        copy = Copy(run, names, row, table)
        meta = node.kid("meta")
        if meta is not None:
            for name, value in copy.members(meta, f"{kind}.meta", frozenset(meta.kids) - set(_KEPT_OF_META)).items():
                registers.setdefault(f"meta.{name}:{row}", []).extend(value)
        made = copy.members(node, kind, skip)
        copy.complete(made, kind, self._given.get((row, kind), frozenset()))
        for name, value in made.items():
            if isinstance(value, list):
                registers.setdefault(f"{name}:{row}", []).extend(value)
            else:
                registers.setdefault(name, value)


def _read_by(elements: list[Row]) -> frozenset[str]:
    """The children that rows read, by the first step of their paths; ``extension@NAME`` those extensions alone."""
    read = set()
    for element in elements:
        if element.kind == "copy":
            continue
        looped = isinstance(element.each, TreePath) and bool(element.each.steps)
        for path in (element.each,) if looped else element.sources:
            if isinstance(path, TreePath) and path.start in (".", "./") and path.steps:
                read.add(_child_of(path.steps[0]))
    return frozenset(read)


def _child_of(step: Step) -> str:
    """The child that a step takes; of extensions the one of that name, where the step asks for one."""
    names = [each.value for each in step.predicates if str(each.path) == "@name" and each.value]
    return f"extension@{names[0]}" if step.name == "extension" and names else step.name
