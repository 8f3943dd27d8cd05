"""Gateways that take text messages: another supplier is another one of these."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from interop.ports.destination import Acknowledgement, Destination, Parcel, Taken


class Gateway(Protocol):
    """Takes the text messages of one destination; ``parcel.id`` is the reference by which it knows each."""

    async def send(self, parcel: Parcel) -> Taken:
        """Send ``parcel.body`` to the number ``parcel.to``. Never raises for what the other side does."""
        ...

    async def find(self, reference: str) -> tuple[bool, Acknowledgement | None]:
        """Whether it has one of this reference, and what became of it, None where nothing has yet. Raises Problem where it cannot
        be asked now."""
        ...

    async def close(self) -> None:
        """Let connections go."""
        ...


class Gateways(Protocol):
    """Makes a gateway for a destination. Registered by entry point in the group ``interop.gateways`` under its name."""

    def gateway(self, to: Destination, now: Callable[[], int]) -> Gateway:
        """``now`` tells microseconds since the epoch. Raises ValueError for settings that cannot be used."""
        ...
