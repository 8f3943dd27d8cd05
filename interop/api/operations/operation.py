"""What an operation is."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from interop.api.asgi import Request, Response
from interop.api.services import Services

SYSTEM: Final = "system"
TYPE: Final = "type"
INSTANCE: Final = "instance"

Handler = Callable[[Services, Request, str, str], Awaitable[Response]]
"""Services, request, type and id ('' where the address names none)."""


@dataclass(frozen=True, slots=True)
class Operation:
    """An operation as it is routed and told in the CapabilityStatement.

    ``name`` without ``$``; ``definition`` its canonical URL; ``levels`` where it may be called; ``types`` on which resource types
    (() = all); ``methods`` by which: GET only where it changes nothing (FHIR R4 operations, 3.2.0.2).
    """

    name: str
    definition: str
    handler: Handler
    levels: tuple[str, ...]
    types: tuple[str, ...] = ()
    methods: tuple[str, ...] = ("GET", "POST")

    def takes(self, level: str, type: str) -> bool:
        """Whether it may be called there."""
        return level in self.levels and (not type or not self.types or type in self.types)
