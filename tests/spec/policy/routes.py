"""Every route of the engine, from the tables that route them, as a request about another person's object."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from fastapi import FastAPI
from fastapi.routing import APIRoute

from interop.api import app, messages
from interop.api.fhir.routes import INTERACTIONS
from interop.api.operations.operation import INSTANCE, SYSTEM, TYPE, Input, Operation
from interop.api.operations.registry import OPERATIONS
from interop.api.services import Services
from interop.api.signon import endpoints, people
from interop.pages.application import create_pages
from tests.spec.pages.addresses import area_of
from tests.spec.policy.worlds import LOCAL

Json = dict[str, Any]
OBJECT: Final = "Observation"
ADDRESSES: Final = {
    "metadata": "metadata",
    "system": "",
    "system-search": "_search",
    "system-history": "_history",
    "type": OBJECT,
    "type-search": f"{OBJECT}/_search",
    "type-history": f"{OBJECT}/_history",
    "instance": f"{OBJECT}/{{id}}",
    "instance-history": f"{OBJECT}/{{id}}/_history",
    "version": f"{OBJECT}/{{id}}/_history/1",
    "compartment": f"Patient/{{patient}}/{OBJECT}",
    "compartment-search": f"Patient/{{patient}}/{OBJECT}/_search",
}
"""Kind of address -> one of that kind."""
INSIDE: Final = {"feeds/": "", "tables/": "", "exports/": "0" * 32, "ingest/": "lab", "messages/": "1", "deliveries/": ""}
"""What follows the beginning of an address."""
WHY: Final[Json] = {"reason": "repair"}
BELOW: Final[dict[str, tuple[tuple[str, str, Json | None], ...]]] = {
    messages.PREFIX: (
        ("GET", "/history", None),
        ("GET", "/lineage", None),
        ("POST", "/lineage", WHY),
        ("POST", "/content", WHY),
    )
}
"""What is below an address besides: method, the rest of the address, what is sent."""
_CODED: Final = "code=x&system=https://example.org/{id}"
QUERIES: Final = {
    "document": "?id={id}",
    "expand": "?url=https://example.org/{id}",
    "validate-code": f"?url=https://example.org/{{id}}&{_CODED}",
    "lookup": f"?{_CODED}",
    "subsumes": "?codeA=x&codeB=y&system=https://example.org/{id}",
    "translate": f"?url=https://example.org/{{id}}&{_CODED}",
    "worklist": "?name=mdt",
}
"""What operations that are not of one resource are told in the URL: what another has stored, by its canonical URL."""
MARK: Final = "marked"
"""Stands in everything that is the other person's, and in nothing else."""


class Route(NamedTuple):
    """A route: its name in routes.csv, the method, the address with ``{id}`` and ``{patient}``, and what is sent."""

    name: str
    method: str
    address: str
    body: Json | None = None
    form: str = ""


def routes(services: Services) -> Iterator[Route]:
    """Every route there is."""
    for (kind, method), interaction in INTERACTIONS.items():
        yield _interaction(kind, method, interaction)
    for operation in OPERATIONS:
        for level in operation.levels:
            for method in operation.methods:
                yield from _operation(operation, level, method)
    for address in app.EXACT:
        yield Route(f"GET {address}", "GET", address)
    for prefix in app.PREFIXES:
        if prefix == endpoints.PREFIX:
            yield from (Route(f"{methods[0]} {each}", methods[0], each) for each, (methods, _) in endpoints.ADDRESSES.items())
        elif prefix == people.PREFIX:
            yield from (Route(f"{each} {at}", each, at) for at, (methods, _) in people.ADDRESSES.items() for each in methods)
        else:
            inside = INSIDE[prefix.strip("/") + "/"]
            method = "POST" if "ingest" in prefix else "GET"
            yield Route(f"{method} {prefix}{{}}", method, prefix + inside, {"resourceType": "Bundle"} if method == "POST" else None)
            if prefix == messages.PREFIX:
                yield from (Route(f"GET {each}", "GET", each) for each in (prefix, f"{prefix}shelf"))
            for method, below, body in BELOW.get(prefix, ()):
                yield Route(f"{method} {prefix}{{}}{below}", method, prefix + inside + below, body)
    for base in services.protocols:
        yield Route(f"POST {base}", "POST", base, {"resourceType": "Bundle"})
    pages = create_pages(services, app.create_app(services))
    assert isinstance(pages, FastAPI)
    for each in pages.routes:
        if isinstance(each, APIRoute) and area_of(each.path) is None:  # those of an area: tests/spec/pages/test_roles.py
            address = each.path.replace("{name}", OBJECT).replace("{path:path}", "none.css")
            yield from (Route(f"{method} {each.path}", method, address) for method in sorted(each.methods - {"HEAD"}))


def _interaction(kind: str, method: str, interaction: str) -> Route:
    address, body, form = ADDRESSES[kind], None, ""
    resource = {"resourceType": OBJECT, "status": "final", "code": {"text": "x"}, "subject": {"reference": "Patient/{patient}"}}
    if kind == "type" and method in ("PUT", "PATCH", "DELETE"):
        address += f"?identifier={LOCAL}|{{id}}"
    elif kind in ("type", "system") and method == "GET":
        address += "?_id={id}"
    if interaction == "create" or (interaction == "update" and kind == "type"):
        body = resource
    elif interaction == "update":
        body = {**resource, "id": "{id}"}
    elif interaction == "patch":
        parts = [("type", "Code", "replace"), ("path", "String", f"{OBJECT}.status"), ("value", "Code", "amended")]
        said = [{"name": name, f"value{type}": value} for name, type, value in parts]
        body = {"resourceType": "Parameters", "parameter": [{"name": "operation", "part": said}]}
    elif interaction == "batch":
        asked = [{"request": {"method": each, "url": f"{OBJECT}/{{id}}"}} for each in ("GET", "DELETE")]
        body = {"resourceType": "Bundle", "type": "batch", "entry": asked}
    elif method == "POST":
        form = "_id={id}"
    return Route(f"{method} {ADDRESSES[kind]}", method, f"/fhir/{address}".removesuffix("/"), body, form)


def _operation(operation: Operation, level: str, method: str) -> Iterator[Route]:
    for type_ in (operation.types or (OBJECT,)) if level != SYSTEM else ("",):
        id_ = {"Patient": "/{patient}"}.get(type_, "/{id}") if level == INSTANCE else ""
        address = f"{type_}{id_}/${operation.name}".removeprefix("/")
        query = "?patient={patient}" if operation.searched else QUERIES.get(operation.name, "") if level != INSTANCE else ""
        body = {"resourceType": "Parameters", "parameter": [_given(each) for each in operation.inputs if each.required]}
        sent = body if method == "POST" and body["parameter"] else None
        assert level in (SYSTEM, TYPE, INSTANCE)
        yield Route(f"{method} {address}", method, f"/fhir/{address}{query}", sent)


def _given(wanted: Input) -> Json:
    """Some value for an input."""
    match wanted.type:
        case "Patient" | "Resource":
            identifier = [{"system": LOCAL, "value": "{id}"}]
            return {"name": wanted.name, "resource": {"resourceType": "Patient", "identifier": identifier}}
        case "Reference":
            return {"name": wanted.name, "valueReference": {"reference": "Patient/{patient}"}}
        case "Coding":
            return {"name": wanted.name, "valueCoding": {"code": "x"}}
        case "Period":
            return {"name": wanted.name, "valuePeriod": {"start": "2026-01-01"}}
        case "boolean":
            return {"name": wanted.name, "valueBoolean": True}
        case "integer" | "positiveInt" | "unsignedInt":
            return {"name": wanted.name, f"value{wanted.type[0].upper()}{wanted.type[1:]}": 1}
        case "":
            return {"name": wanted.name, "part": []}
        case "instant" | "dateTime" | "date":
            return {"name": wanted.name, f"value{wanted.type[0].upper()}{wanted.type[1:]}": "2026-01-01"}
    return {"name": wanted.name, f"value{wanted.type[0].upper()}{wanted.type[1:]}": "{patient}"}
