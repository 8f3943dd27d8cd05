"""Whether matches are in the order that ``_sort`` asks for, by the values that their search parameters take."""

from __future__ import annotations

from itertools import pairwise
from typing import Any
from urllib.parse import parse_qs

from interop.fhir.parameters import search_parameters
from interop.fhir.searching.index import index_rows

Resource = dict[str, Any]


def out_of_order(request: str, matches: list[Resource]) -> str:
    """'' where they are in order, else the first two that are not. What lacks a value may stand anywhere (R4, search 3.1.1.5.1).

    Only the first key is looked at: it alone orders by itself.
    """
    asked = parse_qs(request.partition("?")[2]).get("_sort", [""])[-1].split(",")[0]
    falling = asked.startswith("-")
    code = asked.removeprefix("-")
    valued = [(each, value) for each in matches if (value := _value(each, code, falling)) is not None]
    for (one, first), (other, second) in pairwise(valued):
        if (first < second) if falling else (first > second):
            return f"{_id(one)} ({first}) before {_id(other)} ({second})"
    return ""


def _value(resource: Resource, code: str, falling: bool) -> Any:
    """The least value of a resource, the greatest where the order is falling; None where it has none."""
    known = search_parameters(resource.get("resourceType", ""))
    if code not in known and code not in ("_lastUpdated", "_id"):
        return None
    found = [row for row in index_rows(resource, frozenset((code,))) if row.parameter == code]
    values = [row.b if row.kind == "token" else row.a for row in found if row.kind in ("token", "string", "date", "number", "uri")]
    return (max if falling else min)(values) if values else None


def _id(resource: Resource) -> str:
    return f"{resource.get('resourceType')}/{resource.get('id')}"
