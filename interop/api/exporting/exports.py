"""The exports of an engine: a process works on one at a time, behind what is asked; what is done is kept for some hours.

Jobs are files of a directory, which all processes that answer share: whichever is asked says how one is, gives its files, stops it.
Who works on one holds the lock of its directory. A process that ends leaves the files of its jobs: those that are done stay, those
that are not are begun anew, by another process or at the next start, in another state of the record and with another
transactionTime.
"""

from __future__ import annotations

import asyncio
import secrets
from contextlib import aclosing, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, cast

import orjson
import structlog

from interop.api.exporting.asking import agreed, decided, outdated, planned
from interop.api.exporting.job import COMPLETED, FAILED, OPEN, QUEUED, RUNNING, Job, Wanted
from interop.api.exporting.jobs import MADE, Jobs
from interop.api.exporting.locking import taken
from interop.api.exporting.writing import Files, Room, free
from interop.api.services import Services
from interop.api.signon.limits import Throttled
from interop.background import Background, within
from interop.clock import Clock
from interop.errors import Problem
from interop.policy.asker import Asker
from interop.store.decision import Account
from interop.store.values import Block

HOUR: Final = 3_600_000_000
KEPT: Final = 6 * HOUR
"""Microseconds for which what is done, or failed, is kept."""
AT_ONCE: Final = 2
"""Exports of one client that are not done."""
EACH: Final = 10
"""Exports of one client that are kept."""
LATER: Final = 60
"""Seconds after which a client that has too many asks again."""
ATTEMPTS: Final = 3
"""How often an export is begun that ends with its process."""
LOOK: Final = 2.0
"""Seconds between two looks at what other processes have begun or left, and at what has expired; and between two times at which
others are told how far one is."""
_log = structlog.get_logger("interop.export")


class Exports(Jobs):
    """Keeps its jobs in a directory of its own, readable by its owner alone; ``room`` tells how many bytes are free there."""

    def __init__(self, directory: Path, clock: Clock, *, room: Room = free) -> None:
        super().__init__(directory)
        self._clock, self._room = clock, room
        self.jobs: dict[str, Job] = {}
        """As they were when they were last looked at."""
        self._working = Background()
        self._beginning = asyncio.Lock()
        self._wake, self._idle = asyncio.Event(), asyncio.Event()
        self.services: Services
        """What exports are read from; set before the start."""

    async def start(self) -> None:
        """Take up what an earlier process left, and begin to work."""
        await asyncio.to_thread(self._ready)
        await self._look()
        self._working.start(self._work())

    async def settled(self) -> None:
        """Wait until there is nothing to be done here."""
        await self._idle.wait()

    async def stop(self) -> None:
        """End the work at hand; it is begun anew at the next start."""
        await self._working.stop()

    async def begin(self, asker: Asker, wanted: Wanted) -> Job:
        """Take an export on. Raises Throttled, Problem ``export-no-room``."""
        async with self._beginning:
            await self._look()
            own = [job for job in self.jobs.values() if job.of(asker)]
            if sum(job.state in OPEN for job in own) >= AT_ONCE or len(own) >= EACH:
                raise Throttled(LATER)
            job = Job(secrets.token_hex(16), asker, wanted, self._clock.now())
            try:
                await asyncio.to_thread(self._make, job)
            except OSError:
                await asyncio.to_thread(self._remove, f"{job.id}{MADE}")
                raise Problem("export-no-room") from None
            self.jobs[job.id] = job
        self._idle.clear()
        self._wake.set()
        return job

    async def find(self, asker: Asker, id: str) -> Job:
        """An export that who asks has begun, as it is now; raises Problem ``not-found``. What may no longer be given is removed."""
        job = await self._read(id)
        if job is None or not job.opens(asker) or await asyncio.to_thread(self._cancelled, job):
            raise Problem("not-found")
        if job.state == COMPLETED and await outdated(self.services, job):
            await self._fail(job, Problem("export-ended"))
        return job

    async def cancel(self, asker: Asker, id: str) -> None:
        """Stop an export, or give up its files; raises Problem ``not-found``."""
        job = await self.find(asker, id)
        job.cancelled = True
        if not await asyncio.to_thread(self._given_up, id):
            return  # who works on it sees that
        self.jobs.pop(id, None)

    def path(self, job: Job, name: str) -> Path:
        """Where a file of an export is; raises Problem ``not-found`` for one that it has not."""
        if job.state != COMPLETED or all(each.name != name for each in job.outputs):
            raise Problem("not-found")
        return self.directory / job.id / name

    async def _work(self) -> None:
        while True:
            self._wake.clear()
            await self._look()
            if not await self._next() and not self._wake.is_set():
                self._idle.set()
                await within(self._wake, LOOK)

    async def _next(self) -> bool:
        """Work on the first that waits, or was left by who had worked on it; whether there was one."""
        for job in [job for job in self.jobs.values() if job.state in OPEN]:
            lock = await asyncio.to_thread(taken, self.directory / job.id)
            if lock is None:
                await self._read(job.id)  # it may have been given up after it was looked at
                continue
            self._mine = job.id
            try:
                found = await asyncio.to_thread(self._found, job.id)
                if found is None or found.state not in OPEN:
                    self.jobs.pop(job.id, None)
                    continue
                self.jobs[job.id] = found
                await self._done(found)
                return True
            finally:
                self._mine = ""
                await asyncio.shield(asyncio.to_thread(self._leave, job.id, lock))
        return False

    async def _done(self, job: Job) -> None:
        """Work on one until it is done, has failed, or was given up."""
        job.state = QUEUED
        try:
            await self._run(job)
        except Problem as problem:
            await self._fail(job, problem)
        except Exception as error:
            _log.error("export failed", error=type(error).__name__)
            await self._fail(job, Problem("fault"))
        if self._cancelled(job):
            self.jobs.pop(job.id, None)
            await asyncio.to_thread(self._remove, job.id)

    async def _run(self, job: Job) -> None:
        """Write the files, then put down of whom they are, then say that it is done."""
        services = self.services
        if job.attempts >= ATTEMPTS:
            raise Problem("export-interrupted")
        if self._cancelled(job):
            return
        job.state, job.attempts, job.begun, job.resources = RUNNING, job.attempts + 1, self._clock.now(), 0
        await asyncio.to_thread(self._keep, job)
        account = Account()
        decision = await decided(services, job.asker, job.wanted.level, account)
        job.transaction = await services.writes.complete()
        plan = await planned(services, decision, job.wanted, job.transaction)
        files = Files(self.directory / job.id, job.wanted.elements, self._room)
        done, told = False, asyncio.get_running_loop().time()
        writing: asyncio.Future[None] | None = None
        try:
            async with aclosing(cast("Any", services.store.stream(plan))) as blocks:
                async for block in blocks:
                    if writing is not None:
                        await writing
                    if self._cancelled(job):
                        return
                    job.resources += len(block.ids)
                    if asyncio.get_running_loop().time() - told > LOOK:
                        await asyncio.to_thread(self._keep, job)
                        told = asyncio.get_running_loop().time()
                    writing = asyncio.ensure_future(asyncio.to_thread(files.write, cast("Block", block)))
            if writing is not None:
                await writing
            await asyncio.to_thread(_warn, files, job.wanted.warnings)
            done = True
        finally:
            if writing is not None and not writing.done():
                await asyncio.wait((writing,))
            await asyncio.shield(asyncio.to_thread(files.close, keep=done))
        outputs = list(files.outputs.values())
        types = [each.type for each in outputs if each.kind == "output"]
        await services.audit.exported(job.asker, job.id, job.wanted.level, account, types)
        now = self._clock.now()
        finished = replace(
            job,
            state=COMPLETED,
            finished=now,
            expires=now + KEPT,
            outputs=outputs,
            sources=agreed(decision.predicate),
        )
        await asyncio.to_thread(self._keep, finished)
        for name in ("outputs", "sources", "finished", "expires", "state"):
            setattr(job, name, getattr(finished, name))

    async def _fail(self, job: Job, problem: Problem) -> None:
        """Say why, and take away what there is: the disk may be full of it."""
        now = self._clock.now()
        job.outputs, job.problem = [], (problem.reason.name, problem.detail)
        job.finished, job.expires, job.state = now, now + KEPT, FAILED
        _log.warning("export not done", reason=problem.reason.name, detail=problem.detail)
        with suppress(OSError, Problem):
            await asyncio.to_thread(self._empty, job)

    async def _read(self, id: str) -> Job | None:
        """A job as it is now."""
        if id != self._mine:
            found = await asyncio.to_thread(self._found, id)
            if found is None:
                self.jobs.pop(id, None)
            elif id != self._mine:
                self.jobs[id] = found
        await self._sweep()
        return self.jobs.get(id)

    async def _look(self) -> None:
        """Take in what all processes have begun and done."""
        found = await asyncio.to_thread(self._all)
        mine = self.jobs.get(self._mine)
        self.jobs = {job.id: job for job in found if job.id != self._mine} | ({mine.id: mine} if mine is not None else {})
        await self._sweep()

    async def _sweep(self) -> None:
        """Let go of what has expired."""
        now = self._clock.now()
        for job in [job for job in self.jobs.values() if job.expires and job.expires <= now]:
            self.jobs.pop(job.id, None)
            await asyncio.to_thread(self._remove, job.id)


def _warn(files: Files, warnings: tuple[str, ...]) -> None:
    for each in warnings:
        said = {"severity": "warning", "code": "not-supported", "diagnostics": each}
        files.add("error", "OperationOutcome", orjson.dumps({"resourceType": "OperationOutcome", "issue": [said]}), 1)
