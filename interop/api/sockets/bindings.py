"""Which Subscription is told over which websocket of this process (FHIR R4 Subscription, websocket; R5 Backport 1.1).

A Subscription has one socket, over all processes: the one that was bound last, as the store says (``Meta``). Its queue is worked
off by the process that holds it, which asks right before each delivery whether it still does.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from secrets import token_hex
from typing import Any, Final
from weakref import WeakValueDictionary

from interop.api.auditing.auditing import Auditing
from interop.api.delivering.meaning import Meant
from interop.api.delivering.payload import Contents, Payload
from interop.api.delivering.senders import Taken
from interop.api.delivering.worker import Through
from interop.api.delivering.workers import Wired
from interop.api.signon.limits import Buckets
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
UNKNOWN: Final = 500
"""Sockets of clients who have not signed on yet; of one address ``OF_ONE``."""
BINDS: Final = (20, 500)
"""What one client binds: a second, and at once. Each is a commit that all processes hear of."""
PARTING: Final = 1.0
"""Seconds for a last word."""
ANSWER: Final = 30.0
"""Seconds in which a client has to read what it is answered."""


@dataclass(eq=False)
class Socket:
    """One of them. ``say`` writes a text and may wait for a slow client, ``confirmed`` waits until it has had all; both raise
    OSError where it is gone. ``end`` waits for nobody. ``asker`` is who signed on, NOBODY for whom has still to show a token;
    ``place`` from where."""

    say: Callable[[str], Awaitable[None]]
    confirmed: Callable[[], Awaitable[None]]
    end: Callable[[int, str], None]
    asker: Asker
    place: str = ""
    bound: set[str] = field(default_factory=set)
    client: str = ""
    """Whose it is, once a token said so."""
    parting: int = 0
    """So many last words are under way."""

    @property
    def whose(self) -> tuple[str, str]:
        """Among whose it is counted: a program's, or those of an address."""
        client = self.client or self.asker.client
        return ("client", client) if client or self.asker != NOBODY else ("place", self.place)

    async def answer(self, text: str) -> None:
        """As ``say``; who does not read it is ended. Raises OSError."""
        try:
            async with asyncio.timeout(ANSWER):
                await self.say(text)
        except TimeoutError:
            self.end(1008, "too slow")
            raise


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
            self.socket.end(1008, "too slow")
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
    meant: Meant
    begun: bool = False
    written: bool = False
    """The store says so: before, what it says is of the one before."""


class Bindings:
    """Those of one process."""

    def __init__(self, store: Store, contents: Contents, audit: Auditing, clock: Clock) -> None:
        self._store, self._contents, self._audit, self._clock = store, contents, audit, clock
        self._bound: dict[str, _Bound] = {}
        self._open: set[Socket] = set()
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._telling: set[asyncio.Task[None]] = set()
        self._binds = Buckets(*BINDS)
        self._stopped = False
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
        if self._stopped or len(self._open) >= SOCKETS:
            raise Problem("busy")
        self._room(socket)
        self._open.add(socket)

    def shown(self, socket: Socket, client: str) -> None:
        """It is this program's: a token says so. Raises Problem ``throttled`` where that has too many."""
        if not socket.client and socket.asker == NOBODY and client:
            socket.client = client
            try:
                self._room(socket)
            except Problem:
                socket.client = ""
                raise

    def _room(self, socket: Socket) -> None:
        counted = Counter(each.whose for each in self._open if each is not socket)
        unknown = sum(number for (kind, _), number in counted.items() if kind == "place")
        if counted[socket.whose] >= OF_ONE or (socket.whose[0] == "place" and unknown >= UNKNOWN):
            raise Problem("throttled")

    async def closed(self, socket: Socket) -> None:
        """One is gone: what waits for it waits for the next."""
        self._open.discard(socket)
        for id_ in list(socket.bound):
            await self.free(id_, socket)

    async def bind(self, id: str, meant: Meant, asker: Asker, socket: Socket) -> Wired:
        """Let a Subscription be told over this socket, ``asker`` being whom it is told for; the worker, to be begun. Raises Problem
        ``throttled``."""
        if len(socket.bound) >= OF_ONE and id not in socket.bound:
            raise Problem("throttled", detail=f"{OF_ONE} Subscriptions are bound to this socket")
        if self._stopped:
            raise Problem("busy")
        async with self._locks.setdefault(id, asyncio.Lock()):
            bound = self._bound.get(id)
            if bound is not None and (bound.socket, bound.meant, bound.worker.asker) == (socket, meant, asker):
                return bound.worker
            if not self._binds.of(repr(socket.whose)).take(self._clock.now()):
                raise Problem("throttled")
            return await self._bind(id, meant, asker, socket)

    async def _bind(self, id: str, meant: Meant, asker: Asker, socket: Socket) -> Wired:
        token, name = token_hex(8), f"subscription:{id}"
        if (before := self._bound.get(id)) is not None:
            await self._take(id, before, silent=before.socket is socket)
        wire = Wire(id, socket, meant.timeout or self.patience)
        worker = Wired(name, asker, wire, self._store, self._contents, self._audit, self._clock, DAYS)
        worker.period, worker.form = meant.heartbeat * MICROSECONDS, meant.format
        bound = self._bound[id] = _Bound(socket, worker, token, meant)
        socket.bound.add(id)

        async def still() -> bool:
            if (await self._store.query(Meta(_key(id)))) == [token]:
                return True
            self._aside(self._take(id, bound))
            return False

        worker.alone, worker.through = still, self.through()
        try:
            await self._store.commit(Change(meta=[(_key(id), token)], news=[News(BOUND, id)]))
        except BaseException:
            await self._let_go(id, bound)
            raise
        bound.written = True
        await self.elsewhere([id])
        return worker

    def begin(self, id: str, worker: Wired) -> None:
        """Let it hand over what waits, where it has not been taken off in between."""
        if (bound := self._bound.get(id)) is not None and bound.worker is worker and not bound.begun:
            bound.begun = True
            worker.start()

    async def free(self, id: str, socket: Socket) -> None:
        """Let go of it, without a word."""
        if (bound := self._bound.get(id)) is not None and bound.socket is socket:
            await self._let_go(id, bound)

    def arrived(self, id: str) -> None:
        """There is something for this one."""
        if (bound := self._bound.get(id)) is not None:
            bound.worker.wake()

    async def elsewhere(self, ids: Sequence[str]) -> None:
        """These were bound, here or by another process; () is any."""
        for id_ in ids or list(self._bound):
            bound = self._bound.get(id_)
            if bound is not None and bound.written and (await self._store.query(Meta(_key(id_)))) != [bound.token]:
                await self._take(id_, bound)

    async def dropped(self, id: str) -> None:
        """A Subscription is told no more, or something else: who wants it binds again."""
        if (bound := self._bound.get(id)) is not None:
            await self._take(id, bound)

    def leave(self) -> None:
        """Take no socket and bind nothing more: the process ends soon."""
        self._stopped = True

    async def stop(self) -> None:
        """Hand over nothing more."""
        self.leave()
        for id_, bound in list(self._bound.items()):
            await self._let_go(id_, bound)
        for task in list(self._telling):
            task.cancel()
        if self._telling:
            await asyncio.wait(self._telling)

    async def _take(self, id: str, bound: _Bound, *, silent: bool = False) -> None:
        """From who has it, if that is still the one; a socket that is left with none is ended. The client is told beside it: nobody
        waits for one that reads slowly."""
        if await self._let_go(id, bound) and not silent:
            bound.socket.parting += 1
            self._aside(self._part(id, bound.socket))

    async def _part(self, id: str, socket: Socket) -> None:
        try:
            async with asyncio.timeout(PARTING):
                await socket.say(f"unbound {id}")
        except OSError:  # TimeoutError is one
            pass
        finally:
            socket.parting -= 1
        if not socket.bound and not socket.parting:
            socket.end(1000, "bound elsewhere or no longer active")

    def _aside(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._telling.add(task)
        task.add_done_callback(self._telling.discard)

    async def _let_go(self, id: str, bound: _Bound) -> bool:
        if self._bound.get(id) is not bound:
            return False
        del self._bound[id]
        bound.socket.bound.discard(id)
        await bound.worker.stop()
        return True


def _key(id: str) -> str:
    return f"bound subscription:{id}"
