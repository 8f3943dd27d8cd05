"""Checks the rows of elements*.csv: targets of R4, transforms by type, codes within value sets, one row a target."""

from __future__ import annotations

from interop.fhir import facts
from interop.mapping import transforms
from interop.mapping.conditions import exclusive, parse_condition
from interop.mapping.model import Element, Model, Resource, SubTable
from interop.mapping.paths import Er7Path, Literal, Path, PathError, TreePath, parse_alternatives, parse_path, split_outside
from interop.mapping.refusal import Refusals
from interop.mapping.source import SourceNames
from interop.mapping.tables import ElementRow
from interop.mapping.targets import Target, TargetError, parse_target

CLINICAL_STATUS = ("status", "clinicalStatus", "verificationStatus")
_OF_PATHS = frozenset((*transforms.OF_NODE, *transforms.OF_MANY, *transforms.OF_PAIR)) - {"plusduration"}


def _looks_up(path: Path) -> bool:
    return (isinstance(path, Er7Path) and bool(path.segment)) or (isinstance(path, TreePath) and path.start in "/^")


def constant_source(element: Element) -> bool:
    """Whether any alternative of ``from`` is a constant."""
    return any(isinstance(path, Literal) for path in element.sources)


def no_place(each: Path | None) -> str:
    """Why ``each`` is nothing to stand on; '' if it is."""
    if isinstance(each, Literal):
        return "each is a path, not a constant"
    if isinstance(each, Er7Path) and (not each.segment or each.component):
        return "each stands on a segment or a field, such as PID-3~"
    return ""


class ElementCheck:
    """Fills ``model.resources[...].elements`` and ``model.subtables``."""

    def __init__(self, model: Model, names: SourceNames, refusals: Refusals) -> None:
        self.model, self.names, self.refusals = model, names, refusals
        self.rows: dict[str, list[ElementRow]] = {}

    def all(self) -> None:
        """Check every row."""
        seen: dict[str, str] = {}
        for row in self.model.tables.elements:
            if row.row in seen:
                self.refuse(row, "there are two rows of that id")
            seen[row.row] = row.file
            for name in row.of:
                self.rows.setdefault(name, []).append(row)
        used: list[str] = []
        for name, resource in self.model.resources.items():
            rows = sorted(self.rows.pop(name, []), key=lambda row: row.row)
            if rows and not resource.row.type:
                rows = [
                    row for row in rows if row.to == "-" or self.refuse(row, f"{name} is only a context: its rows can but say -")
                ]
            resource.elements = self.elements(rows, resource.row.type, resource)
            self.group(resource)
            used += [element.name for element in resource.elements if element.kind == "table"]
        for name, rows in self.rows.items():
            if name not in self.model.subtables:
                for row in rows:
                    self.refuse(row, f"{name} is neither a resource nor a sub-table that a row uses")

    def refuse(self, row: ElementRow, reason: str) -> bool:
        """Note a refusal; false, for use in filters."""
        self.refusals.add(row.file, row.row, reason)
        return False

    def elements(self, rows: list[ElementRow], base: str, resource: Resource | None) -> list[Element]:
        """The understood rows of one resource or sub-table."""
        made = [element for element in (self.element(row, base, resource) for row in rows) if element]
        slots: dict[tuple[str, str], list[Element]] = {}
        for element in made:
            if element.target and not element.target.appends and element.kind != "gone":
                each = element.row.each if any(part.each for part in element.target.parts) else ""
                slot = slots.setdefault((each, element.row.to), [])
                for other in slot:
                    if not exclusive(element.when, other.when):
                        self.refuse(element.row, f"{other.id} sets {element.row.to} too, and both conditions can hold")
                slot.append(element)
        return made

    def element(self, row: ElementRow, base: str, resource: Resource | None) -> Element | None:
        """One row, or None where it was refused."""
        er7 = self.model.er7
        before = len(self.refusals)
        try:
            each = parse_path(row.each, er7) if row.each else None
            sources = self.sources(row) if row.source else ()
            when = parse_condition(row.when, er7)
            target = None if row.to in ("-", "*") else parse_target(base, row.to, self.model.tables.shared.extensions)
        except (PathError, TargetError) as error:
            self.refuse(row, str(error))
            return None
        for path in (each, *sources, *(test.path for test in when)):
            reason = path and self.names.unknown(path)
            if reason:
                self.refuse(row, reason)
            if resource is None and path and (_looks_up(path)):
                self.refuse(row, f"a sub-table cannot look upwards to {path}")
        if resource is None and isinstance(each, Er7Path):
            self.refuse(row, "a sub-table of ER7 has no each: repetitions are of fields")
        if reason := no_place(each):
            self.refuse(row, reason)
        if row.to == "-" and any(isinstance(path, Er7Path) and path.segment and not path.field for path in sources):
            self.left_segment(row, sources, resource)
            return None
        element = self.kind(row, sources, target)
        element.each, element.when = each, when
        if any(isinstance(path, Literal) for path in sources) and (element.kind in ("table", "none") or row.using in _OF_PATHS):
            self.refuse(row, f"{row.using or '-'} takes paths, not constants")
        if element.kind == "copy" or row.to == "*":
            self.copied(element, resource)
        elif row.to == "-":
            self.left_out(element, each or (resource.each if resource else None))
        elif target is not None:
            self.typed(element, target, resource)
        if not sources and element.kind not in ("resource",):
            self.refuse(row, "from is empty")
        return element if len(self.refusals) == before else None

    def copied(self, element: Element, resource: Resource | None) -> None:
        """Whether ``copy:`` has what it copies, where to, and by which names."""
        row = element.row
        if element.kind != "copy" or row.to != "*":
            self.refuse(row, "copy:NAME goes with * and * with copy:NAME")
        elif self.model.er7 or resource is None or any(isinstance(path, Literal) for path in element.sources):
            self.refuse(row, "copy: takes a node of a tree into a resource")
        elif element.name != "same" and f"copy-{element.name}" not in self.model.tables.codes:
            self.refuse(row, f"there is no code table copy-{element.name}")

    def left_out(self, element: Element, base: Path | None) -> None:
        """Whether what a row leaves out may be left out; ``base`` is what its relative paths start from. A field of ER7 is
        clinical as a whole: parts of a repetition and subcomponents may be left out beside the rest."""
        row = element.row
        if not row.why:
            self.refuse(row, "what is deliberately not carried needs a why")
        for path in element.sources:
            whole = path
            inner = isinstance(path, Er7Path) and isinstance(base, Er7Path) and bool(path.component) and not path.segment
            if inner or (isinstance(path, Er7Path) and path.subcomponent):
                continue
            if isinstance(base, Er7Path) and isinstance(path, Er7Path) and not path.segment:
                whole = Er7Path(base.segment, base.field)
            elif isinstance(base, TreePath) and isinstance(path, TreePath) and not path.steps:
                whole = TreePath(base.start, base.steps[-1:])
            if self.names.is_clinical(whole):
                self.refuse(row, f"{whole} is clinical and cannot be left out")

    def left_segment(self, row: ElementRow, sources: tuple[Path, ...], resource: Resource | None) -> None:
        """A row that leaves out whole segments: ``resource.left``."""
        path = sources[0]
        if resource is None or len(sources) > 1 or not isinstance(path, Er7Path) or row.each or row.when or row.using:
            self.refuse(row, "a whole segment is left out by a resource, by itself and always")
        elif not row.why:
            self.refuse(row, "what is deliberately not carried needs a why")
        elif path.segment in self.names.clinical:
            self.refuse(row, f"{path.segment} has clinical fields and cannot be left out whole")
        elif path.segment in resource.left:
            self.refuse(row, f"{resource.left[path.segment]} leaves out {path.segment} too")
        else:
            resource.left[path.segment] = row.row

    def sources(self, row: ElementRow) -> tuple[Path, ...]:
        """The paths of ``from``: alternatives; for a transform of two values both, and for ``@id`` the parts of a key, by ``+``."""
        known = row.using.startswith("@id:")
        if row.using not in transforms.OF_PAIR and not known:
            return parse_alternatives(row.source, self.model.er7)
        parts = split_outside(row.source, "+")
        if not known and len(parts) not in transforms.SEVERAL.get(row.using, (2,)):
            raise PathError(f"{row.using} takes two paths joined by +")
        return tuple(parse_path(part, self.model.er7) for part in parts)

    def kind(self, row: ElementRow, sources: tuple[Literal | Er7Path | TreePath, ...], target: Target | None) -> Element:
        """What a row does, by its ``using``."""
        constant = bool(sources) and all(isinstance(path, Literal) for path in sources)
        using = row.using
        kind, name = "value", using
        if row.to == "-":
            kind, name = "none", ""
        elif using == "gone":
            kind = using
        elif using == "@key" or using.startswith("@key:"):
            kind, name = "key", using[5:]
        elif using.startswith("@id:"):
            kind, name = "id", using[4:]
        elif using.startswith("@"):
            kind, name = "resource", using[1:]
        elif using.startswith("table:"):
            kind, name = "table", using[6:]
        elif using.startswith("copy:"):
            kind, name = "copy", using[5:]
        elif using == "delete":
            kind, name = "delete", ""
        return Element(row, kind, name, None, sources, (), target, constant and kind == "value")

    def typed(self, element: Element, target: Target, resource: Resource | None) -> None:
        """Whether what the row gives is what the target takes."""
        row, kinds = element.row, target.types
        if element.kind == "gone":
            if resource is None or not row.why or (target.repeats and len(target.parts) > target.register):
                self.refuse(row, "what is gone is a whole element of a resource, and needs a why")
            return
        if element.kind in ("resource", "key", "id"):
            if "Reference" not in kinds:
                self.refuse(row, f"{row.to} is of type {'|'.join(kinds)}, not Reference")
            if resource is None and (element.kind == "resource" or self.model.er7):
                self.refuse(row, "a sub-table refers to resources by @key alone, and only in a tree")
            elif element.kind == "id" and self.model.er7:
                self.refuse(row, "@id takes a key of a tree")
            elif (element.kind == "id" or (element.kind == "key" and element.name)) and not _refers(target, element.name):
                self.refuse(row, f"{row.to} does not refer to {element.name}")
            elif element.kind == "resource":
                other = self.model.resources.get(element.name)
                if other is None or not other.row.type:
                    self.refuse(row, f"there is no resource {element.name}")
                elif not _refers(target, other.row.type):
                    self.refuse(row, f"{row.to} does not refer to {other.row.type}")
        elif element.kind == "delete":
            if self.model.er7 or resource is None or constant_source(element):
                self.refuse(row, "delete takes a node of a tree, in a resource")
        elif element.kind == "table":
            self.subtable(element, target.block)
        elif self.model.er7 and row.using in transforms.OF_NODE:
            self.refuse(row, f"{row.using} reads a node of a tree")
        elif row.codes:
            self.coded(element, target)
        elif not facts.is_primitive(kinds[0]):
            self.refuse(row, f"{row.to} is a {'|'.join(kinds)}: it needs codes, a sub-table or a part of it")
        elif kinds[0] not in transforms.gives(row.using):
            known = transforms.gives(row.using)
            self.refuse(row, f"{row.using or 'text'} gives {', '.join(sorted(known)) or 'nothing known'}, {row.to} is a {kinds[0]}")
        else:
            self.constant(element, target)
        if any(isinstance(path, Literal) for path in element.sources) and not row.why:
            if any(part.key in CLINICAL_STATUS for part in target.parts):
                self.refuse(row, f"a constant {row.to} asserts what the source may not have said: it needs a why")

    def subtable(self, element: Element, kind: str) -> None:
        name = element.name
        if name in self.model.subtables:
            known = self.model.subtables[name]
            if known.type != kind:
                self.refuse(element.row, f"table {name} makes a {known.type}, not a {kind}")
            elif not known.elements:
                self.refuse(element.row, f"table {name} uses itself or is empty")
            return
        rows = sorted(self.rows.get(name, []), key=lambda row: row.row)
        if not rows:
            self.refuse(element.row, f"there is no table {name}")
            return
        self.model.subtables[name] = table = SubTable(name, kind, [])
        table.elements = self.elements(rows, kind, None)

    def coded(self, element: Element, target: Target) -> None:
        row = element.row
        table = self.model.tables.codes.get(row.codes)
        if table is None:
            self.refuse(row, f"there is no code table {row.codes}")
            return
        if not {"code", "Coding", "CodeableConcept", "string", "markdown", "uri"} & set(target.types):
            self.refuse(row, f"{row.to} is a {'|'.join(target.types)}: a code table gives code, Coding or CodeableConcept")
            return
        if row.using and (row.using != "lower" or any(isinstance(path, Er7Path) and path.repeats for path in element.sources)):
            self.refuse(row, f"{row.using} does not go with a code table: only lower does, of one value")
        for path in element.sources:
            if isinstance(path, Literal) and path.text not in table and "*" not in table:
                self.refuse(row, f"code table {row.codes} has no {path.text}")
        allowed = facts.codes(target.binding) if target.binding else None
        for source, code in table.items():
            if allowed is not None and code.code not in allowed:
                what = "the source's own code" if code.code == "=" else code.code
                self.refuse(row, f"code table {row.codes}, {source}: {what} is not within {target.binding}")

    def constant(self, element: Element, target: Target) -> None:
        row = element.row
        allowed = facts.codes(target.binding) if target.binding else None
        if not element.constant and allowed is not None and target.types[0] == "code":
            self.refuse(row, f"{row.to} takes only codes of {target.binding}: it needs a code table")
        for path in element.sources:
            if not isinstance(path, Literal):
                continue
            function = transforms.REGISTRY.get((row.using, target.types[0]))
            if function is not None and function(path.text) is None:
                self.refuse(row, f"{path.text!r} is no {target.types[0]}")
            if allowed is not None and path.text not in allowed:
                self.refuse(row, f"{path.text} is not within {target.binding}")

    def group(self, resource: Resource) -> None:
        """Name the register group of each row: its own label, or the first row of those that share ``each`` and path."""
        groups: dict[tuple[str, str, str | None], str] = {}
        for element in resource.elements:
            if element.target and element.target.repeats:
                part = element.target.parts[element.target.register - 1]
                if part.each or part.label == "":
                    key = (element.row.each, element.target.path, part.label)
                    element.group = groups.setdefault(key, element.id)
                else:
                    element.group = part.label or element.id


def _refers(target: Target, kind: str) -> bool:
    """Whether R4 lets the element point to a resource of that type."""
    return kind in facts.resource_types() and (not target.targets or kind in target.targets or "Resource" in target.targets)
