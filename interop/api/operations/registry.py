"""The operations that are routed, in the order in which the CapabilityStatement tells them: R4's own that stand alone, and a
module for each group of the others."""

from __future__ import annotations

from typing import Final

from interop.api.operations.caring import CARING
from interop.api.operations.coding import CODING
from interop.api.operations.exporting import EXPORTING
from interop.api.operations.governing import GOVERNING
from interop.api.operations.identifying import IDENTIFYING
from interop.api.operations.operation import FHIR, INSTANCE, TYPE, Input, Operation
from interop.api.operations.overseeing import OVERSEEING
from interop.api.operations.populating import POPULATING
from interop.api.operations.reviewing import REVIEWING
from interop.api.operations.running import RUNNING
from interop.api.operations.subscribing import SUBSCRIBING

OPERATIONS: Final = (
    Operation(
        "validate",
        FHIR + "Resource-validate",
        "validate.validate",
        (TYPE, INSTANCE),
        (),
        "Hold a resource to R4, its profiles, extensions, bindings and, with a mode, to what a write would say.",
        (
            Input("resource", "Resource", "The resource; at an instance without it, the stored one."),
            Input("mode", "code", "create, update, delete or profile."),
            Input("profile", "uri", "A profile that the resource is held to beside those that it claims."),
        ),
    ),
    *CARING,
    *REVIEWING,
    *IDENTIFYING,
    Operation(
        "lastn",
        FHIR + "Observation-lastn",
        "lastn.lastn",
        (TYPE,),
        ("Observation",),
        "The latest observations of each kind; the search parameters of Observation narrow them, one names the patient.",
        (Input("max", "positiveInt", "So many of each kind; without it one."),),
        searched=True,
    ),
    Operation(
        "document",
        FHIR + "Composition-document",
        "document.document",
        (TYPE, INSTANCE),
        ("Composition",),
        "A document with the Composition and all that it refers to, directly or not.",
        (
            Input("id", "uri", "The Composition, where the address names none."),
            Input("persist", "boolean", "Whether the document is kept at /Bundle; by POST only."),
        ),
    ),
    *CODING,
    *EXPORTING,
    *GOVERNING,
    *OVERSEEING,
    *POPULATING,
    *RUNNING,
    *SUBSCRIBING,
)


def operation(name: str, level: str, type: str) -> Operation | None:
    """The operation of that name at that level of the address, or None."""
    return next((each for each in OPERATIONS if each.name == name and each.takes(level, type)), None)
