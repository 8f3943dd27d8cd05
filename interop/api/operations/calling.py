"""A call of an operation."""

from __future__ import annotations

from interop.api.asgi import Request, Response
from interop.api.operations.operation import Asked, Operation
from interop.api.operations.parameters import read
from interop.api.services import Services


async def call(operation: Operation, services: Services, request: Request, type: str, id: str) -> Response:
    """Read what the operation is told and let it answer; type and id are '' where the address names none. Raises Problem."""
    return await operation.function()(Asked(services, request, type, id, await read(services, request, operation)))
