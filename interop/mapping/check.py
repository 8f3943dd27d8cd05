"""Tables to a model: every name resolved, every path parsed, every refusal gathered."""

from __future__ import annotations

from importlib.resources.abc import Traversable

from interop.fhir import facts
from interop.mapping.check_elements import ElementCheck, no_place
from interop.mapping.conditions import Condition, parse_condition
from interop.mapping.model import Model, Resource
from interop.mapping.paths import Er7Path, Path, PathError, parse_alternatives, parse_path, split_outside
from interop.mapping.reading import read_tables
from interop.mapping.refusal import Refusals
from interop.mapping.source import SourceNames
from interop.mapping.tables import ResourceRow, Tables

EFFECTS = ("upsert", "whole", "delete", "contained", "join")
RELINKS = ("relink", "link", "unlink")


def understand(family: str, form: str, root: Traversable | None = None, site: str = "") -> Model:
    """Read and check the tables of a family, or of one of its sites, whose messages are of ``form`` (er7, xml, json, csv).

    Raises TablesRefused with every refusal.
    """
    refusals = Refusals()
    tables = read_tables(family, refusals, root, site)
    refusals.settle()
    names = SourceNames.read(family, root, refusals, site)
    return check_tables(tables, names, form, refusals)


def check_tables(tables: Tables, names: SourceNames, form: str, refusals: Refusals | None = None) -> Model:
    """Check tables that have been read; raises TablesRefused, with the ``refusals`` that there already are."""
    refusals = Refusals() if refusals is None else refusals
    model = Model(tables, form == "er7", rows=form == "csv")
    _Check(model, names, refusals).all()
    refusals.settle()
    return model


class _Check:
    def __init__(self, model: Model, names: SourceNames, refusals: Refusals) -> None:
        self.model, self.names, self.refusals = model, names, refusals
        self.tables: Tables = model.tables

    def all(self) -> None:
        for row in self.tables.resources:
            self.resource(row)
        for name, resource in self.model.resources.items():
            for parent in resource.row.within:
                if parent not in self.model.resources:
                    self.refusals.add("resources.csv", name, f"it is in {parent}, which there is not")
                else:
                    self.model.resources[parent].children.append(name)
        self.stops()
        self.routes()
        ElementCheck(self.model, self.names, self.refusals).all()
        self.required()

    def resource(self, row: ResourceRow) -> None:
        def refuse(reason: str) -> None:
            self.refusals.add("resources.csv", row.resource, reason)

        if row.resource in self.model.resources:
            refuse("there are two of that name")
            return
        if row.type and row.type not in facts.resource_types():
            refuse(f"R4 has no resource type {row.type}")
            return
        effect, _, argument = row.effect.partition(":")
        if row.type and not (row.effect in EFFECTS or (effect in ("cancel", *RELINKS) and argument)):
            refuse(f"effect {row.effect!r} is none of {', '.join(EFFECTS)}, cancel:EVENT, {':PATH, '.join(RELINKS)}:PATH")
        if effect not in ("upsert", "") and not row.why:
            refuse(f"effect {row.effect} needs a why")
        if effect in RELINKS and row.type != "Patient":
            refuse("only a Patient can be relinked")
        if effect == "contained" and not row.within:
            refuse("a contained resource stands in another")
        try:
            each = parse_path(row.each, self.model.er7) if row.each else None
            when: Condition = parse_condition(row.when, self.model.er7)
            key = tuple(self.key_part(part, row) for part in split_outside(row.key, "+")) if row.key not in ("", "-") else ()
            relink: Path | str | None = None
            if effect in RELINKS:
                relink = argument[1:] if argument.startswith("@") else parse_path(argument, self.model.er7)
        except PathError as error:
            refuse(str(error))
            return
        if reason := no_place(each):
            refuse(reason)
        if isinstance(relink, str) and relink not in self.model.resources:
            refuse(f"it is merged into {relink}, which there is not above")
        keys = (path for _, part in key if not isinstance(part, str) for path in part)
        for path in (each, relink, *(test.path for test in when), *keys):
            unknown = self.names.unknown(path) if path and not isinstance(path, str) else ""
            if unknown:
                refuse(unknown)
        if row.type and effect != "contained" and row.key == "-":
            refuse("only a contained resource can be without an id")
        self.model.resources[row.resource] = Resource(row, each, when, key, relink)

    def key_part(self, part: str, row: ResourceRow) -> tuple[str, tuple[Path, ...] | str]:
        if part == "identifier":
            return "identifier", part
        word = part.partition("|")[0]
        if word in ("identifier", "national") and "|" in part:
            return word, parse_alternatives(part.partition("|")[2], self.model.er7)
        if part in self.model.resources:
            return "resource", part
        if part.replace("_", "").islower() and part.isidentifier() and part == row.resource:
            raise PathError(f"the key of {part} cannot hold itself")
        return "path", parse_alternatives(part, self.model.er7)

    def stops(self) -> None:
        """An ER7 context ends where a sibling's begins."""
        for resource in self.model.resources.values():
            resource.stops = tuple(
                (other.name, other.each.segment)
                for other in self.model.resources.values()
                if isinstance(other.each, Er7Path)
                and not other.each.field
                and other.each.segment
                and set(other.row.within or ("",)) & set(resource.row.within or ("",))
            )

    def routes(self) -> None:
        seen = set()
        for route in self.tables.routes:
            if route.message in seen:
                self.refusals.add("routes.csv", route.message, "there are two routes for this message")
            seen.add(route.message)
            for name in route.resources:
                if name not in self.model.resources:
                    self.refusals.add("routes.csv", route.message, f"it makes {name}, which resources.csv lacks")

    def required(self) -> None:
        """Each mandatory element of a resource has a row, or stands in required.csv; a copy says what is absent."""
        for resource in self.model.resources.values():
            if not resource.row.type or resource.row.effect.partition(":")[0] in ("delete", "cancel"):
                continue
            if any(element.kind == "copy" for element in resource.elements):
                continue
            given = {element.target.parts[0].key for element in resource.elements if element.target}
            for name in facts.required(resource.row.type):
                stem = name.removesuffix("[x]")
                if not any(key == stem or (name.endswith("[x]") and key.startswith(stem)) for key in given):
                    if stem not in self.tables.shared.required.get(resource.row.type, {}):
                        self.refusals.add(
                            "resources.csv",
                            resource.name,
                            f"R4 requires {resource.row.type}.{name}: it needs a row or a line in required.csv",
                        )
