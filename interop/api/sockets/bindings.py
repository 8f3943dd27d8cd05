"""Which Subscription is told over which websocket of this process (FHIR R4 Subscription, websocket; R5 Backport 1.1).

A Subscription has one socket, over all processes: the one that was bound last, as the store says (``Meta``). Its queue is worked
off by the process that holds it, which asks right before each delivery whether it still does.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from secrets import token_hex
from typing import Final

from interop.api.auditing import Auditing
from interop.api.delivering.meaning import Meant
from interop.api.delivering.payload import Contents, Payload
from interop.api.delivering.senders import Taken
from interop.api.delivering.worker import Through
from interop.api.delivering.workers import Wired
from interop.clock import MICROSECONDS, Clock
from interop.errors import Problem
from interop.notify.destinations import DAYS
from interop.notify.routes import NOTIFICATION
from interop.policy.asker import NOBODY, Asker
from interop.ports.exchange import PATIENCE
from interop.store.plan import Meta
from interop.store.seam import Store
from interop.store.values import Change, News

BOUND: Final = "bound"
"""The kind of the News that a Subscription is bound to another socket."""
SOCKETS: Final = 1_000
"""Sockets of a process."""
OF_ONE: Final = 50
"""Sockets of one client, and Subscriptions of one socket."""
UNKNOWN: Final = 100
"""Sockets of clients who have not signed on yet."""
PARTING: Final = 1.0
"""Seconds for a last word."""


@dataclass(eq=False)
class Socket:
    """One of them. ``say`` writes a text and may wait for a slow client, ``confirmed`` waits until it has had all; both raise
    OSError where it is gone. ``asker`` is who signed on, NOBODY for whom has still to show a token."""

    say: Callable[[str], Awaitable[None]]
    confirmed: Callable[[], Awaitable[None]]
    end: Callable[[int, str], Awaitable[None]]
    asker: Asker
    bound: set[str] = field(default_factory=set)


@dataclass(slots=True)
class Wire:
    """Hands deliveries over a socket: ``ping ID``, or a notification."""

    id: str
    socket: Socket
    patience: float

    async def send(self, payload: Payload) -> Taken:
        """As ``Sends``: it is taken once the client's end has answered a ping that went behind it."""
        text = payload.body.decode() if payload.format.startswith(NOTIFICATION) else f"ping {self.id}"
        try:
            async with asyncio.timeout(self.patience):
                await self.socket.say(text)
                await self.socket.confirmed()
        except TimeoutError:
            await self.socket.end(1008, "too slow")
        except OSError:
            pass
        else:
            return Taken(code="pong")
        return Taken(Problem("destination-unanswered"))

    async def close(self) -> None:
        """The socket is the client's: it may be bound to others."""


@dataclass(slots=True)
class _Bound:
    socket: Socket
    worker: Wired
    token: str


class Bindings:
    """Those of one process."""

    def __init__(self, store: Store, contents: Contents, audit: Auditing, clock: Clock) -> None:
        self._store, self._contents, self._audit, self._clock = store, contents, audit, clock
        self._bound: dict[str, _Bound] = {}
        self._open: set[Socket] = set()
        self._binding = asyncio.Lock()
        self.patience: float = PATIENCE
        """Seconds that a client is given to take one delivery."""
        self.through: Callable[[], Through | None] = lambda: None
        """Who sends in the workers' place and watches."""

    @property
    def sockets(self) -> int:
        """How many are open."""
        return len(self._open)

    def opened(self, socket: Socket) -> None:
        """One more. Raises Problem ``busy``, ``throttled`` where there are too many."""
        clients = Counter(each.asker.client for each in self._open)
        if len(self._open) >= SOCKETS:
            raise Problem("busy")
        if clients[socket.asker.client] >= (UNKNOWN if socket.asker == NOBODY else OF_ONE):
            raise Problem("throttled")
        self._open.add(socket)

    async def closed(self, socket: Socket) -> None:
        """One is gone: what waits for it waits for the next."""
        self._open.discard(socket)
        for id_ in list(socket.bound):
            await self._let_go(id_, socket)

    async def bind(self, id: str, meant: Meant, asker: Asker, socket: Socket) -> Wired:
        """Let a Subscription be told over this socket, ``asker`` being whom it is told for; the worker, not started. Raises Problem
        ``throttled``."""
        if len(socket.bound) >= OF_ONE and id not in socket.bound:
            raise Problem("throttled", detail=f"{OF_ONE} Subscriptions are bound to this socket")
        async with self._binding:
            return await self._bind(id, meant, asker, socket)

    async def _bind(self, id: str, meant: Meant, asker: Asker, socket: Socket) -> Wired:
        token, name = token_hex(8), f"subscription:{id}"
        await self._store.commit(Change(meta=[(_key(id), token)], news=[News(BOUND, id)]))
        await self._take(id, socket)
        wire = Wire(id, socket, min(self.patience, meant.timeout or self.patience))
        worker = Wired(name, asker, wire, self._store, self._contents, self._audit, self._clock, DAYS)
        worker.period, worker.form = meant.heartbeat * MICROSECONDS, meant.format

        async def still() -> bool:
            return bool((await self._store.query(Meta(_key(id)))) == [token])

        worker.alone, worker.through = still, self.through()
        self._bound[id] = _Bound(socket, worker, token)
        socket.bound.add(id)
        return worker

    def arrived(self, id: str) -> None:
        """There is something for this one."""
        if (bound := self._bound.get(id)) is not None:
            bound.worker.wake()

    async def elsewhere(self, ids: Sequence[str]) -> None:
        """These were bound, here or by another process; () is any."""
        for id_ in ids or list(self._bound):
            bound = self._bound.get(id_)
            if bound is not None and (await self._store.query(Meta(_key(id_)))) != [bound.token]:
                await self._take(id_, None)

    async def dropped(self, id: str) -> None:
        """A Subscription is told no more, or something else: who wants it binds again."""
        await self._take(id, None)

    async def stop(self) -> None:
        """Hand over nothing more."""
        for id_, bound in list(self._bound.items()):
            await self._let_go(id_, bound.socket)

    async def _take(self, id: str, for_: Socket | None) -> None:
        """From whoever has it; a socket that is left with none is closed."""
        bound = self._bound.get(id)
        if bound is None:
            return
        await self._let_go(id, bound.socket)
        if bound.socket is for_:
            return
        try:
            async with asyncio.timeout(PARTING):
                await bound.socket.say(f"unbound {id}")
        except OSError:  # TimeoutError is one
            pass
        if not bound.socket.bound:
            await bound.socket.end(1000, "bound elsewhere or no longer active")

    async def _let_go(self, id: str, socket: Socket) -> None:
        bound = self._bound.get(id)
        socket.bound.discard(id)
        if bound is not None and bound.socket is socket:
            del self._bound[id]
            await bound.worker.stop()


def _key(id: str) -> str:
    return f"bound subscription:{id}"
