"""What is to leave, decided with what it follows from: rows of the outbox for each change of the record before it is committed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

from interop.apply.generation import Generation
from interop.clock import Clock
from interop.mapping.conditions import Test, parse_condition
from interop.mapping.numbers import decimal
from interop.mapping.paths import PathError
from interop.notify.matching import Version, holds, patients, version
from interop.notify.routes import ALERT, CREATED, DELETED, FIELDS, MESSAGE, RESTATED, UPDATED, WITHHELD, Route, delivery_id
from interop.store.decision import PERMIT_ALL
from interop.store.plan import Persons, Search
from interop.store.seam import Store
from interop.store.values import PENDING, SHELVED, Change, Delivery, Put
from interop.store.where import All, Ids, Where

REMADE: Final = "record-remade"
"""Why a delivery of what happened before the record was made is on the shelf."""
NONE: Final[Mapping[str, frozenset[str]]] = {}
PATIENT: Final = "Patient/"


class Router:
    """Adds to a change what routes and Subscriptions want of it. ``routes`` are those of destinations that there are;
    ``subscribed`` those that Subscriptions come to, by id. ``arrived`` is told the destinations of what is on disk."""

    def __init__(self, store: Store, clock: Clock, routes: Iterable[Route] = ()) -> None:
        self._store, self._clock = store, clock
        self._routes = tuple(routes)
        self._subscribed: dict[str, Route] = {}
        self._messages: tuple[Route, ...] = ()
        self._types: dict[str, list[Route]] = {}
        self.alerts: tuple[Route, ...] = ()
        self.arrived: Callable[[Iterable[str]], None] = lambda destinations: None
        self.written: Callable[[Iterable[Put]], None] = lambda puts: None
        """Is told of new versions that are on disk."""
        self.generation = Generation()
        """Which making of the record this is."""
        self._settle()

    def use(self, routes: Iterable[Route]) -> None:
        """These are the rows of routes.csv from now on."""
        self._routes = tuple(routes)
        self._settle()

    def subscribe(self, id: str, route: Route) -> None:
        """A Subscription is active."""
        self._subscribed[id] = route
        self._settle()

    def unsubscribe(self, id: str) -> None:
        """It is not, or no longer."""
        if self._subscribed.pop(id, None) is not None:
            self._settle()

    def hears(self, family: str) -> bool:
        """Whether anyone wants to know of messages of a family."""
        return any(route.family in ("*", family) for route in self._messages)

    async def route(self, change: Change) -> None:
        """Add the deliveries of a change that is about to be committed."""
        if self._messages and change.heard:
            for heard in change.heard:
                fields = dict(zip(FIELDS, (heard.feed, heard.type, heard.sender, heard.receiver), strict=True))
                change.deliveries += [
                    self._delivery(route, MESSAGE, heard.message, heard.type, concerns=heard.concerns)
                    for route in self._messages
                    if route.takes(heard.family, fields)
                ]
        if self._types and change.puts:
            groups: Mapping[str, frozenset[str]] | None = None
            held = {(each.type, each.id) for each in change.withheld}
            for place, put in enumerate(change.puts):
                events = {*events_of(put), *([WITHHELD] if (put.stored.type, put.stored.id) in held else [])}
                wanted = [route for route in self._types.get(put.stored.type, ()) if not events.isdisjoint(route.events)]
                if not wanted:
                    continue
                if groups is None:
                    groups = await self._groups(change)
                one = _version(put)
                told: set[str] = set()
                for route in wanted:
                    if route.destination in told or _over(route, one, self._clock.now()):
                        continue
                    if holds(route.where, one, groups) and not await self._was(route.became, put, change.puts[:place]):
                        change.deliveries.append(self._of(route, put))
                        told.add(route.destination)
        if change.deliveries:
            first = {(each.destination, each.id): each for each in reversed(change.deliveries)}
            change.deliveries = [each for each in change.deliveries if first[each.destination, each.id] is each]

    def committed(self, change: Change) -> None:
        """A change is on disk."""
        if change.puts:
            self.written(change.puts)
        if change.deliveries:
            self.arrived({each.destination for each in change.deliveries})

    def alert(self, item: str, rule: str, time: int) -> list[Delivery]:
        """What is due for an alert of the privacy officer's queue."""
        return [self._delivery(route, ALERT, 0, rule, item, made=time) for route in self.alerts]

    async def _was(self, where: Where | None, put: Put, earlier: Sequence[Put]) -> bool:
        """Whether the version before met this already; ``earlier`` are made by the same change."""
        if where is None or event_of(put) == CREATED:
            return False
        stored = put.stored
        for other in reversed(earlier):
            if (other.stored.type, other.stored.id) == (stored.type, stored.id):
                return holds(where, _version(other), NONE)
        return bool(await self._store.query(Search(PERMIT_ALL, stored.type, All((Ids((stored.id,)), where)), count=1)))

    def _of(self, route: Route, put: Put) -> Delivery:
        stored = put.stored
        return self._delivery(route, event_of(put), stored.message, stored.type, stored.id, stored.version)

    def _delivery(
        self,
        route: Route,
        event: str,
        message: int,
        type: str,
        resource: str = "",
        version: int = 0,
        concerns: str = "",
        made: int = 0,
    ) -> Delivery:
        of = (message,) if event == MESSAGE else (type, resource, version)
        making, now = self.generation, self._clock.now()
        name = delivery_id(route.destination, event, *of, *([making.id] if making.id and event != ALERT else []))
        said = route.destination, name, route.id, event, route.format, made or now
        state, reason = (SHELVED, REMADE) if 0 < message <= making.before else (PENDING, "")
        return Delivery(*said, message, type, resource, version, concerns, state, reason=reason, changed=now)

    async def _groups(self, change: Change) -> Mapping[str, frozenset[str]]:
        """Who is one person with whom criteria name once this change is made."""
        named = {each for routes in self._types.values() for route in routes for each in patients(route.where)}
        if not named:
            return NONE
        about = {
            row.a[len(PATIENT) :]
            for put in change.puts
            for row in put.index
            if row.kind == "reference" and row.a.startswith(PATIENT)
        }
        persons = {patient: person for patient, person, _ in await self._store.query(Persons(tuple(sorted(named | about))))}
        persons.update((link.patient, link.person) for link in change.links)
        members: dict[str, set[str]] = {}
        for patient, person in persons.items():
            members.setdefault(person, set()).add(patient)
        return {each: frozenset(members.get(persons.get(each, ""), ())) | {each} for each in named}

    def _settle(self) -> None:
        every = (*self._routes, *self._subscribed.values())
        self._messages = tuple(route for route in every if MESSAGE in route.events)
        self.alerts = tuple(route for route in every if ALERT in route.events)
        types: dict[str, list[Route]] = {}
        for route in every:
            if MESSAGE not in route.events and ALERT not in route.events:
                types.setdefault(route.type, []).append(route)
        self._types = types


def event_of(put: Put) -> str:
    """What a new version is: a resource that was deleted before is created anew."""
    stored = put.stored
    if stored.deleted:
        return DELETED
    return CREATED if stored.version == 1 or stored.told.endswith(" 201") else UPDATED


def events_of(put: Put) -> tuple[str, ...]:
    """What routes may ask for of a new version."""
    event = event_of(put)
    return (event, RESTATED) if event == CREATED and put.stored.version > 1 else (event,)


def _over(route: Route, one: Version, now: int) -> bool:
    """Whether a version is of what was over longer ago than a route asks for."""
    if route.fresh is None:
        return False
    parameter, within = route.fresh
    ends = [row.b for row in one.rows.get(parameter, ()) if row.kind == "date"]
    return bool(ends) and max(ends) <= now - within


def _version(put: Put) -> Version:
    stored = put.stored
    return version(stored.type, stored.id, stored.updated, put.index)


def when(text: str) -> Callable[[Mapping[str, str]], bool]:
    """A condition on what is said of a message (``receiver starts ROUTE``), in the grammar of the mapping tables. Raises
    ValueError."""
    try:
        tests = parse_condition(text, False)
    except PathError as error:
        raise ValueError(str(error)) from error
    for test in tests:
        if test.text not in FIELDS:
            raise ValueError(f"{test.text} is not told of a message: {', '.join(FIELDS)}")
    return lambda fields: all(_meets(test, fields[test.text]) != test.negated for test in tests)


def _meets(test: Test, value: str) -> bool:
    match test.kind:
        case "present":
            return bool(value)
        case "in":
            return value in test.values
        case "starts":
            return value.startswith(tuple(test.values))
        case "numeric":
            return decimal(value) is not None
    return len(value) == test.length
