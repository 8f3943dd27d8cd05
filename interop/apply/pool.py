"""The mapper processes as seen by the owner: batches go to whoever is free, a dead one is replaced, and a message that kills
its mapper is found out and answers for itself."""

from __future__ import annotations

import asyncio
import contextlib
import pickle
import socket
import sys
import time

import structlog

from interop.apply.mapper import LENGTH, READY
from interop.apply.mapping_work import Job, Yield, map_batch
from interop.apply.transport import unpacked
from interop.ids import Mint

SLICE = 0.002
"""Seconds that mapping on the loop may take before others get their turn."""
log = structlog.get_logger(__name__)


class MapperDied(Exception):
    """A mapper ended, or gave no answer in time, while it had work."""


class Mappers:
    """``count`` processes (0: mapping happens on the loop in short slices). ``timeout`` seconds for a batch."""

    def __init__(self, count: int, key: bytes, timeout: float = 60.0) -> None:
        self.count, self._key, self._timeout = count, key, timeout
        self._mint = Mint(key)
        self._free: asyncio.Queue[_Mapper] = asyncio.Queue()
        self._all: list[_Mapper] = []
        self._starting = asyncio.Lock()
        self.deaths = 0

    async def start(self) -> None:
        """Start the processes; raises OSError where one cannot be had."""
        await asyncio.gather(*(self._add() for _ in range(self.count)))

    async def stop(self) -> None:
        """End the processes."""
        for mapper in self._all:
            await mapper.close()

    async def map(self, jobs: list[Job]) -> list[Yield]:
        """Map a batch, in the order of its messages."""
        if not self.count:
            return await self._here(jobs)
        if not jobs:
            return []
        try:
            return await self._ask(jobs)
        except MapperDied:
            if len(jobs) > 1:
                return [one for job in jobs for one in await self.map([job])]
        job = jobs[0]
        try:  # it may have been killed from outside: a message is to blame that ends two of them
            return await self._ask(jobs)
        except MapperDied:
            log.error("a mapper died of a message", message=job.message)
            return [Yield(job.message, job.feed, "", problem=("mapper-died", "", ""))]

    async def _ask(self, jobs: list[Job]) -> list[Yield]:
        """Have whoever is free map the batch; raises MapperDied, OSError where no process can be started."""
        async with self._starting:
            while len(self._all) < self.count:
                await self._add()
        mapper = await self._free.get()
        try:
            async with asyncio.timeout(self._timeout):
                answer = await mapper.ask(jobs)
        except (MapperDied, TimeoutError) as error:
            self.deaths += 1
            await self._drop(mapper)
            raise MapperDied from error
        except BaseException:
            await self._drop(mapper)
            raise
        self._free.put_nowait(mapper)
        return answer

    async def _drop(self, mapper: _Mapper) -> None:
        self._all.remove(mapper)
        await mapper.close(kill=True)

    async def _here(self, jobs: list[Job]) -> list[Yield]:
        made: list[Yield] = []
        until = time.perf_counter() + SLICE
        for job in jobs:
            made += map_batch([job], self._mint)
            if time.perf_counter() > until:
                await asyncio.sleep(0)
                until = time.perf_counter() + SLICE
        return made

    async def _add(self) -> None:
        mapper = await _Mapper.start(self._key, self._timeout)
        self._all.append(mapper)
        self._free.put_nowait(mapper)


class _Mapper:
    def __init__(self, process: asyncio.subprocess.Process, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._process, self._reader, self._writer = process, reader, writer

    @classmethod
    async def start(cls, key: bytes, timeout: float) -> _Mapper:
        """A process that is ready for work; raises ChildProcessError where it ends before, or is not within ``timeout`` seconds."""
        ours, theirs = socket.socketpair()
        for end in (ours, theirs):
            end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
        try:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "interop.apply.mapper",
                str(theirs.fileno()),
                pass_fds=(theirs.fileno(),),
                stdin=asyncio.subprocess.DEVNULL,
            )
        finally:
            theirs.close()
        reader, writer = await asyncio.open_connection(sock=ours, limit=1 << 26)
        mapper = cls(process, reader, writer)
        mapper._send(pickle.dumps(key))
        try:
            async with asyncio.timeout(timeout):
                await reader.readexactly(len(READY))
        except BaseException as error:
            await mapper.close(kill=True)
            if isinstance(error, (TimeoutError, EOFError, ConnectionError)):
                raise ChildProcessError("a mapper ended while it started") from error
            raise
        return mapper

    async def ask(self, jobs: list[Job]) -> list[Yield]:
        self._send(pickle.dumps(jobs, protocol=5))
        try:
            await self._writer.drain()
            (size,) = LENGTH.unpack(await self._reader.readexactly(LENGTH.size))
            answer = unpacked(await self._reader.readexactly(size))
        except (asyncio.IncompleteReadError, ConnectionError) as error:
            raise MapperDied from error
        return answer

    def _send(self, data: bytes) -> None:
        self._writer.write(LENGTH.pack(len(data)) + data)

    async def close(self, *, kill: bool = False) -> None:
        self._writer.close()
        with contextlib.suppress(ConnectionError):
            await self._writer.wait_closed()
        if kill:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
        try:
            async with asyncio.timeout(10):
                await self._process.wait()
        except TimeoutError:
            self._process.kill()
            await self._process.wait()
