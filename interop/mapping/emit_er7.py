"""Emits access to ER7 messages. In generated code ``m`` is an ``Er7``; ``i.fields`` are an instance's segment or raw repetition."""

from __future__ import annotations

from interop.mapping.er7_subtables import Er7Subtables
from interop.mapping.lines import Lines, route_name
from interop.mapping.model import Element, Resource
from interop.mapping.paths import Er7Path, Path
from interop.mapping.pure import fields_of, only_left
from interop.mapping.units import Unit, partition


class Er7Paths(Er7Subtables):
    """Where resources of ER7 stand: their loops, the names that their rows share, what follows from the same fields."""

    def functions(self) -> list[str]:
        """What stands before the rest: the fields that each resource reads, and those that decide whether there is one."""
        reads = {name: (self.plan.of(resource), self.plan.decided(resource)) for name, resource in self.model.resources.items()}
        left = {name: resource.left for name, resource in self.model.resources.items() if resource.left}
        return [f"READS = {reads!r}\nLEFT = {left!r}\n\n"]

    def occurrences(self, lines: Lines, resource: Resource) -> int:
        """The loop over where a resource occurs; sets ``place`` and ``c`` (segment or raw repetition)."""
        each = resource.each
        self.hoisted, self.split = frozenset(), frozenset()
        if each is None:
            lines.add(1, "place = 0")
            lines.add(1, "c = up.fields")
            return 1
        assert isinstance(each, Er7Path)
        if not each.field:
            lines.add(1, f'for place, c in m.within("{each.segment}", up):')
            return 2
        lines.add(1, f"f = {self.field(resource, each, 'up')}")
        lines.add(1, "if not f or f == NULL:")
        lines.add(2, "return")
        lines.add(1, "for place, c in enumerate(m.repetitions(f)):" if each.repeats else "for place, c in ((0, m.once(f)),):")
        lines.add(2, "if not c or c == NULL:")
        lines.add(3, "continue")
        return 2

    def occurrence(self, lines: Lines, depth: int, resource: Resource) -> None:
        """Set ``q``, the parts of a repetition, where its condition or key asks for them."""
        paths = [*(test.path for test in resource.when), *(path for _, part in resource.key for path in part)]
        if any(isinstance(path, Er7Path) and not path.segment and path.component for path in paths):
            lines.add(depth, "q = m.parts(c, m.component)")
            lines.add(depth, "qr = q if m.tidy else m.raw_parts(c, m.component)")

    def settle(self, lines: Lines, depth: int, resource: Resource) -> None:
        """Tell the new instance where it stands."""
        lines.add(depth, "i.fields = c")
        each = resource.each
        if isinstance(each, Er7Path) and not each.field:
            lines.add(depth, "i.lo = place")
            lines.add(depth, f"i.hi = m.end(place, up, {self.stops(resource)})")
        else:
            lines.add(depth, "i.lo, i.hi = up.lo, up.hi")

    def stops(self, resource: Resource) -> str:
        """Where its context ends: at the segments of siblings that the route makes."""
        return f"STOPS_{resource.name}[active]"

    def stopping(self, lines: Lines) -> None:
        """These segments, by resource and by what a route makes."""
        for resource in self.model.resources.values():
            if isinstance(resource.each, Er7Path) and not resource.each.field:
                lines.add(0, f"STOPS_{resource.name} = {{")
                for route in self.model.tables.routes:
                    met = sorted({segment for name, segment in resource.stops if name in route.resources})
                    lines.add(1, f"ACTIVE_{route_name(route.message)}: frozenset({met!r}),")
                lines.add(0, "}")

    def pure(self, resource: Resource) -> bool:
        """Whether a resource follows from fields alone, so that it need be made only once for the same: not where it belongs to
        a patient, holds others, or has a fate of its own."""
        return fields_of(self.model, self.plan, resource) is not None

    def pure_key(self, lines: Lines, depth: int, resource: Resource) -> None:
        """Set ``k`` to what a pure resource follows from: the raw fields that its rows read; of those that are not carried,
        whether they are there."""
        fields = fields_of(self.model, self.plan, resource) or set()
        flags = only_left(resource)
        self.enter(resource)
        names = {segment for segment, _ in fields if self.segment(resource, Er7Path(segment), "up").startswith("m.near")}
        for name in sorted(names):
            lines.add(depth, f's_{name} = m.only.get("{name}") or {self.segment(resource, Er7Path(name), "up")}')
        self.hoisted = frozenset(names)
        key = ["c"] if isinstance(resource.each, Er7Path) and resource.each.field else []
        for segment, number in sorted(fields):
            raw = f"{self.segment(resource, Er7Path(segment), 'up')}[{number}]"
            key.append(f"{raw} not in ABSENT" if (segment, number) in flags else raw)
        self.hoisted = frozenset()
        lines.add(depth, f"k = ({', '.join([*key, 'run.organisation', 'run.mint'])}) if m.simple else None")

    def units(self, resource: Resource) -> tuple[list[Unit], list[Element]]:
        """The rows that can be worked out once for the same fields, and the others; what is pure is made once as a whole."""
        return ([], resource.elements) if self.pure(resource) else partition(self.model, resource)

    def prologue(self, lines: Lines, resource: Resource) -> None:
        """Names for a filler: the segments that its rows look at."""
        lines.add(1, "c = i.fields")
        if isinstance(resource.each, Er7Path) and resource.each.field:
            lines.add(1, "q = m.parts(c, m.component)")
            lines.add(1, "qr = q if m.tidy else m.raw_parts(c, m.component)")
        self.hoisted, self.split = frozenset(), frozenset()
        paths = [
            path
            for element in resource.elements
            for path in (element.each, *element.paths)
            if not (isinstance(path, Er7Path) and _loops_over(element, path.segment))
        ]
        own = resource.each.segment if isinstance(resource.each, Er7Path) and not resource.each.field else ""
        names = {path.segment for path in paths if isinstance(path, Er7Path) and path.segment and path.field} - {own}
        for name in sorted(names):
            found = self.segment(resource, Er7Path(name), "i")
            lines.add(1, f's_{name} = m.only.get("{name}") or {found}' if found.startswith("m.near") else f"s_{name} = {found}")
        self.hoisted = frozenset(names)

    def splits(self, lines: Lines, resource: Resource, elements: list[Element]) -> None:
        """Names for the components that these rows read."""
        self.enter(resource)
        fields = {
            (path.segment, path.field)
            for element in elements
            if not (isinstance(element.each, Er7Path) and not element.each.field)
            for path in element.paths
            if isinstance(path, Er7Path) and path.segment and path.component and not path.subcomponent
        } - {("MSH", 9)}
        for name, number in sorted(fields):
            lines.add(1, f"k_{name}_{number} = m.once_parts({self.field(resource, Er7Path(name, number), 'i')})")
        self.split = frozenset(fields)

    def loop(self, lines: Lines, depth: int, resource: Resource, each: Path, elements: list[Element]) -> int:
        """The loop over ``each`` of a block of rows."""
        assert isinstance(each, Er7Path)
        if not each.field:
            lines.add(depth, f'for place, s in m.within("{each.segment}", i):')
            self.loop_path = each
            return depth + 1
        field = self.field(resource, each, "i")
        self.loop_path = each
        lines.add(depth, f"f = {field}")
        registers = sorted({element.register for element in elements if element.target})
        lines.add(depth, "if f == NULL:")
        lines.add(depth + 1, f"i.deleted += {tuple(registers)!r}")
        lines.add(depth + 1, "f = ''")
        lines.add(
            depth,
            "for place, x in enumerate(m.repetitions(f)) if f else ():"
            if each.repeats
            else "for place, x in ((0, m.once(f)),) if f else ():",
        )
        lines.add(depth + 1, f"if {'not place or ' if each.rest else ''}not x or x == NULL:")
        lines.add(depth + 2, "continue")
        if any(_relative(element) for element in elements):
            lines.add(depth + 1, "p = m.parts(x, m.component)")
            lines.add(depth + 1, "pr = p if m.tidy else m.raw_parts(x, m.component)")
        return depth + 1

    def tracks(self, elements: list[Element]) -> bool:
        """Whether a repetition may be met by no row, so that it has to be watched."""
        each = elements[0].each
        if not isinstance(each, Er7Path) or not each.field or each.rest:
            return False
        return all(element.when or element.constant for element in elements)

    def unfired(self, lines: Lines, depth: int, first: Element) -> None:
        """Note a repetition that no row took."""
        lines.add(depth, "if not fired:")
        lines.add(
            depth + 1, f'run.lose({str(first.each)!r} if not place else f"{first.each}[{{place + 1}}]", "condition", {first.id!r})'
        )

    def finish(self, lines: Lines, name: str, resources: tuple[str, ...]) -> None:
        """Note what no row of this route reads, at the end of its function."""
        lines.add(1, f"unread(run, m, PLAN_{name})")
        lines.add(0, f"PLAN_{name} = RoutePlan(READS, ACTIVE_{name}, LEFT)")


def _relative(element: Element) -> bool:
    """Whether a row reads parts of what its ``each`` stands on."""
    tests = [test.path for test in element.when]
    sources = [path for path in element.sources if element.kind != "table" or (isinstance(path, Er7Path) and path.component)]
    return any(isinstance(path, Er7Path) and not path.segment for path in [*tests, *sources])


def _loops_over(element: Element, segment: str) -> bool:
    """Whether a row's ``each`` is that segment, so that its paths mean the one at hand."""
    return isinstance(element.each, Er7Path) and not element.each.field and element.each.segment == segment
