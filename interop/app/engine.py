"""An engine: the workshop, the ways in and the API, started and stopped together."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from interop.api.app import create_app
from interop.api.asking import SharedRecord, asker_of, tester_of
from interop.api.claiming import Claiming
from interop.api.door import OpenDoor
from interop.api.exporting.exports import Exports
from interop.api.inquiring import AuditedRecord
from interop.api.knowledge import Knowledge
from interop.api.proxied import networks, proxied
from interop.api.reading import ReadingStore
from interop.api.server import HttpServer
from interop.api.services import Services
from interop.api.signon.service import SignOn, sign_on
from interop.app.audited import Audited
from interop.app.disposing import Disposing
from interop.app.feeds import Feeds, Owned, Remembered, feeds_of
from interop.app.folders import Folders
from interop.app.national import tracer_of
from interop.app.outgoing import Outgoing
from interop.app.redeclaring import Redeclaring, stamp
from interop.app.settings import Settings, address
from interop.app.tls import Holders, server_context
from interop.app.workshop import Workshop
from interop.apply.tracing import Tracer
from interop.clock import Clock
from interop.errors import Problem
from interop.journal.intake import JournalIntake
from interop.mapping.library import adapters
from interop.mapping.places import mappings_root
from interop.mapping.tables import families, routed
from interop.policy.asker import NOBODY
from interop.ports import Feed, Listener, Listens, Mutual, Record
from interop.store.sqlite import SqliteStore

HOSTS = frozenset((b"127.0.0.1", b"localhost", b"[::1]"))
"""What requests may call the engine while it listens on this machine alone."""


@dataclass(slots=True)
class Engine:
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
    signon: SignOn | None = None
    """None where it was started open."""
    tracer: Tracer | None = None
    """None where the national service is not asked."""
    listeners: list[Listener] = field(default_factory=list)
    turned_away: int = 0
    """Connections over MLLP that were ended for their certificate."""
    redeclaring: Redeclaring | None = None
    """Reads the feeds file again; None where there is none."""
    folders: Folders | None = None
    """Watches the folders of feeds."""
    _holders: Holders | None = None
    exports: Exports | None = None
    """Writes bulk exports."""

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
        return self.listeners[0].port if self.listeners else 0

    @classmethod
    async def start(cls, settings: Settings, clock: Clock | None = None, declared: dict[str, Feed] | None = None) -> Engine:
        """Open the store, begin to finish what was left, open the ports.

        Raises BlockingIOError where another engine has it, OSError where a port is taken, ValueError for a feeds
        file, package or release that cannot be used.
        """
        taken = stamp(settings.feeds)
        feeds = feeds_of(settings, list(adapters()), declared)
        tls = server_context(settings.tls_cert, settings.tls_key) if settings.tls_cert and settings.tls_key else None
        knowledge = knowledge_of(settings)
        shop = await Workshop.open(settings, Remembered(feeds), clock)
        intake = JournalIntake(
            shop.store,
            adapters(),
            Owned(feeds, test_numbers=settings.test_numbers),
            shop.clock,
            routed=Routes().has,
            arrived=shop.dispatcher.arrived,
            again=shop.dispatcher.again,
            unfinished=lambda: shop.unfinished,
            added=shop.added,
            limit=settings.backlog,
        )
        shop.told.append(intake.finished)
        try:
            signon = None if settings.open else signon_of(settings, shop)
            audited = Audited.open(settings, shop.clock, feeds, shop.store)
            tracer = tracer_of(settings, shop, intake)
            reading = ReadingStore(shop.store, shop.whereabouts, shop.clock)
            outgoing = Outgoing.of(settings, shop, audited, reading, knowledge, signon.base if signon is not None else "")
        except BaseException:
            await shop.store.close()
            raise
        audited.untold = shop.takedowns.untold
        shop.writes.witness = intake.told = audited.auditing
        audited.auditing.claimed = Claiming(shop.store, shop.governance.facts, shop.clock).claimed
        record = SharedRecord(reading, shop.clock, shop.indexing, shop.governance.facts, open=settings.open)
        heard = AuditedRecord(record, audited.auditing, tester_of if settings.open else asker_of)
        exports = Exports(settings.data / "exports", shop.clock)
        services = Services(
            store=reading,
            intake=intake,
            clock=shop.clock,
            mint=shop.mint,
            writes=shop.writes,
            feeds=feeds,
            adapters=adapters(),
            hosts=hosts_of(settings),
            record=heard,
            indexing=shop.indexing,
            knowledge=knowledge,
            facts=shop.governance.facts,
            test_numbers=settings.test_numbers,
            stale_after=settings.stale_after * 1_000_000,
            metrics_token=settings.scraping(),
            notes=lambda: engine.notes(),
            folders=lambda: engine.folders.figures() if engine.folders is not None else (),
            ready=lambda: Problem("stopping") if intake.stopping else audited.problem,
            audit=audited.auditing,
            trail=audited.trail,
            exports=exports,
            takedowns=shop.takedowns,
            replays=shop.replays,
            disposing=Disposing(settings, shop, audited, feeds),
            tracer=tracer,
            deliverer=outgoing.deliverer,
            signon=signon,
            door=signon.door if signon is not None else OpenDoor(),
            base=signon.base if signon is not None else "",
            gauges=lambda: {
                "unfinished_messages": shop.unfinished,
                "mapper_deaths": shop.mappers.deaths,
                "certificates_turned_away": engine.turned_away,
                "feeds_file_refused": int(engine.redeclaring is not None and bool(engine.redeclaring.problem)),
            },
        )
        exports.services = services
        app = create_app(services)
        if settings.proxy:
            app = proxied(app, networks(settings.proxy_address))
        server = HttpServer(app, *address(settings.http), prompt=isinstance(shop.store, SqliteStore), tls=tls)
        engine = cls(settings, feeds, shop, intake, heard, knowledge, server, audited, outgoing, signon, tracer)
        engine.exports = exports
        if settings.feeds is not None and declared is None:
            audit = audited.auditing.declared
            engine.redeclaring = Redeclaring(settings.feeds, taken, feeds, shop.store, engine._declared, audit)
            engine.redeclaring.told += [shop.governance.redeclared, engine._redeclared]
        engine.folders = Folders(feeds, intake, shop.store, shop.clock, lambda: max(1, settings.backlog // 2) - shop.unfinished)
        try:
            await engine._open()
        except BaseException:
            await engine.stop()
            raise
        return engine

    async def _open(self) -> None:
        await self.audited.start()
        await self.outgoing.prepare()
        await self.workshop.start(hold=self.settings.hold)
        await self.audited.seen()
        if self.signon is not None:
            await self.signon.start()
        self.workshop.identity_queue.start()
        await self.outgoing.start()
        if self.tracer is not None:
            self.tracer.start()
        for adapter in adapters().values():
            if isinstance(adapter, Listens):
                host, port = address(self.settings.mllp)
                name = self.settings.mllp_feed
                feed = self.feeds.get(name) or Feed(name, "")
                listener = adapter.listener(host, port, feed, self.workshop.clock.now, self._mutual())
                await listener.start(self.intake, self.record)
                self.listeners.append(listener)
        if self.exports is not None:
            await self.exports.start()
        await self.server.start()
        if self.redeclaring is not None:
            await self.redeclaring.start()
        if self.folders is not None:
            await self.folders.start()

    def _mutual(self) -> Mutual | None:
        """Mutual TLS of the MLLP port, None where it has none. Raises ValueError for files that cannot be used."""
        settings = self.settings
        if settings.mllp_tls_cert is None or settings.mllp_tls_key is None:
            return None
        context = server_context(settings.mllp_tls_cert, settings.mllp_tls_key, settings.mllp_tls_ca)
        self._holders = Holders(self.feeds.values())
        return Mutual(context, lambda *shown: self._holders.feed(*shown) if self._holders is not None else None, self._turned_away)

    def _declared(self) -> dict[str, Feed]:
        """The feeds of the file as it is now; raises OSError, ValueError as a start does."""
        declared = dict(feeds_of(self.settings, list(adapters())))
        if self.settings.mutual:
            Holders(declared.values())
        return declared

    def _redeclared(self) -> None:
        """Who may send over mutual TLS follows the feeds."""
        if self._holders is not None:
            self._holders = Holders(self.feeds.values())
        for listener in self.listeners:
            listener.redeclared()
        if self.folders is not None:
            self.folders.redeclared()

    def _turned_away(self) -> None:
        """Somebody whose certificate is no feed's has connected."""
        self.turned_away += 1
        with suppress(Problem):
            self.audited.auditing.refused(NOBODY, "mllp", Problem("forbidden"))

    async def stop(self) -> None:
        """Take nothing more in, finish the batch at hand, close. What is journalled and not applied is done at the next start."""
        self.intake.stopping = True
        if self.folders is not None:
            await self.folders.stop()
        if self.redeclaring is not None:
            await self.redeclaring.stop()
        for listener in self.listeners:
            await listener.stop()
        await self.server.stop()
        if self.exports is not None:
            await self.exports.stop()
        if self.signon is not None:
            await self.signon.stop()
        if self.tracer is not None:
            await self.tracer.stop()
        await self.outgoing.stop()
        await self.intake.drain()
        await self.workshop.stop()
        await self.audited.stop()
        self.knowledge.close()


def signon_of(settings: Settings, shop: Workshop) -> SignOn:
    """Sign-on as the settings have it; raises ValueError for a key file or table that cannot be used, OSError for a file of
    clients or applications that is named and not there."""
    for file in filter(None, (settings.clients, settings.apps)):
        file.stat()
    return sign_on(
        settings.data,
        shop.store,
        shop.clock,
        issuer=settings.issuer,
        audience=settings.audience,
        clients=settings.clients,
        claims=settings.claims,
        rate=settings.rate,
        apps=settings.apps,
        client_id=settings.pages_client,
        client_secret=settings.secret(),
        scope=settings.pages_scope,
    )


def hosts_of(settings: Settings) -> frozenset[bytes]:
    """What requests may call the engine: this machine, the address it listens at, the name by which clients know it."""
    known = urlsplit(settings.audience).hostname if settings.audience else None
    return HOSTS | {settings.http.rpartition(":")[0].encode()} | ({known.encode("idna")} if known else set())


def knowledge_of(settings: Settings) -> Knowledge:
    """What the API knows beside R4; raises ValueError for a package or release that cannot be used."""
    if not (settings.package or settings.release):
        return Knowledge(maps=code_maps)
    from interop.fhir.definitions import Unusable
    from interop.fhir.terminology.releases import BadRelease

    try:
        return Knowledge(settings.package, settings.release, code_maps)
    except (Unusable, BadRelease, OSError) as problem:
        raise ValueError(
            f"A package or release cannot be used: {problem}. Give --package a folder, .tgz, .zip or conformance resource and "
            "--release a file that `conformance terminology load` has written."
        ) from problem


def code_maps() -> Iterator[dict[str, Any]]:
    """The code tables of the mappings as ConceptMaps, so that a client can ask what a source's code becomes."""
    from interop.fhir.terminology import code_tables

    return code_tables(mappings_root())


class Routes:
    """Which message types have tables, without compiling any."""

    def __init__(self) -> None:
        self._routes = {family: routed(family) for family in families()}

    def has(self, family: str, message: str) -> bool:
        """Whether tables map this message type."""
        return message in self._routes.get(family, ())
