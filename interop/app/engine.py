"""An engine: the workshop, the ways in and the API, started and stopped together."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from interop.api.app import create_app
from interop.api.asking import SharedRecord, asker_of, tester_of
from interop.api.claiming import Claiming
from interop.api.crew.holding import Cards
from interop.api.door import OpenDoor
from interop.api.exporting.exports import Exports
from interop.api.feed_health import TOLD
from interop.api.inquiring import AuditedRecord
from interop.api.knowledge import Knowledge
from interop.api.proxied import networks, proxied
from interop.api.reading import ReadingStore
from interop.api.roles import API, INGEST, WORKER
from interop.api.server import HttpServer
from interop.api.services import Services
from interop.api.signon.door import REVOKED
from interop.api.signon.service import SignOn, sign_on
from interop.api.table_versions import keep_policy
from interop.api.watched import ClockFigures
from interop.app.addresses import address, loopback
from interop.app.audited import Audited
from interop.app.clocks import SEAT as CLOCKS
from interop.app.completing import Completing
from interop.app.disposing import Disposing
from interop.app.feeds import Feeds, Owned, Remembered, feeds_of
from interop.app.folders import Folders
from interop.app.national import tracer_of
from interop.app.outgoing import Outgoing
from interop.app.redeclaring import Redeclaring, stamp
from interop.app.seats import Seated
from interop.app.settings import Settings
from interop.app.signalling import figures, share
from interop.app.tls import Holders, server_context
from interop.app.watching import spanning_of, telemetry_of, watched_of
from interop.app.workshop import Workshop
from interop.apply.tracing import Tracer
from interop.audit.verifying import Verifying
from interop.background import within
from interop.clock import Clock
from interop.errors import Problem
from interop.journal.intake import JournalIntake
from interop.mapping.library import adapters
from interop.mapping.places import mappings_root
from interop.mapping.reading import families, routed
from interop.pages.application import create_pages
from interop.policy.asker import NOBODY
from interop.population.pseudonyms import Pseudonyms
from interop.ports import Feed, Listener, Listens, Mutual, Record
from interop.store.sqlite import SqliteStore

if TYPE_CHECKING:
    from interop.app.telemetry import Telemetry

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
    telemetry: Telemetry | None = None
    """Where spans go; None where nobody asked for any."""
    leaving: bool = False
    """It is about to stop and says so."""
    _opened: bool = False
    _enough: asyncio.Event = field(default_factory=asyncio.Event)
    turned_away: int = 0
    """Connections over MLLP that were ended for their certificate."""
    redeclaring: Redeclaring | None = None
    """Reads the feeds file again; None where there is none."""
    folders: Folders | None = None
    """Watches the folders of feeds."""
    _holders: Holders | None = None
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
        telemetry = telemetry_of(settings)
        shop = await Workshop.open(settings, Remembered(feeds), clock)
        spanning = spanning_of(telemetry, settings, shop, feeds)
        intake = JournalIntake(
            shop.store if spanning is None else spanning.journal(shop.store),
            adapters(),
            Owned(feeds, test_numbers=settings.test_numbers),
            shop.clock,
            routed=Routes().has,
            arrived=shop.arrived,
            again=shop.dispatcher.again,
            unfinished=lambda: shop.unfinished,
            added=shop.added,
            limit=settings.backlog,
        )
        shop.told.append(intake.finished)
        shop.awaited.append(intake.awaited)
        try:
            signon = None if settings.open else signon_of(settings, shop)
            audited = Audited.open(settings, shop.clock, feeds, shop.store)
            tracer = tracer_of(settings, shop, intake)
            pseudonyms = Pseudonyms.kept(settings.data)
            reading = ReadingStore(shop.store, shop.whereabouts, shop.clock)
            outgoing = Outgoing.of(settings, shop, audited, reading, knowledge, signon.base if signon is not None else "")
        except BaseException:
            await shop.store.close()
            raise
        audited.untold = shop.takedowns.untold
        shop.writes.witness = intake.told = audited.auditing
        intake.settles = outgoing.deliverer.returned
        audited.auditing.claimed = Claiming(shop.store, shop.governance.facts, shop.clock).claimed
        record = SharedRecord(reading, shop.clock, shop.indexing, shop.governance.facts, open=settings.open)
        heard = AuditedRecord(record, audited.auditing, tester_of if settings.open else asker_of)
        exports = Exports(settings.data / "exports", shop.clock)
        watched = watched_of(settings, shop, audited, intake, feeds)
        record.policy = watched.decisions
        services = Services(
            store=reading,
            intake=intake,
            clock=shop.clock,
            mint=shop.mint,
            writes=shop.writes,
            feeds=feeds,
            adapters=adapters(),
            hosts=hosts_of(settings),
            roles=settings.roles,
            record=heard,
            indexing=shop.indexing,
            knowledge=knowledge,
            facts=shop.governance.facts,
            fresh=shop.fresh if shop.following is not None else None,
            test_numbers=settings.test_numbers,
            stale_after=settings.stale_after * 1_000_000,
            metrics_token=settings.scraping(),
            watched=watched,
            policy=watched.decisions,
            notes=lambda: engine.notes(),
            folders=lambda: engine.folders.figures() if engine.folders is not None else (),
            ready=lambda: Problem("stopping") if engine.leaving else audited.problem,
            journals=shop.store.journals,
            audit=audited.auditing,
            trail=audited.trail,
            verifying=Verifying(audited.log.directory, audited.log.elsewhere, audited.log.key),
            exports=exports,
            takedowns=shop.takedowns,
            replays=shop.replays,
            pseudonyms=pseudonyms,
            disposing=Disposing(settings, shop, audited, feeds),
            tracer=tracer,
            cards=cards_of(shop),
            deliverer=outgoing.deliverer,
            sockets=outgoing.sockets,
            topics=outgoing.subscriptions.topics,
            signon=signon,
            door=signon.door if signon is not None else OpenDoor(),
            base=signon.base if signon is not None else "",
            gauges=lambda: {
                "unfinished_messages": shop.unfinished,
                "backlog_limit": settings.backlog,
                "http_connections": engine.server.connections,
                "mapper_deaths": shop.mappers.deaths,
                "certificates_turned_away": engine.turned_away,
                "audit_refusing": int(audited.log.problem is not None),
                **figures(shop.signals),
                "feeds_file_refused": int(engine.redeclaring is not None and bool(engine.redeclaring.problem)),
            },
        )
        exports.services = services
        record.fresh = services.fresh
        follow(shop, services)
        share(shop.signals, signon)
        if telemetry is not None and spanning is not None:
            spanning.over(services, outgoing.deliverer)
            watched.spans = lambda: telemetry.counts
        app = create_app(services, partial(create_pages, services))
        if settings.proxy:
            app = proxied(app, networks(settings.proxy_address))
        if spanning is not None:
            app = spanning.app(app)
        server = HttpServer(app, *address(settings.http), prompt=isinstance(shop.store, SqliteStore), tls=tls)
        engine = cls(settings, feeds, shop, intake, heard, knowledge, server, audited, outgoing, signon, tracer)
        engine.exports, engine.telemetry = exports, telemetry
        if (rules := outgoing.acting) is not None:
            watched.rules = lambda: rules.counts.copy()
        if (keeper := outgoing.keeper) is not None:
            watched.clocks = lambda: ClockFigures(keeper.running, keeper.counts.copy())
        watched.seats = lambda: {single.name: single.begun for single in engine.singles}
        if settings.feeds is not None and declared is None:
            audit = audited.auditing.declared
            engine.redeclaring = Redeclaring(settings.feeds, taken, feeds, shop.store, engine._declared, audit)
            engine.redeclaring.told += [shop.governance.redeclared, engine._redeclared]
            if services.cards is not None:
                engine.redeclaring.told.append(services.cards.forget)
        engine.folders = Folders(feeds, intake, shop.store, shop.clock, lambda: max(1, settings.backlog // 2) - shop.unfinished)
        try:
            await engine._open()
        except BaseException:
            await engine.stop()
            raise
        return engine

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
            await self._listen()
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

    async def _listen(self) -> None:
        for adapter in adapters().values():
            if isinstance(adapter, Listens):
                host, port = address(self.settings.mllp)
                name = self.settings.mllp_feed
                feed = self.feeds.get(name) or Feed(name, "")
                listener = adapter.listener(host, port, feed, self.workshop.clock.now, self._mutual())
                await listener.start(self.intake, self.record)
                self.listeners.append(listener)

    async def _alone(self, name: str, begin: Callable[[], Awaitable[None]], end: Callable[[], Awaitable[None]]) -> None:
        """What one process does at a time, this one where it has the seat."""
        single = Seated(self.workshop.seats, name, begin, end)
        self.singles.append(single)
        await single.start()

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
        """Say so; take nothing more in, finish the batch at hand, close. What is journalled and not applied is done at the next
        start."""
        await self._notice()
        await self._leave("folders")
        if self.redeclaring is not None:
            await self.redeclaring.stop()
        grace = self.settings.drain
        stops = self.server.stop(grace), *(listener.stop(grace) for listener in self.listeners)
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


def follow(shop: Workshop, services: Services) -> None:
    """What the API keeps in memory follows what other processes commit."""

    async def looked(ids: tuple[str, ...]) -> None:
        services.look_again()

    shop.hearing.also[TOLD] = looked
    if services.signon is not None:
        shop.hearing.also[REVOKED] = services.signon.door.heard


def cards_of(shop: Workshop) -> Cards:
    """Crew cards that are held ready, by who hears of every change; where others commit too, none outlives a commit."""
    cards = Cards()
    shop.indexed.besides.append(cards.committed)
    if shop.following is not None:
        shop.following.moved.append(cards.forget)
    return cards


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
    """What requests may call the engine: this machine, the address it listens at, the name by which clients know it; beyond this
    machine its own name too, by which who watches the processes does."""
    known = urlsplit(settings.audience).hostname if settings.audience else None
    own = {settings.http.rpartition(":")[0].encode()}
    if not loopback(address(settings.http)[0]):
        own.add(settings.name.encode())
    return HOSTS | own | ({known.encode("idna")} if known else set())


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
