"""Which interactions are routed: the router and the CapabilityStatement both read this."""

from __future__ import annotations

from functools import cache
from typing import Final

from interop.fhir import facts

INTERACTIONS: Final = {
    ("metadata", "GET"): "capabilities",
    ("system-history", "GET"): "history-system",
    ("system", "POST"): "batch",
    ("system", "GET"): "search-system",
    ("system-search", "POST"): "search-system",
    ("type", "GET"): "search-type",
    ("type", "POST"): "create",
    ("type", "PUT"): "update",
    ("type", "PATCH"): "patch",
    ("type", "DELETE"): "delete",
    ("type-search", "POST"): "search-type",
    ("compartment", "GET"): "search-compartment",
    ("compartment-search", "POST"): "search-compartment",
    ("type-history", "GET"): "history-type",
    ("instance", "GET"): "read",
    ("instance", "PUT"): "update",
    ("instance", "PATCH"): "patch",
    ("instance", "DELETE"): "delete",
    ("instance-history", "GET"): "history-instance",
    ("version", "GET"): "vread",
}
"""Kind of address and method -> interaction (FHIR R4 http, 3.1.0.1). HEAD is taken wherever GET is; operations have a registry of
their own."""


@cache
def allowed(kind: str) -> tuple[str, ...]:
    """The methods that a kind of address takes; () for no kind."""
    methods = [method for known, method in INTERACTIONS if known == kind]
    if "GET" in methods:
        methods.insert(methods.index("GET") + 1, "HEAD")
    return (*methods, "OPTIONS") if methods else ()


@cache
def resource_types() -> frozenset[str]:
    """The types that have addresses; Parameters is never kept (FHIR R4, parameters.html)."""
    return facts.resource_types() - {"Parameters"}
