"""Retention of a running engine: what is disposed of is in the audit before it goes, and certificates lie with the checkpoints."""

from __future__ import annotations

from typing import Any

from interop.api.auditing import who
from interop.app.audited import Audited
from interop.app.settings import Settings
from interop.app.workshop import Workshop
from interop.apply.purging import Purge
from interop.apply.retention import Disposed, Keep, Retention
from interop.audit.certificates import issue
from interop.audit.row import NOTICE
from interop.policy.asker import Asker


class Disposing:
    """What ``interop retention`` asks for."""

    def __init__(self, settings: Settings, shop: Workshop, audited: Audited, feeds: Any) -> None:
        self._audited = audited
        keep = Keep(settings.keep_journal, settings.keep_versions, settings.keep_audit, settings.purge_after)
        purge = Purge(shop.indexed, shop.clock, shop.linking, self._certify)
        self._retention = Retention(shop.indexed, shop.clock, keep, feeds, shop.governance.facts, purge)

    async def due(self) -> Disposed:
        """What a run would do now."""
        return await self._retention.due()

    async def run(self, asker: Asker) -> Disposed:
        """A portion of it; raises Problem ``audit-unavailable`` where that it is asked for cannot be put down first."""
        log = self._audited.log
        await log.durable(log.write(NOTICE, who(asker), "$retention", more={"rule": ""}))
        done = await self._retention.run()
        if done.messages or done.versions or done.sources or done.certificates:
            more = {
                "rule": "",
                "gone": [done.messages, done.versions, sum(done.sources.values())],
                "certificates": done.certificates,
            }
            await log.durable(log.write(NOTICE, who(asker), "$retention", more=more))
        return done

    def _certify(self, said: dict[str, Any]) -> int:
        log = self._audited.log
        number: int = issue(log.elsewhere, log.key, said)["certificate"]["number"]
        return number
