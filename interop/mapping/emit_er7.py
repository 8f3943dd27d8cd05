"""Emits access to ER7 messages. In generated code ``m`` is an ``Er7``; ``i.fields`` are an instance's segment or raw repetition."""

from __future__ import annotations

from collections import Counter

from interop.mapping import transforms
from interop.mapping.emit_rows import Lines, codes_name, list_variable, route_name
from interop.mapping.er7_access import PARTS
from interop.mapping.er7_texts import Er7Texts
from interop.mapping.model import Element, Resource, SubTable
from interop.mapping.paths import Er7Path, Path
from interop.mapping.pure import fields_of, only_left
from interop.mapping.units import Unit, partition


class Er7Paths(Er7Texts):
    """Paths of ER7 as expressions."""

    subtable_arguments = "run, m, x, cs, at"

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

    def subtable_prologue(self, lines: Lines, table: SubTable) -> None:
        """Note what a sub-table leaves unread."""
        known = {n for element in table.elements for n in _components(element)}
        whole = any(isinstance(path, Er7Path) and not path.component for element in table.elements for path in element.sources)
        lines.add(1, "p = m.parts(x, cs)")
        deep = any(isinstance(path, Er7Path) and path.subcomponent for element in table.elements for path in element.paths)
        if deep or any(element.kind == "table" for element in table.elements):
            lines.add(1, "pr = p if m.tidy else m.raw_parts(x, cs)")
        self._inner(lines, table)
        if not whole:
            strays = [number for number in range(1, PARTS + 1) if number not in known]
            populated = " or ".join(f"p[{number - 1}]" for number in strays if number <= max(known, default=0))
            beyond = f"any(p[{max(known, default=0)}:])"
            lines.add(1, f"if {populated + ' or ' if populated else ''}{beyond}:")
            lines.add(2, f"for n in stray_parts(p, {known or 'set()'}):")
            lines.add(3, 'run.lose(f"{at}.{n}", "unmapped")')
            for component, inner in sorted(_partly(table).items()):
                raw = f"pr[{component - 1}]"
                lines.add(1, f"if m.subcomponent in {raw}:" if 1 in inner else f"if {raw}:")
                lines.add(2, f"for n in stray_parts({raw}.split(m.subcomponent), {inner}):")
                lines.add(3, f'run.lose(f"{{at}}.{component}.{{n}}", "unmapped")')

    def _inner(self, lines: Lines, table: SubTable) -> None:
        """Names for the subcomponents that a sub-table asks for more than once."""
        asked = Counter(
            (path.component, path.subcomponent)
            for element in table.elements
            for path in element.paths
            if isinstance(path, Er7Path) and path.subcomponent
        )
        self.inner = frozenset()
        often = sorted(place for place, times in asked.items() if times > 1)
        for component, number in often:
            lines.add(1, f"p_{component}_{number} = {self.relative(Er7Path('', 0, False, component, number))}")
        self.inner = frozenset(often)

    def subtable_loop(self, lines: Lines, depth: int, each: Path) -> int:
        """A loop inside a sub-table is over nothing in ER7: repetitions are of fields."""
        raise ValueError(f"a sub-table of ER7 cannot loop over {each}")

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

    def place(self, resource: Resource, element: Element) -> str:
        """The occurrence that a reference means: this one, where the other resource stands on the same ``each``."""
        other = self.model.resources[element.name]
        segment = isinstance(element.each, Er7Path) and not element.each.field
        beside = segment or resource.name in other.row.within or other.row.within == resource.row.within
        if element.row.each and other.row.each == element.row.each and beside:
            return ", place"
        return ""

    def value(self, lines: Lines, depth: int, resource: Resource | None, element: Element, scope: str) -> int:
        """Set ``v`` from the row's sources; what follows runs only where it is present."""
        if element.kind == "table":
            return self._table_value(lines, depth, resource, element, scope)
        using = element.row.using
        if using in transforms.OF_MANY:
            joint = "' '" if using == "join" else "'\\n'"
            parts = ", ".join(f"*{self.many(path, scope, element)}" for path in element.sources if isinstance(path, Er7Path))
            lines.add(depth, f"v = {joint}.join(t for t in ({parts},) if t)")
            if using == "textdata":
                lines.add(depth, "v = text_data(v)")
        elif using in transforms.OF_PAIR:
            lines.add(depth, f"v = pair_{using}({', '.join(self.text(resource, path, scope) for path in element.sources)})")
            lines.add(depth, "if v is False:")
            self.lose(lines, depth + 1, element, "unreadable")
        elif element.row.codes and isinstance(element.sources[0], Er7Path) and element.sources[0].repeats:
            self._first_known(lines, depth, resource, element, scope)
        else:
            path = element.sources[0]
            deletes = element.target is not None and resource is not None and not element.row.each and len(element.sources) == 1
            if deletes and isinstance(path, Er7Path) and path.segment and path.field and not path.component:
                lines.add(depth, f"v = {self.field(resource, path, scope)}")
                lines.add(depth, "if v:")
                lines.add(depth + 1, "if v == NULL:")
                lines.add(depth + 2, f"i.deleted += ({element.register!r},)")
                lines.add(depth + 1, "v = m.text(v)")
                lines.add(depth + 1, "if v:")
                return depth + 2
            if deletes and isinstance(path, Er7Path) and path.segment not in ("", "MSH") and path.component:
                lines.add(depth, f"if {self.field(resource, path, scope)} == NULL:")
                lines.add(depth + 1, f"i.deleted += ({element.register!r},)")
                if hit := self.hit(element):
                    lines.add(depth + 1, hit)
            lines.add(depth, f"v = {' or '.join(self.text(resource, path, scope) for path in element.sources)}")
        lines.add(depth, "if v:")
        return depth + 1

    def many(self, path: Er7Path, scope: str, element: Element) -> str:
        """All texts at a path: of every repetition, and of every segment of that name in the context whose field is one of
        those values that the row's ``when`` asks of it."""
        if not path.segment:
            return f"[{self.relative(path)}]"
        own = self.current.each if self.current is not None else None
        if isinstance(own, Er7Path) and not own.field and own.segment == path.segment:
            return f"m.texts(c[{path.field}], {path.component or 1})"
        if self.loop_path is not None and not self.loop_path.field and self.loop_path.segment == path.segment:
            return f"m.texts(s[{path.field}], {path.component or 1})"
        asked = [
            f", {test.path.field}, {tuple(sorted(test.values))!r}"
            for test in element.when
            if test.kind == "in" and not test.negated and isinstance(test.path, Er7Path) and test.path.segment == path.segment
        ]
        return f'm.texts_within("{path.segment}", {path.field}, {path.component or 1}, {scope}{"".join(asked[:1])})'

    def _first_known(self, lines: Lines, depth: int, resource: Resource | None, element: Element, scope: str) -> None:
        """The first repetition that the code table has; what no table of the field's rows has, or what comes second, is lost."""
        path = element.sources[0]
        assert isinstance(path, Er7Path)
        field, number = self.field(resource, path, scope), path.component or 1
        rows = resource.elements if resource is not None else [element]
        beside = [other for other in rows if other.sources[:1] == (path,) and other.row.codes]
        tables = ", ".join(codes_name(name) for name in dict.fromkeys(other.row.codes for other in beside))
        every = f"({tables},)" if beside[-1] is element else "None"
        own = codes_name(element.row.codes)
        lines.add(depth, f"v = {field} and m.known({field}, {own}, {number})")
        lines.add(depth, f"for n, why in m.left_over({field}, {own}, {every}, {number}) if {field} else ():")
        lines.add(depth + 1, f'run.lose(f"{path.segment}-{path.field}[{{n}}]", why, {element.id!r})')

    def _table_value(self, lines: Lines, depth: int, resource: Resource | None, element: Element, scope: str) -> int:
        path = element.sources[0]
        assert isinstance(path, Er7Path)
        if not path.segment:
            outer = "cs" if resource is None else "m.component"
            where = "x" if resource is None or element.row.each else "c"
            if path.component:
                lines.add(depth, f"y = {'pr' if where == 'x' else 'qr'}[{path.component - 1}]")
                inner = "m.subcomponent"
                at = (
                    f'f"{{at}}.{path.component}"'
                    if resource is None
                    else repr(f"{element.each or resource.row.each}.{path.component}")
                )
            else:
                lines.add(depth, f"y = {where}")
                inner = outer
                at = "at" if resource is None else repr(str(element.each or (resource.each if resource else "")))
        else:
            field = self.field(resource, path, scope)
            if element.target is not None and not element.row.each and not path.component:
                lines.add(depth, f"if {field} == NULL:")
                lines.add(depth + 1, f"i.deleted += ({element.register!r},)")
            if path.component:
                lines.add(depth, f"y = m.raw_part(m.once({field}), m.component, {path.component})")
                inner = "m.subcomponent"
            else:
                if not path.repeats:
                    lines.add(depth, f"y = {field} and m.once({field})")
                inner = "m.component"
            at = repr(str(path))
        if path.repeats and element.target is not None:
            lines.add(depth, f"for y in m.repetitions({field}) if {field} else ():")
            depth += 1
            if element.target.parts[-1].label is not None:
                lines.add(depth, f"{list_variable(element, len(element.target.parts) - 1)} = None")
        lines.add(depth, f"v = t_{element.name}(run, m, y, {inner}, {at}) if y and y != NULL else None")
        lines.add(depth, "if v is not None:")
        return depth + 1

    def origin(self, element: Element) -> str:
        """The source path of a row, for the trace."""
        path = element.sources[0] if element.sources else None
        if isinstance(path, Er7Path) and not path.segment:
            each = str(element.each or (self.current.each if self.current is not None else None) or "")
            if not path.component:
                return repr(each)
            return repr(f"{each}.{path.component}" + (f".{path.subcomponent}" if path.subcomponent else ""))
        return repr("|".join(str(source) for source in element.sources))

    def withdraw(self, lines: Lines, depth: int, element: Element, register: str) -> None:
        """Refused when the tables are loaded: ER7 deletes by ``""``."""
        raise ValueError(f"{element.id}: delete is of trees")

    def leave(self, lines: Lines, depth: int, resource: Resource | None, element: Element) -> None:
        """A deliberate ``-``."""
        path = element.sources[0]
        if resource is None:
            lines.add(depth, f"if {self.text(None, path, 'x')}:")
            inner = str(path) if isinstance(path, Er7Path) else ""
            at = f'f"{{at}}{inner}"' if inner else "at"
            lines.add(depth + 1, f'run.lose({at}, "not-carried", {element.id!r})')
            return
        assert isinstance(path, Er7Path)
        if path.repeats:
            field = self.field(resource, path, "i")
            lines.add(depth, f"for n in range(2, {field}.count(m.repetition) + 2):")
            lines.add(depth + 1, f'run.lose(f"{path.segment}-{path.field}[{{n}}]", "not-carried", {element.id!r})')
            return
        if path.segment and path.field and path.component and not path.subcomponent:
            there = f"any(m.texts({self.field(resource, path, 'i')}, {path.component}))"
        else:
            there = self.present(resource, path, "i") if path.segment or path.component else "True"
        lines.add(depth, f"if {there}:")
        self.lose(lines, depth + 1, element, "not-carried")
        hit = self.hit(element)
        if hit:
            lines.add(depth + 1, hit)

    def lose(self, lines: Lines, depth: int, element: Element, reason: str) -> None:
        """Note a loss of a row's source."""
        path = element.sources[0] if element.sources else None
        if self.in_table and isinstance(path, Er7Path):
            at = f'f"{{at}}{path}"' if path.component else "at"
        else:
            at = self.origin(element)
        lines.add(depth, f"run.lose({at}, {reason!r}, {element.id!r})")

    def hit(self, element: Element) -> str:
        """A statement that marks a field as met, for fields whose rows all have conditions; '' for others."""
        if self.in_table:
            return ""
        path = self.plan.conditional_path(element)
        if path is not None:
            if self.in_unit:
                return f'i.hits += ("{path.segment}-{path.field}",)'
            return f"run.hits.add(({path.field}, id({self.segment(self.current, path, 'i')})))"
        return ""

    def hits(self, resource: Resource, elements: list[Element]) -> dict[str, str]:
        """The fields that the rows of a unit mark as met, with the expressions of their segments."""
        self.enter(resource)
        paths = [path for element in elements if (path := self.plan.conditional_path(element))]
        return {f"{path.segment}-{path.field}": self.segment(resource, path, "i") for path in paths}

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


def _components(element: Element) -> list[int]:
    numbers = [path.component for path in element.sources if isinstance(path, Er7Path) and path.component]
    return numbers + [test.path.component for test in element.when if isinstance(test.path, Er7Path) and test.path.component]


def _partly(table: SubTable) -> dict[int, set[int]]:
    """The components of which a sub-table reads only certain subcomponents, with these."""
    read: dict[int, set[int]] = {}
    for element in table.elements:
        for path in element.paths:
            if isinstance(path, Er7Path) and path.component:
                read.setdefault(path.component, set()).add(path.subcomponent)
    return {component: inner for component, inner in read.items() if 0 not in inner}
