"""What destinations say later of what they were sent: matched to its delivery, kept with it, and missed where it does not come."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from typing import Final

import structlog

from interop.api.delivering.payload import Payload
from interop.api.delivering.senders import parcel_of
from interop.clock import MICROSECONDS, Clock
from interop.errors import Problem
from interop.ports import Acknowledgement, Courier, Destination, Follows, Taken
from interop.store.plan import Deliveries
from interop.store.seam import Store
from interop.store.values import (
    ACKNOWLEDGED,
    AWAITED,
    DENIED,
    MISSING,
    PASSED,
    SENT,
    SHELVED,
    Answered,
    Awaited,
    Change,
    Delivery,
    Mark,
)

REFUSED: Final = "refused-later"
UNHEARD: Final = "unacknowledged"
"""Reasons of the error table."""
FOLLOWED: Final = 50
"""Deliveries that are asked after in one look."""
LATE: Final = 200
"""Deliveries that are told as missing in one change."""
ALIKE: Final = 100
"""Deliveries of one name (control ids come again) of which the last is meant."""
HOUR: Final = 3600 * MICROSECONDS
_OTHER: Final = re.compile(r"[^A-Za-z0-9._-]")
_log = structlog.get_logger("interop.deliveries")


class Awaiting:
    """The acknowledgements of one destination."""

    def __init__(self, name: str, courier: Courier, store: Store, clock: Clock, hours: int, shelves: bool) -> None:
        self._name, self._courier, self._store, self._clock = name, courier, store, clock
        self._hours, self._shelves, self._after = hours, shelves, 0

    async def begin(self, delivery: Delivery, payload: Payload) -> None:
        """It is about to go out: whoever is faster than our mark is known by then. Raises Problem where the store cannot be
        written."""
        parcel = parcel_of(payload)
        if tracking := self._courier.tracking(parcel):
            await self._store.commit(Change(awaited=[self._awaited(delivery, tracking, self._courier.awaited(parcel))]))

    def marked(self, delivery: Delivery, taken: Taken, mark: Mark) -> Change:
        """What becomes of a delivery after a try, as one change."""
        change = Change(marks=[mark])
        if mark.state == SENT:
            if taken.tracking:
                change.awaited.append(self._awaited(delivery, taken.tracking, True))
            if taken.said is not None:
                change.answered.append(_answered(delivery, taken.said, self._clock.now()))
        return change

    async def look(self) -> None:
        """Ask after what has to be asked after, and tell what has not come in time."""
        if isinstance(self._courier, Follows):
            await self._follow(self._courier)
        now = self._clock.now()
        late: list[Delivery] = await self._store.query(Deliveries(self._name, overdue=now, count=LATE))
        state = SHELVED if self._shelves else SENT
        await self._store.commit(
            Change(answered=[Answered(each.sequence, MISSING, each.code, state, UNHEARD, now) for each in late])
        )
        for each in late:
            _log.warning("an acknowledgement has not come", destination=self._name, delivery=each.sequence, state=state)

    async def _follow(self, courier: Follows) -> None:
        """A part at each look, so that many that wait keep nothing else waiting."""
        found: list[Delivery] = await self._store.query(
            Deliveries(self._name, SENT, after=self._after, count=FOLLOWED, ack=AWAITED)
        )
        self._after = found[-1].sequence if len(found) == FOLLOWED else 0
        for each in found:
            try:
                said = await courier.follow(each.tracking)
            except Problem as problem:
                _log.warning("a destination cannot be asked what became of it", destination=self._name, reason=problem.reason.name)
                return
            if said is not None:
                await keep(self._store, each, said, self._clock.now())

    def _awaited(self, delivery: Delivery, tracking: str, due: bool) -> Awaited:
        return Awaited(delivery.sequence, tracking, self._clock.now() + self._hours * HOUR if due else 0)


async def keep(store: Store, delivery: Delivery, said: Acknowledgement, now: int) -> None:
    """Write down what was said of a delivery. Raises Problem where the store cannot be written."""
    await store.commit(Change(answered=[_answered(delivery, said, now)]))
    if not said.accepted:
        code = _code(said)
        _log.warning("a delivery was refused later", destination=delivery.destination, delivery=delivery.sequence, code=code)


async def settle(
    store: Store, destinations: Iterable[Destination], said: Acknowledgement, organisation: str, now: int, name: str = ""
) -> bool:
    """Match an acknowledgement to the delivery that it names; whether there is one. ``organisation`` is whose the other side was
    proved to be, '' where it was not: of others' deliveries it says nothing. ``name`` is the destination that said it, where that
    is known; where several were sent the same and nothing tells which of them says so, none is meant."""
    able = [each for each in destinations if each.kind == said.kind and organisation in ("", each.organisation)]
    if name:
        able = [each for each in able if each.name == name]
    rows: dict[str, list[Delivery]] = {}
    for each in able:
        if found := await store.query(Deliveries(each.name, tracking=said.tracking, count=ALIKE)):
            rows[each.name] = found
    if len(rows) > 1:
        rows = {each.name: rows[each.name] for each in able if each.name in rows and each.organisation == said.sender}
    if not said.tracking or len(rows) != 1:
        _log.warning("an acknowledgement names nothing that was sent", kind=said.kind, named=len(rows))
        return False
    [(of, found)] = rows.items()
    if any(each.early for each in able if each.name == of):
        said = replace(said, final=True)
    if open_ := [each for each in found if each.ack not in (ACKNOWLEDGED, DENIED)]:
        await keep(store, open_[-1], said, now)
    return True


def _answered(delivery: Delivery, said: Acknowledgement, now: int) -> Answered:
    """What it makes of a delivery: it was taken, whatever our own tries say; what is refused is for an operator."""
    if not said.accepted:
        return Answered(delivery.sequence, DENIED, _code(said), SHELVED, REFUSED, now)
    if said.final:
        return Answered(delivery.sequence, ACKNOWLEDGED, _code(said), SENT, "", now)
    kept = delivery.ack == MISSING
    return Answered(delivery.sequence, MISSING if kept else PASSED, _code(said), SENT, delivery.reason if kept else "", now)


def _code(said: Acknowledgement) -> str:
    """The other side's code, without what could be anything else."""
    return _OTHER.sub("", said.code)[:32]
