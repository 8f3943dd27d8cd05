"""Text messages as a kind of destination, whichever gateway takes them."""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import entry_points
from typing import Final

from interop.errors import Problem
from interop.ports import Acknowledgement, Courier, Destination, Parcel, Taken
from interop.ports.destination import Returned
from interop.ports.gateway import Gateway, Gateways

GROUP: Final = "interop.gateways"
USUAL: Final = "govuk-notify"


class SmsCourier:
    """Sends through one gateway. What may have been sent before is asked for by its reference first: nobody gets it twice where the
    gateway has it. What has reached nobody by then goes again."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    def tracking(self, parcel: Parcel) -> str:
        """The reference."""
        return parcel.id

    def awaited(self, parcel: Parcel) -> bool:
        """Gateways know whether a telephone has it."""
        return True

    async def carry(self, parcel: Parcel) -> Taken:
        """Send it, unless the gateway has it already."""
        if parcel.again:
            try:
                there, said = await self._gateway.find(parcel.id)
            except Problem as problem:
                return Taken(problem)
            if there and (said is None or said.accepted):
                return Taken(code="there", said=said)
        return await self._gateway.send(parcel)

    async def follow(self, tracking: str) -> Acknowledgement | None:
        """As ``interop.ports.Follows``."""
        return (await self._gateway.find(tracking))[1]

    async def close(self) -> None:
        """Let connections go."""
        await self._gateway.close()


class Sms:
    """Carries to destinations of the kind ``sms``."""

    def courier(self, to: Destination, returned: Returned, now: Callable[[], int]) -> Courier:
        """As ``interop.ports.Carrier``; the setting ``gateway`` says which takes them."""
        name = to.settings.get("gateway", USUAL)
        known = {point.name: point for point in entry_points(group=GROUP)}
        if name not in known:
            raise ValueError(f"gateway is one of {', '.join(sorted(known))}")
        made: Gateways = known[name].load()
        return SmsCourier(made.gateway(to, now))
