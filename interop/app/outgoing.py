"""What goes out of an engine: the routes of the tables, the destinations of the deployment, the queues between."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import structlog

from interop.api.delivering.deliverer import PAUSED, Deliverer, asker_of
from interop.api.delivering.notifications import TYPE
from interop.api.delivering.payload import Contents, Narrowed
from interop.api.delivering.senders import sender_of
from interop.api.delivering.subscriptions import Subscriptions
from interop.api.delivering.watched import watched
from interop.api.delivering.worker import Worker
from interop.api.knowledge import Knowledge
from interop.api.searching.ground import known
from interop.api.searching.narrowed import narrowed
from interop.api.sockets.binding import Sockets
from interop.api.sockets.bindings import BOUND, Bindings
from interop.app.acting import acting_of, refused, rules_of
from interop.app.acting import routes_of as watching
from interop.app.addresses import loopback
from interop.app.audited import Audited
from interop.app.settings import Settings
from interop.app.telling import channel_worker, told
from interop.app.telling import routes_of as notices
from interop.app.workshop import Workshop
from interop.apply.acting.acting import Acting
from interop.apply.acting.timekeeper import Timekeeper
from interop.apply.asked import Asked
from interop.apply.generation import generation
from interop.apply.routing import Router, when
from interop.apply.telling.telling import Telling
from interop.mapping.library import carriers
from interop.mapping.places import mappings_root
from interop.notify.destinations import KINDS, PEOPLE, Destination, read_destinations
from interop.notify.routes import MESSAGE, Route, RoutesRefused, read_routes
from interop.notify.topics import Topic, read_topics
from interop.policy.decide import decide
from interop.policy.scopes import Scope
from interop.record.indexing import Indexing, parameters
from interop.store.plan import Messages
from interop.store.seam import Store
from interop.store.values import DELIVERY, Change

CHANNEL = "deliveries"
"""How the audit names that an alert was put into the queues."""
SEAT = "deliveries"
"""The seat of the process that sends."""
_log = structlog.get_logger("interop.deliveries")


def routes_of(now: int) -> tuple[Route, ...]:
    """The rows of ``mappings/routes.csv``, () where the tables have none. Raises RoutesRefused."""
    table = mappings_root().joinpath("routes.csv")
    if not table.is_file():
        return ()
    lines = table.read_text("utf-8").splitlines()
    return read_routes(lines, lambda type, text: watched(known(Indexing()), type, text, now), when)


def topics_of(now: int) -> dict[str, Topic]:
    """The rows of ``mappings/topics.csv`` by their URL, {} where the tables have none. Raises TopicsRefused."""
    table = mappings_root().joinpath("topics.csv")
    if not table.is_file():
        return {}
    lines = table.read_text("utf-8").splitlines()
    return read_topics(lines, lambda type, text: watched(known(Indexing()), type, text, now), parameters)


def destinations_of(settings: Settings) -> dict[str, Destination]:
    """The destinations of the deployment. Raises ValueError, OSError."""
    return {} if settings.destinations is None else read_destinations(settings.destinations, loopback)


def joined(routes: tuple[Route, ...], destinations: Mapping[str, Destination]) -> list[Route]:
    """The routes that lead somewhere, each to every destination that is called so or takes what that does. Raises RoutesRefused
    where a destination does not take the format, or takes what no route leads to."""
    found = []
    named = {route.destination for route in routes}
    for to in destinations.values():
        if unknown := sorted(set(to.routes) - named):
            raise RoutesRefused(f"{to.name} takes what goes to {unknown[0]}: no row of routes.csv leads there")
        for route in routes:
            if route.destination not in (to.name, *to.routes):
                continue
            if route.format not in KINDS[to.kind]:
                takes = ", ".join(KINDS[to.kind])
                raise RoutesRefused(f"routes.csv, row {route.id}: {to.name} is of kind {to.kind}, which takes {takes}")
            found.append(replace(narrowed_to(to, route), destination=to.name))
    return found


def narrowed_to(to: Destination, route: Route) -> Route:
    """A route of messages with what a destination takes of them: types, and facilities that sent them (MSH-4)."""
    if MESSAGE not in route.events or not (to.types or to.senders):
        return route
    asked = route.when

    def takes(fields: Mapping[str, str]) -> bool:
        able = not to.types or fields["type"] in to.types
        facility = fields["sender"].partition("|")[2].partition("^")[0]
        return able and (not to.senders or facility in to.senders) and (asked is None or asked(fields))

    return replace(route, when=takes)


class Outgoing:
    """``deliverer`` sends, ``router`` decides what."""

    def __init__(
        self,
        router: Router,
        deliverer: Deliverer,
        audited: Audited,
        store: Store,
        subscriptions: Subscriptions,
        sockets: Sockets,
    ) -> None:
        self.router, self.deliverer, self.subscriptions, self.sockets = router, deliverer, subscriptions, sockets
        self._audited, self._store = audited, store
        self._sending = False
        self.acting: Acting | None = None
        """Who acts by the rules; None where there are none."""
        self.keeper: Timekeeper | None = None
        """Who keeps the time of clocks; None where there are no rules."""
        self.telling: Telling | None = None
        """Who tells people; None where the deployment has no channel."""

    @classmethod
    def of(cls, settings: Settings, shop: Workshop, audited: Audited, reading: Store, knowledge: Knowledge, base: str) -> Outgoing:
        """Raises ValueError for a table, a file or a destination that cannot be used."""
        try:
            destinations = destinations_of(settings)
        except OSError as error:
            raise ValueError(f"{error.filename} cannot be read ({error.strerror}): name it with --destinations") from error
        refused(destinations)
        routes = joined(routes_of(shop.clock.now()), destinations)
        rules = rules_of(settings, shop.clock.now())
        facts = shop.governance.facts

        async def narrows(scopes: tuple[Scope, ...]) -> Narrowed:
            return await knowledge.compute(lambda: narrowed(shop.indexing, knowledge, scopes, shop.clock.now()))

        contents = Contents(reading, shop.store, shop.whereabouts, facts, shop.clock, decide, narrows, base)
        deliverer = Deliverer(shop.store, contents, audited.auditing, shop.clock)
        if shop.following is not None:
            deliverer.alone = lambda: shop.seats.take(SEAT)
        deliverer.declare(destinations)
        telling = told(settings, shop, destinations, deliverer)
        for name, each in destinations.items():
            sender = sender_of(each, carriers(), deliverer.told_by(name), shop.clock)
            made_by = channel_worker(telling, deliverer) if telling is not None and each.kind in PEOPLE else Worker
            deliverer.add(name, asker_of(each, open=settings.open), sender, each.days, made=made_by)
        whose = {name: each.organisation for name, each in destinations.items()}
        acting, keeper = acting_of(settings, shop, rules, whose, deliverer) if rules.rules else (None, None)
        shop.router.use([*routes, *watching(rules), *(notices(shop.clock.now()) if telling is not None else ())])
        shop.router.arrived = deliverer.arrived
        topics = topics_of(shop.clock.now())
        subscriptions = Subscriptions(shop.store, shop.writes, shop.router, deliverer, shop.clock, topics, here=settings.open)
        bindings = Bindings(shop.store, contents, audited.auditing, shop.clock)
        subscriptions.dropped, subscriptions.arrived = bindings.dropped, bindings.arrived
        bindings.through = lambda: deliverer.through
        sockets = Sockets(bindings, subscriptions, contents)
        made = cls(shop.router, deliverer, audited, shop.store, subscriptions, sockets)
        made.acting, made.keeper, made.telling = acting, keeper, telling
        audited.topics = topics
        audited.also.append(made.alert)
        shop.router.written = made.subscriptions.written
        if shop.following is not None:
            contents.fresh = shop.fresh
            shop.hearing.also |= {TYPE: subscriptions.heard, DELIVERY: deliverer.heard, PAUSED: deliverer.told}
            shop.hearing.also[BOUND] = bindings.elsewhere
        shop.writes.admit = made._admit
        return made

    async def alert(self) -> None:
        """Put alerts of the privacy officer's queue that nobody has been told of where routes lead. They are told once: a process
        that ends between the two commits puts them there again under the same id."""
        if not (self.router.alerts and self._sending):
            return
        for alert in self._audited.outbox():
            await self._store.commit(Change(deliveries=(due := self.router.alert(alert.item, alert.rule, alert.time))))
            self.deliverer.arrived({each.destination for each in due})
            self._audited.auditing.notified(alert.item, CHANNEL)

    def _admit(self, asked: Asked, resource: dict[str, Any]) -> None:
        if asked.type == TYPE:
            self.subscriptions.check(asked, resource)

    async def prepare(self) -> None:
        """Before anything is committed: Subscriptions that are active want to know of it. Where the audit has messages that the
        journal has no more, the database is that of an earlier time: their numbers come again."""
        last = self._audited.trail.index.last_message()
        if last > max((entry.message for entry in await self._store.query(Messages(count=1))), default=0):
            self.router.generation = await generation(self._store, b"gone up to %d" % last)
        await self.subscriptions.prepare()

    async def start(self) -> None:
        """Go on with what is left from before."""
        await self.deliverer.start()
        await self.subscriptions.start()
        self._sending = True

    async def pause(self) -> None:
        """Send no more: another process does."""
        self._sending = False
        await self.subscriptions.stop()
        await self.deliverer.pause_all()

    async def stop(self) -> None:
        """What is under way goes on at the next start."""
        await self.sockets.bindings.stop()
        await self.subscriptions.stop()
        await self.deliverer.stop()
