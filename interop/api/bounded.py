"""HTTP connections with limits: on what comes before a body, and on the time in which a request must be whole."""

from __future__ import annotations

import asyncio
from typing import Final

import httptools
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from interop.api.guarding import LINES
from interop.api.sockets.protocol import ADDRESS, SocketProtocol

URL_BYTES: Final = 64 * 1024
HEADERS: Final = 200
"""Header fields of a request."""
HEAD_BYTES: Final = 256 * 1024
"""Bytes before a body."""
LINGER: Final = 1.0
"""Seconds between an answer to what was not read whole and the end of the connection: a socket closed with bytes unread is reset,
and a reset may overtake the answer."""
PATIENCE: Final = 120
"""Seconds in which a request must be whole."""


class BoundedConnection(HttpToolsProtocol):
    """Uvicorn's connection, which answers 431, 414 and 408 to what is over the limits, and closes."""

    _unfinished = -1
    """Bytes that have come of a head that is not whole, counted by what the system hands over at once; -1 where none is open."""
    _since = 0.0
    """Since when a request is not whole, by the loop's time; 0 where none is."""
    _refusal = 400
    _plain = b""
    """The head of a request that wishes another protocol, without this wish: the parser reads no body after such a one, and it is
    read again without."""
    _socket = False
    """The request asks for a websocket, at the address where there are some."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A client has connected, and is to ask something."""
        self._since = self.loop.time()
        super().connection_made(transport)

    def data_received(self, data: bytes) -> None:
        """Take what the client sends; a wish for another protocol than websockets is passed over (RFC 9110, 7.8)."""
        self._unset_keepalive_if_required()
        rest = data
        while rest:
            try:
                self.parser.feed_data(rest)
                break
            except httptools.HttpParserUpgrade as upgrade:
                if self._socket:
                    self._hand_over(rest[upgrade.args[0] :])
                    return
                rest, self._plain = self._plain + rest[upgrade.args[0] :], b""
            except httptools.HttpParserError:
                self.send_400_response("")
                break
        if self._unfinished >= 0:
            self._unfinished += len(data)
            if self._unfinished > HEAD_BYTES:
                self._refuse(431)

    def on_message_begin(self) -> None:
        """A request begins."""
        self._unfinished, self._since = 0, self.loop.time()
        super().on_message_begin()

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header field; what comes after a body is none (RFC 9110, 6.5.1)."""
        if self._unfinished >= 0:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """All before the body has come; an error here ends in ``send_400_response``."""
        if len(self.headers) > HEADERS or len(self.url) > URL_BYTES:
            self._refusal = 431 if len(self.headers) > HEADERS else 414
            raise ValueError("a head over the limits")
        if self.parser.should_upgrade():
            method, version = self.parser.get_method(), self.parser.get_http_version().encode("ascii")
            if method == b"CONNECT":
                raise ValueError("this is no proxy")
            if self._wants_socket(method, version):
                self._socket, self._unfinished, self._since = True, -1, 0.0
                self.scope["method"] = "GET"
                return
            lines = [b"%s: %s\r\n" % each for each in self.headers if each[0] != b"upgrade"]
            self._plain = b"%s %s HTTP/%s\r\n%s\r\n" % (method, self.url, version, b"".join(lines))
            return
        self._unfinished = -1
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """A request has come whole."""
        if self._plain or self._socket:
            return
        self._since = 0.0
        super().on_message_complete()

    def _wants_socket(self, method: bytes, version: bytes) -> bool:
        """Whether it is a websocket that is wished for, where there are some, and nothing asked before is unanswered."""
        answered = self.cycle is None or self.cycle.response_complete
        at = method == b"GET" and version == b"1.1" and self.url.partition(b"?")[0] == ADDRESS.encode("ascii")
        return at and answered and not self.pipeline and self._should_upgrade()

    def _hand_over(self, early: bytes) -> None:
        """The connection is a websocket's from now on; nobody may send before that was answered (RFC 6455, 4.1)."""
        if early:
            self._refuse(400)
            return
        if self.timeout_keep_alive_task is not None:
            self.timeout_keep_alive_task.cancel()
            self.timeout_keep_alive_task = None
        try:
            self.handle_websocket_upgrade()
        except (UnicodeError, ValueError, RuntimeError):  # a host or another header that is none: it is still ours
            made = [each for each in self.connections if isinstance(each, SocketProtocol) and each.transport is self.transport]
            self.connections.difference_update(made)
            self.connections.add(self)
            self._refuse(400)

    def leave_unread(self) -> None:
        """End the connection, of whose last request there is more to come that nobody reads."""
        self._since = 0.0
        self.flow.pause_reading()
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self.loop.call_later(LINGER, self.transport.abort)

    def send_400_response(self, msg: str) -> None:
        """What came is no request that is taken."""
        self._refuse(self._refusal)

    def expire(self, before: float) -> None:
        """End the connection where a request began before then, by the loop's time, and is not whole."""
        if 0 < self._since < before:
            self._refuse(408)

    def _refuse(self, status: int) -> None:
        """Say so, where there is no answer or only that to the request before, and close."""
        cycle = self.cycle
        if cycle is None or not cycle.response_started or (cycle.response_complete and self._unfinished >= 0):
            self.transport.write(STATUS_LINE[status] + LINES + b"content-length: 0\r\nconnection: close\r\n\r\n")
        self._unfinished, self._since = -1, 0.0
        self.transport.close()
