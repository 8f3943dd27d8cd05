"""The log of a process: rows go to the file at once and in order; a thread brings them to disk and signs checkpoints.

``write`` returns when the system has the row: it outlives the process. ``durable`` waits until it outlives the machine too. A
thread syncs at least every ``SYNC`` seconds, so that no more than that is lost with the power of what nobody waited for.
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

import structlog
from orjson import dumps

from interop.audit import checkpoints
from interop.audit.chain import beginning, follow, stamp
from interop.audit.checkpoints import Checkpoint
from interop.audit.key import AuditKey
from interop.audit.parts import create, turn
from interop.audit.recovery import Recovered, recover
from interop.audit.row import CLOSED, OPENED
from interop.clock import MICROSECONDS, Clock
from interop.errors import Problem
from interop.store.directory import make_directory

SYNC: Final = 1.0
"""Seconds after which a row is on disk, whoever waits."""
CHECKPOINT: Final = 5 * MICROSECONDS
"""Microseconds between checkpoints while rows come; 10 s at most are promised."""
OPENING: Final = "opening.lock"
"""The file by which processes begin their chains one after another."""
BEGINNING: Final = 30.0
"""Seconds for which others may be at that: a process that stands still there lets none begin, but each says so and ends."""
ROOM: Final = b" " * 65_536
"""What must find room before rows are taken again that a full disk has refused."""
SIZE: Final = 256 << 20
"""Bytes after which a part ends."""
NOTHING: Final[dict[str, Any]] = {}
_log = structlog.get_logger("interop.audit")


class AuditLog:
    """One chain, from ``open`` to ``close``. ``chain`` is its number; ``recovered`` what the chains before it came to.

    ``background`` False: no thread; ``tick`` does its work. While the disk fails ``problem`` is set and every row is refused.
    """

    def __init__(self, directory: Path, elsewhere: Path, key: AuditKey, clock: Clock, *, size: int = SIZE) -> None:
        self.directory, self.elsewhere, self.key = directory, elsewhere, key
        self.chain, self.part, self.sequence, self.offset = 0, 0, 0, 0
        self.problem: Problem | None = None
        self.unsigned: Problem | None = None
        """Why no checkpoint could be kept, where none could."""
        self.recovered = Recovered()
        self.syncs = 0
        self._clock, self._size, self._full = clock, size, size
        self._head = b""
        self._file = -1
        self._unsynced: list[bytes] = []
        self._unsynced_from = 0
        self._ended: list[int] = []
        self._synced = 0
        self._torn = False
        self._left = False
        """A sync has failed, and none since has brought to disk what it left."""
        self._signed = self._reached = Checkpoint(0, 0, b"", 0, 0, 0)
        self._waiting: list[tuple[int, asyncio.AbstractEventLoop, asyncio.Future[None]]] = []
        self._lock = threading.Lock()
        self._disk = threading.Lock()
        self._wake = threading.Event()
        self._stopping = False
        self._thread: threading.Thread | None = None

    @classmethod
    def open(
        cls,
        directory: Path,
        elsewhere: Path,
        key: AuditKey,
        clock: Clock,
        *,
        size: int = SIZE,
        background: bool = True,
        restored: dict[str, Any] | None = None,
    ) -> AuditLog:
        """Begin a chain; its first row binds the head of the one before. ``restored``: the directory is from a backup,
        and what that says of where its chains end. Raises OSError."""
        log = cls(directory, elsewhere, key, clock, size=size)
        for folder in (directory, elsewhere):
            make_directory(folder)
        with beginning_of(directory / OPENING):
            log._begin(restored)
        if background:
            log._thread = threading.Thread(target=log._work, name="audit", daemon=True)
            log._thread.start()
        return log

    def _begin(self, restored: dict[str, Any] | None) -> None:
        """One process after another: each binds the chains that are there, and no two are of one number."""
        self.recovered = recover(self.directory, self.elsewhere, self.key)
        self.chain = max([self.recovered.chain, *(checkpoints.known(self.elsewhere) if restored else ())]) + 1
        while True:
            try:
                self._file, self.part = create(self.directory, self.chain, 1), 1
                break
            except FileExistsError:
                self.chain += 1
        self._head = beginning(self.chain)
        self.write(OPENED, more=self.recovered.told() | ({"restored": restored} if restored else {}))
        self.sync()
        self.checkpoint()

    def write(
        self,
        kind: str,
        who: tuple[str, ...] = (),
        interaction: str = "",
        type: str = "",
        id: str = "",
        status: int = 0,
        resources: int = 0,
        patients: tuple[str, ...] = (),
        rules: tuple[str, ...] = (),
        more: dict[str, Any] | None = None,
    ) -> int:
        """Add a row; its number. Raises Problem ``audit-unavailable`` where the disk does not take it."""
        with self._lock:
            if self._torn:
                self._mend()
            if self.problem is not None:
                raise self.problem
            sequence = self.sequence + 1
            text = dumps(
                (sequence, self._clock.now(), kind, who, interaction, type, id, status, resources, patients, rules, more or NOTHING)
            )
            head = follow(self._head, text)
            line = b"%b %b\n" % (text, stamp(self.key.stamps, head))
            self._put(line)
            self._head, self.sequence = head, sequence
            self._unsynced.append(line)
            self.offset += len(line)
            if self.offset >= self._full:
                self._turn()
        return sequence

    @property
    def unsynced(self) -> int:
        """Rows that the system has and the disk may not."""
        return self.sequence - self._synced

    @property
    def unsigned_since(self) -> int:
        """When the last checkpoint was signed, where rows came since; else 0."""
        return self._signed.time if self.sequence > self._signed.sequence else 0

    def now(self) -> int:
        """The time that a row would have."""
        return self._clock.now()

    async def durable(self, sequence: int) -> None:
        """Wait until a row is on disk; one sync serves all who wait. Raises Problem ``audit-unavailable``."""
        if sequence <= self._synced:
            return
        if self._thread is None:
            self.sync()
            return
        loop = asyncio.get_running_loop()
        future: asyncio.Future[None] = loop.create_future()
        with self._lock:
            self._waiting.append((sequence, loop, future))
        self._wake.set()
        await future

    def tick(self) -> None:
        """Bring what there is to disk; sign a checkpoint where one is due."""
        self.sync()
        if self.sequence > self._signed.sequence and self._clock.now() - self._signed.time >= CHECKPOINT:
            self.checkpoint()

    def sync(self) -> None:
        """Bring what there is to disk. Raises Problem ``audit-unavailable``."""
        with self._disk:
            with self._lock:
                if self._torn:
                    self._look()
                reached = Checkpoint(self.chain, self.sequence, self._head, self.part, self.offset, 0)
                unsynced, file = self._unsynced, self._file
                since, self._unsynced, self._unsynced_from = self._unsynced_from, [], self.offset
            if unsynced:
                try:
                    if self.problem is not None or self._left:  # the system may have let go of what a failed sync left
                        _whole(file, b"".join(unsynced), since)
                    os.fdatasync(file)
                    self.syncs += 1
                except OSError as error:
                    with self._lock:
                        if file == self._file:  # of a part that has ended ``_turn`` has brought all to disk
                            self._unsynced, self._unsynced_from = unsynced + self._unsynced, since
                            self._left = True
                            raise self._failed(error) from None
            with self._lock:
                self._left = False
                ended, self._ended = self._ended, []
                self._synced, self._reached = reached.sequence, reached
                if not self._torn:
                    self.problem = None
            for each in ended:
                os.close(each)

    def checkpoint(self) -> None:
        """Sign the head as it is on disk and keep that elsewhere: rows may come meanwhile."""
        self.sync()
        with self._lock:
            reached = self._reached
        if reached.sequence == self._signed.sequence:
            return
        now = reached._replace(time=self._clock.now()).signed(self.key)
        try:
            checkpoints.keep(self.elsewhere, now)
        except OSError as error:
            if self.unsigned is None:
                self.unsigned = Problem("audit-unavailable", detail=type(error).__name__)
                _log.error("no checkpoint can be kept", error=type(error).__name__, action=self.unsigned.reason.action)
            return
        self._signed, self.unsigned = now, None

    def close(self) -> None:
        """End the chain: a last row, a last checkpoint."""
        self._stopping = True
        self._wake.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        with suppress(Problem):
            self.write(CLOSED)
            self.checkpoint()
        for each in (*self._ended, self._file):
            os.close(each)

    def _put(self, line: bytes) -> None:
        try:
            _whole(self._file, line, self.offset)
        except OSError as error:
            self._torn = True
            raise self._failed(error) from None

    def _mend(self) -> None:
        """Take away what is left of a row that was not taken whole."""
        try:
            os.ftruncate(self._file, self.offset)
        except OSError as error:
            raise self._failed(error) from None
        self._torn = False
        if not self._left:
            self.problem = None

    def _look(self) -> None:
        """Whether there is room again: as long as there is none nobody may come who writes, and nobody else would find out."""
        try:
            try:
                _whole(self._file, ROOM, self.offset)
            finally:
                os.ftruncate(self._file, self.offset)
        except OSError:
            return
        self._mend()

    def _turn(self) -> None:
        """Begin the next part. Where that cannot be, the part at hand goes on, and it is tried again when that has grown."""
        try:
            os.fdatasync(self._file)
        except OSError as error:
            self._left = True
            return self._goes_on(error)
        try:
            new = create(self.directory, self.chain, self.part + 1)
        except OSError as error:
            return self._goes_on(error)
        self._ended.append(self._file)  # a sync may be under way
        self._file, self.part, self.offset, self._full = new, self.part + 1, 0, self._size
        self._unsynced, self._unsynced_from = [], 0

    def _goes_on(self, error: OSError) -> None:
        self._full = self.offset + (self._size >> 4)
        _log.error("the audit's next part cannot be begun", error=type(error).__name__)

    def _failed(self, error: OSError) -> Problem:
        if self.problem is None:
            self.problem = Problem("audit-unavailable", detail=type(error).__name__)
            _log.error("the audit cannot be written", error=type(error).__name__, action=self.problem.reason.action)
        return self.problem

    def _work(self) -> None:
        while not self._stopping:
            self._wake.wait(SYNC)
            self._wake.clear()
            failed: Problem | None = None
            try:
                self.tick()
            except Problem as problem:
                failed = problem
            except Exception as error:  # this thread may not end: whoever waits for the disk would wait for good
                failed = Problem("audit-unavailable", detail=type(error).__name__)
                _log.error("the audit's thread failed", error=type(error).__name__)
            self._tell(failed)
        self._tell(Problem("stopping"))

    def _tell(self, failed: Problem | None) -> None:
        with self._lock:
            done = [one for one in self._waiting if failed is not None or one[0] <= self._synced]
            self._waiting = [one for one in self._waiting if failed is None and one[0] > self._synced]
        by_loop: dict[asyncio.AbstractEventLoop, list[asyncio.Future[None]]] = {}
        for _, loop, future in done:
            by_loop.setdefault(loop, []).append(future)
        for loop, futures in by_loop.items():
            with suppress(RuntimeError):  # the loop has ended; nobody waits
                loop.call_soon_threadsafe(_settle, futures, failed)


@contextmanager
def beginning_of(path: Path) -> Iterator[None]:
    """One process after another. Raises OSError, whose text is a sentence where another stands still there."""
    try:
        with turn(path, BEGINNING):
            yield
    except BlockingIOError:
        raise OSError("A process that shares this audit stands still while it starts: end it, and start again.") from None


def _settle(futures: list[asyncio.Future[None]], failed: Problem | None) -> None:
    for future in futures:
        if not future.done():
            if failed is None:
                future.set_result(None)
            else:
                future.set_exception(failed)


def _whole(file: int, line: bytes, offset: int) -> None:
    if os.pwrite(file, line, offset) != len(line):
        raise OSError("the row is not whole")
