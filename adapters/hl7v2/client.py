"""The MLLP client: one message at a time on each connection, each after the answer to the one before."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable
from typing import TYPE_CHECKING, Any, Final, Protocol, cast
from urllib.parse import urlsplit

from adapters.hl7v2.acknowledgement import due
from adapters.hl7v2.framing import Decoder, frame
from adapters.hl7v2.request import Request
from interop.errors import Problem, reasons
from interop.formats import er7
from interop.ports import Answer

if TYPE_CHECKING:
    import ssl

TIMEOUT: Final = 30.0
"""Seconds that an answer may take."""
AHEAD: Final = 64
"""How many answers of each connection may wait for whoever reads them."""
POSITIVE: Final = frozenset({"AA", "CA"})
ACCEPT: Final = frozenset({"CA", "CE", "CR"})
"""Said of a message's arrival alone (HL7 table 0008)."""
PASSING: Final = frozenset({"AR", "CE"})
"""For reasons that need not lie in the message (HL7 v2.4, 2.9.2.2), or since it could not be committed (2.9.3): the sender may try
again."""
CONTENT: Final = frozenset(str(code) for code in range(100, 206))
"""HL7 table 0357: what is wrong is in the message; it will be the next time too."""
WITHIN: Final = frozenset({"206", "207"})
"""HL7 table 0357: a record is locked, or it lies within the application. CR (2.9.3: by the header) passes for these alone."""
OWED: Final = 10_000
"""Control ids of which an application's word may be to come on one connection, at most."""
QUIET: Final = (("TCP_KEEPIDLE", 60), ("TCP_KEEPINTVL", 20), ("TCP_KEEPCNT", 3))
"""Seconds and probes: shorter than firewalls forget a connection."""


class Line(asyncio.Protocol):
    """A connection to a server."""

    def __init__(self) -> None:
        self._decoder = Decoder()
        self._transport: asyncio.Transport | None = None
        self._asked = ""
        self._accepts = False
        self._owed: dict[str, None] = {}
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
            if answer is None:
                continue
            waits = self._answer is not None and not self._answer.done()
            earlier = answered in self._owed and answer.code not in ACCEPT
            if waits and answered in ("", self._asked) and not earlier:
                if self._accepts and answer.code == "CA":
                    self._owe(answered)
                self._give(answer)
            else:
                if earlier:
                    del self._owed[answered]
                self.late(body)
        self._decoder.cut.clear()
        if self._decoder.overrun is not None:
            self.abort()

    def _owe(self, control: str) -> None:
        """What the application says of it comes later: a message of the same control id is not answered by that."""
        self._owed[control] = None
        if len(self._owed) > OWED:
            del self._owed[next(iter(self._owed))]

    @property
    def open_(self) -> bool:
        return self._transport is not None and not self._transport.is_closing()

    async def ask(self, body: bytes, timeout: float) -> Answer:
        """Send one message and wait for what is said of it: the first acknowledgement that names its control id, or none."""
        request = Request.read(body)
        self._asked = request.field(10).decode("utf-8", "replace").strip()
        self._accepts = due(request.field(16), True) or due(request.field(16), False)
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
            self.abort()
            return Answer(self._asked, False, "", f"no answer within {timeout:g} s")
        return Answer(self._asked, answer.accepted, answer.code, answer.text, answer.again)

    def say(self, bodies: Iterable[bytes]) -> None:
        """Send what nobody answers."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(b"".join(frame(body) for body in bodies))

    def keep(self) -> None:
        """Find out when the other side is gone, though nothing is sent for long."""
        sock = self._transport.get_extra_info("socket") if self._transport is not None else None
        if sock is not None:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            for name, value in QUIET:
                if hasattr(socket, name):
                    sock.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()

    def abort(self) -> None:
        """Close it and drop what has not gone out: it would arrive behind what is sent on the next."""
        if self._transport is not None:
            self._transport.abort()

    def _give(self, answer: Answer) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(answer)


def parse(body: bytes) -> tuple[str, Answer | None]:
    """MSA-2 and the answer that an acknowledgement gives; no answer where it is not one. Where it cannot be read whole, its MSA and
    ERR still say what became of the message; its words are left out then."""
    try:
        message = er7.Message.parse(body)
    except Problem:
        segments = _segments(body)
        return _answer(segments.get("MSA"), segments.get("ERR"), lambda text: text, words=False)
    return _answer(
        message.first("MSA"), message.first("ERR"), lambda text: er7.unescape(text, message.delimiters, message.charset), words=True
    )


class Fields(Protocol):
    """A segment: its fields by their number, '' where there is none; false where it has nothing."""

    def __getitem__(self, place: int, /) -> str: ...


def _answer(msa: Fields | None, err: Fields | None, plain: Callable[[str], str], *, words: bool) -> tuple[str, Answer | None]:
    if msa is None:
        return "", None
    text, name, number = "", "", plain(msa[6]).partition("^")[0]
    if err is not None:
        older = plain(err[1]).replace("&", "^").split("^")
        number = plain(err[3]).partition("^")[0] or (older[3] if len(older) > 3 else "") or number
        name = plain(err[5]).partition("^")[0]
    if words:
        told = [msa[3], *((err[8] or err[7], err[3], err[2], err[1]) if err is not None else ())]
        text = "; ".join(plain(part) for part in dict.fromkeys(told) if part)
    control, code = msa[2].strip(), msa[1].strip()
    return control, Answer(control, code in POSITIVE, code, text, _again(code, number.strip(), name.strip()))


def _again(code: str, number: str, name: str) -> bool:
    """Whether what was refused may be taken another time: by the name that an engine like this one gives in ERR-5, else by what the
    error is, else by what the code means."""
    if name in reasons():
        return reasons()[name].retry != "permanent"
    if code == "CR":
        return number in WITHIN
    return code in PASSING and number not in CONTENT


class _Bare(list[str]):
    """The fields of a segment that is not read further."""

    def __getitem__(self, place: Any) -> Any:
        return super().__getitem__(place) if place < len(self) else ""


def _segments(body: bytes) -> dict[str, _Bare]:
    """The first segment of each name, by bytes."""
    header = Request.read(body)
    found: dict[str, _Bare] = {}
    if header.fields:
        for line in body.decode("latin-1").replace("\n", "\r").split("\r"):
            found.setdefault(line[:3], _Bare(line.split(header.separator.decode("latin-1"))))
    return found


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
