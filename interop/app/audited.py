"""The audit of an engine: opened before anything is answered, closed after everything is done."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from math import inf

import structlog
from orjson import loads

from interop.api.auditing.auditing import Auditing
from interop.api.auditing.naming import ENGINE
from interop.api.sightings import tell, told
from interop.app.backup.restoring import RESTORED
from interop.app.settings import Settings
from interop.app.surnames import Surnames
from interop.apply.journalled import ADAPTERS, TAKEN
from interop.audit.disposal import removals
from interop.audit.key import AuditKey
from interop.audit.log import AuditLog, beginning_of
from interop.audit.parts import places
from interop.audit.privacy import alerting
from interop.audit.trail import Trail
from interop.background import Background
from interop.clock import Clock
from interop.errors import Problem
from interop.notify.outbox import Alert
from interop.notify.topics import Topic
from interop.ports import Feed, MessageState
from interop.store.plan import Everything, Message, Messages
from interop.store.seam import Store
from interop.store.values import Entry

RESTORING = "restored.lock"
TICK = 1.0
"""Seconds between two looks at what the index lacks."""
A_TICK = 3_000
"""Rows that the index takes at each of them while more keep coming; who asks it waits for all."""
LOOKS = 10_000
"""Reads, the latest, whose names are compared when they can be again."""
AGAIN = 10_000
"""The latest messages of the journal that are held against the audit at a start: more are never under way."""
_log = structlog.get_logger("interop.audit")


class Audited:
    """``auditing`` writes, ``trail`` reads. ``shared``: other processes have the same journal and audit, and one of them all
    gives the audit what one that has ended has left out (``interop.app.completing``)."""

    def __init__(self, log: AuditLog, feeds: Mapping[str, Feed], store: Store, *, shared: bool = False) -> None:
        self.log, self._store, self.shared = log, store, shared
        self._surnames = Surnames(store, log)
        self.auditing = Auditing(log, feeds)
        self.trail = Trail(log.directory)
        self.untold: list[int] = []
        """Takedowns that nobody waits for: done at a start, after the process had ended."""
        self.topics: Mapping[str, Topic] = {}
        """What Subscriptions may follow."""
        self.also: list[Callable[[], Awaitable[None]]] = []
        """What else is done at each tick."""
        self._working = Background()

    @classmethod
    def open(cls, settings: Settings, clock: Clock, feeds: Mapping[str, Feed], store: Store) -> Audited:
        """Begin a chain. Raises OSError; ValueError for a key that is none."""
        directory, elsewhere = places(settings.data, settings.checkpoints)
        key = AuditKey.kept(settings.audit_key or settings.data / "audit.key")
        note = settings.data / RESTORED
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        with beginning_of(directory / RESTORING):  # one process tells of a restore
            restored = loads(note.read_bytes()) if note.exists() else None
            log = AuditLog.open(directory, elsewhere, key, clock, restored=restored)
            note.unlink(missing_ok=True)
        return cls(log, feeds, store, shared=settings.database is not None)

    @property
    def problem(self) -> Problem | None:
        """What keeps the engine from giving anything, or from proving it later."""
        return self.log.problem or self.log.unsigned

    async def start(self) -> None:
        """Give the audit what the journal has and it lacks; then keep the index up to date. Where processes share it one that
        stands still in its turn lets the others begin: the index comes later."""
        try:
            await self.trail.aside(self.trail.catch_up, 0, None if self.shared else inf)
        except Problem as problem:
            _log.error("the index of the audit is behind", error=problem.reason.name)
        if self.log.recovered.chain and not self.shared:
            await self._complete()
        self._working.start(self._work())

    async def stop(self) -> None:
        """A last checkpoint."""
        await self._working.stop()
        await asyncio.to_thread(self.log.close)
        self.trail.close()

    async def _complete(self) -> None:
        """Messages that were journalled when the process or the power went, before the audit had their number."""
        after = max(0, self.trail.index.last_message() - AGAIN)
        known, kept = self.trail.index.messages(after), self._kept()
        missing: list[Entry] = [
            entry async for entry in self._store.stream(Everything(after)) if entry.message not in known and entry.received > kept
        ]
        self._given(missing)

    async def complete(self, after: int, until: int) -> int:
        """Give the audit messages above ``after`` that were journalled before ``until`` and that no process has put down; above
        which the next time begins."""
        await self.trail.aside(self.trail.catch_up)
        known, kept = await self.trail.aside(self.trail.index.messages, after), await asyncio.to_thread(self._kept)
        last: list[Entry] = await self._store.query(Messages(count=1))
        missing = []
        for number in range(after + 1, (last[0].message if last else 0) + 1):
            if number not in known:
                found: list[Entry] = await self._store.query(Message(number))
                if found and found[0].received >= until:
                    break
                missing += [entry for entry in found if entry.received > kept]
            after = number
        self._given(missing)
        return after

    def _kept(self) -> int:
        """Until when, in microseconds, messages were told in parts that are no longer kept: the index, made anew, has none."""
        return max((one.last for of in removals(self.log.elsewhere).values() for one in of), default=0)

    def _given(self, missing: list[Entry]) -> None:
        self.auditing.received(missing)
        if missing:
            _log.info("the audit was given messages of the journal", messages=len(missing))

    async def seen(self, until: int = 1 << 62) -> None:
        """Tell of takedowns that were done before ``until`` when the process ended, before the audit had who is to be told of
        them."""
        before, done = 0, await told(self.trail)
        while found := await self._store.query(Messages(feed=TAKEN, state=MessageState.APPLIED, before=before)):
            due = [each for each in found if each.message not in done and each.adapter in (TAKEN, *ADAPTERS)]
            for each in [each for each in due if each.finished < until]:
                await tell(self._store, self.trail, self.auditing, each.message, ENGINE, self.topics)
            before = found[-1].message

    async def tick(self) -> None:
        """Compare names, tell of takedowns, bring the index forward; all the way where a change was made that somebody has to hear
        of. What fails keeps nothing else from being done, and is raised at the end."""
        failed: Exception | None = None
        for each in (self._compare, self._tell, self._index, *self.also):
            try:
                await each()
            except Exception as error:
                failed = failed or error
        if failed is not None:
            raise failed

    async def _compare(self) -> None:
        looks, self.auditing.looks = self.auditing.looks, []
        try:
            await self._surnames.compare(looks)
        except Problem:
            self.auditing.looks = (looks + self.auditing.looks)[-LOOKS:]
            raise

    async def _tell(self) -> None:
        if self.shared:  # whoever has asked tells, in whichever process; what is left, who has the seat
            self.untold.clear()
        for number in list(self.untold):
            self.untold.remove(number)
            try:
                await tell(self._store, self.trail, self.auditing, number, ENGINE, self.topics)
            except BaseException:
                self.untold.append(number)
                raise

    async def _index(self) -> None:
        urgent, self.auditing.urgent = self.auditing.urgent, False
        try:
            await self.trail.aside(self.trail.catch_up, 0 if urgent else A_TICK)
        except BaseException:
            self.auditing.urgent = self.auditing.urgent or urgent
            raise

    def outbox(self) -> list[Alert]:
        """Whom nobody has been told of yet: alerts, oldest first, without a word of who and whom. ``auditing.notified`` takes one
        out."""
        return [Alert(each.item, each.rule, each.time, each.organisation) for each in self.trail.index.due(alerting())]

    async def _work(self) -> None:
        while True:
            await asyncio.sleep(TICK)
            try:
                await self.tick()
            except Exception as error:
                _log.error("the index of the audit is behind", error=type(error).__name__)
