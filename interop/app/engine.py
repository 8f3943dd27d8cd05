"""An engine: the workshop, the ways in and the API, put together and started."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from interop.api.app import create_app
from interop.api.asking import SharedRecord, asker_of, tester_of
from interop.api.claiming import Claiming
from interop.api.crew.holding import Cards
from interop.api.door import OpenDoor
from interop.api.exporting.exports import Exports
from interop.api.feed_health import TOLD
from interop.api.inquiring import AuditedRecord
from interop.api.proxied import networks, proxied
from interop.api.reading import ReadingStore
from interop.api.server import HttpServer
from interop.api.services import Services
from interop.api.signon.door import REVOKED
from interop.api.watched import ClockFigures
from interop.app.addresses import address
from interop.app.admitting import hosts_of, signon_of
from interop.app.audited import Audited
from interop.app.disposing import Disposing
from interop.app.feeds import Owned, Remembered, feeds_of
from interop.app.folders import Folders
from interop.app.knowing import Routes, knowledge_of
from interop.app.listening import Listening
from interop.app.national import tracer_of
from interop.app.outgoing import Outgoing
from interop.app.redeclaring import Redeclaring, stamp
from interop.app.running import Running
from interop.app.settings import Settings
from interop.app.signalling import figures, share
from interop.app.tls import Holders, server_context
from interop.app.watching import spanning_of, telemetry_of, watched_of
from interop.app.workshop import Workshop
from interop.audit.verifying import Verifying
from interop.clock import Clock
from interop.errors import Problem
from interop.journal.intake import JournalIntake
from interop.mapping.library import adapters
from interop.pages.application import create_pages
from interop.population.pseudonyms import Pseudonyms
from interop.ports import Feed
from interop.store.sqlite import SqliteStore


@dataclass(slots=True)
class Engine(Running):
    """The parts of an engine, put together from its settings; what becomes of them is ``Running``."""

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
            telling=outgoing.telling,
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
                "certificates_turned_away": engine.listening.turned_away,
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
        listening = Listening(settings, feeds, shop.clock.now, audited.auditing)
        engine = cls(settings, feeds, shop, intake, heard, knowledge, server, audited, outgoing, listening, signon, tracer)
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

    def _declared(self) -> dict[str, Feed]:
        """The feeds of the file as it is now; raises OSError, ValueError as a start does."""
        declared = dict(feeds_of(self.settings, list(adapters())))
        if self.settings.mutual:
            Holders(declared.values())
        return declared

    def _redeclared(self) -> None:
        """Who may send over mutual TLS follows the feeds."""
        self.listening.redeclared()
        if self.folders is not None:
            self.folders.redeclared()


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
