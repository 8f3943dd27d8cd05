"""Emits the units of an ER7 resource: one function each, and in the filler one look-up each."""

from __future__ import annotations

from interop.mapping.emit_er7 import Er7Paths
from interop.mapping.emit_rows import RowEmitter
from interop.mapping.lines import Lines
from interop.mapping.model import Element, Resource
from interop.mapping.paths import Er7Path
from interop.mapping.units import Field, Unit


class UnitEmitter:
    """``u_NAME_N(run, m, k, known, ...)`` makes the ``Kept`` of a unit for the raw fields ``k``."""

    def __init__(self, paths: Er7Paths, rows: RowEmitter) -> None:
        self.paths, self.rows = paths, rows
        self.count = 0
        """How many units there are in all."""

    def of(self, resource: Resource) -> tuple[list[Unit], list[Element]]:
        """The units of a resource and the rows outside them."""
        return self.paths.units(resource)

    def functions(self, lines: Lines, resource: Resource, units: list[Unit]) -> None:
        """The functions of a resource's units."""
        for number, unit in enumerate(units, self.count):
            lines.add(0, f"def u_{resource.name}_{number}({', '.join(self._arguments(resource, unit))}):")
            lines.add(1, "i = r = Kept()")
            lines.add(1, "before = len(run.losses)")
            self.paths.splits(lines, resource, unit.elements)
            self.paths.in_unit = True
            self.rows.block(lines, resource, unit.each, unit.elements)
            self.paths.in_unit = False
            lines.add(1, "if len(run.losses) > before:")
            lines.add(2, "i.losses = run.losses[before:]")
            lines.add(2, "del run.losses[before:]")
            lines.add(1, "if i.__dict__:")
            lines.add(2, "i.more = True")
            lines.add(1, "known.keep(k, i)")
            lines.add(1, "return i")
            lines.add(0, "")

    def calls(self, lines: Lines, resource: Resource, units: list[Unit]) -> None:
        """What stands in the filler."""
        if units:
            lines.add(1, "known = run.units")
        for unit in units:
            self._call(lines, resource, unit)
            self.count += 1

    def _call(self, lines: Lines, resource: Resource, unit: Unit) -> None:
        number, depth = self.count, 1
        fields = [self._field(resource, field) for field in unit.fields]
        lines.add(depth, f"# {' '.join(element.id for element in unit.elements)}")
        keys = [*fields, *(["run.trigger"] if unit.triggered else [])]
        key = keys[0] if len(keys) == 1 else f"({', '.join(keys)})"
        if unit.only:
            lines.add(depth, f"if {self.rows.conditions(lines, depth, resource, unit.only, 'i')}:")
            depth += 1
        if unit.idle and len(keys) == 1:
            lines.add(depth, f"k = {key}")
            lines.add(depth, "if k:")
            depth += 1
        elif unit.idle:
            lines.add(depth, f"if {' or '.join(fields)}:")
            depth += 1
        if not unit.idle or len(keys) > 1:
            lines.add(depth, f"k = {key}")
        arguments = ", ".join(self._arguments(resource, unit)).replace("known", f"known[{number}]")
        lines.add(depth, f"u = known[{number}].get(k)")
        lines.add(depth, "if u is None:")
        lines.add(depth + 1, f"u = u_{resource.name}_{number}({arguments})")
        lines.add(depth, "r.update(u)")
        lines.add(depth, "if u.more:")
        lines.add(depth + 1, "i.deleted += u.deleted")
        lines.add(depth + 1, "run.losses += u.losses")
        for path, segment in self.paths.hits(resource, unit.elements).items():
            lines.add(depth + 1, f"if {path!r} in u.hits:")
            lines.add(depth + 2, f"run.hits.add(({path.partition('-')[2]}, id({segment})))")

    def _field(self, resource: Resource, field: Field) -> str:
        return self.paths.field(resource, Er7Path(*field), "i")

    def _arguments(self, resource: Resource, unit: Unit) -> list[str]:
        segments = {self.paths.segment(resource, Er7Path(*field), "i") for field in unit.fields}
        return ["run", "m", "k", "known", *sorted(segments)]
