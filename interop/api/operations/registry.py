"""The operations that are routed, in the order in which the CapabilityStatement tells them."""

from __future__ import annotations

from typing import Final

from interop.api.operations.everything import everything
from interop.api.operations.operation import INSTANCE, Operation

_FHIR: Final = "http://hl7.org/fhir/OperationDefinition/"

OPERATIONS: Final = (Operation("everything", _FHIR + "Patient-everything", everything, (INSTANCE,), ("Patient",), ("GET",)),)


def operation(name: str, level: str, type: str) -> Operation | None:
    """The operation of that name at that level of the address, or None."""
    return next((each for each in OPERATIONS if each.name == name and each.takes(level, type)), None)
