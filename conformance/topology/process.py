"""A program that belongs to a topology: started, killed, started again; it ends with whoever started it."""

from __future__ import annotations

import asyncio
import ctypes
import os
import random
import signal
import socket
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

PATIENCE: Final = 240.0
"""Seconds within which a program must be up, or down."""
LOOK: Final = 0.05
PORTS: Final = range(20_000, 32_000)
"""Below those that the system gives to connections of its own, so that a port is free again when its process starts again."""
SET_PDEATHSIG: Final = 1


class NotStarted(Exception):
    """A program did not come up; the text says what it left behind."""


class Process:
    """``ready`` is asked until it says True; ``log`` takes what the program prints."""

    def __init__(
        self,
        name: str,
        command: Sequence[str | Path],
        log: Path,
        ready: Callable[[], Awaitable[bool]],
        *,
        environment: Mapping[str, str] | None = None,
        user: Mapping[str, Any] | None = None,
        cwd: Path | None = None,
    ) -> None:
        self.name, self.command, self.log = name, list(command), log
        self._ready, self._environment, self._user, self._cwd = ready, environment, dict(user or {}), cwd
        self._process: asyncio.subprocess.Process | None = None
        self.wanted = False
        """Whether it is meant to run: one that ended by itself is started again by whoever watches."""

    @property
    def running(self) -> bool:
        """Whether it has not ended."""
        return self._process is not None and self._process.returncode is None

    @property
    def pid(self) -> int:
        """Its number; 0 where it does not run."""
        return self._process.pid if self._process is not None and self.running else 0

    async def begin(self) -> None:
        """Start it, without waiting for more."""
        self.wanted = True
        with self.log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *self.command, stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=log,
                env=self._environment, cwd=self._cwd, preexec_fn=_with_parent, **self._user,
            )  # fmt: skip

    async def up(self) -> None:
        """Wait until it is ready; raises NotStarted."""
        try:
            async with asyncio.timeout(PATIENCE):
                while not await self._ready():
                    if not self.running:
                        raise NotStarted(f"{self.name} ended while it started:\n{self.tail()}")
                    await asyncio.sleep(LOOK)
        except TimeoutError:
            raise NotStarted(f"{self.name} is not ready after {PATIENCE:.0f} s:\n{self.tail()}") from None

    async def start(self) -> None:
        """Start it and wait until it is ready; raises NotStarted."""
        await self.begin()
        await self.up()

    def send(self, what: signal.Signals) -> None:
        """A signal to it."""
        if self._process is not None and self.running:
            self._process.send_signal(what)

    async def end(self, how: signal.Signals = signal.SIGTERM) -> int:
        """End it for good: its exit status. By force where it does not end in time."""
        self.wanted = False
        return await self.ended(how)

    async def ended(self, how: signal.Signals) -> int:
        """Send a signal and wait for the end; whoever watches starts it again."""
        if self._process is None:
            return 0
        self.send(how)
        try:
            async with asyncio.timeout(PATIENCE):
                return await self._process.wait()
        except TimeoutError:
            self.send(signal.SIGKILL)
            return await self._process.wait()

    def tail(self, lines: int = 20) -> str:
        """The last that it printed."""
        return "\n".join(self.log.read_text("utf-8", "replace").splitlines()[-lines:]) if self.log.is_file() else ""


def free_ports(count: int) -> list[int]:
    """Ports of loopback that nobody has."""
    found: list[int] = []
    for port in random.sample(PORTS, len(PORTS)):
        with socket.socket() as tried:
            tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                tried.bind(("127.0.0.1", port))
            except OSError:
                continue
        found.append(port)
        if len(found) == count:
            return found
    raise OSError("no port of loopback is free")


async def listens(port: int) -> bool:
    """Whether somebody takes connections there."""
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True


async def answers(port: int, path: str = "/health/ready") -> bool:
    """Whether an engine says 200 there."""
    try:
        async with asyncio.timeout(5):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(f"GET {path} HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n\r\n".encode())
            said = await reader.readline()
            writer.close()
            return said.startswith(b"HTTP/1.1 200 ")
    except (OSError, TimeoutError):
        return False


def clean() -> dict[str, str]:
    """The environment without settings of another engine."""
    return {name: value for name, value in os.environ.items() if not name.startswith("INTEROP_")}


def _with_parent() -> None:
    """Linux: who is left alone ends."""
    ctypes.CDLL(None).prctl(SET_PDEATHSIG, signal.SIGKILL)
