"""What destinations say later of what they were sent: matched to its delivery, kept with it, and missed where it does not come."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Collection, Iterable
from dataclasses import replace
from typing import Final

import structlog

from interop.api.delivering.payload import Payload
from interop.api.delivering.senders import parcel_of
from interop.apply.telling.telling import NOTICE, outcome
from interop.clock import MICROSECONDS, Clock
from interop.errors import Problem
from interop.ports import Acknowledgement, Courier, Destination, Follows, Taken
from interop.store.plan import Deliveries, Message
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
    Entry,
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
"""Deliveries of one name that are looked at (control ids come again)."""
HOUR: Final = 3600 * MICROSECONDS
LONG: Final = 5.0
"""Seconds of one look for asking what became of what was sent: the queue waits meanwhile."""
_CODE: Final = re.compile(r"(?!.*\d{9})[A-Za-z0-9._-]{1,32}")
"""What is a code and no text: nor a number that could be somebody's."""
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
        loop = asyncio.get_running_loop()
        begun = loop.time()
        for each in found:
            self._after = each.sequence
            try:
                said = await courier.follow(each.tracking)
            except Exception as error:
                reason = error.reason if isinstance(error, Problem) else None
                name = reason.name if reason is not None else type(error).__name__
                _log.warning("a destination cannot be asked what became of it", destination=self._name, reason=name)
                if reason is not None and reason.retry == "permanent":
                    continue  # of this one alone nothing is known: it is missing when its time has come
                return
            if said is not None:
                await keep(self._store, each, said, self._clock.now())
            if loop.time() - begun > LONG:
                return
        if len(found) < FOLLOWED:
            self._after = 0

    def _awaited(self, delivery: Delivery, tracking: str, due: bool) -> Awaited:
        return Awaited(delivery.sequence, tracking, self._clock.now() + self._hours * HOUR if due else 0)


async def keep(store: Store, delivery: Delivery, said: Acknowledgement, now: int) -> None:
    """Write down what was said of a delivery. Raises Problem where the store cannot be written."""
    made = _answered(delivery, said, now)
    change = Change(answered=[made])
    if delivery.event == NOTICE:
        change.deliveries.append(outcome(delivery._replace(ack=made.ack), now))
    await store.commit(change)
    if not said.accepted:
        code = clean(said.code)
        _log.warning("a delivery was refused later", destination=delivery.destination, delivery=delivery.sequence, code=code)


async def settle(
    store: Store,
    destinations: Iterable[Destination],
    said: Acknowledgement,
    organisations: Collection[str] | None,
    now: int,
    name: str = "",
) -> bool:
    """Match an acknowledgement to the delivery that it names; whether there is one. ``organisations`` are those for which the other
    side was proved to speak, None where nothing was: of others' deliveries it says nothing. ``name`` is the destination that said
    it, where that is known; where several were sent the same and nothing tells which of them says so, none is meant."""
    proved = [each for each in destinations if organisations is None or each.organisation in organisations]
    able = [each for each in proved if each.kind == said.kind]
    if name:
        able = [each for each in able if each.name == name]
    rows: dict[str, list[Delivery]] = {}
    for each in able:
        if found := await store.query(Deliveries(each.name, tracking=said.tracking, count=ALIKE)):
            rows[each.name] = found
    kept = await _about(store, [each for found in rows.values() for each in found], said.about)
    rows = {of: some for of, found in rows.items() if (some := [each for each in found if each in kept])}
    if len(rows) > 1:
        rows = {each.name: rows[each.name] for each in able if each.name in rows and each.organisation == said.sender}
    if not said.tracking or len(rows) != 1:
        _log.warning("an acknowledgement names nothing that was sent", kind=said.kind, named=len(rows))
        return False
    [(of, found)] = rows.items()
    if any(each.early for each in able if each.name == of):
        said = replace(said, final=True)
    meant, sure = _meant(found)
    if not sure:
        _log.warning("an acknowledgement names nothing that was sent", kind=said.kind, named=len(found))
        return False
    if meant is not None:
        await keep(store, meant, said, now)
    return True


async def _about(store: Store, found: list[Delivery], about: str) -> list[Delivery]:
    """Those whose message has that duplicate key; all where none has, or it is not told: control ids are of their senders, and
    several may have used one."""
    if not about or len(found) < 2:
        return found
    exact = []
    for each in found:
        entries: list[Entry] = await store.query(Message(each.message)) if each.message else []
        if any(entry.duplicate == about for entry in entries):
            exact.append(each)
    return exact or found


def _meant(found: list[Delivery]) -> tuple[Delivery | None, bool]:
    """Which of the deliveries of one name to one destination, in their order, is meant: the one of which a word is due. None where
    it is said again of one that is settled, False where nobody can tell."""
    settled = max((each.sequence for each in found if each.ack in (ACKNOWLEDGED, DENIED)), default=0)
    open_ = [each for each in found if each.sequence > settled]
    if due := [each for each in open_ if each.ack in (AWAITED, PASSED)]:
        return due[-1], len(due) == 1
    return (open_[-1] if open_ else None), True


def _answered(delivery: Delivery, said: Acknowledgement, now: int) -> Answered:
    """What it makes of a delivery: it was taken, whatever our own tries say; what is refused is for an operator."""
    if not said.accepted:
        return Answered(delivery.sequence, DENIED, clean(said.code), SHELVED, REFUSED, now)
    if said.final:
        return Answered(delivery.sequence, ACKNOWLEDGED, clean(said.code), SENT, "", now)
    return Answered(delivery.sequence, PASSED, clean(said.code), SENT, "", now)


def clean(code: str) -> str:
    """The other side's code where it is one, to be kept and logged; '' for anything else, which could name somebody."""
    return code if _CODE.fullmatch(code) else ""
