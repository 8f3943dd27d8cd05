"""Who writes the audit: of answers and changes, and of what is neither."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, Final

from interop.api.auditing.answers import Answers
from interop.api.auditing.auditor import Key
from interop.api.auditing.naming import ENGINE, who
from interop.audit.log import AuditLog
from interop.audit.privacy import TAKEDOWN
from interop.audit.row import DECLARED, DENIAL, JUDGED, NOTICE, NOTIFICATION, READ
from interop.errors import Problem
from interop.policy.asker import Asker
from interop.ports import Feed
from interop.store.decision import Account

DELIVER: Final = "deliver"
"""What is sent to a destination by a route or a Subscription."""
EXPORT: Final = "$export"
PEOPLE: Final = 1_000
"""Patients whom one row of an export names."""


class Auditing(Answers):
    """The ``Auditor`` of an engine. ``feeds`` tell whose a message is."""

    def __init__(self, log: AuditLog, feeds: Mapping[str, Feed]) -> None:
        super().__init__(log, feeds)
        self.telling, self.opening = asyncio.Lock(), asyncio.Lock()

    @property
    def problem(self) -> Problem | None:
        """Why nothing can be given, or None."""
        return self.log.problem

    def ids(self, ids: Sequence[str]) -> tuple[str, ...]:
        """Ids as they stand in the audit."""
        return self._names.all(ids)

    def judge(self, asker: Asker, item: str, outcome: str) -> None:
        """Write what a privacy officer found; raises Problem ``audit-unavailable``."""
        self.log.write(JUDGED, who(asker), "$privacy-outcome", more={"item": item, "outcome": outcome})
        self.urgent = True

    def seen(self, asker: Asker, takedown: int, who_saw: Sequence[tuple[str, str, str]], subscribers: Sequence[str]) -> None:
        """Write whom a takedown concerns (user, role, organisation), and Subscriptions: each is an item of the queue and of the
        outbox."""
        more = {"rule": TAKEDOWN, "seen": [list(each) for each in who_saw], "subscribers": list(subscribers)}
        self.log.write(NOTICE, who(asker), f"${TAKEDOWN}", id=str(takedown), more=more)
        self.urgent = True

    def notified(self, item: str, channel: str) -> None:
        """Write that somebody was told; raises Problem ``audit-unavailable``."""
        self.log.write(NOTIFICATION, who(ENGINE), "notify", more={"item": item, "channel": channel})

    def bound(self, asker: Asker, id: str, place: str) -> None:
        """Write who is told of a Subscription by websocket from now on, and where; raises Problem ``audit-unavailable``."""
        self.log.write(READ, who(asker), "websocket", "Subscription", self._names.one(id), 200, more={"from": place})

    async def declared(self, what: Mapping[str, Any]) -> None:
        """Write that the feeds are declared anew and wait until that is on disk; raises Problem ``audit-unavailable``."""
        await self.log.durable(self.log.write(DECLARED, who(ENGINE), "feeds", more=dict(what)))

    async def exported(self, asker: Asker, export: str, level: tuple[str, str], account: Account, types: Sequence[str]) -> None:
        """Write of whom an export holds resources, a row for each ``PEOPLE`` of them, and wait until that is on disk; raises
        Problem ``audit-unavailable``. ``level``: the type and id at which it was asked for; the first row says of how many types
        and resources."""
        patients, rules = list(account.patients), tuple(account.rules)
        type_, id_ = level
        more = {"export": export, "types": list(types)}
        for start in range(0, max(1, len(patients)), PEOPLE):
            some = self._names.all(patients[start : start + PEOPLE])
            resources = account.resources if not start else len(some)
            last = self.log.write(READ, who(asker), EXPORT, type_, id_ and self._names.one(id_), 200, resources, some, rules, more)
            await asyncio.sleep(0)
        await self.log.durable(last)

    def given(self, asker: Asker, interaction: str, patients: Sequence[str], resources: int, rules: tuple[str, ...] = ()) -> None:
        """What was given in answer to a query of another protocol. Raises Problem ``audit-unavailable``."""
        found = self._names.all(dict.fromkeys(patients))
        self.log.write(READ, who(asker), interaction, status=200, resources=resources, patients=found, rules=rules)

    async def delivered(
        self,
        asker: Asker,
        destination: str,
        delivery: str,
        about: Key,
        patients: Sequence[str],
        resources: int,
        rules: tuple[str, ...],
    ) -> None:
        """What is about to go to a destination, for whom, about whom; waits until that is on disk. Raises Problem
        ``audit-unavailable``."""
        type_, id_ = about
        more = {"destination": destination, "delivery": delivery}
        found = self._names.all(dict.fromkeys(patients))
        named = id_ and self._names.one(id_)
        await self.log.durable(self.log.write(READ, who(asker), DELIVER, type_, named, 0, resources, found, rules, more))

    def refused(self, asker: Asker, interaction: str, problem: Problem) -> None:
        """A query of another protocol was refused. Raises Problem ``audit-unavailable``."""
        self.log.write(DENIAL, who(asker), interaction, status=problem.reason.http)
