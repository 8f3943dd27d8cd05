"""HTTP connections that answer with one write, and begin with a read at once.

ASGI sends an answer as two messages, and uvicorn each of them with a system call of its own; and it makes a task for each request.
Both cost as much as a read by id does.
"""

from __future__ import annotations

from collections.abc import Coroutine, Generator
from typing import Any, Final

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

from interop.api.asgi import WHOLE, Header

_CLOSE: Final = b"connection: close\r\n"
_SLASHES: Final = 3
"""In ``/fhir/Type/id``."""


class Connection(HttpToolsProtocol):
    """Uvicorn's connection with a function in the scope, under ``WHOLE``, that sends an answer whole."""

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        scope: Any = cycle.scope
        scope[WHOLE] = _Whole(cycle).send
        super()._start_asgi_task(cycle, app)


class PromptConnection(Connection):
    """Answers reads by id without a task of their own, as long as nothing has to be waited for; then a task goes on. For a store
    that answers at once."""

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        scope: Any = cycle.scope
        path: str = scope["path"]
        if scope["method"] != "GET" or path.count("/") != _SLASHES or not path.startswith("/fhir/") or scope["query_string"]:
            super()._start_asgi_task(cycle, app)
            return
        scope[WHOLE] = _Whole(cycle).send
        coroutine = cycle.run_asgi(app)
        try:
            waiting = coroutine.send(None)
        except StopIteration:
            return
        task = self.loop.create_task(_continued(coroutine, waiting))
        task.add_done_callback(self.tasks.discard)
        self.tasks.add(task)


class _Whole:
    __slots__ = ("cycle",)

    def __init__(self, cycle: RequestResponseCycle) -> None:
        self.cycle = cycle

    def send(self, status: int, headers: list[Header], body: bytes) -> bool:
        """Send an answer that says its length; False, and nothing done, where the connection cannot take it at once."""
        cycle = self.cycle
        if cycle.disconnected or cycle.flow.write_paused or cycle.response_started:
            return False
        lines = [b"%s: %s\r\n" % pair for pair in cycle.default_headers]
        lines += [b"%s: %s\r\n" % pair for pair in headers]
        head = b"".join(lines)
        if head.count(b"\n") != len(lines) or head.count(b"\r") != len(lines):
            raise ValueError("a line break in a header")
        cycle.response_started = cycle.response_complete = True
        cycle.waiting_for_100_continue = False
        cycle.transport.write(b"".join((STATUS_LINE[status], head, b"\r\n" if cycle.keep_alive else _CLOSE + b"\r\n", body)))
        cycle.message_event.set()
        if not cycle.keep_alive:
            cycle.transport.close()
        cycle.on_response()
        return True


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
