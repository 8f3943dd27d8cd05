"""Messages carried to one destination over MLLP, on a connection that is kept open.

The acknowledgement says what became of a message (HL7 v2.4, 2.9.2). Where MSH-16 asks for one at application level (2.9.3), the
other side sends that later: on this connection, or on one of its own to our port.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Final
from urllib.parse import urlsplit

from adapters.hl7v2.acknowledgement import Acknowledger, due
from adapters.hl7v2.client import ACCEPT, TIMEOUT, Line, parse
from adapters.hl7v2.request import Request
from interop.errors import Problem
from interop.formats.er7 import accepting, readdressed, receiver
from interop.ports import Acknowledgement, Courier, Destination, Parcel, Taken
from interop.ports.destination import Returned

KIND: Final = "mllp"
ALWAYS: Final = "always"
AS_SENT: Final = "as-sent"
"""Whether our neighbour is to tell that a message has arrived though its sender asked somebody else for nothing."""


class MllpCourier:
    """Sends to one address, one message after the other, each after the answer to the one before."""

    def __init__(self, to: Destination, returned: Returned, now: Callable[[], int]) -> None:
        parts = urlsplit(to.address)
        if not parts.hostname or not parts.port:
            raise ValueError("address is mllps://HOST:PORT")
        self._to, self._returned, self._acknowledger = to, returned, Acknowledger(now)
        self._host, self._port, self._safe = parts.hostname, parts.port, parts.scheme == "mllps"
        self._receiver = receiver(to.settings.get("receiver", ""))
        accept = to.settings.get("accept", ALWAYS)
        if accept not in (ALWAYS, AS_SENT):
            raise ValueError(f"accept is {ALWAYS} or {AS_SENT}")
        self._accept = accept == ALWAYS
        self._line: Line | None = None

    def tracking(self, parcel: Parcel) -> str:
        """MSH-10, where MSH-16 asks for an acknowledgement at application level."""
        request = Request.read(parcel.body)
        asked = due(request.field(16), True) or due(request.field(16), False)
        return request.about[0] if request.enhanced and asked else ""

    def awaited(self, parcel: Parcel) -> bool:
        """Whether one is due though all is well."""
        return due(Request.read(parcel.body).field(16), True)

    async def carry(self, parcel: Parcel) -> Taken:
        """Send it. What the connection did not answer may have been taken: the next is sent on a new one."""
        if not Request.read(parcel.body).fields:
            return Taken(Problem("destination-refused", detail="no message whose header can be read by bytes"))
        body = readdressed(parcel.body, self._receiver)
        try:
            line = await self._open()
        except Problem as problem:
            return Taken(problem)
        except OSError:
            return Taken(Problem("destination-unavailable"))
        answer = await line.ask(accepting(body) if self._accept else body, TIMEOUT)
        if not answer.accepted and not answer.code:
            await self.close()
            return Taken(Problem("destination-unanswered"))
        if not answer.accepted:
            return Taken(Problem("destination-unavailable" if answer.again else "destination-refused"), answer.code)
        final = answer.code == "AA" and self.tracking(parcel)
        said = Acknowledgement(KIND, answer.control_id, True, code=answer.code) if final else None
        return Taken(code=answer.code, said=said)

    async def close(self) -> None:
        """Let the connection go; the next message opens another."""
        if self._line is not None:
            line, self._line = self._line, None
            line.abort()

    async def _open(self) -> Line:
        """The connection. Raises OSError, Problem."""
        if self._line is None or not self._line.open_:
            try:
                tls = self._to.tls() if self._safe else None
            except OSError:
                raise Problem("destination-denied", detail="a file of the destination cannot be used") from None
            async with asyncio.timeout(TIMEOUT):
                self._line = await Line.open(self._host, self._port, tls)
            self._line.late = partial(self._late, self._line)
            self._line.keep()
        return self._line

    def _late(self, line: Line, body: bytes) -> None:
        said = acknowledgement(body)
        if said is None:
            return

        def answer(kept: asyncio.Future[bool]) -> None:
            if not kept.cancelled():
                problem = None if kept.result() else Problem("not-found")
                line.say(self._acknowledger.arrived(Request.read(body), problem))

        self._returned(said).add_done_callback(answer)


def acknowledgement(body: bytes) -> Acknowledgement | None:
    """What an acknowledgement says of the message that it names; None where it is none."""
    control, answer = parse(body)
    if answer is None or not control:
        return None
    header = Request.read(body)
    facility = header.part(4, 1).decode("latin-1").strip()
    to = [header.field(place).decode("utf-8", "replace").strip() for place in (5, 6)]
    about = "|".join((*to, control)) if all(to) else ""
    return Acknowledgement(KIND, control, answer.accepted, answer.code not in ACCEPT, answer.code, facility, about)


class MllpCarrier:
    """Carries to destinations of the kind ``mllp``."""

    def courier(self, to: Destination, returned: Returned, now: Callable[[], int]) -> Courier:
        """As ``interop.ports.Carrier``."""
        return MllpCourier(to, returned, now)
