"""A topology that runs: PostgreSQL, Redis, processes of each role, a front."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from typing import Any, Final

from conformance.topology import stores
from conformance.topology.process import NotStarted, Process, answers, clean, free_ports, listens

ROLES: Final = ("ingest", "worker", "api")
CONFIGURATION: Final = Path(__file__).parents[2] / "deploy" / "proxy" / "haproxy.cfg"
FRONTS: Final = ("auto", "haproxy", "own")
AGAIN: Final = 1.0
"""Seconds after which a process that ended by itself is started again."""


def haproxy() -> str | None:
    """HAProxy, where it is installed with the file that it is to read."""
    found = os.environ.get("INTEROP_TEST_HAPROXY") or shutil.which("haproxy")
    return found if found and CONFIGURATION.is_file() else None


class Topology:
    """An async context manager. ``place`` holds everything: the data directory, PostgreSQL's, logs; where it has been used before
    what it holds is gone on with. ``options`` go to each ``interop serve``; ``each`` is how many processes of a role; ``http`` and
    ``mllp`` the ports of the front, 0 for any."""

    def __init__(
        self,
        place: Path,
        *options: str,
        each: int = 2,
        mappers: int = 1,
        durable: bool = True,
        with_redis: bool = True,
        front: str = "auto",
        http: int = 0,
        mllp: int = 0,
        say: Callable[[str], None] = lambda line: None,
    ) -> None:
        self.place, self.data = place, place / "data"
        self._options, self._each, self._mappers, self._durable = options, each, mappers, durable
        self._with_redis, self._front, self._say = with_redis, front, say
        self.http, self.mllp = http, mllp
        self.database = self.redis_url = ""
        self.ports: dict[str, tuple[int, int]] = {}
        """HTTP and MLLP of each engine by its name; 0 where it has no MLLP."""
        self.processes: dict[str, Process] = {}
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Topology:
        try:
            await self._start()
        except BaseException:
            await self._stack.aclose()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    def names(self, role: str) -> list[str]:
        """The processes of a role."""
        return [f"{role}-{number}" for number in range(1, self._each + 1)]

    async def _start(self) -> None:
        logs = self.place / "logs"
        logs.mkdir(parents=True, exist_ok=True)
        self._say("PostgreSQL")
        server, self.database = await stores.postgres(self.place / "postgres", logs / "postgres.log", durable=self._durable)
        await self._begin(server, signal.SIGINT)
        await server.up()
        if self._with_redis:
            self._say("Redis")
            redis, self.redis_url = stores.redis(self.place, logs / "redis.log")
            await self._begin(redis)
            await redis.up()
        for role in ROLES:
            for name in self.names(role):
                await self._begin(self._engine(name, role, logs))
        for name in self.ports:
            self._say(name)
            await self.processes[name].up()
        self._say("the front")
        front = self._in_front(logs)
        await self._begin(front)
        await front.up()
        async with asyncio.timeout(10):
            while not await answers(self.http):
                await asyncio.sleep(0.05)

    async def _begin(self, process: Process, ending: signal.Signals = signal.SIGTERM) -> None:
        self.processes[process.name] = process
        self._stack.push_async_callback(process.end, ending)
        await process.begin()

    def _engine(self, name: str, role: str, logs: Path) -> Process:
        http, mllp = free_ports(2)
        self.ports[name] = http, mllp if role == "ingest" else 0
        command: list[str | Path] = [Path(sys.executable).with_name("interop"), "serve", "--roles", role, "--name", name]
        command += ["--data", self.data, "--http", f"127.0.0.1:{http}", "--mllp", f"127.0.0.1:{mllp}"]
        command += ["--mappers", str(self._mappers), *self._options]
        environment = {**clean(), "INTEROP_DATABASE": self.database}
        if self.redis_url:
            environment["INTEROP_REDIS"] = self.redis_url
        return Process(name, command, logs / f"{name}.log", lambda: answers(http), environment=environment)

    def _in_front(self, logs: Path) -> Process:
        if not (self.http and self.mllp):
            self.http, self.mllp = (said or free for said, free in zip((self.http, self.mllp), free_ports(2), strict=True))
        (figures,) = free_ports(1)
        environment = {**clean(), "TLS": "before", "FIGURES_BIND": f"127.0.0.1:{figures}"}
        environment |= {"HTTP_BIND": f"127.0.0.1:{self.http}", "MLLP_BIND": f"127.0.0.1:{self.mllp}"}
        for name, (http, mllp) in self.ports.items():
            role, number = name.split("-")
            environment[f"{role.upper()}_{number}"] = f"127.0.0.1:{http}"
            if mllp:
                environment |= {f"MLLP_{number}": f"127.0.0.1:{mllp}", f"CHECK_{number}": str(http)}
        program = haproxy() if self._front in ("auto", "haproxy") and self._each == 2 else None
        if program is None and self._front == "haproxy":
            raise stores.Absent("There is no HAProxy, or not two processes a role: apt-get install haproxy.")
        own = [sys.executable, "-m", "conformance.topology.front"]
        command = [program, "-db", "-f", str(CONFIGURATION)] if program else own
        return Process("front", command, logs / "front.log", lambda: listens(self.http), environment=environment)

    @property
    def front(self) -> str:
        """What stands in front."""
        return "HAProxy" if "haproxy" in str(self.processes["front"].command[0]) else "conformance.topology.front"

    async def kill(self, name: str) -> None:
        """SIGKILL, and nobody starts it again but by ``start``."""
        await self.processes[name].end(signal.SIGKILL)

    async def start(self, name: str) -> None:
        """Start it again; raises NotStarted."""
        await self.processes[name].start()

    def ended(self) -> Iterator[Process]:
        """Those that ended by themselves."""
        return (process for process in self.processes.values() if process.wanted and not process.running)

    async def watch(self, told: Callable[[str], None]) -> None:
        """Start again what ends by itself, until cancelled."""
        while True:
            for process in list(self.ended()):
                told(f"{process.name} ended; it is started again (its log: {process.log})")
                with suppress(NotStarted):
                    await process.begin()
            await asyncio.sleep(AGAIN)

    def addresses(self) -> dict[str, Any]:
        """Where everything is."""
        return {
            "http": f"http://127.0.0.1:{self.http}",
            "fhir": f"http://127.0.0.1:{self.http}/fhir",
            "mllp": f"mllp://127.0.0.1:{self.mllp}",
            "database": self.database,
            "redis": self.redis_url or None,
            "data": str(self.data),
            "logs": str(self.place / "logs"),
            "front": self.front,
            "processes": {
                name: {"http": f"http://127.0.0.1:{http}", "mllp": f"mllp://127.0.0.1:{mllp}" if mllp else None,
                       "pid": self.processes[name].pid}
                for name, (http, mllp) in self.ports.items()
            },
        }  # fmt: skip


def suitable(place: Path) -> bool:
    """Whether a topology may be started there: in an empty directory, or where one has been."""
    return place.is_dir() and (not any(place.iterdir()) or stores.kept(place / "postgres"))


def unsuitable(options: Sequence[str]) -> str:
    """What may not be among the options, '' for nothing."""
    own = ("--data", "--database", "--http", "--mllp", "--roles", "--name", "--redis")
    return next((each for each in options if each.partition("=")[0] in own), "")
