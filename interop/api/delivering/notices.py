"""Queues by which people are told: one in which it is decided who is told how, and one for each channel."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final

import structlog

from interop.api.delivering.acting import AGAIN
from interop.api.delivering.payload import Contents, Payload
from interop.api.delivering.worker import LOOK, Worker
from interop.apply.telling.telling import NOTICE, TYPE, Telling, outcome
from interop.clock import MICROSECONDS
from interop.errors import Problem
from interop.policy.asker import Asker
from interop.store.plan import Deliveries
from interop.store.values import PENDING, SENT, SHELVED, Awaited, Change, Delivery, Mark

FAULT: Final = "fault"
"""Of the error table."""
PLAIN: Final = "text/plain"
PAGE: Final = 200
"""Deliveries among which it is looked which is due first."""
_log = structlog.get_logger("interop.deliveries")


class NoticesWorker(Worker):
    """Decides who is told how, and writes down what has become of it."""

    telling: Telling
    arrived: Callable[[list[str]], None]
    """Is told the destinations for which there is something."""

    async def _tried(self, delivery: Delivery) -> tuple[Mark, Change] | None:
        if self.alone is not None and not await self.alone():
            return None
        state, reason, due = SENT, "", list[Delivery]()
        try:
            due = await self.telling.act(delivery)
        except Problem as problem:
            if problem.reason.retry == "transient" or problem.reason.name in AGAIN:
                raise
            state, reason = SHELVED, problem.reason.name
        except Exception as error:
            state, reason = SHELVED, failed(delivery, error)
        mark = Mark(delivery.sequence, state, delivery.tries + 1, 0, reason, self._clock.now())
        return mark, Change(marks=[mark], deliveries=due)

    async def _keep(self, delivery: Delivery, mark: Mark, change: Change) -> float:
        wait = await super()._keep(delivery, mark, change)
        self.arrived([each.destination for each in change.deliveries])
        return wait


class ChannelWorker(Worker):
    """Sends to people. Nobody's message waits for another's: what is due goes, in order; what came into quiet hours waits until
    they end."""

    telling: Telling
    arrived: Callable[[list[str]], None]
    _hold = 0

    async def step(self) -> float:
        """As ``Worker``."""
        if self._unkept is not None:
            return await self._keep(*self._unkept)
        now = self._clock.now()
        if now < self._hold:
            return (self._hold - now) / MICROSECONDS
        found: list[Delivery] = await self._store.query(Deliveries(self.name, PENDING, count=1, due=now))
        if not found:
            await self._clear(now)
            waiting: list[Delivery] = await self._store.query(Deliveries(self.name, PENDING, count=PAGE))
            return min([LOOK, *((each.due - now) / MICROSECONDS for each in waiting)])
        tried = await self._tried(found[0])
        return LOOK if tried is None else await self._keep(found[0], *tried)

    async def look(self) -> None:
        """As ``Worker``; what has become of what was sent is written down."""
        await super().look()
        self.arrived([])

    async def _tried(self, delivery: Delivery) -> tuple[Mark, Change] | None:
        now = self._clock.now()
        try:
            if until := await self.telling.held(delivery):
                mark = Mark(delivery.sequence, PENDING, delivery.tries, until, delivery.reason, now)
                return mark, Change(marks=[mark])
            tried = await super()._tried(delivery)
        except Problem:
            raise
        except Exception as error:
            mark = Mark(delivery.sequence, SHELVED, delivery.tries, 0, failed(delivery, error), now)
            return mark, Change(marks=[mark])
        if tried is None:
            return None
        mark, change = tried
        ambiguous = mark.reason == "destination-unanswered"
        if mark.state == PENDING:
            self._hold = min(mark.due, now + int(LOOK * MICROSECONDS))
            if not (ambiguous or again(delivery)):  # it was not taken: what goes next is no duplicate
                change.awaited.append(Awaited(delivery.sequence, "", 0))
        else:
            ack = change.answered[0].ack if change.answered else ""
            became = delivery._replace(state=mark.state, ack=ack, changed=mark.changed)
            change.deliveries.append(outcome(became, mark.changed))
        return mark, change

    async def _keep(self, delivery: Delivery, mark: Mark, change: Change) -> float:
        wait = await super()._keep(delivery, mark, change)
        self.arrived([])
        return wait


class NoticeContents(Contents):
    """What people are told."""

    def __init__(self, telling: Telling) -> None:
        self._telling = telling

    async def of(self, delivery: Delivery, asker: Asker) -> Payload | None:
        """As ``Contents``; who may be told is asked for whom it is, not for the destination."""
        said = await self._telling.notice(delivery)
        if said is None:
            return None
        about, patients = (TYPE, delivery.resource), tuple(filter(None, (said.patient,)))
        made = Payload(delivery.id, said.text.encode(), PLAIN, about, patients, resources=1, format=NOTICE)
        return replace(made, to=said.to, subject=said.subject, again=again(delivery))


def failed(delivery: Delivery, error: Exception) -> str:
    """Why one is on the shelf over which we failed: it holds up nobody else."""
    _log.error("telling somebody failed", destination=delivery.destination, delivery=delivery.sequence, error=type(error).__name__)
    return FAULT


def again(delivery: Delivery) -> bool:
    """Whether the same may have gone out before: it was about to, and nothing says that it was not taken."""
    return bool(delivery.tracking) or delivery.since > 0
