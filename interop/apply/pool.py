"""The mapper processes as seen by the owner: batches go to whoever is free, a dead one is replaced, and a message that kills
its mapper is found out and answers for itself."""

from __future__ import annotations

import asyncio
import contextlib
import pickle
import socket
import sys
import time
from collections.abc import Callable, Iterable, Sequence

import structlog

from interop.apply.mapper import LENGTH, READY
from interop.apply.mapping_work import Job, Yield, map_batch
from interop.apply.transport import unpacked
from interop.background import Background
from interop.ids import Mint

SLICE = 0.002
"""Seconds that mapping on the loop may take before others get their turn."""
AGAIN = 1.0
"""Seconds between two tries to start a mapper for which nobody asked."""
log = structlog.get_logger(__name__)


Watch = Callable[[list[Job], list[Yield], int], None]
"""Is told of a batch, what it came to, and when it was begun, in microseconds."""


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
        self.busy, self.batches = 0, 0
        """Mappers at work; batches that they have mapped."""
        self.seconds = 0.0
        """For how long they have worked."""
        self.watch: Watch | None = None
        """Who is told of what was mapped."""
        self.now: Callable[[], int] = lambda: 0
        self._families: tuple[str, ...] = ()
        self._expected: tuple[str, ...] = ()
        self._warming = Background()
        self._idle = asyncio.Event()
        """Set when a mapper has been added or has done its work."""

    async def start(self) -> None:
        """Start the processes; raises OSError where one cannot be had."""
        await asyncio.gather(*(self._add() for _ in range(self.count)))

    def expect(self, families: Iterable[str]) -> None:
        """These are the families that messages will be of."""
        self._expected = tuple(families)

    @property
    def prepared(self) -> bool:
        """Whether there are mappers, and each has the tables of the families that are expected."""
        return not self.count or (len(self._all) == self.count and not any(mapper.wanted(self._expected) for mapper in self._all))

    def warm(self, families: Iterable[str]) -> None:
        """From now on have mappers compile the tables of these families, in that order, while there is nothing else to do. One
        mapper at a time, a family at a time: a batch that comes meanwhile is another's, or waits for one family at most."""
        self._families = tuple(families)
        if self.count and self._families and not self._warming.running:
            self._warming.start(self._warm())

    @property
    def warmed(self) -> int:
        """Mappers that have the tables of all families that were asked for."""
        return sum(not mapper.wanted(self._families) for mapper in self._all)

    async def stop(self) -> None:
        """End the processes."""
        await self._warming.stop()
        for mapper in self._all:
            await mapper.close()

    async def map(self, jobs: list[Job]) -> list[Yield]:
        """Map a batch, in the order of its messages."""
        begun = self.now()
        made = await self._map(jobs)
        for job, one in zip(jobs, made, strict=True):
            one.received = job.received
        if self.watch is not None:
            self.watch(jobs, made, begun)
        return made

    async def _map(self, jobs: list[Job]) -> list[Yield]:
        if not self.count:
            return await self._here(jobs)
        if not jobs:
            return []
        try:
            return await self._ask(jobs)
        except MapperDied:
            if len(jobs) > 1:
                return [one for job in jobs for one in await self._map([job])]
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
        begun = time.perf_counter()
        self.busy += 1
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
        finally:
            self.busy -= 1
            self.batches += 1
            self.seconds += time.perf_counter() - begun
        mapper.ready.update(made.family for made in answer)
        self._free.put_nowait(mapper)
        self._idle.set()
        return answer

    async def _warm(self) -> None:
        while True:
            self._idle.clear()
            if self.busy or not (mapper := self._cold()):
                await self._idle.wait()
                continue
            name = mapper.wanted(self._families)[0]
            try:
                async with asyncio.timeout(self._timeout):
                    await mapper.ask(name)
            except (MapperDied, TimeoutError):
                log.warning("a mapper ended while it compiled tables", family=name)
                self._families = tuple(each for each in self._families if each != name)  # its first message tells what is wrong
                self._expected = tuple(each for each in self._expected if each != name)
                await self._drop(mapper)
                await self._replace()
                continue
            except BaseException:
                await self._drop(mapper)
                raise
            mapper.ready.add(name)
            self._free.put_nowait(mapper)
            await asyncio.sleep(0)  # whoever waits for a mapper comes first

    async def _replace(self) -> None:
        """Start what lacks: somebody may wait for it."""
        while True:
            try:
                async with self._starting:
                    while len(self._all) < self.count:
                        await self._add()
                return
            except OSError as error:
                log.error("no mapper can be started; trying again", error=type(error).__name__)
                await asyncio.sleep(AGAIN)

    def _cold(self) -> _Mapper | None:
        """A mapper that is free and lacks tables, the first family's first; taken."""
        free = [self._free.get_nowait() for _ in range(self._free.qsize())]
        lacking = [mapper for mapper in free if mapper.wanted(self._families)]
        found = max(lacking, key=lambda mapper: len(mapper.wanted(self._families)), default=None)
        for mapper in free:
            if mapper is not found:
                self._free.put_nowait(mapper)
        return found

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
        self._idle.set()


class _Mapper:
    def __init__(self, process: asyncio.subprocess.Process, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._process, self._reader, self._writer = process, reader, writer
        self.ready: set[str] = set()
        """The families whose tables it has compiled."""

    def wanted(self, families: Sequence[str]) -> list[str]:
        """Those of these whose tables it has not compiled yet."""
        return [name for name in families if name not in self.ready]

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

    async def ask(self, jobs: list[Job] | str) -> list[Yield]:
        """Have a batch mapped, or the tables of a family made ready; raises MapperDied."""
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
