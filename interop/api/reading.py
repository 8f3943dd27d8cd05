"""The store as the API reads it: whatever is given under a Decision is noted in its account, without the whereabouts of those who
hide them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

from interop.apply.whereabouts import Whereabouts
from interop.clock import Clock
from interop.errors import Problem
from interop.policy.whereabouts import guarded, redacted, tells
from interop.store.decision import Account
from interop.store.plan import Count, Plan, Search
from interop.store.seam import Store
from interop.store.values import Change, Committed, Conflict, Stored


class ReadingStore:
    """A Store. Rows that are read under a Decision with an account are noted there; unless the Decision gives them whole, bodies
    about hidden people are redacted, and no search finds them by where they are."""

    def __init__(self, store: Store, whereabouts: Whereabouts, clock: Clock) -> None:
        self._store, self._whereabouts, self._clock = store, whereabouts, clock

    async def query(self, plan: Plan) -> list[Any]:
        decision = getattr(plan, "decision", None)
        if decision is None:
            return await self._store.query(plan)
        if not decision.whole and isinstance(plan, Search | Count):
            plan = _guarded(plan, self._clock.now())
        found = await self._store.query(plan)
        account: Account | None = decision.account
        if account is None and decision.whole:
            return found
        subjects: dict[str, None] = {}
        for stored in found:
            if isinstance(stored, Stored):
                if account is not None:
                    account.resources += 1
                if stored.subject:
                    subjects[stored.subject] = None
        if account is not None:
            account.patients.update(subjects)
        if subjects and not decision.whole and (hidden := await self._whereabouts.hidden(subjects)):
            for stored in found:
                if stored.subject in hidden and stored.body:
                    stored.body = redacted(stored.body)
        return found

    def stream(self, plan: Plan) -> AsyncIterator[Any]:
        return self._store.stream(plan)

    async def commit(self, change: Change) -> Committed | Conflict:
        return await self._store.commit(change)

    async def migrate(self) -> None:
        await self._store.migrate()


def _guarded(plan: Search | Count, now: int) -> Search | Count:
    """The plan with a question that hidden people meet by nothing that tells where they are; raises Problem ``bad-parameter`` where
    that would be told by the order."""
    if isinstance(plan, Search):
        for parameter, _ in plan.sort:
            if tells(plan.type, parameter):
                raise Problem("bad-parameter", where="_sort", detail=f"people are not put in the order of {parameter}")
    where = guarded(plan.where, plan.type, now)
    return plan if where is plan.where else replace(plan, where=where)
