"""Which rows of an ER7 resource make a unit: rows whose registers follow from a few fields alone."""

from __future__ import annotations

from dataclasses import dataclass

from interop.mapping import transforms
from interop.mapping.conditions import Test
from interop.mapping.model import Element, Model, Resource
from interop.mapping.paths import Er7Path, Literal, Path

Field = tuple[str, int]
TRIGGER: Field = ("MSH", -1)
"""MSH-9.2, which the run knows."""
FIELDS = 3
"""More fields than this seldom come together twice."""
MADE_OF_FIELDS = ("value", "table", "none")


@dataclass(slots=True)
class Unit:
    """Rows that share ``each`` and follow from ``fields``; ``only`` are the tests of the trigger that all of them have.
    ``idle`` where nothing comes of empty fields."""

    each: str
    elements: list[Element]
    fields: tuple[Field, ...]
    only: tuple[Test, ...]
    idle: bool

    @property
    def triggered(self) -> bool:
        """Whether what comes out depends on the trigger, the common tests aside."""
        tests = [test for element in self.elements for test in element.when if test not in self.only]
        return any(_is_trigger(path) for path in [*(test.path for test in tests), *_sources(self.elements)])


def partition(model: Model, resource: Resource) -> tuple[list[Unit], list[Element]]:
    """The units of a resource, and the rows that belong to none."""
    if (isinstance(resource.each, Er7Path) and resource.each.field) or any(one.kind == "copy" for one in resource.elements):
        return [], resource.elements
    groups = _groups(resource)
    registers = [{element.register for element in group if element.target} for group in groups]
    units: dict[object, Unit] = {}
    rest: list[Element] = []
    for number, group in enumerate(groups):
        others = set().union(*registers[:number], *registers[number + 1 :])
        fields = _fields(model, resource, group)
        if fields is None or _shared(group, registers[number], others):
            rest += group
            continue
        only = tuple(test for test in group[0].when if _is_trigger(test.path) and all(test in one.when for one in group))
        key = group[0].row.each, fields, only
        if key in units and not group[0].row.each:
            units[key].elements += group
        else:
            units[number if group[0].row.each else key] = Unit(group[0].row.each, list(group), tuple(sorted(fields)), only, False)
    for unit in units.values():
        unit.elements.sort(key=resource.elements.index)
        unit.idle = bool(unit.each) or not any(_anyway(element, unit.elements) for element in unit.elements)
    rest.sort(key=resource.elements.index)
    return list(units.values()), rest


def _whole(element: Element) -> bool:
    """Whether a row sets its register at one go."""
    target = element.target
    return target is not None and not target.repeats and len(target.parts) == target.register


def _groups(resource: Resource) -> list[list[Element]]:
    """Rows that have to stay together: those of one ``each``, and without ``each`` those of one register in the making."""
    groups: dict[object, list[Element]] = {}
    whole: dict[str, bool] = {}
    for element in resource.elements:
        if element.target and not element.row.each:
            whole[element.register] = whole.get(element.register, True) and _whole(element)
    for element in resource.elements:
        if element.row.each:
            key: object = ("each", element.row.each)
        elif element.target and not whole[element.register]:
            key = ("register", element.register)
        else:
            key = ("row", element.id)
        groups.setdefault(key, []).append(element)
    return list(groups.values())


def _shared(group: list[Element], own: set[str], others: set[str]) -> bool:
    """Whether other rows touch what these make: the same register, save one set at one go, or an element within it."""
    if any(one.startswith(f"{mine}.") or mine.startswith(f"{one}.") for mine in own for one in others):
        return True
    return bool(own & others) and not (len(group) == 1 and _whole(group[0]) and not group[0].row.each)


def _fields(model: Model, resource: Resource, group: list[Element]) -> frozenset[Field] | None:
    """The fields that some rows follow from; None where there are too many, none, or more than fields."""
    own = resource.each.segment if isinstance(resource.each, Er7Path) else ""
    each = group[0].each
    if each is not None and not (isinstance(each, Er7Path) and each.field):
        return None
    fields: set[Field] = {(each.segment, each.field)} if isinstance(each, Er7Path) else set()
    for element in group:
        if element.kind not in MADE_OF_FIELDS or not _table_of_fields(model, element):
            return None
        for path in [*element.sources, *(test.path for test in element.when)]:
            if isinstance(path, Literal) or _is_trigger(path):
                continue
            if not isinstance(path, Er7Path) or (path.segment and not path.field):
                return None
            if path.segment:
                fields.add((path.segment, path.field))
        if element.row.using in transforms.OF_MANY and any(
            isinstance(path, Er7Path) and path.segment not in ("", own) for path in element.sources
        ):
            return None
    return frozenset(fields) if 0 < len(fields) <= FIELDS else None


def _table_of_fields(model: Model, element: Element) -> bool:
    """Whether a row's sub-table, if any, holds no references."""
    if element.kind != "table":
        return True
    return all(one.kind in MADE_OF_FIELDS and _table_of_fields(model, one) for one in model.subtables[element.name].elements)


def _is_trigger(path: Path) -> bool:
    return isinstance(path, Er7Path) and (path.segment, path.field, path.component) == ("MSH", 9, 2)


def _sources(elements: list[Element]) -> list[Path]:
    return [path for element in elements for path in element.sources]


def _anyway(element: Element, unit: list[Element]) -> bool:
    """Whether a row without ``each`` may do something where all fields of its unit are empty."""
    if any(test.kind == "present" and not test.negated and not _is_trigger(test.path) for test in element.when):
        return False
    if element.constant:
        return not any(
            not peer.constant and peer.target and element.target and peer.register == element.register and not _whole(element)
            for peer in unit
        )
    return any(isinstance(path, Literal) or _is_trigger(path) for path in element.sources)
