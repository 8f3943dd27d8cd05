"""The limits of a request: each holds at its figure and not beyond, and docs/operations.md tells it."""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable
from typing import NamedTuple

import orjson
import pytest

from interop.api import bounded, paging
from interop.api.asgi import FIELDS
from interop.api.fhir import batch, included
from interop.api.fhir.search import URL_LIMIT
from interop.api.searching import chains, parameter, query, results
from interop.api.services import BUNDLE_LIMIT, QUERY_LIMIT, RESOURCE_LIMIT
from interop.fhir.fhirpath.places import BUDGET
from interop.fhir.patching.pruning import MOST_COPIED, MOST_OPERATIONS
from interop.formats import json
from interop.formats.limits import VALUES
from interop.store.postgres.store import COSTLY
from interop.store.sqlite.readers import PATIENCE
from tests.places import ROOT
from tests.spec.api.conftest import Client
from tests.spec.api.people import patient

pytestmark = pytest.mark.anyio
PAGE = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
MIB = 1024 * 1024


class Asked(NamedTuple):
    """A request."""

    method: str
    address: str
    body: bytes = b""
    kind: str = "application/fhir+json"


def search(text: str) -> Asked:
    return Asked("GET", f"/fhir/{text}")


def many(count: int, each: str, between: str = ",") -> str:
    return between.join(each.replace("#", str(number)) for number in range(count))


def spread(count: int) -> Asked:
    """So many values, as many as may be to a parameter."""
    return search(
        "Basic?" + "&".join("_tag=" + many(min(parameter.VALUES, count - at), "t#") for at in range(0, count, parameter.VALUES))
    )


def form(size: int) -> Asked:
    return Asked("POST", "/fhir/Patient/_search", b"_pretty=" + b"+" * (size - 8), "application/x-www-form-urlencoded")


def resource(size: int) -> Asked:
    body = orjson.dumps(patient("p"))
    return Asked("PUT", "/fhir/Patient/p", body + b" " * (size - len(body)))


def bundle(entries: int, size: int = 0) -> Asked:
    body = orjson.dumps(
        {"resourceType": "Bundle", "type": "batch", "entry": [{"request": {"method": "GET", "url": "x"}}] * entries}
    )
    return Asked("POST", "/fhir", body + b" " * (size - len(body)))


def nested(depth: int) -> Asked:
    """The resource is the first of ``depth`` objects and arrays."""
    return Asked(
        "POST", "/fhir/Patient/$validate", b'{"resourceType":"Patient","x":' + b"[" * (depth - 1) + b"]" * (depth - 1) + b"}"
    )


def values(count: int) -> Asked:
    """Each value is counted by the comma or bracket before it."""
    return Asked("POST", "/fhir/Patient/$validate", b'{"resourceType":"Patient","x":[' + b",".join([b"1"] * (count - 2)) + b"]}")


def patched(operations: int) -> Asked:
    test = {"op": "test", "path": "/resourceType", "value": "Patient"}
    return Asked("PATCH", "/fhir/Patient/there", orjson.dumps([test] * operations), "application/json-patch+json")


LIMITS: list[tuple[str, int, Callable[[int], Asked]]] = [
    ("Bytes of a query string", URL_LIMIT, lambda size: search("Patient?name=" + "a" * (size - 5))),
    ("Bytes of a form", QUERY_LIMIT, form),
    ("Fields of a query string or form", FIELDS, lambda count: search("Patient?" + many(count, "_pretty=%20", "&"))),
    ("Parameters of a search", query.PARAMETERS, lambda count: search("Patient?" + many(count, "name=a", "&"))),
    ("Values of a parameter", parameter.VALUES, lambda count: search("Basic?_tag=" + many(count, "t#"))),
    ("Values of a search", query.WEIGHT, spread),
    (
        "Steps of a chain, forward and back",
        chains.STEPS,
        lambda steps: search("Encounter?" + "part-of." * steps + "status=planned"),
    ),
    (
        "Steps of a chain, forward and back",
        chains.STEPS,
        lambda steps: search("Encounter?" + "_has:Encounter:part-of:" * steps + "_id=a"),
    ),
    ("Keys to sort by", results.SORT_KEYS, lambda keys: search("Patient?_sort=" + ",".join(KEYS[:keys]))),
    (
        "`_include` and `_revinclude` of a search",
        results.INCLUDES,
        lambda count: search("Patient?" + many(count, "_include=*", "&")),
    ),
    ("Names in `_elements`", results.ELEMENTS, lambda count: search("Patient?_elements=" + many(count, "e#"))),
    ("Bytes of a resource", RESOURCE_LIMIT, resource),
    ("Bytes of a Bundle that is asked", BUNDLE_LIMIT, lambda size: bundle(1, size)),
    ("Entries of a batch or transaction", batch.ENTRIES, bundle),
    ("Objects and arrays within each other", json.DEPTH, nested),
    ("Values of a resource", VALUES, values),
    ("Operations of a patch", MOST_OPERATIONS, patched),
]
KEYS = ("name", "birthdate", "gender", "family", "given", "email")
ELSEWHERE = [
    ("Bytes of a URL", bounded.URL_BYTES),
    ("Header fields of a request", bounded.HEADERS),
    ("Bytes before a body", bounded.HEAD_BYTES),
    ("Seconds in which a request must be whole", bounded.PATIENCE),
    ("Resources of a page", paging.MOST),
    ("Resources that come along with a page", included.MOST),
    ("Rounds of `:iterate`", included.ROUNDS),
    ("Values of the copies in a JSON Patch", MOST_COPIED),
    ("Steps of all paths in a FHIRPath Patch", BUDGET),
    ("The exponent of a number", json.MAGNITUDE),
    ("Seconds that a search may read", PATIENCE),
    ("Seconds that a search may read", COSTLY),
]
"""Limits that other tests hold."""


@pytest.mark.parametrize(("name", "figure", "asked"), LIMITS, ids=[f"{name} {place}" for place, (name, *_) in enumerate(LIMITS)])
async def test_a_limit_holds_at_its_figure_and_not_beyond(
    client: Client, name: str, figure: int, asked: Callable[[int], Asked]
) -> None:
    await client.put(patient("there"))
    for size, right in ((figure, True), (figure + 1, False)):
        method, address, body, kind = asked(size)
        answer = await client.send(method, address, body, content_type=kind)
        assert (answer.status_code in (200, 201)) is right, (size, answer.status_code, answer.text[:300])
        if not right:
            assert answer.status_code in (400, 413)
            assert answer.json()["resourceType"] == "OperationOutcome"


@pytest.mark.parametrize("packed", [RESOURCE_LIMIT + 1, 40 * RESOURCE_LIMIT])
async def test_what_unpacks_beyond_a_limit_is_refused(client: Client, packed: int) -> None:
    body = gzip.compress(b" " * packed, compresslevel=1)
    answer = await client.send("POST", "/fhir/Patient", body, content_type="application/fhir+json", content_encoding="gzip")
    assert answer.status_code == 413


@pytest.mark.parametrize(("name", "figure"), [(name, figure) for name, figure, _ in LIMITS] + ELSEWHERE)
def test_the_page_tells_each(name: str, figure: float) -> None:
    (row,) = re.findall(rf"^\| {re.escape(name)} \| (.+?) \|", PAGE, re.MULTILINE)
    told = f"{figure // MIB} MiB" if figure >= MIB and not figure % MIB else f"{figure:,}".removesuffix(".0")
    assert re.search(rf"(?<![\d,.]){re.escape(told)}(?![,.]?\d)", row), (row, told)


@pytest.mark.parametrize("place", ["sqlite", "postgresql"], indirect=True)
@pytest.mark.parametrize("name", ["_tag", "_tag:not", "subject", "patient.identifier", "_id", "_has:Provenance:target:_tag"])
async def test_as_many_values_as_may_be_are_answered(client: Client, name: str) -> None:
    answer = await client.get(f"/fhir/Encounter?{name}=" + many(parameter.VALUES, "t#"))
    assert answer.status_code == 200, answer.text
