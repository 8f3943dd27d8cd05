"""Retention of a running engine: what is disposed of is in the audit before it goes, and certificates lie with the checkpoints."""

from __future__ import annotations

import asyncio
from typing import Any, Final

import structlog

from interop.api.auditing.naming import who
from interop.app.audited import Audited
from interop.app.settings import Settings
from interop.app.workshop import Workshop
from interop.apply.purging import Purge
from interop.apply.retention import DAY, Disposed, Keep, Retention
from interop.audit.certificates import issue
from interop.audit.disposal import due, remove
from interop.audit.row import NOTICE
from interop.errors import Problem
from interop.policy.asker import Asker

SEAT: Final = "retention"
_log = structlog.get_logger("interop.audit")


class Disposing:
    """What ``interop retention`` asks for."""

    def __init__(self, settings: Settings, shop: Workshop, audited: Audited, feeds: Any) -> None:
        self._audited, self._days, self._seats = audited, settings.keep_audit, shop.seats
        self._one = asyncio.Lock()
        keep = Keep(settings.keep_journal, settings.keep_versions, settings.keep_audit, settings.purge_after)
        purge = Purge(shop.indexed, shop.clock, shop.linking, self._certify, shop.writes.underway)
        self._retention = Retention(shop.indexed, shop.clock, keep, feeds, shop.governance.facts, purge)

    async def due(self) -> Disposed:
        """What a run would do now."""
        found = await self._retention.due()
        found.parts = len(await asyncio.to_thread(self._parts))
        return found

    async def run(self, asker: Asker) -> Disposed:
        """A portion of it; raises Problem ``audit-unavailable`` where that it is asked for cannot be put down first, ``busy`` where
        another process does it. Of two in this process one waits: the seat is the process's, and the first to end leaves it."""
        async with self._one:
            if not await self._seats.take(SEAT):
                raise Problem("busy")
            try:
                return await self._portion(asker)
            finally:
                await self._seats.leave(SEAT)

    async def _portion(self, asker: Asker) -> Disposed:
        log = self._audited.log
        await log.durable(log.write(NOTICE, who(asker), "$retention", more={"rule": ""}))
        done = await self._retention.run()
        if not done.more:
            done.parts = await asyncio.to_thread(self._remove)
        if done != Disposed(more=done.more):
            counts = [done.messages, done.versions, sum(done.sources.values()), done.parts]
            more = {"rule": "", "gone": counts, "certificates": done.certificates}
            await log.durable(log.write(NOTICE, who(asker), "$retention", more=more))
        return done

    def _parts(self) -> list[tuple[int, int]]:
        log = self._audited.log
        return list(due(log.directory, log.elsewhere, log.key, log.now() - self._days * DAY)) if self._days else []

    def _remove(self) -> int:
        """Take parts of the audit away, each under a statement. One that is not as it was written stays, and all after it."""
        log, done = self._audited.log, 0
        self._audited.trail.catch_up()
        for chain, part in self._parts():
            try:
                remove(log.directory, log.elsewhere, log.key, chain, part, log.now())
            except (ValueError, OSError) as error:
                _log.error("a part of the audit cannot be let go", error=type(error).__name__)
                break
            self._audited.trail.forget(chain, part)
            done += 1
        return done

    def _certify(self, said: dict[str, Any]) -> int:
        log = self._audited.log
        number: int = issue(log.elsewhere, log.key, said)["certificate"]["number"]
        return number
