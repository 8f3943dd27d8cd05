"""Asks the national service about NHS numbers that nobody has verified, and about people without one who wait in the queue.

It does so behind the feeds and at a bounded rate; nothing waits for it. Each answer is a message of the feed ``pds``, journalled
and applied as any other: so it is evidence, the same after a rebuild, and links are judged anew by it. A meta value for each number
says when it was asked about and what came of it: a restart does not ask again.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from typing import Final, NamedTuple

import orjson
import structlog

from interop.background import Background, within
from interop.clock import MICROSECONDS, Clock
from interop.errors import Problem
from interop.fhir.shapes import Json, dicts, text, texts
from interop.identity.known import Known, known_of
from interop.identity.linking import known_by
from interop.identity.national import message_of, outcome_of
from interop.ids import NHS_NUMBER
from interop.ports import MessageState, Receipt
from interop.ports.demographics import FOUND, ONE, PDS, SEVERAL, Criteria, Demographics, Reply
from interop.store.decision import PERMIT_ALL
from interop.store.plan import Claims, Meta, Pairs, Persons, Search, Several
from interop.store.seam import Store
from interop.store.values import Change, Stored
from interop.store.where import Updated

SWEPT: Final = "pds-swept"
PORTION: Final = 50
OVERLAP: Final = 60 * MICROSECONDS
"""A version may be committed so much later than it was computed."""
OLD: Final = 7 * 86_400 * MICROSECONDS
"""After so long a number is asked about again, so that what the service says later (a restriction above all) is heard."""
EVERY: Final = 3_600.0
"""Seconds after which it is looked whether numbers have grown old."""
AGAIN: Final = 60.0
"""Seconds after which a service that failed is asked again."""
IN_MIND: Final = 50_000
ERROR: Final = "error"
WHOLE: Final = frozenset(("source-denied", "source-busy", "source-unavailable", "source-timeout"))
"""Reasons that are about the service as a whole, not about who was asked for."""
log = structlog.get_logger(__name__)
Take = Callable[[bytes], Awaitable[Receipt]]
Pause = Callable[[float], Awaitable[None]]


class Traced(NamedTuple):
    """What came of asking: ``found``, ``superseded``, ``invalidated``, ``not-found`` of a number, ``one``, ``several``, ``none`` of
    criteria, ``error`` where the answer made no sense; ``message`` that it became, 0 for none."""

    outcome: str
    message: int = 0


class Tracer:
    """Asks in the background, ``rate`` requests a second at most. ``take`` journals a message and is done when it is in the record;
    ``every``: also numbers that are stated as verified. ``test_numbers``: numbers of the 999 range count as valid."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        service: Demographics,
        take: Take,
        *,
        rate: float,
        every: bool = False,
        test_numbers: bool = False,
        pause: Pause = asyncio.sleep,
    ) -> None:
        self._store, self._clock, self._service, self._take, self.pause = store, clock, service, take, pause
        self._between, self._every, self._test_numbers = 1.0 / rate, every, test_numbers
        self._written: dict[str, None] = {}
        self._missed = True
        self._arrived = asyncio.Event()
        self._waiting: list[asyncio.Future[None]] = []
        self._sweeping = Background()
        self._asking = asyncio.Lock()

    def start(self) -> None:
        """Begin with what was written since the last sweep."""
        self._sweeping.start(self._run())

    async def begin(self) -> None:
        """The same, where this process has the seat."""
        self.start()

    async def rest(self) -> None:
        """Ask no more by itself: another process does."""
        await self._sweeping.stop()

    async def stop(self) -> None:
        """End; what was not asked is asked after the next start."""
        await self.rest()
        await self._service.close()

    def heard(self, patients: Iterable[str]) -> None:
        """These Patients were written, and compared with others."""
        self._written.update(dict.fromkeys(patients))
        if len(self._written) > IN_MIND:
            self._written.clear()
            self._missed = True
        self._arrived.set()

    async def settled(self) -> None:
        """Wait until nobody is left who is to be asked about."""
        while True:
            done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting.append(done)
            self._arrived.set()
            await done
            if not self._written and not self._missed:
                return

    async def verify(self, patient: str) -> Traced | None:
        """Ask about a Patient's number now, whatever is known of it; None where it has no valid one. Raises Problem."""
        for stored, known, _ in await self._known([patient]):
            if known.number and stored.id == patient:
                return await self._verify(known.number)
        return None

    async def trace(self, patient: str) -> Traced | None:
        """Ask who a Patient is by name and birth date, and take in who it is if that is one; None where too little is known. Raises
        Problem."""
        for stored, _, _ in await self._known([patient]):
            if (criteria := criteria_of(orjson.loads(stored.body))) is not None:
                return await self._trace(stored.id, criteria)
        return None

    async def _run(self) -> None:
        while True:
            waiting, self._waiting = self._waiting, []
            try:
                await self._catch_up()
            except Problem as problem:
                log.warning("the national service was not asked; trying again", reason=problem.reason.name)
                self._waiting += waiting
                self._missed = True
                await self.pause(AGAIN)
                continue
            except Exception as error:
                log.error("the national service was not asked", error=type(error).__name__)
                self._waiting += waiting
                self._missed = True
                await self.pause(AGAIN)
                continue
            for done in waiting:
                if not done.done():
                    done.set_result(None)
            await within(self._arrived, EVERY)
            self._arrived.clear()

    async def _catch_up(self) -> None:
        whole, since = await self._swept()
        old = self._clock.now() - whole >= OLD
        if old or self._missed:
            began, self._missed = self._clock.now(), False
            async for portion in self._left(0 if old else since):
                await self._consider(portion)
            await self._store.commit(Change(meta=[(SWEPT, f"{began if old else whole} {began - OVERLAP}")]))
        while ids := list(self._written)[:PORTION]:
            began = self._clock.now()
            for id in ids:
                del self._written[id]
            await self._consider(ids)
            if not self._written:
                whole, _ = await self._swept()
                await self._store.commit(Change(meta=[(SWEPT, f"{whole} {began - OVERLAP}")]))

    async def _swept(self) -> tuple[int, int]:
        """When all were looked at last, and up to when those who were written since."""
        kept = await self._store.query(Meta(SWEPT))
        whole, since = kept[0].split() if kept else ("0", "0")
        return int(whole), int(since)

    async def _left(self, since: int) -> AsyncIterator[list[str]]:
        where = Updated("ge", since, since) if since else None
        after: tuple[str, ...] | None = None
        while True:
            found: list[Stored] = await self._store.query(Search(PERMIT_ALL, "Patient", where, (), PORTION, after))
            if found:
                yield [each.id for each in found[:PORTION]]
            if len(found) <= PORTION:
                return
            after = (found[PORTION - 1].id,)

    async def _known(self, ids: list[str]) -> list[tuple[Stored, Known, bool]]:
        """These Patients, what is known of each, and whether it waits in the queue."""
        stored: list[Stored] = await self._store.query(Several(PERMIT_ALL, tuple(("Patient", id) for id in ids)))
        rows = await self._store.query(Persons(tuple(ids)))
        kept = {patient: known_by(identity) for patient, _, identity in rows}
        waiting = {
            side
            for each in await self._store.query(Pairs(tuple(ids)))
            if each.why and not each.decision
            for side in (each.a, each.b)
        }
        found = []
        for each in stored:
            if each.deleted:
                continue
            known = known_of(orjson.loads(each.body), test_numbers=self._test_numbers)
            said = kept.get(each.id)
            if known.number and said is not None and said.number == known.number:
                known = known._replace(status=said.status)
            found.append((each, known, each.id in waiting))
        return found

    async def _consider(self, ids: list[str]) -> None:
        for stored, known, waiting in await self._known(ids):
            if known.number:
                wanted = self._every or waiting or known.status not in ("v", "p") or stored.owner == PDS
                if wanted and await self._due(f"pds {known.number}"):
                    await self._quietly(self._verify, known.number)
            elif waiting and stored.owner != PDS:
                criteria = criteria_of(orjson.loads(stored.body))
                if criteria is not None and await self._due(f"pds-trace {stored.id}"):
                    await self._quietly(self._trace, stored.id, criteria)

    async def _quietly(self, ask: Callable[..., Awaitable[Traced]], *about: object) -> None:
        """Ask; what is wrong with this one alone is remembered and keeps nobody else waiting."""
        name = f"pds {about[0]}" if ask == self._verify else f"pds-trace {about[0]}"
        try:
            await ask(*about)
        except Problem as problem:
            if problem.reason.name in WHOLE or problem.reason.category.value in ("unavailable", "busy"):
                raise
            log.warning("the national service's answer was not taken", reason=problem.reason.name)
            await self._remember(name, ERROR)
        except Exception as error:
            log.error("the national service's answer broke what takes it", error=type(error).__name__)
            await self._remember(name, ERROR)
        await self.pause(self._between)

    async def _due(self, name: str) -> bool:
        kept = await self._store.query(Meta(name))
        return not kept or self._clock.now() - int(kept[0].split()[0]) >= OLD

    async def _remember(self, name: str, outcome: str) -> None:
        await self._store.commit(Change(meta=[(name, f"{self._clock.now()} {outcome}")]))

    async def _verify(self, number: str) -> Traced:
        async with self._asking:
            reply = await self._service.read(number)
            outcome = outcome_of(number, reply)
            message = await self._taken(number, reply)
            if outcome == FOUND:
                await self._restored(number)
            await self._remember(f"pds {number}", outcome)
            return Traced(outcome, message)

    async def _trace(self, patient: str, criteria: Criteria) -> Traced:
        """By names and birth date first: by a postcode nobody is found who is restricted, and few have stayed where they were."""
        async with self._asking:
            reply = await self._service.search(criteria._replace(postcode=""))
            if reply.outcome == SEVERAL and criteria.postcode:
                reply = await self._service.search(criteria)
            message = 0
            if reply.outcome == ONE:
                number = text(reply.matches[0].patient, "id")
                message = await self._taken(number, await self._service.read(number))
                await self._remember(f"pds {number}", "found")
            await self._remember(f"pds-trace {patient}", reply.outcome)
            return Traced(reply.outcome, message)

    async def _restored(self, number: str) -> None:
        """What was said to have been replaced is somebody's again: whoever it was replaced by is asked about anew."""
        for known in await self._national(number):
            if number in known.former and known.number != number:
                reply = await self._service.read(known.number)
                await self._taken(known.number, reply, without=number)

    async def _national(self, *numbers: str) -> list[Known]:
        """What the service was heard to say of those who have or had these numbers."""
        rows = await self._store.query(Claims(tuple((NHS_NUMBER, number) for number in numbers)))
        return [known for known in (known_by(identity) for _, _, identity in rows) if known.status == "p"]

    async def _taken(self, number: str, reply: Reply, without: str = "") -> int:
        """Journal and apply what was said; raises Problem where that cannot be now."""
        ours = text(reply.matches[0].patient, "id") if reply.matches else number
        former = {each for known in await self._national(ours, number) if known.number == ours for each in known.former}
        body = message_of(number, reply, former - {without}, self._clock.now())
        if body is None:
            return 0
        receipt = await self._take(orjson.dumps(body))
        if receipt.state is not MessageState.APPLIED:
            raise receipt.problem or Problem("busy")
        return receipt.message


def criteria_of(patient: Json) -> Criteria | None:
    """By what a Patient is traced: family name and whole birth date at least."""
    name = next((each for each in dicts(patient, "name") if text(each, "family")), None)
    birth = text(patient, "birthDate")
    if name is None or len(birth) != 10:
        return None
    given = next(iter(texts(name, "given")), "")
    postcode = next((code for each in dicts(patient, "address") if (code := text(each, "postalCode"))), "")
    return Criteria(text(name, "family"), birth, given, "", postcode, history=True)
