"""Emits access to trees (XML, JSON, CSV). In generated code ``c`` is an instance's node, ``x`` what ``each`` stands on."""

from __future__ import annotations

from interop.mapping import transforms
from interop.mapping.lines import Lines
from interop.mapping.model import Element, Resource, SubTable
from interop.mapping.paths import Path, TreePath
from interop.mapping.tree_texts import TreeTexts


class TreePaths(TreeTexts):
    """Rows of trees as statements."""

    subtable_arguments = "run, m, x"

    # contexts

    def occurrences(self, lines: Lines, resource: Resource) -> int:
        """The loop over where a resource occurs; sets ``c`` and ``place``."""
        if resource.each is None:
            lines.add(1, "c = up.fields")
            lines.add(1, "place = id(c)")
            return 1
        assert isinstance(resource.each, TreePath)
        lines.add(1, f"for c in {self.nodes(resource.each, 'up.fields')}:")
        lines.add(2, "place = id(c)")
        return 2

    def settle(self, lines: Lines, depth: int, resource: Resource) -> None:
        """Tell the new instance where it stands."""
        lines.add(depth, "i.fields = c")

    def pure(self, resource: Resource) -> bool:
        """Marks on the nodes have to be set each time."""
        return False

    def pure_key(self, lines: Lines, depth: int, resource: Resource) -> None:
        """Nothing is pure."""

    def occurrence(self, lines: Lines, depth: int, resource: Resource) -> None:
        """Nothing: nodes are split already."""

    def prologue(self, lines: Lines, resource: Resource) -> None:
        """Names for a filler."""
        lines.add(1, "c = i.fields")

    def splits(self, lines: Lines, resource: Resource, elements: list[Element]) -> None:
        """Nothing: nodes are split already."""

    def subtable_prologue(self, lines: Lines, table: SubTable) -> None:
        """What loops start from. What is left unread is found by the marks."""
        lines.add(1, "o = x")

    def subtable_loop(self, lines: Lines, depth: int, each: Path) -> int:
        """A loop inside a sub-table."""
        assert isinstance(each, TreePath)
        lines.add(depth, f"for x in {self.nodes(each, 'o')}:")
        return depth + 1

    # rows

    def loop(self, lines: Lines, depth: int, resource: Resource, each: Path, elements: list[Element]) -> int:
        """The loop over ``each`` of a block of rows."""
        assert isinstance(each, TreePath)
        lines.add(depth, f"for x in {self.nodes(each, 'c')}:")
        lines.add(depth + 1, "place = id(x)")
        self.looping = True
        return depth + 1

    def tracks(self, elements: list[Element]) -> bool:
        """What no row took is found by the marks."""
        return False

    def unfired(self, lines: Lines, depth: int, first: Element) -> None:
        """Never asked for."""

    def place(self, resource: Resource, element: Element) -> str:
        """The occurrence that a reference means."""
        other = self.model.resources[element.name]
        if not element.row.each:
            beside = resource.row.each and other.row.each == resource.row.each and set(other.row.within) & set(resource.row.within)
            return ", i.place" if beside else ""
        return ", place" if other.row.each == element.row.each and resource.name in other.row.within else ""

    def value(self, lines: Lines, depth: int, resource: Resource | None, element: Element, scope: str) -> int:
        """Set ``v`` from the row's sources; what follows runs only where it is present."""
        using = element.row.using
        node = self.node(element.sources[0])
        if element.kind in ("table", "copy") or using in transforms.OF_NODE:
            lines.add(depth, f"v = {' or '.join(self.first(path) for path in element.sources if isinstance(path, TreePath))}")
            if element.kind == "table":
                lines.add(depth, f"v = t_{element.name}(run, m, v) if v is not None else None")
            elif using in transforms.OF_NODE:
                assert element.target is not None
                lines.add(depth, f"v = node_{using}(v) if v is not None else None")
            lines.add(depth, "if v is not None:")
            return depth + 1
        if element.kind == "id":
            parts = ", ".join(self.text(resource, path, scope) for path in element.sources)
            lines.add(depth, f'v = run.known("{element.name}", ({parts},))')
            lines.add(depth, "if v is not None:")
            return depth + 1
        if using in transforms.OF_PAIR:
            lines.add(depth, f"v = pair_{using}({', '.join(self.text(resource, path, scope) for path in element.sources)})")
            lines.add(depth, "if v is False:")
            self.lose(lines, depth + 1, element, "unreadable")
            lines.add(depth, "if v:")
            return depth + 1
        if using in transforms.OF_MANY:
            joint = "' '" if using == "join" else "'\\n'"
            walks = ", ".join(self.nodes(path, node) for path in element.sources if isinstance(path, TreePath))
            lines.add(depth, f"v = {joint}.join(t for w in ({walks},) for t in map(read_value, w) if t)")
            if using == "textdata":
                lines.add(depth, "v = text_data(v)")
        else:
            lines.add(depth, f"v = {' or '.join(self.text(resource, path, scope) for path in element.sources)}")
        lines.add(depth, "if v:")
        return depth + 1

    def origin(self, element: Element) -> str:
        """The source path of a row, for the trace."""
        each = "" if element.each is None else str(element.each).removeprefix("./").removeprefix(".")
        return repr("|".join(_seen(each, source) for source in element.sources))

    def leave(self, lines: Lines, depth: int, resource: Resource | None, element: Element) -> None:
        """A deliberate ``-``: whatever lies there is told as not carried."""
        for path in element.sources:
            assert isinstance(path, TreePath)
            if path.start == "**":
                continue
            node = self.node(path)
            test = self.within(path, node)
            if test:
                lines.add(depth, f"if {test}:")
            lines.add(depth + bool(test), f"leave(run, {self.nodes(path, node)}, {element.id!r})")
        if all(isinstance(path, TreePath) and path.start == "**" for path in element.sources):
            lines.add(depth, "pass")

    def withdraw(self, lines: Lines, depth: int, element: Element, register: str) -> None:
        """What the source names as deleted: the register is deleted unless another node fills it; the node counts as read."""
        for path in element.sources:
            assert isinstance(path, TreePath)
            node = self.node(path)
            lines.add(depth, f"for n in {self.nodes(path, node)}:")
            lines.add(depth + 1, "mark(n)")
            lines.add(depth + 1, f"i.deleted += ({register!r},)")

    def lose(self, lines: Lines, depth: int, element: Element, reason: str) -> None:
        """Note a loss of a row's source."""
        lines.add(depth, f"run.lose({self.origin(element)}, {reason!r}, {element.id!r})")

    def hit(self, element: Element) -> str:
        """Marks are on the nodes."""
        return ""

    def finish(self, lines: Lines, name: str, resources: tuple[str, ...]) -> None:
        """Note what nobody read."""
        suffixes: dict[tuple[str, ...], str] = {}
        for resource in self.model.resources.values():
            if resource.name in resources:
                for element in resource.elements:
                    for path in element.sources:
                        if element.kind == "none" and isinstance(path, TreePath) and path.start == "**":
                            suffixes[tuple(step.name for step in path.steps)] = element.id
        lines.add(1, f"PLAN_{name}.unread(run, m)")
        lines.add(0, f"PLAN_{name} = TreePlan({suffixes!r})")


def _seen(each: str, source: Path) -> str:
    """A source path as seen from the resource's node: what stands below ``each`` is told with it."""
    if not isinstance(source, TreePath) or source.start not in (".", "./"):
        return str(source)
    return "/".join(filter(None, (each, *(step.name for step in source.steps)))) or "."
