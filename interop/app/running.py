"""An engine that runs: everything begun in its order and ended in its order."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from interop.api.exporting.exports import Exports
from interop.api.knowledge import Knowledge
from interop.api.roles import API, INGEST, WORKER
from interop.api.server import HttpServer
from interop.api.signon.service import SignOn
from interop.api.table_versions import keep_policy
from interop.app.audited import Audited
from interop.app.clocks import SEAT as CLOCKS
from interop.app.completing import Completing
from interop.app.feeds import Feeds
from interop.app.folders import Folders
from interop.app.listening import Listening
from interop.app.outgoing import Outgoing
from interop.app.redeclaring import Redeclaring
from interop.app.seats import Seated
from interop.app.settings import Settings
from interop.app.workshop import Workshop
from interop.apply.tracing import Tracer
from interop.background import within
from interop.journal.intake import JournalIntake
from interop.mapping.library import adapters
from interop.ports import Listens, Record

if TYPE_CHECKING:
    from interop.app.telemetry import Telemetry


@dataclass(slots=True)
class Running:
    """A running engine; ``http`` and ``mllp`` are the ports it got."""

    settings: Settings
    feeds: Feeds
    workshop: Workshop
    intake: JournalIntake
    record: Record
    knowledge: Knowledge
    server: HttpServer
    audited: Audited
    outgoing: Outgoing
    listening: Listening
    signon: SignOn | None = None
    """None where it was started open."""
    tracer: Tracer | None = None
    """None where the national service is not asked."""
    telemetry: Telemetry | None = None
    """Where spans go; None where nobody asked for any."""
    leaving: bool = False
    """It is about to stop and says so."""
    _opened: bool = False
    _enough: asyncio.Event = field(default_factory=asyncio.Event)
    redeclaring: Redeclaring | None = None
    """Reads the feeds file again; None where there is none."""
    folders: Folders | None = None
    """Watches the folders of feeds."""
    exports: Exports | None = None
    """Writes bulk exports."""
    singles: list[Seated] = field(default_factory=list)
    """What is done by one process at a time."""

    @property
    def http(self) -> int:
        """The HTTP port."""
        return self.server.port

    def notes(self) -> dict[str, str]:
        """What is not as it was declared, though messages are taken."""
        return {"feeds": "refused"} if self.redeclaring is not None and self.redeclaring.problem else {}

    @property
    def mllp(self) -> int:
        """The MLLP port; 0 where no adapter listens."""
        return self.listening.port

    async def _open(self) -> None:
        if self.telemetry is not None:
            self.telemetry.start()
        roles = self.settings.roles
        await self.audited.start()
        await self.outgoing.prepare()
        if WORKER in roles and not self.settings.hold:
            self.workshop.expect(self._expected())
        await self.workshop.start(hold=self.settings.hold)
        if not self.audited.shared:
            await self.audited.seen()
        if self.signon is not None:
            await self.signon.start()
        if WORKER in roles:
            await keep_policy(self.workshop.store, self.workshop.clock)
            await self._work()
        if INGEST in roles:
            await self.listening.start(self.intake, self.record)
        if self.exports is not None and API in roles:
            await self.exports.start()
        await self.server.start()
        if self.redeclaring is not None:
            await self.redeclaring.start()
        if self.folders is not None and INGEST in roles:
            await self._alone("folders", self.folders.start, self.folders.stop)
        await self.workshop.seats.started()
        if WORKER in roles and not self.settings.hold:
            self.workshop.warm()
        self._opened = True

    def _expected(self) -> list[str]:
        """The families that messages are expected of: those of declared feeds, then of those who listen."""
        return [
            *(self.feeds[name].adapter for name in sorted(self.feeds.declared)),
            *(name for name, adapter in adapters().items() if isinstance(adapter, Listens)),
        ]

    async def _work(self) -> None:
        queue = self.workshop.identity_queue
        if self.audited.shared:
            completing = Completing(self.audited, self.workshop.clock)
            await self._alone("audit", completing.begin, completing.end)
        await self._alone("identity queue", queue.begin, queue.stop)
        await self._alone("deliveries", self.outgoing.start, self.outgoing.pause)
        if self.outgoing.keeper is not None:
            await self._alone(CLOCKS, self.outgoing.keeper.start, self.outgoing.keeper.stop)
        if self.tracer is not None:
            await self._alone("tracer", self.tracer.begin, self.tracer.rest)

    async def _alone(self, name: str, begin: Callable[[], Awaitable[None]], end: Callable[[], Awaitable[None]]) -> None:
        """What one process does at a time, this one where it has the seat."""
        single = Seated(self.workshop.seats, name, begin, end)
        self.singles.append(single)
        await single.start()

    async def stop(self) -> None:
        """Say so; take nothing more in, finish the batch at hand, close. What is journalled and not applied is done at the next
        start."""
        await self._notice()
        await self._leave("folders")
        if self.redeclaring is not None:
            await self.redeclaring.stop()
        grace = self.settings.drain
        stops = self.server.stop(grace), *self.listening.stops(grace)
        ended = await asyncio.gather(*stops, return_exceptions=True)
        self.intake.stopping = True
        if self.exports is not None:
            await self.exports.stop()
        if self.signon is not None:
            await self.signon.stop()
        await self._leave("tracer")
        if self.tracer is not None:
            await self.tracer.stop()
        await self._leave(CLOCKS)
        await self._leave("deliveries")
        await self.outgoing.stop()
        await self.intake.drain()
        await self._leave("identity queue")
        await self._leave("audit")
        await self.workshop.stop()
        await self.audited.stop()
        self.knowledge.close()
        if self.telemetry is not None:
            await asyncio.to_thread(self.telemetry.stop)
        for error in ended:  # it keeps nothing else from ending
            if error is not None:
                raise error

    async def _notice(self) -> None:
        """Be not ready for a while, so that whoever shares out requests and connections gives them to others."""
        opened, self.leaving = self._opened and not self.leaving, True
        if opened and self.settings.notice:
            self.server.leave()
            if self.outgoing.sockets is not None:
                self.outgoing.sockets.bindings.leave()
            await within(self._enough, self.settings.notice)

    def hasten(self) -> None:
        """Give no more notice."""
        self._enough.set()

    async def _leave(self, name: str) -> None:
        for single in self.singles:
            if single.name == name:
                await single.stop()
