"""An engine: the store, the ways in, the mappers, the applier and the API, started and stopped together."""

from __future__ import annotations

import os
import secrets
import sys
from dataclasses import dataclass
from pathlib import Path

from interop.api.app import create_app
from interop.api.server import HttpServer
from interop.api.services import Services
from interop.app.feeds import Feeds, read_feeds
from interop.app.settings import Settings, address
from interop.apply.applier import Applier
from interop.apply.dispatcher import Dispatcher
from interop.apply.pool import Mappers
from interop.apply.writes import ADAPTER, Writes
from interop.clock import Clock, SystemClock
from interop.errors import Problem
from interop.ids import Mint
from interop.journal.intake import JournalIntake
from interop.mapping.library import adapters
from interop.mapping.refusal import Refusals
from interop.mapping.tables import RouteRow, families, read_tables
from interop.ports import Feed, Listener, Listens
from interop.store.plan import Waiting
from interop.store.sqlite import SqliteStore

SWITCH_INTERVAL = 0.0005
"""Seconds after which a busy thread yields: the commit threads run beside the loop."""


@dataclass(slots=True)
class Engine:
    """A running engine; ``http`` and ``mllp`` are the ports it got."""

    settings: Settings
    store: SqliteStore
    feeds: Feeds
    intake: JournalIntake
    dispatcher: Dispatcher
    mappers: Mappers
    applier: Applier
    writes: Writes
    server: HttpServer
    listeners: list[Listener]

    @property
    def http(self) -> int:
        """The HTTP port."""
        return self.server.port

    @property
    def mllp(self) -> int:
        """The MLLP port; 0 where no adapter listens."""
        return self.listeners[0].port if self.listeners else 0

    @classmethod
    async def start(cls, settings: Settings, clock: Clock | None = None, feeds: dict[str, Feed] | None = None) -> Engine:
        """Open the data directory, finish what was left, open the ports.

        Raises BlockingIOError where another engine has the directory, OSError where a port is taken.
        """
        sys.setswitchinterval(SWITCH_INTERVAL)
        clock = clock or SystemClock()
        declared = feeds if feeds is not None else read_feeds(settings.feeds) if settings.feeds else default_feeds(settings)
        known = Feeds(declared, opened=settings.feeds is None, test_numbers=settings.test_numbers)
        store = SqliteStore.open(settings.data, clock=clock)
        key = id_key(settings.data)
        mappers = Mappers(settings.mapper_count, key)
        routes = Routes()
        applier = Applier(store, clock, {name: feed.test_numbers for name, feed in declared.items()})
        writes = Writes(store, clock)
        finished: list[JournalIntake] = []
        dispatcher = Dispatcher(store, mappers, applier, known, lambda *outcome: finished[0].finished(*outcome))
        intake = JournalIntake(
            store, adapters(), known, clock, routed=routes.has, arrived=dispatcher.arrived, limit=settings.backlog
        )
        finished.append(intake)
        services = Services(
            store=store, intake=intake, clock=clock, mint=Mint(key), writes=writes, feeds=known, adapters=adapters()
        )
        services.ready = lambda: Problem("stopping") if intake.stopping else None
        engine = cls(
            settings,
            store,
            known,
            intake,
            dispatcher,
            mappers,
            applier,
            writes,
            HttpServer(create_app(services), *address(settings.http)),
            [],
        )
        try:
            await engine._open(clock)
        except BaseException:
            await engine.stop()
            raise
        return engine

    async def _open(self, clock: Clock) -> None:
        async for entry in self.store.stream(Waiting(0)):
            if entry.adapter == ADAPTER:
                await self.writes.finish(entry)
            else:
                self.intake.unfinished += 1
        await self.mappers.start()
        await self.dispatcher.start()
        for adapter in adapters().values():
            if isinstance(adapter, Listens):
                host, port = address(self.settings.mllp)
                listener = adapter.listener(host, port, self.settings.mllp_feed, clock.now)
                await listener.start(self.intake)
                self.listeners.append(listener)
        await self.server.start()

    async def stop(self) -> None:
        """Take nothing more in, finish the batch at hand, close. What is journalled and not applied is done at the next start."""
        self.intake.stopping = True
        for listener in self.listeners:
            await listener.stop()
        await self.server.stop()
        await self.intake.drain()
        await self.dispatcher.stop()
        await self.mappers.stop()
        await self.store.close()


class Routes:
    """Which message types have tables, without compiling any."""

    def __init__(self) -> None:
        self._routes: dict[str, set[str]] = {}
        for family in families():
            routes: list[RouteRow] = read_tables(family, Refusals()).routes
            self._routes[family] = {route.message for route in routes}

    def has(self, family: str, message: str) -> bool:
        """Whether tables map this message type."""
        return message in self._routes.get(family, ())


def default_feeds(settings: Settings) -> dict[str, Feed]:
    """One feed for each adapter, under its name."""
    names = {name: Feed(name, name, "of the embedded engine", test_numbers=settings.test_numbers) for name in adapters()}
    mllp = settings.mllp_feed
    return names | {mllp: names.get(mllp) or Feed(mllp, "hl7v2", "over MLLP", test_numbers=settings.test_numbers)}


def id_key(directory: Path) -> bytes:
    """The deployment's key of resource ids: made at the first start, kept beside the data, readable by its owner alone."""
    path = directory / "id.key"
    try:
        return path.read_bytes()
    except FileNotFoundError:
        key = secrets.token_bytes(32)
        descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(key)
            file.flush()
            os.fsync(file.fileno())
        return key
