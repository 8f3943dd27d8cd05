"""The MLLP client: one message at a time on each connection, each after the answer to the one before."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable
from typing import TYPE_CHECKING, Final, cast
from urllib.parse import urlsplit

from adapters.hl7v2.acknowledgement import due
from adapters.hl7v2.framing import Decoder, frame
from adapters.hl7v2.request import Request
from interop.errors import Problem
from interop.formats import er7
from interop.ports import Answer

if TYPE_CHECKING:
    import ssl

TIMEOUT: Final = 30.0
"""Seconds that an answer may take."""
AHEAD: Final = 64
"""How many answers of each connection may wait for whoever reads them."""
POSITIVE: Final = frozenset({"AA", "CA"})
REJECTED: Final = frozenset({"AR", "CR"})
"""For reasons that need not lie in the message (HL7 v2.4, 2.9.2.2): the sender may try again."""
CONTENT: Final = frozenset(str(code) for code in range(100, 207))
"""HL7 table 0357: what is wrong is in the message; it will be the next time too."""


class Line(asyncio.Protocol):
    """A connection to a server."""

    def __init__(self) -> None:
        self._decoder = Decoder()
        self._transport: asyncio.Transport | None = None
        self._asked = ""
        self._answer: asyncio.Future[Answer] | None = None
        self.late: Callable[[bytes], None] = lambda body: None
        """Is told what comes that is no answer to what was asked last: an acknowledgement that was due later."""

    @classmethod
    async def open(cls, host: str, port: int, tls: ssl.SSLContext | None = None) -> Line:
        """Connect; raises OSError."""
        _, line = await asyncio.get_running_loop().create_connection(cls, host, port, ssl=tls)
        return line

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self._give(Answer(self._asked, False, "", "the connection ended before the answer"))

    def data_received(self, data: bytes) -> None:
        for body in self._decoder.feed(data):
            answered, answer = parse(body)
            waits = self._answer is not None and not self._answer.done()
            if waits and answer is not None and answered in ("", self._asked):
                self._give(answer)
            elif answer is not None:
                self.late(body)

    @property
    def open_(self) -> bool:
        return self._transport is not None and not self._transport.is_closing()

    async def ask(self, body: bytes, timeout: float) -> Answer:
        """Send one message and wait for what is said of it: the first acknowledgement that names its control id, or none."""
        request = Request.read(body)
        self._asked = request.field(10).decode("utf-8", "replace").strip()
        if self._transport is None or self._transport.is_closing():
            return Answer(self._asked, False, "", "the connection ended before the answer")
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(frame(body))
        if request.enhanced and not (due(request.field(15), True) or due(request.field(16), True)):
            return Answer(self._asked, True, "", "no answer was asked for")
        try:
            async with asyncio.timeout(timeout):
                answer = await self._answer
        except TimeoutError:
            self.close()
            return Answer(self._asked, False, "", f"no answer within {timeout:g} s")
        return Answer(self._asked, answer.accepted, answer.code, answer.text, answer.again)

    def keep(self) -> None:
        """Find out when the other side is gone, though nothing is sent for long."""
        sock = self._transport.get_extra_info("socket") if self._transport is not None else None
        if sock is not None:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()

    def _give(self, answer: Answer) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(answer)


def parse(body: bytes) -> tuple[str, Answer | None]:
    """MSA-2 and the answer that an acknowledgement gives; no answer where it is not one."""
    try:
        message = er7.Message.parse(body)
    except Problem:
        return "", None
    msa, err = message.first("MSA"), message.first("ERR")
    if msa is None:
        return "", None
    told = [msa[3], *(field for field in ((err[8] or err[7], err[3], err[2]) if err else ()) if field)]
    if err and err[1]:
        told.append(err[1])
    text = "; ".join(er7.unescape(part, message.delimiters, message.charset) for part in dict.fromkeys(told) if part)
    code = er7.unescape(err[3], message.delimiters, message.charset).partition("^")[0] if err else ""
    again = msa[1] in REJECTED and not (code.isdigit() and code in CONTENT)
    return msa[2].strip(), Answer(msa[2].strip(), msa[1] in POSITIVE, msa[1], text, again)


async def send(
    url: str,
    bodies: AsyncIterable[bytes] | Iterable[bytes],
    *,
    connections: int = 1,
    timeout: float = TIMEOUT,
    tls: ssl.SSLContext | None = None,
) -> AsyncIterator[Answer]:
    """An answer for each message. A connection that ends is opened again for the next message; raises OSError where that fails,
    ValueError where ``url`` is not ``mllp://host:port``, or ``mllps://`` for ``tls``."""
    parts = urlsplit(url)
    if parts.scheme != ("mllp" if tls is None else "mllps") or not parts.hostname or not parts.port:
        raise ValueError(f"not of the form mllp://host:port, or mllps:// with certificates: {url}")
    host, port = parts.hostname, parts.port
    source = _one_by_one(bodies)
    turn = asyncio.Lock()
    answers: asyncio.Queue[Answer | None] = asyncio.Queue()
    room = asyncio.Semaphore(AHEAD * connections)

    async def work() -> None:
        line: Line | None = None
        try:
            while True:
                async with turn:
                    body = await anext(source, None)
                if body is None:
                    break
                if line is None or not line.open_:
                    line = await Line.open(host, port, tls)
                await room.acquire()
                answers.put_nowait(await line.ask(body, timeout))
        finally:
            if line is not None:
                line.close()

    async def all_work() -> None:
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(connections):
                    group.create_task(work())
        finally:
            answers.put_nowait(None)

    whole = asyncio.create_task(all_work())
    try:
        while (answer := await answers.get()) is not None:
            room.release()
            yield answer
        try:
            await whole
        except* OSError as failures:
            raise failures.exceptions[0] from None
    finally:
        whole.cancel()
        await asyncio.wait((whole,))
        if not whole.cancelled():
            whole.exception()  # said above, or nobody waits for it any more


async def _one_by_one(bodies: AsyncIterable[bytes] | Iterable[bytes]) -> AsyncIterator[bytes]:
    if isinstance(bodies, AsyncIterable):
        async for body in bodies:
            yield body
    else:
        for body in bodies:
            yield body
