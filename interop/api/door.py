"""The door: who asks is found out from the head of a request, before a byte of its body is read."""

from __future__ import annotations

from typing import Protocol

from interop.api.asgi import Request
from interop.policy.asker import TESTER, Asker


class Door(Protocol):
    """Finds out who asks."""

    async def admit(self, request: Request) -> Asker:
        """Who asks; raises Problem ``unauthenticated``, ``throttled``. Reads no byte of the body."""
        ...


class OpenDoor:
    """Everyone is the tester: for an engine that was started open, on loopback alone."""

    async def admit(self, request: Request) -> Asker:
        """The tester."""
        return TESTER
