"""A websocket connection (RFC 6455) that can tell what its client has received: a pong comes back through all that went before."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any, Final

import wsproto
from uvicorn.protocols.utils import ClientDisconnected
from uvicorn.protocols.websockets.wsproto_impl import WSProtocol

CONFIRMED: Final = "interop.confirmed"
"""Key of the scope: a function that waits until the client has received all that was sent before."""
END: Final = "interop.end"
"""Key of the scope: a function that ends the socket with a code and a reason, and waits for nobody."""
ADDRESS: Final = "/websocket"
MESSAGE_BYTES: Final = 8 * 1024
"""Of a message of a client's: a name or a token stands in it."""
HELD: Final = 16
"""Messages of a client that wait to be read; what comes behind them is not received, pongs too."""
GONE: Final = 5.0
"""Seconds after its end in which a client has to have read what was sent: then the connection is cut."""
_NUMBER: Final = 8
"""Bytes of a ping of ours."""


class SocketProtocol(WSProtocol):
    """Uvicorn's, with pings of its own in place of the ones by the clock."""

    _pings = 0
    _cut: asyncio.TimerHandle | None = None
    scope: Any

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._awaited: dict[int, asyncio.Future[None]] = {}

    def handle_connect(self, event: wsproto.events.Request) -> None:
        """A client has asked for a socket."""
        super().handle_connect(event)
        self.scope[CONFIRMED], self.scope[END] = self.confirmed, self.end

    def handle_message(self, event: wsproto.events.TextMessage | wsproto.events.BytesMessage) -> None:
        """Keep it; read on behind it, for pongs come there."""
        super().handle_message(event)
        if self.read_paused and self.queue.qsize() < HELD and not self.transport.is_closing():
            self.read_paused = False
            self.transport.resume_reading()

    def handle_close(self, event: wsproto.events.CloseConnection) -> None:
        """The client ends it; one that reads nothing is cut off."""
        super().handle_close(event)
        self._cut_later()

    def end(self, code: int, why: str) -> None:
        """Say so, behind all that the client has not read yet, and cut it off where it does not."""
        if not (self.disconnected or self.close_sent or self.transport.is_closing()):
            self.close_sent = True
            self.queue.put_nowait({"type": "websocket.disconnect", "code": code, "reason": why})
            with suppress(wsproto.utilities.LocalProtocolError):
                self.transport.write(self.conn.send(wsproto.events.CloseConnection(code=code, reason=why)))
            if self.read_paused:
                self.read_paused = False
                self.transport.resume_reading()
            self.close_timer = self.loop.call_later(self.close_timeout, self.transport.close)
        self._cut_later()

    def shutdown(self) -> None:
        """The server stops. No client can keep it from that."""
        try:
            super().shutdown()
        except (wsproto.utilities.LocalProtocolError, RuntimeError, OSError):  # it has closed already
            self.transport.abort()
        self._cut_later()

    def _cut_later(self) -> None:
        if self._cut is None and not self.disconnected:
            self._cut = self.loop.call_later(GONE, self.transport.abort)

    def handle_ping(self, event: wsproto.events.Ping) -> None:
        """Answer, but not a client that reads nothing: what it is answered would be kept without end."""
        if self.writable.is_set():
            super().handle_ping(event)

    def handle_pong(self, event: wsproto.events.Pong) -> None:
        """A client may answer the last of several pings alone (RFC 6455, 5.5.3): it has had those before."""
        if len(event.payload) != _NUMBER:
            return
        number = int.from_bytes(event.payload)
        for each in [each for each in self._awaited if each <= number]:
            self._settle(self._awaited.pop(each), None)

    def connection_lost(self, exc: Exception | None) -> None:
        """Nobody will answer any more."""
        super().connection_lost(exc)
        if self._cut is not None:
            self._cut.cancel()
        for each in self._awaited.values():
            self._settle(each, ClientDisconnected())
        self._awaited.clear()

    async def confirmed(self) -> None:
        """Wait for the client. Raises ClientDisconnected (an OSError) where it has gone."""
        await self.writable.wait()
        if self.disconnected or self.close_sent or self.transport.is_closing():
            raise ClientDisconnected
        self._pings += 1
        number, waiting = self._pings, self.loop.create_future()
        self._awaited[number] = waiting
        try:
            self.transport.write(self.conn.send(wsproto.events.Ping(payload=number.to_bytes(_NUMBER))))
            await waiting
        except wsproto.utilities.LocalProtocolError:
            raise ClientDisconnected from None
        finally:
            self._awaited.pop(number, None)

    @staticmethod
    def _settle(waiting: asyncio.Future[None], error: Exception | None) -> None:
        if not waiting.done():
            if error is None:
                waiting.set_result(None)
            else:
                waiting.set_exception(error)
