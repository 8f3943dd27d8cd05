"""Sub-tables of ER7: the parts of a composite, and those of them that no row reads."""

from __future__ import annotations

from collections import Counter

from interop.mapping.er7_access import PARTS
from interop.mapping.er7_values import Er7Values
from interop.mapping.lines import Lines
from interop.mapping.model import Element, SubTable
from interop.mapping.paths import Er7Path, Path


class Er7Subtables(Er7Values):
    """``p`` are the parts of what a sub-table reads, ``pr`` the same as they were sent."""

    subtable_arguments = "run, m, x, cs, at"

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
