"""Small changes to sound resources, each of a kind and at a place."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from typing import Any, NamedTuple

from conformance.bench.resources import bundles
from interop.fhir import facts

Json = dict[str, Any]


class Mutation(NamedTuple):
    """A changed resource: ``kind`` names the change, ``datatype`` is the type of what was changed, ``path`` its place."""

    kind: str
    datatype: str
    path: str
    resource: Json


def resources() -> list[Json]:
    """A sound resource of each of five types, without the extension of UK Core, which others refuse without its package."""
    made = [entry["resource"] for entry in bundles(5, 1, 5)[0]["entry"]]
    del made[0]["identifier"][0]["extension"]
    return made


def mutations() -> Iterator[Mutation]:
    """Every change at every place of every resource."""
    for resource in resources():
        for path, element in _places(resource, resource["resourceType"]):
            for kind, value in _changes(_at(resource, path), element):
                changed = deepcopy(resource)
                holder, name = _at(changed, path[:-1]), path[-1]
                if value is GONE:
                    del holder[name]
                else:
                    holder[name] = value
                yield Mutation(kind, element.types[0], ".".join([resource["resourceType"], *map(str, path)]), changed)
        yield Mutation("unknown element", resource["resourceType"], resource["resourceType"], {**resource, "colour": "red"})


GONE: Any = object()
Path = tuple[str | int, ...]


def _places(value: Json, block: str, path: Path = ()) -> Iterator[tuple[Path, facts.Element]]:
    for name, each in value.items():
        element = facts.block(block).get(name)
        if element is None:
            continue
        yield (*path, name), element
        for place, one in enumerate(each if isinstance(each, list) else [each]):
            if isinstance(one, dict):
                inside = (*path, name, place) if isinstance(each, list) else (*path, name)
                yield from _places(one, element.block, inside)


def _at(value: Any, path: Path) -> Any:
    for step in path:
        value = value[step]
    return value


def _changes(value: Any, element: facts.Element) -> Iterator[tuple[str, Any]]:
    datatype = element.types[0]
    yield "left out", GONE
    yield "null", None
    yield ("object for array", value[0]) if isinstance(value, list) else ("array for object", [value])
    if isinstance(value, list):
        yield "empty array", []
        yield "null in an array", [*value, None]
        return
    if not facts.is_primitive(datatype):
        yield "empty object", {}
        yield "text for object", "a"
        yield "unknown element", {**value, "colour": "red"}
        return
    yield "empty text", ""
    yield "wrong JSON type", str(value) if not isinstance(value, str) else 7
    yield "object for primitive", {"value": value}
    if datatype in ("date", "dateTime", "instant"):
        yield "day that does not exist", "2025-02-30"
        yield "no zone", "2025-02-03T10:00:00"
        yield "words for a date", "soon"
    if datatype in ("id", "code", "uri", "url", "canonical"):
        yield "blank within", "a b"
        yield "blanks at the end", "a "
    if datatype == "code" and element.binding:
        yield "unknown code", "nosuch"
    if datatype in ("decimal", "positiveInt", "integer", "unsignedInt"):
        yield "fraction", 1.5
        yield "negative", -1
