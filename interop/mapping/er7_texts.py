"""Paths of ER7 as expressions of generated code, where ``m`` is an ``Er7`` and ``i.fields`` an instance's segment or repetition."""

from __future__ import annotations

from interop.mapping.loss_plan import LossPlan
from interop.mapping.model import Model, Resource
from interop.mapping.paths import Er7Path, Literal, Path


class Er7Texts:
    """Expressions for segments, fields and texts; what names they may use depends on what is being emitted."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self.plan = LossPlan(model)
        self.loop_path: Er7Path | None = None
        self.in_table = False
        self.current: Resource | None = None
        self.in_condition = False
        self.hoisted: frozenset[str] = frozenset()
        self.split: frozenset[tuple[str, int]] = frozenset()
        self.in_unit = False
        self.inner: frozenset[tuple[int, int]] = frozenset()

    def enter(self, resource: Resource | None, table: bool = False) -> None:
        """Begin to emit rows of a resource or sub-table, outside any loop."""
        self.current, self.in_table, self.loop_path = resource, table, None

    @staticmethod
    def there(resource: Resource) -> str:
        """What else to ask before a resource is looked for: whether there is any segment that it stands on."""
        each = resource.each
        return f'"{each.segment}" in m.index' if isinstance(each, Er7Path) and not each.field else ""

    def segment(self, resource: Resource | None, path: Er7Path, scope: str) -> str:
        """The fields of a path's segment as seen from ``scope``."""
        own = resource.each if resource is not None else None
        if isinstance(own, Er7Path) and not own.field and own.segment == path.segment:
            return "c"
        if isinstance(self.loop_path, Er7Path) and not self.loop_path.field and self.loop_path.segment == path.segment:
            return "s"
        if path.segment in self.hoisted:
            return f"s_{path.segment}"
        ancestor, steps = resource, f"{scope}"
        if scope == "i":
            steps = "i.up"
        while ancestor is not None and len(ancestor.row.within) == 1:
            ancestor = self.model.resources[ancestor.row.within[0]]
            if isinstance(ancestor.each, Er7Path) and not ancestor.each.field and ancestor.each.segment == path.segment:
                return f"{steps}.fields"
            steps += ".up"
        return f'm.near("{path.segment}", {scope})'

    def field(self, resource: Resource | None, path: Er7Path, scope: str) -> str:
        """A raw field."""
        return f"{self.segment(resource, path, scope)}[{path.field}]"

    def text(self, resource: Resource | None, path: Path, scope: str) -> str:
        """The text at a path, '' where absent."""
        if isinstance(path, Literal):
            return repr(path.text)
        assert isinstance(path, Er7Path)
        if not path.segment:
            return self.relative(path)
        if not path.field:
            return f"{self.segment(resource, path, scope)}[0]"
        if (path.segment, path.field, path.component) == ("MSH", 9, 2):
            return "run.trigger"
        field = self.field(resource, path, scope)
        if path.subcomponent:
            return f"({field} and m.subcomponent_of({field}, {path.component}, {path.subcomponent}))"
        looped = self.loop_path is not None and not self.loop_path.field and self.loop_path.segment == path.segment
        if path.component and (path.segment, path.field) in self.split and not looped:
            return f"k_{path.segment}_{path.field}[{path.component - 1}]"
        if path.component:
            return f"({field} and m.component_of({field}, {path.component}))"
        return f"({field} and m.text({field}))"

    def relative(self, path: Er7Path) -> str:
        """A path from what ``each`` stands on."""
        parts = "p" if self.in_table or self.loop_path else "q"
        part = f"{parts}[{(path.component or 1) - 1}]"
        if path.subcomponent:
            if self.in_table and (path.component, path.subcomponent) in self.inner:
                return f"p_{path.component}_{path.subcomponent}"
            raw = f"{parts}r[{path.component - 1}]"
            return f"({raw} and m.part({raw}, m.subcomponent, {path.subcomponent}))"
        return "m.plain(x)" if self.in_table and not path.component else part

    def present(self, resource: Resource | None, path: Path, scope: str) -> str:
        """Whether anything stands at a path."""
        if isinstance(path, Er7Path) and path.segment and path.field and not path.component:
            return f"({self.field(resource, path, scope)} not in ABSENT)"
        return f"({self.text(resource, path, scope)} != '')"

    def whole_key(self, resource: Resource, path: Path | str) -> str:
        """The key from a whole field, read as CX or EI; '' where the path is no whole field."""
        if isinstance(path, Er7Path) and path.field and not path.component:
            return f'm.key_of(run, "{resource.row.type}", {self.field(resource, path, "i")})'
        if isinstance(path, Er7Path) and not path.segment and not path.component:
            return f'm.key_of(run, "{resource.row.type}", c)'
        return ""
