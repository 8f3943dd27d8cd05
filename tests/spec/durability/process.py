"""``interop serve`` as a process of its own, to be killed."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType

import httpx

CODE = "from interop.cli import main; main()"
PATIENCE = 180.0


class Served:
    """An engine in a process of its own: ports (0 where its roles have none), standard output and error; ended with the block if it
    still runs."""

    def __init__(
        self,
        data: Path,
        *options: str,
        mappers: int = 1,
        under: Sequence[str] = (),
        before: Callable[[], None] | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.data = data
        self.command = [
            *under, sys.executable, "-c", CODE, "serve", "--open", "--data", str(data), "--http", "127.0.0.1:0",
            "--mllp", "127.0.0.1:0",
            "--mappers", str(mappers), "--test-numbers", *options,
        ]  # fmt: skip
        self._before, self._environment = before, {**os.environ, **(environment or {})}
        self.http = self.mllp = 0
        self.output = b""
        self.errors = b""

    async def __aenter__(self) -> Served:
        self.process = await asyncio.create_subprocess_exec(
            *self.command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, preexec_fn=self._before,
            env=self._environment,
        )  # fmt: skip
        assert self.process.stdout is not None
        assert self.process.stderr is not None
        self._reading = asyncio.create_task(self._read())
        line = await asyncio.wait_for(self.process.stdout.readline(), PATIENCE)
        self.output += line
        http, mllp = re.search(rb"http://127\.0\.0\.1:(\d+)", line), re.search(rb" MLLP port (\d+)", line)
        if http is None:
            await self.ended()
            raise AssertionError(self.errors.decode())
        self.http, self.mllp = int(http[1]), int(mllp[1]) if mllp is not None else 0
        return self

    async def _read(self) -> None:
        assert self.process.stderr is not None
        while line := await self.process.stderr.readline():
            self.errors += line

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self.process.returncode is None:
            self.kill()
        await self.ended()

    @property
    def pid(self) -> int:
        """The owner's process id."""
        return self.process.pid

    def mappers(self) -> list[int]:
        """The process ids of the mappers."""
        return [int(child) for child in Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()]

    def client(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(base_url=f"http://127.0.0.1:{self.http}", timeout=PATIENCE, trust_env=False)

    def kill(self) -> None:
        """SIGKILL: nothing of the process gets to say goodbye."""
        os.kill(self.pid, signal.SIGKILL)

    def terminate(self) -> None:
        os.kill(self.pid, signal.SIGTERM)

    async def ended(self) -> int:
        """Wait for the end; the exit status."""
        assert self.process.stdout is not None
        self.output += await asyncio.wait_for(self.process.stdout.read(), PATIENCE)
        await asyncio.wait_for(asyncio.shield(self._reading), PATIENCE)
        return await asyncio.wait_for(self.process.wait(), PATIENCE)
