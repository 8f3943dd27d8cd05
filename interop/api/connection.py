"""HTTP connections that answer with one write, know a client's headers again, and begin with a GET at once.

ASGI sends an answer as two messages, and uvicorn each of them with a system call of its own; for each request it parses the
headers, makes a task and sets a clock. Each of these costs a good part of what a read by id does.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Coroutine, Generator
from functools import cached_property, partial
from math import inf
from typing import Any, Final

from uvicorn import Config
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, RequestResponseCycle

from interop.api.asgi import WHOLE, Head, Header, lines
from interop.api.bounded import URL_BYTES, BoundedConnection

PASSED_OVER: Final = 16 * 1024
"""Bytes of a body that nobody reads that are dropped, so that the connection can be used again; before more it is ended."""
_CLOSE: Final = b"connection: close\r\n"
_END: Final = b"\r\n\r\n"
_GET: Final = re.compile(rb"GET (/fhir/[A-Za-z0-9/_.$&=:|,;~@!*()'+-]*)(?:\?([A-Za-z0-9/_.$&=:|,;~@!*()'+%?-]*))? HTTP/1\.1")
"""A request line whose parts mean what they say."""


class Serving(Config):
    """How a server serves."""

    leaving = False
    """It is about to stop: each answer is the last of its connection and says so."""


class Connection(BoundedConnection):
    """Uvicorn's connection with a function in the scope, under ``WHOLE``, that sends an answer whole, and one clock for all times
    that a client is silent.

    As a rule a client sends the same headers with each request. Where the lines below the request line are, byte for byte, those of
    the GET before, they mean what they meant then, and only the request line is read.
    """

    _head = b""
    """The header lines of the last GET; b'' where they may not be taken again."""
    _scope: dict[str, Any]
    """What the scope of a GET with these headers always has."""
    _between = True
    """The parser is between two requests."""
    _silent_since = inf
    config: Serving

    @property
    def idle(self) -> bool:
        """Whether nothing is asked here that is not answered."""
        return self._between and (self.cycle is None or self.cycle.response_complete)

    def leave(self) -> None:
        """The answer that is under way is the last."""
        if self.cycle is not None and not self.cycle.response_complete:
            self.cycle.keep_alive = False

    def data_received(self, data: bytes) -> None:
        """Take what the client sends."""
        line, _, head = data.partition(b"\r\n")
        if (
            head
            and head == self._head
            and self.cycle.response_complete
            and len(line) < URL_BYTES
            and (asked := _GET.fullmatch(line))
        ):
            self._silent_since = inf
            self._again(asked[1], asked[2] or b"")
            return
        between, self._head = self._between, b""
        super().data_received(data)
        if not self._between:
            return
        if between and data.find(_END) == len(data) - len(_END) and _GET.fullmatch(line):
            if not self.expect_100_continue and self.cycle.keep_alive:
                self._head = head
                self._scope = {
                    "type": "http",
                    "asgi": {"version": self.asgi_version, "spec_version": "2.3"},
                    "http_version": "1.1",
                    "server": self.server,
                    "client": self.client,
                    "scheme": self.scheme,
                    "root_path": self.root_path,
                    "headers": Head(self.headers),
                    "method": "GET",
                }
        if self._silent_since == inf and self.cycle is not None and self.cycle.response_complete:
            self._silent_since = self.loop.time()  # what came asks nothing: line breaks, the end of a body answered before

    def on_message_begin(self) -> None:
        """A request begins."""
        self._between = False
        super().on_message_begin()

    def on_message_complete(self) -> None:
        """A request has come whole."""
        self._between = True
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """An answer has gone out; as uvicorn does it, but for the clock."""
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        if self.cycle.response_complete and has_more(self.cycle):
            self.leave_unread()
            return
        self.flow.resume_reading()
        if self.pipeline:
            Connection._start_asgi_task(self, *self.pipeline.pop())  # in a task: answers inside answers go as deep as they are many
        else:
            self._silent_since = self.loop.time()
            if self.timeout_keep_alive_task is None:
                self._wait(self.timeout_keep_alive)

    def timeout_keep_alive_handler(self) -> None:
        """Close where the client has been silent for so long; else look again later."""
        self.timeout_keep_alive_task = None
        if not self.transport.is_closing():
            left = self._silent_since + self.timeout_keep_alive - self.loop.time()
            if left <= 0:
                self.transport.close()
            else:
                self._wait(min(left, self.timeout_keep_alive))

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection has ended."""
        super().connection_lost(exc)
        if self.timeout_keep_alive_task is not None:
            self.timeout_keep_alive_task.cancel()

    def _wait(self, seconds: float) -> None:
        self.timeout_keep_alive_task = self.loop.call_later(seconds, self.timeout_keep_alive_handler)

    def _unset_keepalive_if_required(self) -> None:
        self._silent_since = inf

    def _again(self, path: bytes, query: bytes) -> None:
        """A GET with the headers of the one before."""
        scope = self._scope.copy()
        scope["path"] = path.decode("ascii")
        scope["raw_path"] = path
        scope["query_string"] = query
        scope["state"] = self.app_state.copy()
        self.cycle = cycle = _Again(self, scope)
        self._start_asgi_task(cycle, self.app)

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        if self.config.leaving:
            cycle.keep_alive = False
        scope: Any = cycle.scope
        scope[WHOLE] = partial(_whole, cycle)
        super()._start_asgi_task(cycle, app)


def has_body(cycle: RequestResponseCycle) -> bool:
    """Whether the request says that a body follows."""
    return any(
        name == b"transfer-encoding" or (name == b"content-length" and value.strip(b"0 ")) for name, value in cycle.scope["headers"]
    )


def has_more(cycle: RequestResponseCycle) -> bool:
    """Whether more of its body may come than is passed over."""
    return cycle.more_body and any(
        name == b"transfer-encoding" or (name == b"content-length" and int(value) > PASSED_OVER)
        for name, value in cycle.scope["headers"]
    )


class PromptConnection(Connection):
    """Answers reads and searches without a task of their own, as long as nothing has to be waited for; then a task goes on. For a
    store that answers at once."""

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        if self.config.leaving:
            cycle.keep_alive = False
        scope: Any = cycle.scope
        path: str = scope["path"]
        if scope["method"] != "GET" or not path.startswith("/fhir/") or "$" in path or has_body(cycle):
            super()._start_asgi_task(cycle, app)
            return
        cycle.more_body = False
        scope[WHOLE] = partial(_whole, cycle)
        coroutine = cycle.run_asgi(app)
        try:
            waiting = coroutine.send(None)
        except StopIteration:
            return
        task = self.loop.create_task(_continued(coroutine, waiting))
        task.add_done_callback(self.tasks.discard)
        self.tasks.add(task)


class _Again(RequestResponseCycle):
    """A GET, come whole, with the headers of the one before: what is the same each time is the class's."""

    logger: Any
    access_log = False
    disconnected = response_started = response_complete = False
    waiting_for_100_continue = more_body = False
    keep_alive = True
    chunked_encoding = None
    expected_content_length = 0
    body = b""  # type: ignore[assignment]

    def __init__(self, connection: Connection, scope: Any) -> None:
        self.scope = scope
        self.transport = connection.transport
        self.flow = connection.flow
        self.logger = connection.logger
        self.default_headers = connection.server_state.default_headers
        self.on_response = connection.on_response_complete

    @cached_property
    def message_event(self) -> asyncio.Event:  # type: ignore[override]
        """That there is something to receive; made where somebody waits for it."""
        event = asyncio.Event()
        event.set()
        return event


def _whole(cycle: RequestResponseCycle, status: int, headers: list[Header], written: bytes, body: bytes) -> bool:
    """Send an answer that says its length; False, and nothing done, where the connection cannot take it at once."""
    if cycle.disconnected or cycle.flow.write_paused or cycle.response_started:
        return False
    unread = has_more(cycle)
    head = lines(headers)
    cycle.response_started = cycle.response_complete = True
    cycle.waiting_for_100_continue = False
    end = b"\r\n" if cycle.keep_alive and not unread else _CLOSE + b"\r\n"
    cycle.transport.write(b"".join((STATUS_LINE[status], _always.of(cycle.default_headers), head, written, end, body)))
    if "message_event" in cycle.__dict__:
        cycle.message_event.set()
    if not cycle.keep_alive and not unread:
        cycle.transport.close()
    cycle.on_response()
    return True


class _Always:
    """The server's own headers as lines; they change once a second, all at once (a new list)."""

    def __init__(self) -> None:
        self._headers: list[Header] = []
        self._lines = b""

    def of(self, headers: list[Header]) -> bytes:
        """These as lines."""
        if headers is not self._headers:
            self._headers, self._lines = headers, lines(headers)
        return self._lines


_always = _Always()


class _Begun:
    """A coroutine that has begun and waits for ``waiting``."""

    __slots__ = ("coroutine", "waiting")

    def __init__(self, coroutine: Coroutine[Any, Any, None], waiting: Any) -> None:
        self.coroutine = coroutine
        self.waiting = waiting

    def __await__(self) -> Generator[Any, Any, None]:
        waiting = self.waiting
        while True:
            said: Any
            resume: Any = self.coroutine.send
            try:
                said = yield waiting
            except BaseException as error:
                resume, said = self.coroutine.throw, error
            try:
                waiting = resume(said)
            except StopIteration:
                return


async def _continued(coroutine: Coroutine[Any, Any, None], waiting: Any) -> None:
    await _Begun(coroutine, waiting)
