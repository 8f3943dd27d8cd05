"""Emits access to trees (XML, JSON, CSV). In generated code ``c`` is an instance's node, ``x`` what ``each`` stands on."""

from __future__ import annotations

from interop.mapping import transforms
from interop.mapping.emit_rows import Lines
from interop.mapping.model import Element, Model, Resource, SubTable
from interop.mapping.paths import Literal, Path, Predicate, Step, TreePath


class TreePaths:
    """Paths of trees as child walks: a generated function for each distinct path."""

    subtable_arguments = "run, m, x"

    def __init__(self, model: Model) -> None:
        self.model = model
        self._functions: dict[str, str] = {}
        self._source: list[str] = []
        self.looping = False
        self.in_table = False
        self.in_condition = False

    def enter(self, resource: Resource | None, table: bool = False) -> None:
        """Begin to emit rows of a resource or sub-table, outside any loop."""
        self.in_table, self.looping = table, False

    def functions(self) -> list[str]:
        """The walks, to stand before the rest."""
        return self._source

    def walk(self, path: TreePath) -> str:
        """The name of the generator function that yields every node at a path."""
        said = repr(path)
        if said not in self._functions:
            name = self._functions[said] = f"w{len(self._functions)}"
            inner = [(step, [self._predicate(predicate) for predicate in step.predicates]) for step in path.steps]
            lines = Lines()
            lines.add(0, f"def {name}(n, o):")
            lines.add(1, f'"""{path}"""')
            depth, node = 1, "n"
            joined = [number for number, step in enumerate(path.steps) if step.predicates] if path.start == "/" else []
            if len(joined) == 1 and len(tests := path.steps[joined[0]].predicates) == 1 and tests[0].other is not None:
                place = joined[0]
                bare = TreePath("/", (*path.steps[:place], Step(path.steps[place].name)))
                value = f"value_of({self.walk(tests[0].other)}, o)"
                found = f"JOINS.found({self.walk(bare)}, {self.walk(tests[0].path)}, {value})"
                if below := path.steps[place + 1 :]:
                    lines.add(1, f"for n in {found}:")
                    lines.add(2, f"yield from {self.walk(TreePath('.', below))}(n, o)")
                else:
                    lines.add(1, f"return iter({found})")
                self._source.append(lines.text() + "\n")
                return name
            if path.start == "/":
                lines.add(1, "n = JOINS.root")
            elif path.start == "**":
                lines.add(1, "for n in below(n):")
                depth = 2
            elif path.start == "^":
                lines.add(1, "n = n.up")
                lines.add(1, "while n is not None:")
                lines.add(2, "found = False")
                depth = 2
            for number, (step, tests) in enumerate(inner):
                kids = f"all_kids({node})" if step.name == "*" else f'{node}.kids.get("{step.name}", ())'
                lines.add(depth, f"for n{number} in {kids}:")
                depth, node = depth + 1, f"n{number}"
                for test in tests:
                    lines.add(depth, f"if {test.format(node=node)}:")
                    depth += 1
            if path.start == "^":
                lines.add(depth, "found = True")
            lines.add(depth, f"yield {node}")
            if path.start == "^":
                lines.add(2, "if found:")
                lines.add(3, "return")
                lines.add(2, "n = n.up")
            self._source.append(lines.text() + "\n")
        return self._functions[said]

    def _predicate(self, predicate: Predicate) -> str:
        inner = self.walk(predicate.path)
        if predicate.value is not None:
            return f"holds({inner}, {{node}}, {predicate.value!r})"
        if predicate.other is not None:
            return f"holds({inner}, {{node}}, value_of({self.walk(predicate.other)}, o))"
        return f"has({inner}, {{node}})"

    def node(self, path: Path) -> str:
        """The node that a relative path starts from: what ``each`` stands on, in a condition only for paths with a dot."""
        if self.in_table:
            return "x"
        return "c" if (self.in_condition and isinstance(path, TreePath) and path.start == ".") or not self.looping else "x"

    # contexts

    def occurrences(self, lines: Lines, resource: Resource) -> int:
        """The loop over where a resource occurs; sets ``c`` and ``place``."""
        if resource.each is None:
            lines.add(1, "c = up.fields")
            lines.add(1, "place = id(c)")
            return 1
        assert isinstance(resource.each, TreePath)
        lines.add(1, f"for c in {self.walk(resource.each)}(up.fields, up.fields):")
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
        lines.add(depth, f"for x in {self.walk(each)}(o, o):")
        return depth + 1

    # expressions

    def first(self, path: TreePath) -> str:
        """The first node at a path, or None."""
        node = self.node(path)
        return node if not path.steps else f"next({self.walk(path)}({node}, {node}), None)"

    def text(self, resource: Resource | None, path: Path, scope: str) -> str:
        """The text at a path, '' where absent."""
        if isinstance(path, Literal):
            return repr(path.text)
        assert isinstance(path, TreePath)
        if child := _child(path):
            return f"value_of_kid({self.node(path)}, {child!r})"
        return f"value_of({self.walk(path)}, {self.node(path)})" if path.steps else f"read_value({self.node(path)})"

    def present(self, resource: Resource | None, path: Path, scope: str) -> str:
        """Whether anything stands at a path: a text, or a node with children."""
        if isinstance(path, TreePath) and (child := _child(path)):
            return f"has_kid({self.node(path)}, {child!r})"
        if isinstance(path, TreePath) and path.steps:
            return f"has({self.walk(path)}, {self.node(path)})"
        return f"({self.text(resource, path, scope)} != '')"

    def whole_key(self, resource: Resource, path: Path | str) -> str:
        """Trees have no identifier fields."""
        return ""

    # rows

    def loop(self, lines: Lines, depth: int, resource: Resource, each: Path, elements: list[Element]) -> int:
        """The loop over ``each`` of a block of rows."""
        assert isinstance(each, TreePath)
        lines.add(depth, f"for x in {self.walk(each)}(c, c):" if each.steps else "for x in (c,):")
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
        return ", place" if element.row.each and other.row.each == element.row.each and resource.name in other.row.within else ""

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
            walks = ", ".join(f"{self.walk(path)}({node}, {node})" for path in element.sources if isinstance(path, TreePath))
            lines.add(depth, f"v = {joint}.join(t for w in ({walks},) for t in map(read_value, w) if t)")
            if using == "textdata":
                lines.add(depth, "v = text_data(v)")
        else:
            lines.add(depth, f"v = {' or '.join(self.text(resource, path, scope) for path in element.sources)}")
        lines.add(depth, "if v:")
        return depth + 1

    def origin(self, element: Element) -> str:
        """The source path of a row, for the trace."""
        each = f"{element.each}/" if element.each is not None and str(element.each) != "." else ""
        return repr(
            "|".join(
                each + str(source) if isinstance(source, TreePath) and source.start == "." else str(source)
                for source in element.sources
            )
        )

    def leave(self, lines: Lines, depth: int, resource: Resource | None, element: Element) -> None:
        """A deliberate ``-``: whatever lies there is told as not carried."""
        for path in element.sources:
            assert isinstance(path, TreePath)
            if path.start == "**":
                continue
            node = self.node(path)
            nodes = f"{self.walk(path)}({node}, {node})" if path.steps else f"({node},)"
            lines.add(depth, f"leave(run, {nodes}, {element.id!r})")
        if all(isinstance(path, TreePath) and path.start == "**" for path in element.sources):
            lines.add(depth, "pass")

    def withdraw(self, lines: Lines, depth: int, element: Element, register: str) -> None:
        """What the source names as deleted: the register is deleted unless another node fills it; the node counts as read."""
        for path in element.sources:
            assert isinstance(path, TreePath)
            node = self.node(path)
            lines.add(depth, f"for n in {self.walk(path)}({node}, {node}):" if path.steps else f"for n in ({node},):")
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
        lines.add(1, f"unread_tree(run, m, PLAN_{name})")
        lines.add(0, f"PLAN_{name} = {suffixes!r}")


def _child(path: TreePath) -> str:
    """The name of a path that is one step down and asks nothing; '' for any other."""
    plain = path.start in (".", "./") and len(path.steps) == 1 and not path.steps[0].predicates
    return path.steps[0].name if plain and path.steps[0].name != "*" else ""
