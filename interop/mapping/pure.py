"""Resources of ER7 messages that follow from a few fields alone, so that they need be made only once for the same."""

from __future__ import annotations

from interop.mapping.loss_plan import LossPlan
from interop.mapping.model import Model, Resource
from interop.mapping.paths import Er7Path, Path


def fields_of(model: Model, plan: LossPlan, resource: Resource, above: frozenset[str] = frozenset()) -> set[tuple[str, int]] | None:
    """The fields that a resource follows from, besides what it stands on; None where it does not follow from fields alone:
    where it belongs to a patient, holds others, or has a fate of its own."""
    each = resource.each
    if resource.row.type in ("", "Patient") or resource.row.effect != "upsert" or resource.children or resource.relink:
        return None
    paths: list[Path] = [test.path for test in resource.when]
    for kind, part in resource.key:
        if kind == "resource":
            return None
        paths += [] if isinstance(part, str) else part
    fields: set[tuple[str, int]] = set()
    for element in resource.elements:
        if element.kind == "resource":
            other = model.resources[element.name]
            beside = other.row.within == resource.row.within and other.name not in above and not element.row.each
            found = fields_of(model, plan, other, above | {resource.name}) if beside else None
            if found is None or not isinstance(other.each, Er7Path) or not other.each.field:
                return None
            fields |= found | {(other.each.segment, other.each.field)}
        elif element.kind not in ("value", "table", "none") or element.row.each or plan.conditional_path(element):
            return None
        paths += element.paths
    if isinstance(each, Er7Path) and not each.field and any(isinstance(path, Er7Path) and not path.segment for path in paths):
        return None
    fields |= {(path.segment, path.field) for path in paths if isinstance(path, Er7Path) and path.segment}
    return fields if all(field for _, field in fields) else None


def only_left(resource: Resource) -> set[tuple[str, int]]:
    """The fields of which a pure resource asks no more than whether they are there: rows without a condition leave them."""
    if any(element.kind == "resource" for element in resource.elements):
        return set()
    left: set[Path] = set()
    read = [*(test.path for test in resource.when), *(path for _, part in resource.key for path in part)]
    for element in resource.elements:
        if (
            element.kind == "none"
            and not element.when
            and isinstance(element.sources[0], Er7Path)
            and not element.sources[0].component
        ):
            left.add(element.sources[0])
        else:
            read += element.paths
    return {_field(path) for path in left} - {_field(path) for path in read}


def _field(path: Path | str) -> tuple[str, int]:
    return (path.segment, path.field) if isinstance(path, Er7Path) else ("", 0)
