"""OperationDefinitions of the operations that are ours alone, so that what the CapabilityStatement names can be read.

They follow from the registry and belong to the engine: they are read at ``OperationDefinition/[id]`` and never written, searched
or kept.
"""

from __future__ import annotations

from typing import Any, Final

from interop.api import links
from interop.api.asgi import Request, Response
from interop.api.build import DATE
from interop.api.operations.operation import INSTANCE, SYSTEM, TYPE, Input, Operation
from interop.api.operations.parameters import resource
from interop.api.operations.registry import OPERATIONS
from interop.api.services import Services
from interop.errors import Problem

_PREFIX: Final = "OperationDefinition/"
OURS: Final = {
    ("OperationDefinition", each.definition.removeprefix(_PREFIX)): each
    for each in OPERATIONS
    if each.definition.startswith(_PREFIX)
}
"""Type and id -> operation."""


async def read_ours(services: Services, request: Request, type: str, id: str) -> Response:
    """The definition of an operation of ours; raises Problem ``engine-owned`` for a write."""
    if request.method not in ("GET", "HEAD"):
        raise Problem("engine-owned")
    return resource(definition(OURS[type, id], links.base(request, services.base)))


def definition(operation: Operation, base: str) -> dict[str, Any]:
    """The OperationDefinition of an operation."""
    id_ = operation.definition.removeprefix(_PREFIX)
    return {
        "resourceType": "OperationDefinition",
        "id": id_,
        "url": f"{base}/{operation.definition}",
        "name": "".join(part.capitalize() for part in id_.split("-")),
        "status": "active",
        "kind": "operation",
        "date": DATE,
        "description": operation.why,
        "affectsState": operation.changes,
        "code": operation.name,
        **({"resource": list(operation.types)} if operation.types else {}),
        "system": SYSTEM in operation.levels,
        "type": TYPE in operation.levels,
        "instance": INSTANCE in operation.levels,
        "parameter": [
            *(_parameter(each) for each in operation.inputs),
            {"name": "return", "use": "out", "min": 1, "max": "1", "documentation": _answer(operation), "type": operation.returns},
        ],
    }


def _answer(operation: Operation) -> str:
    return "A searchset." if operation.returns == "Bundle" else "What is there now." if operation.changes else "The answer."


def _parameter(each: Input) -> dict[str, Any]:
    most = "*" if each.many else "1"
    return {"name": each.name, "use": "in", "min": int(each.required), "max": most, "documentation": each.why, "type": each.type}
