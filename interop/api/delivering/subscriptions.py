"""FHIR R4 Subscriptions over the queues: rest-hooks and websockets, by criteria (FHIR R4 Subscription) or by topic (Subscriptions
R5 Backport 1.1).

A client writes one as ``requested`` (or ``off``); the engine says ``active`` once new versions are matched, ``error`` where what
was due was not taken, ``off`` when its time is over. What goes out is what its author may see when it goes. A rest-hook by topic is
active once its endpoint has taken a handshake, which goes through its queue before anything else.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any, Final

import structlog

from interop.api.delivering.addresses import Hook, reachable
from interop.api.delivering.deliverer import Deliverer
from interop.api.delivering.meaning import REST_HOOK, WEBSOCKET, Meant, asker_of, meant
from interop.api.delivering.notifications import TYPE
from interop.api.delivering.workers import Beating, Unheard
from interop.api.searching.ground import known
from interop.apply.asked import NO_AUTHOR, UPDATE, Asked, Author
from interop.apply.journalled import author_of
from interop.apply.routing import Router
from interop.apply.writes import Writes
from interop.background import Background, within
from interop.clock import MICROSECONDS, Clock
from interop.errors import Category, Problem
from interop.formats.json import load_json
from interop.notify.destinations import DAYS
from interop.notify.routes import HANDSHAKE, Route, delivery_id
from interop.notify.topics import Topic
from interop.policy.asker import Asker
from interop.record.indexing import Indexing
from interop.store.decision import PERMIT_ALL
from interop.store.plan import Deliveries, Message, Read, Search
from interop.store.seam import Store
from interop.store.values import DROPPED, PENDING, SENT, SHELVED, Change, Delivery, Entry, Mark, Put, Stored, Sweep

TICK: Final = 30.0
"""Seconds between two looks at what has ended."""
_log = structlog.get_logger("interop.deliveries")


def name_of(id: str) -> str:
    """The name of its queue."""
    return f"subscription:{id}"


class Subscriptions:
    """``here``: endpoints of this machine are taken, as an engine is tried with that was started open; ``topics`` by their URL."""

    def __init__(
        self,
        store: Store,
        writes: Writes,
        router: Router,
        deliverer: Deliverer,
        clock: Clock,
        topics: Mapping[str, Topic],
        *,
        here: bool,
    ) -> None:
        self.topics = topics
        self._store, self._writes, self._router, self._deliverer = store, writes, router, deliverer
        self._clock, self._here = clock, here
        self._known = known(Indexing())
        self._ends: dict[str, int] = {}
        self._due: dict[str, None] = {}
        self._failures: dict[str, str] = {}
        self._begun: dict[str, tuple[Meant, Author]] = {}
        self._shaken: dict[str, int] = {}
        self.dropped: Callable[[str], Awaitable[None]] = _kept
        """Is told which Subscription is told no more, or something else."""
        self.arrived: Callable[[str], None] = lambda id: None
        """Is told for which Subscription by websocket there is something."""
        self._wake = asyncio.Event()
        self._working = Background()

    def check(self, asked: Asked, resource: dict[str, Any]) -> None:
        """A client writes one. Raises Problem ``bad-value``, which says what of it cannot be done, ``forbidden``."""
        if asked.permit is not None and asked.permit.of_person:
            raise Problem("forbidden", where=TYPE, detail="a token for one person follows nobody")
        status = resource.get("status")
        if status not in ("requested", "off"):
            raise Problem("bad-value", where="Subscription.status", detail="requested or off: the others are for the server to say")
        if status == "requested":
            ends = self.meaning(resource).end
            if ends and ends <= self._clock.now():
                raise Problem("bad-value", where="Subscription.end", detail="it is over")

    async def prepare(self) -> None:
        """Match what is active, before anything is committed."""
        async for stored in self._store.stream(Search(PERMIT_ALL, TYPE)):
            resource = load_json(stored.body, values=None)
            self._due[stored.id] = None
            if resource.get("status") == "active":
                try:
                    await self._begin(stored.id, self.meaning(resource), await self.author(stored))
                except Problem as problem:
                    _log.error("a Subscription cannot be matched any more", reason=problem.reason.name)

    async def start(self) -> None:
        self._working.start(self._work())

    async def stop(self) -> None:
        await self._working.stop()

    def written(self, puts: Iterable[Put]) -> None:
        """New versions are on disk."""
        for put in puts:
            if put.stored.type == TYPE:
                self._due[put.stored.id] = None
                self._wake.set()

    async def heard(self, ids: Sequence[str]) -> None:
        """Other processes have written these; () is any. What is active is matched from now on, what is not is no longer."""
        if not ids:
            ids = list({*self._begun, *[each.id async for each in self._store.stream(Search(PERMIT_ALL, TYPE))]})
        for id_ in ids:
            found: list[Stored] = await self._store.query(Read(PERMIT_ALL, TYPE, id_))
            await self._follow(id_, found[0] if found and not found[0].deleted else None)
            self._due[id_] = None
        self._wake.set()

    async def _follow(self, id_: str, stored: Stored | None) -> None:
        resource = load_json(stored.body, values=None) if stored is not None else {}
        if stored is None or resource.get("status") != "active":
            if id_ in self._begun:
                await self._forget(id_)
            return
        try:
            asked, author = self.meaning(resource), await self.author(stored)
        except Problem as problem:
            if problem.reason.category is Category.UNAVAILABLE:
                raise
            _log.error("a Subscription cannot be matched any more", reason=problem.reason.name)
            return await self._forget(id_)
        if self._begun.get(id_) != (asked, author):
            await self._begin(id_, asked, author)

    def marked(self, id: str, delivery: Delivery, mark: Mark) -> None:
        """What became of a delivery: one that is shelved ends in ``error``, a handshake that was taken makes it ``active``."""
        if mark.state == SENT and delivery.event == HANDSHAKE:
            self._shaken[id] = delivery.version
            self._due[id] = None
            self._wake.set()
        if mark.state == SHELVED:
            self._failures[id] = mark.reason
            self._due[id] = None
            self._wake.set()

    def meaning(self, resource: Mapping[str, Any]) -> Meant:
        """What one asks for. Raises Problem ``bad-value``."""
        return meant(resource, self.topics, self._known, self._clock.now(), here=self._here)

    def told(self, author: Author) -> Asker:
        """Whom one is told for that this author wrote."""
        return asker_of(author, open=self._here)

    async def _work(self) -> None:
        while True:
            self._wake.clear()
            try:
                await self.tick()
            except* Exception as errors:
                for error in errors.exceptions:
                    _log.error("a Subscription cannot be settled", error=type(error).__name__)
            await within(self._wake, TICK)

    async def tick(self) -> None:
        """Do what is due: set up, end, tell of errors. Raises an ExceptionGroup of what failed, once every other has had its turn;
        what failed stays due."""
        failed: list[Exception] = []
        now = self._clock.now()
        self._due.update((id_, None) for id_, end in self._ends.items() if end <= now)
        for id_ in list(self._due):
            del self._due[id_]
            try:
                await self._settle(id_)
            except Exception as error:
                self._due[id_] = None
                failed.append(error)
            except BaseException:
                self._due[id_] = None
                raise
        if failed:
            raise ExceptionGroup("Subscriptions cannot be settled", failed)

    async def _settle(self, id_: str) -> None:
        """Let a Subscription be what it says."""
        found: list[Stored] = await self._store.query(Read(PERMIT_ALL, TYPE, id_))
        stored = found[0] if found and not found[0].deleted else None
        resource = load_json(stored.body, values=None) if stored is not None else {}
        status = resource.get("status", "")
        failure = self._failures.pop(id_, "")
        if stored is None or status not in ("requested", "active"):
            return await self._end(id_, PENDING if status == "error" else "")
        author = NO_AUTHOR
        try:
            author = await self.author(stored)
            asked = self.meaning(resource)
            if status == "requested" and asked.channel == REST_HOOK and not await reachable(asked.url, self._here):
                raise Problem("destination-misdirected")
        except Problem as problem:
            await self._end(id_, "")
            return await self._say(stored, author, resource, "error", str(problem))
        if asked.end and asked.end <= self._clock.now():
            await self._end(id_, "")
            return await self._say(stored, author, resource, "off")
        shakes = asked.topic != "" and asked.channel == REST_HOOK
        if failure and (status == "active" or shakes):
            await self._end(id_, PENDING)
            known_ = Problem(failure)
            return await self._say(stored, author, resource, "error", f"{known_.reason.sentence} {known_.reason.action}")
        if self._begun.get(id_) != (asked, author) or status == "requested":
            await self._begin(id_, asked, author)
        if status == "requested" and (not shakes or await self._shook(stored, asked)):
            await self._say(stored, author, resource, "active")

    async def _shook(self, stored: Stored, asked: Meant) -> bool:
        """Whether the endpoint has taken the handshake of this version; else one is put into its queue, where there is none."""
        if self._shaken.get(stored.id) == stored.version:
            return True
        name = name_of(stored.id)
        waiting: list[Delivery] = await self._store.query(Deliveries(name, PENDING))
        if not any(each.event == HANDSHAKE and each.version == stored.version for each in waiting):
            now = self._clock.now()
            id_ = delivery_id(name, HANDSHAKE, stored.id, stored.version, now)
            said = name, id_, f"{TYPE}/{stored.id}", HANDSHAKE, asked.format, now
            one = Delivery(*said, type=TYPE, resource=stored.id, version=stored.version, changed=now)
            await self._store.commit(Change(deliveries=[one]))
            self._deliverer.arrived([name])
        return False

    async def _begin(self, id_: str, asked: Meant, author: Author) -> None:
        name = name_of(id_)
        if self._begun.get(id_, (asked, author)) != (asked, author):
            await self.dropped(id_)
        await self._deliverer.remove(name)
        hook = Hook(asked.url, asked.headers, self._here)
        if asked.timeout:
            hook.patience = asked.timeout
        made = Unheard if asked.channel == WEBSOCKET else Beating
        worker = self._deliverer.add(
            name, self.told(author), hook, DAYS, lambda delivery, mark: self.marked(id_, delivery, mark), made
        )
        if isinstance(worker, Beating):
            worker.period, worker.form = asked.heartbeat * MICROSECONDS, asked.format
        if isinstance(worker, Unheard):
            worker.wakes = lambda: self.arrived(id_)
        route = Route(f"{TYPE}/{id_}", name, asked.format, asked.events, type=asked.type, where=asked.where, became=asked.became)
        self._router.subscribe(id_, route)
        if asked.end:
            self._ends[id_] = asked.end
        self._begun[id_] = asked, author
        worker.wake()

    async def _end(self, id_: str, keep: str) -> None:
        """Match no more. What waits is dropped, or with ``keep`` put on the shelf."""
        await self._forget(id_)
        name = name_of(id_)
        to = SHELVED if keep else DROPPED
        await self._store.commit(Change(sweeps=[Sweep(name, PENDING, to, self._clock.now())]))

    async def _forget(self, id_: str) -> None:
        self._router.unsubscribe(id_)
        self._ends.pop(id_, None)
        self._begun.pop(id_, None)
        await self.dropped(id_)
        await self._deliverer.remove(name_of(id_))

    async def author(self, stored: Stored) -> Author:
        """Who wrote it: the journal tells. Raises Problem ``purged`` where it has let go of that: nobody is told then."""
        found: list[Entry] = await self._store.query(Message(stored.message))
        return author_of(found[0]) if found else NO_AUTHOR

    async def _say(self, stored: Stored, author: Author, resource: dict[str, Any], status: str, error: str = "") -> None:
        """Write the status as the author's own: it stays theirs. Where they have written meanwhile, that counts."""
        said = {name: value for name, value in resource.items() if name not in ("error", "meta")}
        said["status"] = status
        if meta := {name: value for name, value in resource.get("meta", {}).items() if name in ("profile", "tag", "security")}:
            said["meta"] = meta
        if error:
            said["error"] = error
        asked = Asked(UPDATE, TYPE, stored.id, resource=said, expected=(stored.version,), author=author, own=True)
        try:
            await self._writes.write(asked)
        except Problem as problem:
            if problem.reason.name != "stale-version":
                raise


async def _kept(id: str) -> None:
    """Nobody is told."""
