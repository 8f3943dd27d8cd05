"""One worker for each destination: what is due, in order, until it is sent, refused for good or too old."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

import structlog

from interop.api.auditing.auditing import Auditing
from interop.api.delivering.awaiting import Awaiting, clean
from interop.api.delivering.payload import Contents, Payload
from interop.api.delivering.senders import Sends, Taken
from interop.background import Background, within
from interop.clock import MICROSECONDS, Clock
from interop.errors import Problem
from interop.notify.backoff import DAY, tried, waits
from interop.policy.asker import Asker
from interop.store.plan import Deliveries
from interop.store.seam import Store
from interop.store.values import PENDING, SENT, SWEPT, WITHHELD, Change, Delivery, Mark, Sweep

LOOK: Final = 30.0
"""Seconds after which a worker looks for work that it was not told of."""
KEPT: Final = 30
"""Days for which what was sent, and what was withheld, is kept: who was told what is in the audit."""
_log = structlog.get_logger("interop.deliveries")
Through = Callable[[Delivery, Payload, Sends], Awaitable[Taken]]
Alone = Callable[[], Awaitable[bool]]
ANOTHER: Final = 1.0
"""Seconds between two looks where another process sends by now: it is ended meanwhile."""


class Worker:
    """Sends to one destination. ``asker`` is who it is for the policy. ``marked`` is told what has become of each delivery."""

    def __init__(
        self,
        name: str,
        asker: Asker,
        sends: Sends,
        store: Store,
        contents: Contents,
        audit: Auditing,
        clock: Clock,
        days: int,
        marked: Callable[[Delivery, Mark], None] = lambda delivery, mark: None,
    ) -> None:
        self.name, self.asker, self.sends, self.days = name, asker, sends, days
        self._store, self._contents, self._audit, self._clock = store, contents, audit, clock
        self._marked = marked
        self.paused = False
        self.through: Through | None = None
        """Who sends in its place and watches."""
        self.alone: Alone | None = None
        """Whether this process is still the one that sends; asked right before, since it may have hung."""
        self.awaiting: Awaiting | None = None
        """What the destination says later, where it does."""
        self._looked = 0
        self._wake = asyncio.Event()
        self._working = Background()
        self._cleared = 0
        self._unkept: tuple[Delivery, Mark, Change] | None = None
        """What has become of a delivery and is not on disk: it is not sent again for want of that."""

    def start(self) -> None:
        self._working.start(self._work())

    async def pause(self) -> None:
        """Try nothing until the next start; what is under way goes on then, under the same id. Whoever sends meanwhile may need the
        only connection that the other side takes."""
        await self._working.stop()
        await self.sends.close()
        self._unkept = None

    async def stop(self) -> None:
        """What is under way goes on at the next start, under the same id."""
        await self._working.stop()
        await self.sends.close()

    def wake(self) -> None:
        """There may be something to do."""
        self._wake.set()

    async def _work(self) -> None:
        failed = 0
        while True:
            self._wake.clear()
            try:
                await self.look()
                wait = LOOK if self.paused else await self.step()
                failed = 0
            except Exception as error:
                name = error.reason.name if isinstance(error, Problem) else type(error).__name__
                sent = self._unkept is not None
                _log.error(
                    "a delivery cannot be marked" if sent else "a delivery cannot be tried", destination=self.name, error=name
                )
                failed += 1
                wait = min(waits(failed) / MICROSECONDS, LOOK)
            if wait:
                await within(self._wake, wait)
            else:
                await asyncio.sleep(0)

    async def step(self) -> float:
        """Try the first that waits; seconds until there may be something to do, 0 for at once. Raises Problem where the audit
        cannot be written: then nothing has gone out; and where the store cannot: then the next step keeps what became of it, and
        sends nothing before."""
        if self._unkept is not None:
            return await self._keep(*self._unkept)
        now = self._clock.now()
        found: list[Delivery] = await self._store.query(Deliveries(self.name, PENDING, count=1))
        if not found:
            await self._clear(now)
            return LOOK
        delivery = found[0]
        if delivery.due > now:
            return min((delivery.due - now) / MICROSECONDS, LOOK)
        tried = await self._tried(delivery)
        return ANOTHER if tried is None else await self._keep(delivery, *tried)

    async def look(self) -> None:
        """See to acknowledgements, now and then. Raises Problem where the store cannot be asked."""
        now = self._clock.now()
        if self.awaiting is not None and now - self._looked >= LOOK * MICROSECONDS:
            self._looked = now
            await self.awaiting.look()

    async def _keep(self, delivery: Delivery, mark: Mark, change: Change) -> float:
        self._unkept = delivery, mark, change
        await self._store.commit(change)
        self._unkept = None
        self._marked(delivery, mark)
        return 0.0

    async def _tried(self, delivery: Delivery) -> tuple[Mark, Change] | None:
        """What becomes of it, and as which change; None where another process sends by now, and this one has not."""
        try:
            payload = await self._contents.of(delivery, self.asker)
        except Problem as problem:
            if problem.reason.retry != "permanent":
                raise
            mark = tried(delivery, problem, self._clock.now(), self.days, 0)
            return mark, Change(marks=[mark])
        if payload is None:
            mark = Mark(delivery.sequence, WITHHELD, delivery.tries, 0, "", self._clock.now())
            return mark, Change(marks=[mark])
        said = payload.about, payload.patients, payload.resources, payload.rules
        await self._audit.delivered(self.asker, self.name, delivery.id, *said)
        if self.alone is not None and not await self.alone():
            return None
        if self.awaiting is not None:
            await self.awaiting.begin(delivery, payload)
        through = self.through
        try:
            taken = await (self.sends.send(payload) if through is None else through(delivery, payload, self.sends))
        except Problem:
            raise
        except Exception as error:  # of an adapter, which nobody can foresee: the delivery waits and ages like any other
            taken = Taken(Problem("destination-unanswered"), type(error).__name__)
        mark = tried(delivery, taken.problem, self._clock.now(), self.days, taken.wait)
        if taken.problem is not None:
            _log.warning(
                "a delivery was not taken",
                destination=self.name,
                delivery=delivery.sequence,
                reason=taken.problem.reason.name,
                code=clean(taken.code),
                state=mark.state,
            )
        return mark, Change(marks=[mark]) if self.awaiting is None else self.awaiting.marked(delivery, taken, mark)

    async def _clear(self, now: int) -> None:
        """What was sent long ago is kept no longer."""
        if now - self._cleared >= DAY:
            self._cleared = now
            before = now - KEPT * DAY
            more = True
            while more:
                found = [await self._store.query(Deliveries(self.name, state, count=SWEPT)) for state in (SENT, WITHHELD)]
                more = any(len(each) == SWEPT and each[-1].changed < before for each in found)
                await self._store.commit(Change(sweeps=[Sweep(self.name, state, "", before) for state in (SENT, WITHHELD)]))
