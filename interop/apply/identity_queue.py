"""The queue of pairs that people are to decide: kept up behind the feeds, beside their commits and not in them.

Whoever was written is compared with those whom the index finds (``interop.identity.candidates``); what comes of it are rows of the
table of pairs. A meta value says up to when that was done: after a restart the rest is compared, from the record itself. That may
take long (a record of a city that was just loaded), so another one says how far it has come: a restart goes on from there.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from itertools import count
from time import perf_counter
from typing import Final, NamedTuple

import orjson
import structlog

from interop.apply.persons import Linking
from interop.background import Background, within
from interop.clock import Clock
from interop.errors import Problem
from interop.identity.candidates import candidates, more_candidates
from interop.identity.grouping import pair
from interop.identity.judging import MERGED, judged
from interop.identity.known import Known, known_of
from interop.identity.linking import known_by
from interop.identity.ties import MERGE
from interop.store.decision import PERMIT_ALL
from interop.store.plan import Meta, Pairs, Persons, Search, Several
from interop.store.seam import Store
from interop.store.values import Change, Pair, Stored
from interop.store.where import Updated

META: Final = "identity-compared"
ROUND: Final = "identity-comparing"
"""A round through the record that is under way: ``Round``, its parts by spaces; '' = none."""
PORTION: Final = 50
"""Patients of a commit."""
SAVED: Final = 20
"""Portions after which it is noted how far a round has come."""
FOUND: Final = 60
"""Candidates of each search; where there are more, the criteria tell nobody apart."""
MOST: Final = 25
"""Pairs of one Patient that are put on the queue, the likeliest."""
KEPT: Final = 50_000
"""Patients of whom it is remembered what was compared: those who are written again the same are passed over."""
OVERLAP: Final = 60_000_000
"""Microseconds: a version may be committed so much later than it was computed."""
PATIENCE: Final = 5.0
"""Seconds after which a portion is compared though messages keep coming."""
AGAIN: Final = 1.0
log = structlog.get_logger(__name__)


class Round(NamedTuple):
    """A way through the record by id: those written since (microseconds, 0: all), in a round that began then, after that id."""

    since: int
    began: int
    after: str = ""


class IdentityQueue:
    """Compares in the background. ``idle``: whether messages wait to be applied, which go first. ``test_numbers``: NHS numbers of
    the 999 range count as valid."""

    def __init__(self, store: Store, clock: Clock, linking: Linking, idle: asyncio.Event, *, test_numbers: bool) -> None:
        self._store = self.store = store
        self._clock, self._linking, self._quiet = clock, linking, idle
        self._test_numbers = test_numbers
        self._seen: dict[str, Known] = {}
        self._comparing = Background()
        self._done = asyncio.Event()
        self.told: Callable[[Sequence[str]], None] = lambda patients: None
        """Hears of Patients that have been compared."""
        self.compared = 0
        """Patients compared since the start."""

    def start(self) -> None:
        """Begin with what was written and not compared before the last stop."""
        self._done.clear()
        self._comparing.start(self._run())

    async def begin(self) -> None:
        """The same, where this process has the seat."""
        self.start()

    async def stop(self) -> None:
        """End; what is left is compared after the next start."""
        await self._comparing.stop()

    async def settled(self) -> None:
        """Wait until whoever was written has been compared."""
        while self._linking.written or self._linking.missed or not self._done.is_set():
            self._done.clear()
            self._linking.arrived.set()
            await self._done.wait()

    async def _run(self) -> None:
        self._linking.missed = True
        while True:
            try:
                await self._catch_up()
            except Problem as problem:
                log.error("pairs not compared; trying again", reason=problem.reason.name)
                self._linking.missed = True
                await asyncio.sleep(AGAIN)
                continue
            except Exception as error:
                log.error("pairs not compared", error=type(error).__name__)
                self._linking.missed = True
                await asyncio.sleep(AGAIN)
            if not self._linking.written and not self._linking.missed:
                self._done.set()
                await self._linking.arrived.wait()
            self._linking.arrived.clear()
            self._done.clear()

    async def _catch_up(self) -> None:
        """What is kept is when a round began: whoever was written up to then has been compared, in whatever order."""
        while self._linking.missed or self._linking.written:
            began, looked = self._clock.now(), True
            if self._linking.missed:
                self._linking.missed = False
                self._linking.written.clear()
                self._linking.otherwise.clear()
                self._seen.clear()
                looked = await self._through(began)
            else:
                ids = list(self._linking.written)
                for start in range(0, len(ids), PORTION):
                    await self._some(ids[start : start + PORTION])
            if looked:
                await self._keep(began)

    async def _through(self, now: int) -> bool:
        """Compare whom the record says: what is left of a round that was begun before the last stop, then whoever was written since
        that began. Who is heard of meanwhile is compared afterwards. Whether there was anybody."""
        looked = False
        while True:
            one = await self._round(now)
            async for portion in self._left(one):
                await self._portion(portion)
                looked = True
            if not one.after:
                return looked
            await self._keep(one.began)

    async def _some(self, ids: Sequence[str]) -> None:
        """Compare these as they are now; whoever is written while that is done is compared again."""
        await self._turn()
        for id in ids:
            self._linking.written.pop(id, None)
            if id in self._linking.otherwise:
                self._linking.otherwise.discard(id)
                self._seen.pop(id, None)
        stored: list[Stored] = await self._store.query(Several(PERMIT_ALL, tuple(("Patient", id) for id in ids)))
        await self._close(set(ids) - {each.id for each in stored})
        await self._portion(stored)

    async def _close(self, gone: set[str]) -> None:
        """Take the pairs of Patients that are not there any more off the queue."""
        pairs: list[Pair] = await self._store.query(Pairs(tuple(sorted(gone)))) if gone else []
        closed = [each._replace(tie=None, decision=None, why="", weight=0.0, score=0.0, compared="", since=0) for each in pairs]
        if any(each.why for each in pairs):
            await self._store.commit(Change(pairs=closed))
        for id in gone:
            self._seen.pop(id, None)

    async def _round(self, now: int) -> Round:
        """The round that was under way at the last stop, else one of whoever was written since the last that was whole."""
        under_way = await self._store.query(Meta(ROUND))
        if under_way and under_way[0]:
            since, began, after = under_way[0].split(" ")
            return Round(int(since), int(began), after)
        kept = await self._store.query(Meta(META))
        return Round(max(int(kept[0]) - OVERLAP, 0) if kept else 0, now)

    async def _left(self, one: Round) -> AsyncIterator[list[Stored]]:
        """Whoever is left in a round. How far it has come is noted when what was yielded has been compared."""
        where = Updated("ge", one.since, one.since) if one.since else None
        after: tuple[str, ...] | None = (one.after,) if one.after else None
        for number in count(1):
            found: list[Stored] = await self._store.query(Search(PERMIT_ALL, "Patient", where, (), PORTION, after))
            if found:
                yield found[:PORTION]
            if len(found) <= PORTION:
                return
            await self._turn()
            after = (found[PORTION - 1].id,)
            if number % SAVED == 0:
                await self._store.commit(Change(meta=[(ROUND, f"{one.since} {one.began} {after[0]}")]))

    async def _turn(self) -> None:
        """Let messages go first, for a while."""
        await within(self._quiet, PATIENCE)

    async def _portion(self, patients: Iterable[Stored]) -> None:
        """Compare these. One who cannot be compared keeps nobody else from it."""
        said: dict[tuple[str, str], Pair] = {}
        compared: dict[str, Known] = {}
        for each in patients:
            began = perf_counter()
            try:
                known = self._known(each)
                if self._seen.get(each.id) == known:
                    continue
                said |= await self._compare(each, known)
            except Problem:
                raise
            except Exception as error:
                log.error("a Patient cannot be compared", error=type(error).__name__)
                continue
            compared[each.id] = known
            await asyncio.sleep(perf_counter() - began)  # half of the time is left to those who ask
        if said:
            await self._store.commit(Change(pairs=list(said.values())))
        for id, known in compared.items():
            self._remember(id, known)
        self.compared += len(compared)
        if compared:
            self.told(list(compared))

    async def _keep(self, began: int) -> None:
        """All that was written up to then has been compared."""
        found = await self._store.query(Meta(META))
        kept = int(found[0]) if found else 0
        if began > kept or any(await self._store.query(Meta(ROUND))):
            await self._store.commit(Change(meta=[(META, str(max(began, kept))), (ROUND, "")]))

    def _known(self, stored: Stored) -> Known:
        return known_of(orjson.loads(stored.body), test_numbers=self._test_numbers)

    def _remember(self, id: str, known: Known) -> None:
        self._seen.pop(id, None)
        self._seen[id] = known
        if len(self._seen) > KEPT:
            del self._seen[next(iter(self._seen))]

    async def _compare(self, stored: Stored, known: Known) -> dict[tuple[str, str], Pair]:
        """What is to be said of a Patient's pairs that is not said yet."""
        patient = orjson.loads(stored.body)
        others: dict[str, Stored] = {}
        for where in candidates(patient) + more_candidates(patient):
            found: list[Stored] = await self._store.query(Search(PERMIT_ALL, "Patient", where, count=FOUND))
            others |= {each.id: each for each in found[:FOUND]}
        pairs: list[Pair] = await self._store.query(Pairs((stored.id,)))
        standing = {each.b if each.a == stored.id else each.a: each for each in pairs}
        merged = {id for id, each in standing.items() if (each.tie or "").startswith(MERGE)}
        lost = [id for id, each in standing.items() if (each.why or id in merged) and id not in others]
        if lost:
            gone: list[Stored] = await self._store.query(Several(PERMIT_ALL, tuple(("Patient", id) for id in lost)))
            others |= {each.id: each for each in gone}
        others.pop(stored.id, None)
        rows = await self._store.query(Persons((stored.id, *others)))
        persons = {patient: person for patient, person, _ in rows}
        kept_by = {patient: identity for patient, _, identity in rows}
        known = _stated(known, kept_by.get(stored.id, ""))
        own = persons.get(stored.id, stored.id)
        likely = []
        for other in others.values():
            linked = persons.get(other.id, other.id) == own
            if not linked and not (other.id in standing and standing[other.id].decision):
                found_out = judged(known, _stated(self._known(other), kept_by.get(other.id, "")))
                if other.id in merged:
                    found_out = found_out._replace(why=MERGED)
                if found_out.why:
                    likely.append((found_out, other.id))
        likely.sort(key=lambda one: (one[0].why != MERGED, -one[0].score.weight, one[1]))
        said = {}
        for found_out, id in likely[:MOST]:
            before, score = standing.get(id), found_out.score
            compared = " ".join(f"{field}:{level}" for field, level in score.compared.items())
            if before is None or (before.why, before.weight, before.compared) != (found_out.why, score.weight, compared):
                key = pair(stored.id, id)
                since = before.since if before is not None and before.why else self._clock.now()
                said[key] = Pair(*key, None, None, found_out.why, score.weight, score.value, compared, since)
        kept = {id for _, id in likely[:MOST]}
        for id, before in standing.items():
            if before.why and id not in kept and not before.decision and persons.get(id, id) != own:
                key = pair(stored.id, id)
                said[key] = Pair(*key, None, None, "", 0.0, 0.0, "", 0)
        return said


def _stated(known: Known, identity: str) -> Known:
    """With what the sources of a Patient are known to say of its number's status, as linking goes by it."""
    kept = known_by(identity)
    same = bool(known.number) and kept.number == known.number
    return known._replace(status=kept.status, former=kept.former) if same else known
