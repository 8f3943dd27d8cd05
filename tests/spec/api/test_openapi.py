"""The OpenAPI 3.1 document and its pages: every address that is routed, from the tables that route it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from interop.api.app import EXACT
from interop.api.fhir.routes import INTERACTIONS, resource_types
from interop.api.openapi.engine import SIGNED_ON
from interop.api.openapi.interactions import ADDRESSES
from interop.api.operations.operation import INSTANCE, SYSTEM, TYPE
from interop.api.operations.registry import OPERATIONS
from interop.api.searching.compartments import COMPARTMENTS
from interop.api.services import Services
from tests.spec.api.conftest import Client
from tests.spec.api.people import patient

pytestmark = pytest.mark.anyio
Document = dict[str, Any]
METHODS = {"get", "post", "put", "patch", "delete"}


_READ: list[Document] = []
"""The document, read once: it is the same for every test."""


@pytest.fixture
async def document(client: Client) -> Document:
    if not _READ:
        answer = await client.get("/openapi.json")
        assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
        assert answer.headers["content-encoding"] == "gzip"
        _READ.append(answer.json())
    return _READ[0]


def operations(document: Document) -> Iterator[tuple[str, str, Document]]:
    for at, path in document["paths"].items():
        assert path.keys() <= METHODS
        for method, operation in path.items():
            yield at, method, operation


def parameters(document: Document, operation: Document) -> list[Document]:
    shared = document["components"]["parameters"]
    return [shared[each["$ref"].rpartition("/")[2]] if "$ref" in each else each for each in operation.get("parameters", ())]


def references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if "$ref" in value:
            yield value["$ref"]
        for each in value.values():
            yield from references(each)
    elif isinstance(value, list):
        for each in value:
            yield from references(each)


async def test_it_is_sound(document: Document) -> None:
    """OpenAPI 3.1: unique names, parameters for every place in an address, references that lead somewhere."""
    assert document["openapi"] == "3.1.0"
    names = [operation["operationId"] for _, _, operation in operations(document)]
    assert len(names) == len(set(names))
    for at, method, operation in operations(document):
        given = parameters(document, operation)
        assert {each["name"] for each in given if each["in"] == "path"} == set(re.findall(r"{(\w+)}", at)), at
        assert all(each["required"] for each in given if each["in"] == "path")
        pairs = [(each["name"], each["in"]) for each in given]
        assert len(pairs) == len(set(pairs)), (at, method)
        assert operation["responses"]
    for reference in set(references(document)):
        step: Any = document
        for name in reference.removeprefix("#/").split("/"):
            step = step[name]


async def test_every_interaction_that_is_routed_is_in_it_and_no_other(document: Document) -> None:
    wanted = set()
    for kind, method in INTERACTIONS:
        types = COMPARTMENTS if kind.startswith("compartment") else resource_types() if "{type}" in ADDRESSES[kind] else [""]
        wanted |= {(ADDRESSES[kind].format(type=type_), method.lower()) for type_ in types}
    for operation in OPERATIONS:
        for type_ in operation.types or resource_types():
            levels = {SYSTEM: "/fhir", TYPE: f"/fhir/{type_}", INSTANCE: f"/fhir/{type_}/{{id}}"}
            for level in operation.levels:
                wanted |= {(f"{levels[level]}/${operation.name}", method.lower()) for method in operation.methods}
    assert {(at, method) for at, method, _ in operations(document) if at.startswith("/fhir")} == wanted


async def test_what_is_not_fhir_is_in_it_too(document: Document, services: Services) -> None:
    assert EXACT.keys() - SIGNED_ON.keys() <= document["paths"].keys()
    assert not SIGNED_ON.keys() & document["paths"].keys(), "nobody signs on here"
    assert services.protocols.keys() <= document["paths"].keys()
    assert {"/ingest/{feed}", "/messages/{message}"} <= document["paths"].keys()


async def test_search_parameters_are_those_of_the_statement(document: Document, client: Client) -> None:
    (rest,) = (await client.get("/fhir/metadata")).json()["rest"]
    for resource in rest["resource"]:
        told = {each["name"] for each in parameters(document, document["paths"][f"/fhir/{resource['type']}"]["get"])}
        assert {each["name"] for each in resource["searchParam"]} <= told


async def test_every_address_without_places_is_answered(document: Document, client: Client) -> None:
    for at, method, _ in operations(document):
        if method == "get" and "{" not in at and at.count("/") < 3:
            assert (await client.get(at)).status_code < 500, at


async def test_the_pages_show_it(client: Client, document: Document) -> None:
    index = await client.get("/api")
    assert index.status_code == 200
    assert "default-src 'none'" in index.headers["content-security-policy"]
    for name in ("Patient", "Observation", "/ingest/{feed}", "/fhir/metadata"):
        assert name in index.text
    page = await client.get("/api/Patient")
    for at, path in document["paths"].items():
        if at.startswith("/fhir/Patient"):
            assert page.text.count(f'<span class="at">{at}</span>') == len(path)
    assert (await client.get("/api/Animal")).status_code == 404


async def test_the_pages_fetch_nothing_from_elsewhere(client: Client) -> None:
    for address in ("/api", "/api/Patient"):
        text = (await client.get(address)).text
        assert not re.search(r"<script|<link|<img|@import|url\(", text)


async def test_a_get_can_be_tried(client: Client) -> None:
    await client.put(patient("p"))
    found = await client.get("/api/try?at=/fhir/Patient/%7Bid%7D&id=p&_summary=")
    assert (found.status_code, found.headers["location"]) == (303, "/fhir/Patient/p")
    searched = await client.get("/api/try?at=/fhir/Patient&family=Ash%26down&name=&birthdate=ge1950")
    assert searched.headers["location"] == "/fhir/Patient?family=Ash%26down&birthdate=ge1950"
    assert (await client.get(searched.headers["location"])).status_code == 200


@pytest.mark.parametrize("query", ["", "?at=https://example.org/", "?at=//example.org", "?at=/fhir/Patient/$match"])
async def test_only_what_the_document_has_can_be_tried(client: Client, query: str) -> None:
    assert (await client.get(f"/api/try{query}")).status_code == 404


async def test_what_is_tried_stays_here(client: Client) -> None:
    found = await client.get("/api/try?at=/fhir/Patient/%7Bid%7D&id=../../x%0d%0aset-cookie:a")
    assert found.headers["location"] == "/fhir/Patient/..%2F..%2Fx%0D%0Aset-cookie%3Aa"
