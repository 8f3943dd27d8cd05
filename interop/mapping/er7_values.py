"""Rows of ER7 as statements of generated code: their values, what is lost of them, which fields they have met."""

from __future__ import annotations

from interop.mapping import transforms
from interop.mapping.emit_targets import list_variable
from interop.mapping.er7_texts import Er7Texts
from interop.mapping.lines import Lines, codes_name
from interop.mapping.model import Element, Resource
from interop.mapping.paths import Er7Path


class Er7Values(Er7Texts):
    """What stands for a row, wherever its resource or sub-table is."""

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
