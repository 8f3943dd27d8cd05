"""All destinations of an engine: their workers, and what an operator may do to them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import structlog

from interop.api.auditing.auditing import Auditing
from interop.api.delivering.awaiting import Awaiting, settle
from interop.api.delivering.hearing import Hearing
from interop.api.delivering.payload import Contents
from interop.api.delivering.senders import Carried, Sends
from interop.api.delivering.worker import Alone, Through, Worker
from interop.clock import Clock, instant
from interop.errors import Problem, reasons
from interop.notify.backoff import DAY
from interop.policy.asker import TESTER, Asker
from interop.ports import Acknowledgement, Destination
from interop.ports.destination import HOURS, Returned
from interop.store.plan import Deliveries, Meta, Queues
from interop.store.seam import Store
from interop.store.values import AWAITED, DELIVERY, PASSED, PENDING, SENT, SHELVED, Change, Delivery, Mark, News, QueueCount, Sweep

PAUSED: Final = "paused"
"""The kind of the News that a destination was paused, or is to go on."""
SYSTEM: Final = "system"
"""The role of a destination: a program of its organisation."""
_log = structlog.get_logger("interop.deliveries")


def asker_of(destination: Destination, *, open: bool) -> Asker:
    """Who a destination is for the policy."""
    client = f"destination:{destination.name}"
    if open:
        return replace(TESTER, client=client)
    return Asker(role=SYSTEM, organisation=destination.organisation, client=client, scopes=None)


class Deliverer:
    """``workers`` by the name of their destination."""

    def __init__(self, store: Store, contents: Contents, audit: Auditing, clock: Clock) -> None:
        self._store, self._contents, self._audit, self._clock = store, contents, audit, clock
        self.workers: dict[str, Worker] = {}
        self._known: dict[str, Destination] = {}
        self._started = False
        self._hearing: dict[str, Hearing] = {}
        self.through: Through | None = None
        """Who sends in the workers' place and watches; set before the first start."""
        self.alone: Alone | None = None
        """Whether this process is still the one that sends; set before anybody is added."""

    def add(
        self,
        name: str,
        asker: Asker,
        sends: Sends,
        days: int,
        marked: Callable[[Delivery, Mark], None] = lambda delivery, mark: None,
        made: Callable[..., Worker] = Worker,
    ) -> Worker:
        """A destination more; ``made`` makes its worker."""
        worker = made(name, asker, sends, self._store, self._contents, self._audit, self._clock, days, marked)
        self.workers[name] = worker
        if isinstance(sends, Carried):
            known = self._known.get(name)
            hours, shelves = (known.hours, known.shelves) if known is not None else (HOURS, False)
            worker.awaiting = Awaiting(name, sends.courier, self._store, self._clock, hours, shelves)
        worker.through, worker.alone = self.through, self.alone
        if self._started:
            worker.start()
        return worker

    def declare(self, destinations: Mapping[str, Destination]) -> None:
        """What the deployment says of its destinations, to be shown."""
        self._known.update(destinations)

    @property
    def declared(self) -> frozenset[str]:
        """The destinations that the deployment has chosen."""
        return frozenset(self._known)

    async def returned(self, said: Acknowledgement, organisations: Collection[str] | None = None, name: str = "") -> bool:
        """What the other side says later, of a delivery of this or of another process: whether that is known, and kept by now
        (``interop.api.delivering.awaiting.settle``). Raises Problem where the store cannot be written."""
        return await settle(self._store, self._known.values(), said, organisations, self._clock.now(), name)

    def told_by(self, name: str) -> Returned:
        """Who is told what a destination says on its own connection, and keeps it."""

        def tell(said: Acknowledgement) -> asyncio.Future[bool]:
            if name not in self._hearing:
                self._hearing[name] = Hearing(name, lambda heard: self.returned(heard, name=name))
            return self._hearing[name].tell(said)

        return tell

    async def remove(self, name: str) -> None:
        """Nobody sends there any more."""
        if (worker := self.workers.pop(name, None)) is not None:
            await worker.stop()

    async def start(self) -> None:
        """Begin with what is left from before."""
        for name, worker in self.workers.items():
            worker.through = self.through
            worker.paused = (await self._store.query(Meta(_paused(name)))) == ["yes"]
            worker.start()
        self._started = True

    async def pause_all(self) -> None:
        """Send nothing: another process does."""
        self._started = False
        for worker in list(self.workers.values()):
            await worker.pause()

    async def stop(self) -> None:
        self._started = False
        for worker in list(self.workers.values()):
            await worker.stop()
        for hearing in self._hearing.values():
            await hearing.stop()
        self._hearing.clear()

    def arrived(self, destinations: Iterable[str]) -> None:
        """There is something for these."""
        for name in destinations:
            if (worker := self.workers.get(name)) is not None:
                worker.wake()

    async def heard(self, destinations: Sequence[str]) -> None:
        """Another process has something for these; () is for any."""
        self.arrived(destinations or list(self.workers))

    async def told(self, destinations: Sequence[str]) -> None:
        """These were paused, or are to go on, as another process was told; () is any."""
        for name in destinations or list(self.workers):
            if (worker := self.workers.get(name)) is not None:
                worker.paused = (await self._store.query(Meta(_paused(name)))) == ["yes"]
                worker.wake()

    async def pause(self, name: str, paused: bool) -> None:
        """Send nothing more there, or go on; a restart keeps it so. What waited meanwhile is tried as long as what is new. Raises
        Problem ``not-found``."""
        worker = self._worker(name)
        moved = [Sweep(name, PENDING, PENDING, self._clock.now())] if worker.paused and not paused else []
        said = [(_paused(name), "yes" if paused else "no")]
        await self._store.commit(Change(meta=said, sweeps=moved, news=[News(PAUSED, name), News(DELIVERY, name)]))
        worker.paused = paused
        worker.wake()

    async def resend(self, name: str, sequence: int = 0) -> int:
        """Try what is on the shelf again, all of it or one; how many that are. Each is tried as long as one that is new. Raises
        Problem ``not-found``."""
        worker, now = self._worker(name), self._clock.now()
        if sequence:
            found: list[Delivery] = await self._store.query(Deliveries(name, sequence=sequence))
            if not found or found[0].state == PENDING:
                raise Problem("not-found")
            await self._store.commit(Change(marks=[Mark(sequence, PENDING, 0, 0, "", now, now)], news=[News(DELIVERY, name)]))
            count = 1
        else:
            count = next((each.shelved for each in await self.queues() if each.destination == name), 0)
            await self._store.commit(Change(sweeps=[Sweep(name, SHELVED, PENDING, now)], news=[News(DELIVERY, name)]))
        worker.wake()
        return count

    async def queues(self) -> list[QueueCount]:
        """A line for each destination that there is or was."""
        counted = {each.destination: each for each in await self._store.query(Queues())}
        return [counted.get(name) or QueueCount(name, 0, 0, 0, 0, 0) for name in sorted({*counted, *self.workers})]

    async def described(self) -> list[dict[str, Any]]:
        """How each queue stands, as JSON; without addresses, which may hold secrets."""
        said = []
        for each in await self.queues():
            worker, known = self.workers.get(each.destination), self._known.get(each.destination)
            one: dict[str, Any] = {"destination": each.destination, "paused": worker is not None and worker.paused}
            one["state"] = "unknown" if worker is None else "paused" if worker.paused else "running"
            if known is not None:
                one |= {"kind": known.kind, "organisation": known.organisation}
            one |= {"pending": each.pending, "sent": each.sent, "shelved": each.shelved, "withheld": each.withheld}
            if each.oldest:
                one["oldest"] = instant(each.oldest)
            if each.awaited or each.missing:
                one |= {"awaited": each.awaited, "missing": each.missing}
            if each.gone:
                one["awaitedSince"] = instant(each.gone)
            said.append(one)
        return said

    async def gauges(self) -> dict[str, dict[str, float]]:
        """Figures by destination, for ``/metrics``: the age of the oldest in seconds."""
        now = self._clock.now()
        return {
            each.destination: {
                "pending": each.pending,
                "sent": each.sent,
                "shelved": each.shelved,
                "withheld": each.withheld,
                "oldest": (now - each.oldest) / 1_000_000 if each.oldest else 0,
                "awaited": each.awaited,
                "missing": each.missing,
                "gone": (now - each.gone) / 1_000_000 if each.gone else 0,
            }
            for each in await self.queues()
        }

    def _worker(self, name: str) -> Worker:
        if name not in self.workers:
            raise Problem("not-found", where=name)
        return self.workers[name]


def describe(delivery: Delivery, days: int = 0) -> dict[str, Any]:
    """A delivery as whoever runs the engine may see it: of which type it is, and not of whom."""
    said: dict[str, Any] = {
        "delivery": delivery.sequence,
        "id": delivery.id,
        "destination": delivery.destination,
        "route": delivery.route,
        "event": delivery.event,
        "format": delivery.format,
        "made": instant(delivery.made),
        "state": delivery.state,
        "tries": delivery.tries,
    }
    if delivery.message:
        said["message"] = delivery.message
    if delivery.type:
        said["type"] = delivery.type
    if delivery.due and delivery.state == PENDING:
        said["next"] = instant(delivery.due)
    if delivery.ack and (delivery.state == SENT or delivery.ack != AWAITED):
        said["acknowledgement"] = {"state": delivery.ack, **({"code": delivery.code} if delivery.code else {})}
        if delivery.ack in (AWAITED, PASSED) and delivery.deadline:
            said["acknowledgement"]["until"] = instant(delivery.deadline)
    if days:
        said["until"] = instant(max(delivery.made, delivery.since) + days * DAY)
    if delivery.reason:
        known = reasons()[delivery.reason]
        said |= {"reason": delivery.reason, "category": known.category.value, "sentence": known.sentence, "action": known.action}
    return said


def _paused(name: str) -> str:
    return f"paused destination {name}"
