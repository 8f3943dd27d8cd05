"""The MLLP server: persist, then acknowledge; answers in the order of the messages of a connection."""

from __future__ import annotations

import asyncio
from asyncio import Future, Transport
from collections import deque
from collections.abc import Callable
from time import time_ns
from typing import cast

from adapters.hl7v2.acknowledgement import Acknowledger, waits_for
from adapters.hl7v2.courier import acknowledgement
from adapters.hl7v2.framing import LIMIT, Decoder, frame
from adapters.hl7v2.request import Request
from adapters.hl7v2.responder import Responder
from interop.errors import Problem
from interop.ports import Acknowledgement, AckState, Feed, Intake, MessageState, Mutual, Receipt, Record

UNANSWERED = 512
"""How many messages of one connection may wait for their answer before no more are read from it."""
GRACE = 5.0
"""Seconds that ``stop`` gives the answers that are still due."""
LINGER = 1.0
"""Seconds that what a sender still sends is read and dropped after the last answer: a socket closed with bytes unread is reset,
and a reset may overtake the answer."""


def system_now() -> int:
    return time_ns() // 1000


Due = Future[Receipt] | Future[bytes]
"""What is waited for: the receipt of a message, or the whole answer to a query."""


class Connection(asyncio.Protocol):
    """One sender. Messages may be pipelined; each is answered when its receipt is there and all before it are answered."""

    def __init__(self, listener: MllpListener, intake: Intake, record: Record | None) -> None:
        self._listener = listener
        self._intake = intake
        self._record = record
        self._feed = listener.feed
        self._decoder = Decoder(listener.limit)
        self._waiting: deque[tuple[Due, Request]] = deque()
        self._transport: Transport | None = None
        self._reading = True
        self._writable = True
        self._ended = False
        self._linger = False
        self._answered = 0.0
        """When the last answer went out, by the clock of the loop."""
        self.closed: Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A sender has connected; one whose certificate is nobody's is turned away before it is read from."""
        self._transport = cast(Transport, transport)
        self._listener.connections.add(self)
        mutual = self._listener.mutual
        if mutual is not None:
            feed = self._certified(mutual, self._transport)
            if feed is None:
                self._ended = True
                mutual.turned_away()
                self._transport.abort()
            else:
                self._feed = feed

    def redeclared(self) -> None:
        """Go on under the same feed, as it is declared now; one whose certificate is another's since is ended: it has to connect
        anew."""
        mutual = self._listener.mutual
        if mutual is None or self._transport is None or self._ended:
            return
        feed = self._certified(mutual, self._transport)
        if feed is not None and feed.name == self._feed.name:
            self._feed = feed
            return
        if feed is None:
            mutual.turned_away()
        self.end()

    @staticmethod
    def _certified(mutual: Mutual, transport: Transport) -> Feed | None:
        tls = transport.get_extra_info("ssl_object")
        return mutual.feed(tls.getpeercert(binary_form=True) or b"", tls.getpeercert() or {})

    def data_received(self, data: bytes) -> None:
        if self._ended:
            return
        decoder, intake, feed = self._decoder, self._intake, self._feed.name
        for body in decoder.feed(data):
            request = Request.read(body)
            if request.asks and self._record is not None:
                self._wait(asyncio.ensure_future(self._asked(self._record, body, [due for due, _ in self._waiting])), request)
            elif not request.acknowledges:
                self._wait(intake.receive(feed, body, adapter="hl7v2", wait=waits_for(request)), request)
            elif (said := acknowledgement(body)) is not None:
                self._wait(asyncio.ensure_future(self._returned(said)), request)
        if decoder.cut:
            for body in decoder.cut:
                intake.refuse(feed, body, Problem("truncated"))
            decoder.cut.clear()
        if decoder.overrun is not None:
            self._wait(intake.refuse(feed, decoder.overrun, Problem("too-large")), Request.read(decoder.overrun))
            self._linger = True
            self._finish()
        if len(self._waiting) >= self._listener.unanswered:
            self._pace()

    def eof_received(self) -> bool:
        """The sender may close its half and still wait for answers."""
        self._cut_off()
        self._linger = False
        self._finish()
        return bool(self._waiting)

    def connection_lost(self, exc: Exception | None) -> None:
        self._cut_off()
        self._ended = True
        self._transport = None
        self._listener.connections.discard(self)
        if not self.closed.done():
            self.closed.set_result(None)

    def pause_writing(self) -> None:
        self._writable = False
        self._pace()

    def resume_writing(self) -> None:
        self._writable = True
        self._pace()

    def end(self) -> None:
        """Take no more messages; close when the last answer is out."""
        self._linger = bool(self._waiting) or asyncio.get_running_loop().time() < self._answered + LINGER
        self._finish()

    def abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def _cut_off(self) -> None:
        """A block without its end gets no answer and is journalled (MLLP Release 1, 2)."""
        if not self._ended and (rest := self._decoder.rest):
            self._intake.refuse(self._feed.name, rest, Problem("truncated"))

    def _finish(self) -> None:
        self._ended = True
        self._pace()
        if not self._waiting:
            self._close()

    def _close(self) -> None:
        if (transport := self._transport) is None or transport.is_closing():
            return
        if self._linger and transport.can_write_eof():
            transport.write_eof()
            asyncio.get_running_loop().call_later(LINGER, transport.abort)
        else:
            transport.close()

    async def _asked(self, record: Record, body: bytes, before: list[Due]) -> bytes:
        """The answer to a query, once all that came before it on this connection is answered. The feed's organisation asks where a
        certificate proves whose the connection is."""
        if before:
            await asyncio.wait(before)
        whose = self._feed.organisation if self._listener.mutual is not None else ""
        return await self._listener.responder.answer(record, body, whose)

    async def _returned(self, said: Acknowledgement) -> Receipt:
        """An acknowledgement of what the engine has sent: kept before it is answered."""
        whose = self._feed.speaks_for if self._listener.mutual is not None else None
        known = await self._intake.returned(said, whose)
        return Receipt(0, MessageState.RECEIVED if known else MessageState.REFUSED, None if known else Problem("not-found"))

    def _wait(self, receipt: Due, request: Request) -> None:
        self._waiting.append((receipt, request))
        receipt.add_done_callback(self._answer)

    def _pace(self) -> None:
        """Read while few enough answers are due and the sender takes them, and once it has ended only to drop what comes."""
        if self._transport is None or self._transport.is_closing():
            return
        reading = self._ended or (self._writable and len(self._waiting) < self._listener.unanswered)
        if reading != self._reading:
            self._reading = reading
            if reading:
                self._transport.resume_reading()
            else:
                self._transport.pause_reading()

    def _answer(self, _: Due | None = None) -> None:
        """Write, in one piece, the answers of all messages at the head of the line whose receipts are there."""
        waiting, acknowledger = self._waiting, self._listener.acknowledger
        out: list[bytes] = []
        done: list[int] = []
        while waiting and waiting[0][0].done():
            receipt, request = waiting.popleft()
            settled = settle(receipt)
            if settled is None:
                continue
            if isinstance(settled, bytes):
                out += acknowledger.told(request, settled)
                continue
            if request.acknowledges:
                out += acknowledger.arrived(request, settled.problem)
                continue
            out += acknowledger.answers(request, settled)
            if settled.message:
                done.append(settled.message)
        transport = self._transport
        open_ = transport is not None and not transport.is_closing()
        if transport is not None and open_:
            if out:
                transport.write(b"".join(map(frame, out)))
                self._answered = asyncio.get_running_loop().time()
            if self._ended and not waiting:
                self._close()
        state, acknowledged = AckState.SENT if open_ else AckState.FAILED, self._intake.acknowledged
        for message in done:
            acknowledged(message, state)
        if not self._reading:
            self._pace()


def settle(receipt: Due) -> Receipt | bytes | None:
    """The receipt, of a query its answer; none where the engine gave up waiting for it: the sender gets no answer, tries again."""
    if receipt.cancelled():
        return None
    if receipt.exception() is not None:
        return Receipt(0, MessageState.FAILED, Problem("fault"))
    return receipt.result()


class MllpListener:
    """Listens for HL7 v2 messages of one feed, or of each certificate's; ``port`` 0 takes any free one, ``port`` tells which after
    ``start``."""

    def __init__(
        self,
        host: str,
        port: int,
        feed: Feed,
        *,
        now: Callable[[], int] = system_now,
        limit: int = LIMIT,
        unanswered: int = UNANSWERED,
        mutual: Mutual | None = None,
    ) -> None:
        self.host, self.port, self.feed = host, port, feed
        self.limit, self.unanswered = limit, unanswered
        self.acknowledger = Acknowledger(now)
        self.responder = Responder(now, self.acknowledger)
        self.connections: set[Connection] = set()
        self.mutual = mutual
        self._server: asyncio.Server | None = None

    async def start(self, intake: Intake, record: Record | None = None) -> None:
        """Open the port; raises OSError where that cannot be done. Without a ``record`` queries are messages as any other."""
        loop = asyncio.get_running_loop()
        tls = self.mutual.context if self.mutual is not None else None
        self._server = await loop.create_server(lambda: Connection(self, intake, record), self.host, self.port, ssl=tls)
        self.port = self._server.sockets[0].getsockname()[1]

    def redeclared(self) -> None:
        """Let go of connections whose certificate is no longer of the feed that they send under."""
        for connection in list(self.connections):
            connection.redeclared()

    async def stop(self, grace: float = GRACE) -> None:
        """Take no more, give the answers that are due within ``grace`` seconds, close."""
        if self._server is None:
            return
        self._server.close()
        closing = [connection.closed for connection in self.connections]
        for connection in list(self.connections):
            connection.end()
        if closing:
            await asyncio.wait(closing, timeout=grace)
        for connection in list(self.connections):
            connection.abort()
        await self._server.wait_closed()
        self._server = None
