"""The store as the API reads it: whatever is given under a Decision is noted in its account, without the whereabouts of those who
hide them."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from dataclasses import replace
from itertools import chain
from typing import Any, Final, cast

from interop.apply.whereabouts import Whereabouts
from interop.clock import Clock
from interop.errors import Problem
from interop.policy.secrets import TYPE as SECRET
from interop.policy.secrets import masked
from interop.policy.whereabouts import PARAMETER, guarded, orders, redacted
from interop.store.decision import PERMIT_ALL, Account
from interop.store.plan import Count, Export, Hiding, Plan, Search, Several
from interop.store.seam import Store
from interop.store.values import Block, Change, Committed, Conflict, Stored
from interop.store.where import Text

NAMES: Final = b"Patient/"
"""Part of what names a Patient in a body."""
PATIENT: Final = "Patient"
NOBODY: Final[frozenset[str]] = frozenset()
BINARY, LETTER = "Binary", "DocumentReference"
NARROWED: Final = (Search, Count)
_NAMED: Final = re.compile(rb'"(?:reference|fullUrl)":"(?:[^"\\]*/)?Patient/([A-Za-z0-9\-.]{1,64})(?:/_history/[^"]*)?"')
_LEADS: Final = re.compile(rb'"securityContext":\{[^{}]*"reference":"(?:[^"\\]*/)?([A-Z][A-Za-z]+)/([A-Za-z0-9\-.]{1,64})"')


def others(stored: Stored) -> frozenset[str]:
    """The Patients whom a body names."""
    return frozenset(found.decode("ascii") for found in _NAMED.findall(stored.body))


class ReadingStore:
    """A Store. Rows that are read under a Decision with an account are noted there; unless the Decision gives them whole, bodies
    about hidden people are redacted, and no search finds them by where they are. Headers of Subscriptions are given to nobody."""

    def __init__(self, store: Store, whereabouts: Whereabouts, clock: Clock) -> None:
        self._store, self._whereabouts, self._clock = store, whereabouts, clock

    async def query(self, plan: Plan) -> list[Any]:
        decision = getattr(plan, "decision", None)
        if decision is None:
            return await self._store.query(plan)
        if not decision.whole and isinstance(plan, NARROWED):
            plan = _guarded(plan, self._clock.now())
        found = await self._store.query(plan)
        for stored in found:
            if isinstance(stored, Stored) and stored.type == SECRET:
                stored.body = masked(SECRET, stored.body)
        account: Account | None = decision.account
        if account is None and decision.whole:
            return found
        subjects: dict[str, None] = {}
        of_several: list[tuple[Stored, frozenset[str]]] = []
        for stored in found:
            if isinstance(stored, Stored):
                if account is not None:
                    account.resources += 1
                if stored.subject:
                    subjects[stored.subject] = None
                several = NOBODY
                if stored.body.count(NAMES) > (1 if stored.subject and stored.type != PATIENT else 0):
                    several = others(stored)
                if stored.type == BINARY:
                    several |= await self._letters(stored)
                if several:
                    subjects.update(dict.fromkeys(several))
                    of_several.append((stored, several))
        if account is not None:
            account.patients.update(subjects)
        if subjects and not decision.whole and (hidden := await self._whereabouts.hidden(subjects)):
            beside = [stored for stored, several in of_several if stored.subject not in hidden and several & hidden]
            for stored in chain((each for each in found if isinstance(each, Stored) and each.subject in hidden), beside):
                if stored.body:
                    stored.body = redacted(stored.body)
        return found

    async def _letters(self, binary: Stored) -> frozenset[str]:
        """The Patients whose letter a Binary holds: nothing in it need tell."""
        where = Text("location", f"{BINARY}/{binary.id}", "equals")
        said = _LEADS.search(binary.body)
        found = await self._store.query(Search(PERMIT_ALL, LETTER, where))
        if said is not None:
            found += await self._store.query(Several(PERMIT_ALL, ((said[1].decode(), said[2].decode()),)))
        return frozenset(stored.subject for stored in found if stored.subject)

    def stream(self, plan: Plan) -> AsyncIterator[Any]:
        return self._exported(plan) if isinstance(plan, Export) else self._store.stream(plan)

    async def _exported(self, plan: Export) -> AsyncGenerator[Block, None]:
        """The same for Blocks: what is about nobody who hides, and names nobody else, is not looked at."""
        decision, now = plan.decision, self._clock.now()
        hidden: frozenset[str] = NOBODY
        if not decision.whole:
            hidden = await self._whereabouts.hidden(await self._store.query(Hiding(PARAMETER)))
            types = tuple((type_, guarded(where, type_, now)) for type_, where in plan.types)
            plan = replace(plan, types=types)
        async with aclosing(cast("AsyncGenerator[Block, None]", self._store.stream(plan))) as blocks:
            async for block in blocks:
                if block.type == SECRET and not block.deleted:
                    block.lines = b"\n".join(masked(SECRET, line) for line in block.lines.split(b"\n"))
                subjects = dict.fromkeys(each for each in block.subjects if each)
                looked_at = [
                    place
                    for place, subject in enumerate(block.subjects)
                    if block.several[place] or subject in hidden or (block.type == BINARY and not block.deleted)
                ]
                if looked_at and not block.deleted:
                    lines = block.lines.split(b"\n")
                    for place in looked_at:
                        stored = Stored(block.type, block.ids[place], 1, 0, lines[place])
                        named = others(stored)
                        if block.type == BINARY:
                            named |= await self._letters(stored)
                        subjects.update(dict.fromkeys(named))
                        if block.subjects[place] in hidden or named & hidden:
                            lines[place] = redacted(stored.body)
                    block.lines = b"\n".join(lines)
                if decision.account is not None:
                    decision.account.resources += len(block.ids)
                    decision.account.patients.update(subjects)
                yield block

    async def commit(self, change: Change) -> Committed | Conflict:
        return await self._store.commit(change)

    async def migrate(self) -> None:
        await self._store.migrate()


def _guarded(plan: Search | Count, now: int) -> Search | Count:
    """The plan with a question that hidden people meet by nothing that tells where they are; raises Problem ``bad-parameter`` where
    that would be told by the order."""
    if isinstance(plan, Search):
        for parameter, _ in plan.sort:
            if orders(plan.type, parameter):
                raise Problem("bad-parameter", where="_sort", detail=f"people are not put in the order of {parameter}")
    where = guarded(plan.where, plan.type, now)
    return plan if where is plan.where else replace(plan, where=where)
