"""Which fields of ER7 messages the rows read, so that the rest can be told."""

from __future__ import annotations

from dataclasses import replace

from interop.mapping import transforms
from interop.mapping.model import Element, Model, Resource
from interop.mapping.paths import Er7Path, Path
from interop.mapping.unread import Reading

IDENTIFIER = (1, 4, 5)
"""The components of CX that make a key: value, assigning authority, and the type where that is absent (HL7 v2.4, 2.9.12)."""


class LossPlan:
    """Which fields the resources of a route read, so that the rest can be told."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self.conditional: set[tuple[str, int]] = set()
        plain: set[tuple[str, int]] = set()
        for resource in model.resources.values():
            for element in resource.elements:
                for path in self.paths(resource, element):
                    where = (path.segment, path.field)
                    (self.conditional if element.when and not element.row.each else plain).add(where)
        self.conditional -= plain

    def conditional_path(self, element: Element) -> Er7Path | None:
        """The field that a row marks as met, where all rows of that field have conditions."""
        path = element.each if element.row.each else (element.sources[0] if element.sources else None)
        there = isinstance(path, Er7Path) and path.field and (path.segment, path.field) in self.conditional
        return path if there and isinstance(path, Er7Path) else None

    @staticmethod
    def whole(base: Path | None, path: object) -> Er7Path | None:
        """A path to a field as seen from the message; None for what is none. ``base`` is what a relative path starts from."""
        if isinstance(path, Er7Path) and path.segment:
            return path if path.field else None
        if isinstance(path, Er7Path) and isinstance(base, Er7Path) and base.field:
            return Er7Path(base.segment, base.field, False, path.component, path.subcomponent)
        return None

    @staticmethod
    def paths(resource: Resource, element: Element) -> list[Er7Path]:
        """The absolute paths that a row reads."""
        base = element.each if isinstance(element.each, Er7Path) else resource.each
        found = []
        for path in element.sources:
            if isinstance(path, Er7Path):
                if path.segment:
                    found.append(path)
                elif isinstance(base, Er7Path) and base.field:
                    found.append(Er7Path(base.segment, base.field, base.repeats, path.component, path.subcomponent))
        return found

    def of(self, resource: Resource) -> Reading:
        """What the rows of a resource and its key read."""
        read: Reading = {}
        for element in resource.elements:
            looped = isinstance(element.each, Er7Path) and element.each.repeats
            own = element.row.each == "" and isinstance(resource.each, Er7Path) and resource.each.repeats
            for path in self.paths(resource, element):
                relative = bool(element.sources) and any(isinstance(s, Er7Path) and not s.segment for s in element.sources)
                every = path.repeats and bool(element.row.codes or element.kind == "table")
                many = element.row.using in transforms.OF_MANY or every
                whole = element.kind in ("table", "none") and not path.component
                repeats = ((looped or own) and relative) or many or (element.kind == "none" and not path.component)
                _note(read, path, repeats, whole, (path.segment, path.field) in self.conditional)
            for test in element.when:
                if path_ := self.whole(element.each or resource.each, test.path):
                    _note(read, path_, False, False, False)
        keys: list[object] = [path for _, part in resource.key for path in part]
        alone = len(resource.key) == 1 and all(isinstance(path, Er7Path) and not path.component for path in keys)
        for used in (*keys, resource.relink):
            if key := self.whole(resource.each, used):
                own = isinstance(used, Er7Path) and not used.segment
                repeats = own and isinstance(resource.each, Er7Path) and resource.each.repeats
                for component in IDENTIFIER if (alone or used is resource.relink) and not key.component else (key.component,):
                    _note(read, replace(key, component=component), repeats, False, False)
        return read

    def decided(self, resource: Resource) -> Reading:
        """What decides whether there is a resource: it has done its work even where there is none."""
        read: Reading = {}
        for test in resource.when:
            if path := self.whole(resource.each, test.path):
                _note(read, path, False, False, False)
        return read


def _note(read: Reading, path: Er7Path, repeats: bool, whole: bool, condition: bool) -> None:
    fields = read.setdefault(path.segment, {})
    before = fields.get(path.field, (False, frozenset(), True))
    parts = None if whole or before[1] is None else before[1] | {(path.component or 1, path.subcomponent)}
    fields[path.field] = (before[0] or repeats, parts, before[2] and condition)
