"""Which interactions are routed: the router and the CapabilityStatement both read this."""

from __future__ import annotations

from functools import cache
from typing import Final

from interop.fhir import facts

TYPE_INTERACTIONS: Final = ("read", "vread", "update", "delete", "history-instance", "history-type", "create", "search-type")
SYSTEM_INTERACTIONS: Final = ("history-system",)
OPERATIONS: Final = {"Patient": (("everything", "http://hl7.org/fhir/OperationDefinition/Patient-everything"),)}

ALLOWED: Final = {
    "metadata": ("GET", "HEAD", "OPTIONS"),
    "history": ("GET", "HEAD", "OPTIONS"),
    "type": ("GET", "HEAD", "POST", "OPTIONS"),
    "search": ("POST", "OPTIONS"),
    "instance": ("GET", "HEAD", "PUT", "DELETE", "OPTIONS"),
    "version": ("GET", "HEAD", "OPTIONS"),
    "operation": ("GET", "HEAD", "OPTIONS"),
}
"""Methods by kind of address."""


@cache
def resource_types() -> frozenset[str]:
    """The types that have addresses; Parameters is never kept (FHIR R4, parameters.html)."""
    return facts.resource_types() - {"Parameters"}
