"""What the walkers find for a search parameter is what its expression yields as FHIRPath, over UK Core's published examples."""

from __future__ import annotations

import tarfile
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from interop.fhir import facts
from interop.fhir.facts import SearchParameter
from interop.fhir.fhirpath import Environment, Item, compile
from interop.fhir.references import literal_type
from interop.fhir.searching import IndexRow, components, index_rows
from interop.fhir.searching.convert import CONVERTERS
from interop.fhir.searching.index import THERE
from interop.fhir.searching.making import Rows
from interop.fhir.xml import from_xml

Seen = set[tuple[Any, ...]]
evaluated = cache(compile)


@pytest.fixture(scope="module")
def examples(shared: Callable[[str], Path]) -> list[dict[str, Any]]:
    found = []
    with tarfile.open(shared("reference/uk-core-r4.tgz")) as archive:
        for member in archive:
            if member.name.startswith("./examples/") and member.name.endswith(".xml"):
                stream = archive.extractfile(member)
                assert stream
                found.append(from_xml(stream.read()))
    return found


def resolve(reference: str) -> dict[str, Any] | None:
    """Somebody of the type that the reference names."""
    kind = literal_type(reference)
    return {"resourceType": kind} if kind else None


def seen(rows: list[IndexRow]) -> Seen:
    """Rows without parameter; a token without the system that a required binding implies."""
    return {(row.kind, row.b) if row.kind == "token" else tuple(row)[1:] for row in rows if plain(row)}


def plain(row: IndexRow) -> bool:
    """Whether FHIRPath yields it: not that of an empty element, nor what depends on the required binding."""
    return tuple(row)[1:] != THERE and row.kind != "below"


def ends(item: Item) -> Iterator[tuple[str, Any]]:
    """Datatype and value; of an extension those of its value."""
    if item.type == "Extension":
        block = facts.block("Extension")
        yield from ((block[name].types[0], value) for name, value in item.value.items() if name.startswith("value"))
    elif item.type == "System.Boolean":
        yield "boolean", item.value
    else:
        yield "Resource" if facts.kind(item.type) == "resource" else item.type, item.value


def yielded(type_: str, items: list[Item]) -> list[IndexRow]:
    """The rows of what FHIRPath found, by the datatype of each item."""
    rows: Rows = []
    makers = CONVERTERS[type_]
    for datatype, value in (end for item in items for end in ends(item)):
        if datatype in makers:
            makers[datatype](None)(value, rows)
    return [IndexRow("", *row) for row in rows]


def whole(resource: dict[str, Any], parameter: SearchParameter) -> Seen:
    environment = Environment(resource=resource, resolve=resolve)
    return seen(yielded(parameter.type, evaluated(parameter.expression).evaluate(resource, environment)))


def composite(resource: dict[str, Any], parameter: SearchParameter) -> Seen:
    found: Seen = set()
    number = 0
    for element in evaluated(parameter.expression).evaluate(resource, Environment(resource=resource)):
        parts = []
        for made, (_, expression) in zip(components(resource["resourceType"], parameter), parameter.components, strict=True):
            text = expression.replace("DateTime", "dateTime")
            items = evaluated(text).evaluate(element, Environment(resource=resource, resolve=resolve))
            parts.append(yielded(made.type, items))
        if all(parts):
            plain = [(place, [row for row in rows if row.kind != "text"]) for place, rows in enumerate(parts)]
            found |= {(number, place, *one) for place, rows in plain for one in seen(rows)}
            number += 1
    return found


def test_walkers_find_what_fhirpath_finds(examples: list[dict[str, Any]]) -> None:
    met = 0
    for example in examples:
        for code, parameter in facts.search_parameters(example["resourceType"]).items():
            if parameter.type in CONVERTERS and parameter.expression and code != "near":
                found = seen(index_rows(example, frozenset((code,))))
                met += len(found)
                assert found == whole(example, parameter), (example.get("id"), code)
    assert met > 2000


def test_so_do_composites(examples: list[dict[str, Any]]) -> None:
    met = 0
    for example in examples:
        for code, parameter in facts.search_parameters(example["resourceType"]).items():
            if parameter.type == "composite":
                rows = index_rows(example, frozenset((code,)))
                found = {(row.a, row.b, *one) for row in rows for one in seen([row.c])}
                met += len(found)
                assert found == composite(example, parameter), (example.get("id"), code)
    assert met > 50
