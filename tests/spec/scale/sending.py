"""Senders, readers and writers that try again until they are answered, and know the longest that they have waited."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from itertools import count
from typing import Any

import httpx

from conformance.generate import hl7v2
from tests.spec.engine.running import Mllp

PATIENCE = 5.0
"""Seconds for one answer; who hears nothing in them asks again, on a connection of its own."""
AGAIN = 0.02
PACE = 0.3
"""Seconds between two of one sender: workers of a machine that has other work keep up."""


class Load:
    """What is under way through one front; ``waits`` has the longest wait from the first try to the answer, by kind."""

    def __init__(self, http: int, mllp: int, seed: int) -> None:
        self._http, self._mllp = http, mllp
        self._bodies = hl7v2.messages(seed, every=True)
        self.stopping = False
        self.acknowledged: Counter[str] = Counter()
        self.tries: Counter[str] = Counter()
        self.answers: Counter[str] = Counter()
        self.waits: dict[str, float] = {}
        self.written: dict[str, int] = {}
        """By resource, what stands in the last write that was answered."""
        self.stale: list[str] = []
        """Reads that did not see what was answered before."""

    def client(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(base_url=f"http://127.0.0.1:{self._http}", timeout=PATIENCE, trust_env=False)

    def _messages(self) -> Iterator[tuple[str, bytes]]:
        while not self.stopping:
            body = next(self._bodies)
            yield body.split(b"|", 10)[9].decode(), body

    async def _until(self, kind: str, asked: Callable[[], Awaitable[bool]]) -> None:
        """Ask until it is answered."""
        began = time.monotonic()
        while True:
            self.tries[kind] += 1
            with suppress(OSError, httpx.TransportError, TimeoutError):
                if await asked():
                    break
            await asyncio.sleep(AGAIN)
        self.answers[kind] += 1
        self.waits[kind] = max(self.waits.get(kind, 0.0), time.monotonic() - began)
        await asyncio.sleep(PACE)

    async def mllp(self) -> None:
        """One sender over MLLP, a message at a time."""
        line: Mllp | None = None

        async def asked(body: bytes) -> bool:
            nonlocal line
            async with asyncio.timeout(PATIENCE):
                if line is None:
                    line = await Mllp.open(self._mllp)
                try:
                    said = await line.ask(body)
                except BaseException:
                    line.writer.transport.abort()
                    line = None
                    raise
            if said is None:
                await line.close()
                line = None
            return said is not None and said.code == "AA"

        for control, body in self._messages():
            await self._until("MLLP", lambda body=body: asked(body))  # type: ignore[misc]
            self.acknowledged[control] += 1
        if line is not None:
            await line.close()

    async def http(self, *, applied: bool = False) -> None:
        """One sender over HTTP, which waits until a message is journalled or in the record."""
        path = "/ingest/hl7v2" + ("?wait=applied" if applied else "")
        async with self.client() as http:

            async def asked(body: bytes) -> bool:
                return (await http.post(path, content=body)).status_code in (200, 202)

            for control, body in self._messages():
                await self._until("HTTP, applied" if applied else "HTTP", lambda body=body: asked(body))  # type: ignore[misc]
                self.acknowledged[control] += 1

    async def register(self, name: str) -> None:
        """A client that writes a resource and reads it again: what was answered is there, whichever process is asked."""
        path = f"/fhir/Basic/{name}"
        async with self.client() as http:

            async def write(number: int) -> bool:
                said = await http.put(path, json=_basic(name, number), headers={"content-type": "application/fhir+json"})
                return said.status_code in (200, 201)

            async def read(number: int) -> bool:
                said = await http.get(path)
                if said.status_code == 200 and said.json()["code"]["text"] != str(number):
                    self.stale.append(f"{name}: {said.json()['code']['text']}, not {number}")
                return said.status_code == 200

            for number in count(1):
                if self.stopping:
                    return
                await self._until("write", lambda number=number: write(number))  # type: ignore[misc]
                self.written[path] = number
                await self._until("read", lambda number=number: read(number))  # type: ignore[misc]

    def told(self) -> str:
        """For whoever runs the test: answers, tries and the longest wait by kind."""
        return "; ".join(
            f"{kind}: {self.answers[kind]} answers, {self.tries[kind]} tries, longest wait {self.waits.get(kind, 0.0):.2f} s"
            for kind in sorted(self.tries)
        )


def _basic(name: str, number: int) -> dict[str, Any]:
    return {"resourceType": "Basic", "id": name, "code": {"text": str(number)}}
