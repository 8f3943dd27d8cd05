"""Workers of Subscriptions: with heartbeats, over a websocket, and where nobody listens."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final
from uuid import uuid4

from interop.api.delivering.notifications import BEAT
from interop.api.delivering.worker import LOOK, Worker
from interop.clock import MICROSECONDS
from interop.notify.backoff import DAY
from interop.store.plan import Deliveries, Meta
from interop.store.values import PENDING, SHELVED, Change, Delivery, Mark

UNHEARD: Final = "destination-unavailable"
"""Why a delivery is on the shelf for which nobody came."""

SPARED: Final = 3_600 * MICROSECONDS
"""For so long what is too old is left to who has begun to take it."""
UNCONFIRMED: Final = "destination-unanswered"
"""What a socket says of a delivery that its client has not confirmed."""


class Beating(Worker):
    """Tells its destination that all is well where there is nothing else to tell (backport-heartbeat-period)."""

    period = 0
    """Microseconds between what is sent, at most; 0 = nothing is said."""
    form = ""
    """The format of its notifications."""
    _beaten = 0

    async def step(self) -> float:
        """As ``Worker``; the seconds until the next heartbeat at most."""
        wait = await super().step()
        now = self._clock.now()
        if wait == 0 or not self.period:
            self._beaten = now
            return wait
        self._beaten = self._beaten or now
        if await self._store.query(Deliveries(self.name, PENDING, count=1)):
            return wait
        if now - self._beaten >= self.period:
            await self._beat()
            self._beaten = now
        return min(wait, (self._beaten + self.period - now) / MICROSECONDS)

    async def _beat(self) -> None:
        """Whether it is taken is nobody's concern: who misses it asks ``$status``."""
        if self.alone is not None and not await self.alone():
            return
        payload = await self._contents.told(self.name, BEAT, uuid4().hex, self.form)
        if payload is not None:
            await self.sends.send(payload)


class Wired(Beating):
    """Sends over a websocket. What its client has not confirmed waits as it was, for whoever binds next."""

    async def step(self) -> float:
        """As ``Worker``, while the destination is not paused and nobody else has been bound."""
        paused = (await self._store.query(Meta(f"paused destination {self.name}"))) == ["yes"]
        if paused or (self.alone is not None and not await self.alone()):
            return LOOK
        return await super().step()

    async def _tried(self, delivery: Delivery) -> tuple[Mark, Change] | None:
        tried = await super()._tried(delivery)
        return None if tried is not None and (tried[0].state == PENDING or tried[0].reason == UNCONFIRMED) else tried

    async def _clear(self, now: int) -> None:
        """``Unheard`` does, in the process that sends: this one begins anew with each socket."""


class Unheard(Worker):
    """Of a Subscription by websocket, in the process that sends: whichever process has the socket hands over. What nobody has come
    for in the days that a delivery is tried is put on the shelf."""

    wakes: Callable[[], None] = staticmethod(lambda: None)
    """Tells whoever has the socket, where this process does."""
    _first = _until = 0
    _spared = False
    _token: str | None = None

    def wake(self) -> None:
        """There may be something to do, for that one too."""
        super().wake()
        self.wakes()

    async def step(self) -> float:
        """As ``Worker``, without sending anything."""
        now = self._clock.now()
        found: list[Delivery] = await self._store.query(Deliveries(self.name, PENDING, count=1))
        if not found:
            await self._clear(now)
            return LOOK
        first = found[0]
        old = now - max(first.made, first.since) > self.days * DAY
        if await self._hope(first.sequence, now, old) or not old:
            return LOOK
        mark = Mark(first.sequence, SHELVED, first.tries, 0, UNHEARD, now)
        await self._store.commit(Change(marks=[mark]))
        after: list[Delivery] = await self._store.query(Deliveries(self.name, sequence=first.sequence))
        if after and after[0].state == SHELVED:
            self._marked(first, mark)
        return 0.0

    async def _hope(self, first: int, now: int, old: bool) -> bool:
        """Whether what waits is being worked off, or somebody has come for it: of what is too old once for each that is first, for
        one who comes again and again and never takes it."""
        found: list[str] = await self._store.query(Meta(f"bound {self.name}"))
        token = found[0] if found else ""
        if first != self._first:
            self._first, self._spared, self._until = first, False, now + SPARED
        if self._token not in (None, token) and not self._spared:
            self._spared, self._until = old, now + SPARED
        self._token = token
        return now < self._until
