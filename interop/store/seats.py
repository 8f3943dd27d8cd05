"""Seats: what one alone of the processes that share a store may do at a time."""

from __future__ import annotations

from hashlib import blake2b
from typing import Protocol


class Seats(Protocol):
    """Seats of a store, each of which one process has at most."""

    async def take(self, name: str) -> bool:
        """Have the seat if nobody else has it; whether this process has it now. Never raises."""
        ...

    async def leave(self, name: str) -> None:
        """Let another have it."""
        ...

    async def started(self) -> None:
        """This process has started: from now on it has lost its seats once it is silent for some seconds. Never raises."""
        ...


class Alone:
    """The seats of a store that is one process's."""

    async def take(self, name: str) -> bool:
        """Nobody else is there."""
        return True

    async def leave(self, name: str) -> None:
        """Nobody waits for it."""

    async def started(self) -> None:
        """Nobody could have them."""


def number(name: str) -> int:
    """The number of a seat, of 32 bits and a sign."""
    return int.from_bytes(blake2b(name.encode(), digest_size=4).digest(), signed=True)
