"""Paths of trees as expressions of generated code, where ``c`` is an instance's node and ``x`` what ``each`` stands on."""

from __future__ import annotations

from interop.formats.csv import ROW
from interop.mapping.lines import Lines
from interop.mapping.model import Model, Resource
from interop.mapping.paths import Literal, Path, Predicate, Step, TreePath

PARTS = ("@id", "@ref", "@type")
"""What readers make of a reference's text: to read one is to have read the reference."""


class TreeTexts:
    """Paths of trees as child walks: a generated function for each distinct path, where it is more than one step."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self._functions: dict[str, str] = {}
        self._source: list[str] = []
        self.looping = False
        self.in_table = False
        self.in_condition = False
        self.on_row = False
        """Whether what is being emitted stands on a row of a table."""

    def enter(self, resource: Resource | None, table: bool = False) -> None:
        """Begin to emit rows of a resource or sub-table, outside any loop."""
        self.in_table, self.looping = table, False
        self.on_row = resource is not None and self._on_row(resource)

    @staticmethod
    def there(resource: Resource) -> str:
        """What else to ask before a resource is looked for: nothing."""
        return ""

    def _on_row(self, resource: Resource) -> bool:
        if not self.model.rows:
            return False
        if isinstance(resource.each, TreePath) and resource.each.steps:
            return resource.each.steps[-1].name == ROW
        outer = [self.model.resources[name] for name in resource.row.within]
        return resource.each is None and bool(outer) and all(one is not resource and self._on_row(one) for one in outer)

    def functions(self) -> list[str]:
        """The walks, to stand before the rest."""
        return self._source

    def walk(self, path: TreePath) -> str:
        """The name of the generator function that yields every node at a path."""
        return self._function("w", path)

    def reader(self, path: TreePath) -> str:
        """The name of the function that gives the first text at a path, marked as read."""
        return self._function("v", path)

    def _function(self, kind: str, path: TreePath) -> str:
        said = kind + repr(path)
        if said not in self._functions:
            name = self._functions[said] = f"{kind}{len(self._functions)}"
            lines = Lines()
            lines.add(0, f"def {name}(n, o):")
            lines.add(1, f'"""{path}"""')
            self._steps(lines, path, kind == "w")
            self._source.append(lines.text() + "\n")
        return self._functions[said]

    def _steps(self, lines: Lines, path: TreePath, every: bool) -> None:
        """A loop for each step, and at the end all nodes, or the first text."""
        depth, node, steps = 1, "n", path.steps
        if path.start == "/" and (joined := self._joined(path)):
            place, found = joined
            lines.add(1, f"for n in {found}:")
            depth, steps = 2, steps[place + 1 :]
        elif path.start == "/":
            lines.add(1, "n = JOINS.root")
        elif path.start == "^":
            lines.add(1, "n = n.up")
            lines.add(1, "while n is not None:")
            lines.add(2, "found = False")
            depth = 2
        for number, step in enumerate(steps):
            kids = f"all_kids({node})" if step.name == "*" else f'{node}.kids.get("{step.name}", ())'
            if path.start == "**" and not number:
                kids = f'JOINS.below(n, "{step.name}")'
            lines.add(depth, f"for n{number} in {kids}:")
            depth, node = depth + 1, f"n{number}"
            for test in [self._predicate(predicate, node) for predicate in step.predicates]:
                lines.add(depth, f"if {test}:")
                depth += 1
        if path.start == "^":
            lines.add(depth, "found = True")
        if every:
            lines.add(depth, f"yield {node}")
        else:
            lines.add(depth, f"if {node}.value:")
            lines.add(depth + 1, f"return {'read_value(' + node + ')' if _is_part(path) else 'text_of((' + node + ',))'}")
        if path.start == "^":
            lines.add(2, "if found:")
            lines.add(3, "return" if every else "return ''")
            lines.add(2, "n = n.up")
        if not every:
            lines.add(1, "return ''")

    def _joined(self, path: TreePath) -> tuple[int, str] | None:
        """The step of a path such as ``/adminDomain/person[id=$x]`` for which there is an index, and what that gives."""
        asked = [number for number, step in enumerate(path.steps) if step.predicates]
        if len(asked) != 1 or len(tests := path.steps[asked[0]].predicates) != 1 or tests[0].other is None:
            return None
        bare = TreePath("/", (*path.steps[: asked[0]], Step(path.steps[asked[0]].name)))
        child = _child(tests[0].path)
        key = repr(child) if child else self.walk(tests[0].path)
        return asked[0], f"JOINS.{'named' if child else 'found'}({self.walk(bare)}, {key}, {self.text_at(tests[0].other, 'o')})"

    def _predicate(self, predicate: Predicate, node: str) -> str:
        """The test of a predicate of ``node``; ``o`` is where its path starts."""
        child = _child(predicate.path)
        nodes = f'{node}.kids.get("{child}", ())' if child else f"{self.walk(predicate.path)}({node}, {node})"
        if predicate.value is not None:
            return f"holds({nodes}, {predicate.value!r})"
        if predicate.other is not None:
            return f"holds({nodes}, {self.text_at(predicate.other, 'o')})"
        return f"any_filled({nodes})"

    def within(self, path: Path, node: str) -> str:
        """A test that is false where nothing can stand at a path, for the child that it begins with is not there; '' where a look
        is as good."""
        first = path.steps[0].name if isinstance(path, TreePath) and path.start in (".", "./") and path.steps else "*"
        return f"{first!r} in {node}.kids" if first != "*" and not self.model.rows else ""

    def nodes(self, path: TreePath, node: str) -> str:
        """All nodes at a path."""
        if not path.steps:
            return f"({node},)"
        if child := _child(path):
            return f"{node}.kids.get({child!r}, ())"
        walk, test = f"{self.walk(path)}({node}, {node})", self.within(path, node)
        return f"({walk} if {test} else ())" if test else walk

    def text_at(self, path: TreePath, node: str) -> str:
        """The first text at a path, '' where there is none."""
        child, test = _child(path), self.within(path, node)
        if not path.steps:
            return f"read_value({node})"
        if child and self.on_row and node == "c":
            return f"(c.cell({child!r}) if {child!r} in c.cells else '')"
        if child and self.model.rows:
            return f"value_of_kid({node}, {child!r})"
        if child:
            return f"({'part_of' if _is_part(path) else 'text_of'}({node}.kids[{child!r}]) if {test} else '')"
        read = f"{self.reader(path)}({node}, {node})"
        return f"({read} if {test} else '')" if test else read

    def node(self, path: Path) -> str:
        """The node that a relative path starts from: what ``each`` stands on, in a condition only for paths with a dot."""
        if self.in_table:
            return "x"
        return "c" if (self.in_condition and isinstance(path, TreePath) and path.start == ".") or not self.looping else "x"

    def first(self, path: TreePath) -> str:
        """The first node at a path, or None."""
        node = self.node(path)
        if not path.steps:
            return node
        test = self.within(path, node)
        if test and (child := _child(path)):
            return f"({node}.kids[{child!r}][0] if {test} else None)"
        found = f"next({self.walk(path)}({node}, {node}), None)"
        return f"({found} if {test} else None)" if test else found

    def text(self, resource: Resource | None, path: Path, scope: str) -> str:
        """The text at a path, '' where absent."""
        if isinstance(path, Literal):
            return repr(path.text)
        assert isinstance(path, TreePath)
        return self.text_at(path, self.node(path))

    def present(self, resource: Resource | None, path: Path, scope: str) -> str:
        """Whether anything stands at a path: a text, or a node with children."""
        if not isinstance(path, TreePath) or not path.steps:
            return f"({self.text(resource, path, scope)} != '')"
        node = self.node(path)
        child, test = _child(path), self.within(path, node)
        if child and self.on_row and node == "c":
            return f"({child!r} in c.cells)"
        if child and self.model.rows:
            return f"has_kid({node}, {child!r})"
        if child:
            return f"({test} and any_filled({node}.kids[{child!r}]))"
        met = f"any_filled({self.walk(path)}({node}, {node}))"
        return f"({test} and {met})" if test else met

    def whole_key(self, resource: Resource, path: Path | str) -> str:
        """Trees have no identifier fields."""
        return ""


def _child(path: TreePath) -> str:
    """The name of a path that is one step down and asks nothing; '' for any other."""
    plain = path.start in (".", "./") and len(path.steps) == 1 and not path.steps[0].predicates
    return path.steps[0].name if plain and path.steps[0].name != "*" else ""


def _is_part(path: TreePath) -> bool:
    """Whether a path may lead to a part of a reference."""
    return path.steps[-1].name in (*PARTS, "*")
