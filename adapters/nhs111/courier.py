"""Messages carried to one destination as ITK over SOAP 1.1 (ITK 2.2, web services transport, distribution envelope).

The answer says that it has arrived; what became of it is told later, by an infrastructure or a business acknowledgement that names
the tracking id (``adapters.nhs111.returned``).
"""

from __future__ import annotations

import ssl
from collections.abc import Callable
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit
from uuid import UUID, uuid5

from adapters.nhs111.answers import said_of
from adapters.nhs111.outgoing import BUSINESS_WANTED, INFRASTRUCTURE_WANTED, NOTHING_WANTED, Addressed, enveloped
from interop.errors import Problem
from interop.formats import er7
from interop.ports import Courier, Destination, Parcel, Taken
from interop.ports.destination import Returned

if TYPE_CHECKING:
    import httpx

KIND: Final = "itk"
ADDRESS: Final = "urn:nhs-uk:addressing:"
LONGEST: Final = 1_000_000
"""Bytes of an answer that are read."""
SPACE: Final = UUID("6ba7b812-9dad-11d1-80b4-00c04fd430c8")
"""Of delivery ids that are not the 128 bits of a digest (RFC 9562, 6.6)."""
WANTED: Final = (NOTHING_WANTED, INFRASTRUCTURE_WANTED, BUSINESS_WANTED)


def tracking_id(delivery: str) -> str:
    """The tracking id of a delivery, the same whenever it is tried: receivers know by it what they have had."""
    made = UUID(hex=delivery) if len(delivery) == 32 and not set(delivery) - set("0123456789abcdef") else uuid5(SPACE, delivery)
    return str(made).upper()


class ItkCourier:
    """Sends to one address, one message after the other."""

    def __init__(self, to: Destination, now: Callable[[], int]) -> None:
        said = to.settings
        recipient = said.get("recipient", f"{ADDRESS}ods:{to.organisation}")
        for name, value in (("sender", said["sender"]), ("recipient", recipient)):
            if not value.startswith(ADDRESS) or not value.isascii() or not value.isprintable():
                raise ValueError(f"{name} is an address: {ADDRESS}ods:CODE")
        wanted = said.get("acknowledgement", NOTHING_WANTED)
        if wanted not in WANTED:
            raise ValueError(f"acknowledgement is one of {', '.join(WANTED)}")
        reply = said.get("reply", "")
        if reply and urlsplit(reply).scheme not in ("https", "http"):
            raise ValueError("reply is the https:// address of this engine's /itk")
        if wanted == BUSINESS_WANTED and not reply:
            raise ValueError("reply is wanted: a business acknowledgement comes to an address of ours")
        self._to, self._now, self._wanted = to, now, wanted
        self._addressed = Addressed(
            to.address,
            said["sender"],
            recipient,
            said.get("service", ""),
            said.get("interaction", ""),
            said.get("profile", ""),
            said.get("username", said["sender"].replace(":addressing:", ":identity:")),
            reply,
            wanted,
            er7.receiver(said.get("receiver", "")),
        )
        self._client: httpx.AsyncClient | None = None

    def tracking(self, parcel: Parcel) -> str:
        """The tracking id of the distribution envelope; '' where nothing is wanted and nobody knows where to say it: who does may
        say that it could not be delivered, though nobody asked."""
        return tracking_id(parcel.id) if self._wanted != NOTHING_WANTED or self._addressed.reply else ""

    def awaited(self, parcel: Parcel) -> bool:
        """One is, where it is wanted."""
        return self._wanted != NOTHING_WANTED

    async def carry(self, parcel: Parcel) -> Taken:
        """POST the envelope; the answer or the fault says whether the other side has it."""
        import httpx

        from interop.ports.exchange import PATIENCE, answered

        tracking = tracking_id(parcel.id)
        try:
            made = enveloped(self._addressed, tracking, parcel.body, self._now())
            if self._client is None:
                secure = self._to.address.startswith("https:")
                self._client = httpx.AsyncClient(
                    verify=self._to.tls() if secure else True, timeout=PATIENCE, follow_redirects=False, trust_env=False
                )
            headers = {"content-type": "text/xml; charset=utf-8", "soapaction": f'"{made.service}"'}
            if parcel.traceparent:
                headers["traceparent"] = parcel.traceparent
            if token := self._to.secret():
                headers["authorization"] = f"Bearer {token}"
            request = self._client.build_request("POST", self._to.address, content=made.body, headers=headers)
        except Problem as problem:
            return Taken(Problem("destination-refused", detail=problem.reason.name))
        except (OSError, ssl.SSLError, UnicodeError):
            return Taken(Problem("destination-denied", detail="a file of the destination cannot be used"))
        taken, answer = await answered(self._client, request, LONGEST)
        if taken.problem is not None and taken.problem.reason.retry != "permanent":
            await self.close()  # certificates are read anew, since they may have been changed
        return said_of(taken, answer, KIND, tracking, final=self._wanted == INFRASTRUCTURE_WANTED)

    async def close(self) -> None:
        """Let connections go."""
        if self._client is not None:
            client, self._client = self._client, None
            await client.aclose()


class ItkCarrier:
    """Carries to destinations of the kind ``itk``."""

    def courier(self, to: Destination, returned: Returned, now: Callable[[], int]) -> Courier:
        """As ``interop.ports.Carrier``; what is said later comes to ``/itk``."""
        return ItkCourier(to, now)
