"""The server that is measured: one that is started here, kept to one core, or any by its URL."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx

from conformance.bench.machine import cores
from conformance.bench.server import Server, children, resident, spent
from conformance.bench.serving import databases
from conformance.bench.serving.sharing import Askers
from conformance.judged.outcome import Unusable
from conformance.judged.tokens import bearer

REST = 2.0
"""Seconds for which a server is looked at."""
IDLE = 0.05
"""The share of a core that it takes at most when nobody asks."""


class Host:
    """Its address, and what it takes of the machine where it is ours; a context manager. ``rules``: who asks signs on, and is given
    what policy lets them see; ``askers`` are their tokens then."""

    def __init__(self, server: str, data: Path, database: str, *, rules: bool = False) -> None:
        self.data = data
        self._database = database
        self._server: Server | None = None
        if server:
            self.url = server.rstrip("/")
        else:
            options = (*(("--database", database) if database else ()), *(("--rate", "0") if rules else ()))
            if database:
                databases.ensure(database)
            self._server = Server(data, mappers=1, options=options, open=not rules)
            self.url = f"http://127.0.0.1:{self._server.http}/fhir"
            self._pin()
        parts = urlsplit(self.url)
        if parts.scheme != "http" or not parts.hostname:
            raise Unusable(f"the bench asks over plain http, not {self.url}")
        self.host, self.port, self.base = parts.hostname, parts.port or 80, parts.path
        self.name = f"{self.host}:{self.port}"
        self.askers = Askers(data) if rules and self._server is not None else None
        headers = {"accept": "application/fhir+json", **bearer(self.askers.gp if self.askers is not None else "")}
        self.client = httpx.Client(base_url=self.url, timeout=60, trust_env=False, headers=headers)

    def __enter__(self) -> Host:
        return self

    def __exit__(self, *_: object) -> None:
        self.client.close()
        if self._server is not None:
            self._server.close()

    @property
    def ours(self) -> bool:
        """Whether the server is one that was started here."""
        return self._server is not None

    @property
    def core(self) -> int | None:
        """The core for the load: the last, where there are several."""
        return cores()[-1] if len(cores()) > 1 else None

    def _processes(self) -> list[int]:
        return [] if self._server is None else [self._server.process, *children(self._server.process)]

    def _pin(self) -> None:
        """Keep our server to the first core."""
        if hasattr(os, "sched_setaffinity") and len(cores()) > 1:
            for process in self._processes():
                for task in Path(f"/proc/{process}/task").iterdir():
                    os.sched_setaffinity(int(task.name), {cores()[0]})

    def memory(self) -> float | None:
        """Resident MB of all its processes, without those of a database server; None for one that is not ours."""
        return round(sum(map(resident, self._processes())), 1) if self._server is not None else None

    def spent(self) -> float | None:
        """Seconds of processor time of all its processes so far; None for one that is not ours."""
        return sum(map(spent, self._processes())) if self._server is not None else None

    def rest(self, patience: float) -> bool:
        """Wait until the server does nothing of its own any more: who was loaded is compared with everyone else behind the
        requests. Whether it came to that within so many seconds; True of a server that is not ours."""
        until = time.monotonic() + patience
        while self._server is not None:
            before = self.spent() or 0.0
            time.sleep(REST)
            if (self.spent() or 0.0) - before < IDLE * REST:
                return True
            if time.monotonic() > until:
                return False
        return True

    def disk(self) -> float | None:
        """MB of its data directory or database; None for one that is not ours."""
        if self._server is None:
            return None
        if self._database:
            return databases.size(self._database)
        return round(sum(path.stat().st_size for path in self.data.rglob("*") if path.is_file()) / 1e6, 1)

    def capable(self, interaction: str) -> bool:
        """Whether its CapabilityStatement has a system interaction."""
        said: dict[str, Any] = self.client.get(f"{self.url}/metadata").json()
        return any(each.get("code") == interaction for rest in said.get("rest", ()) for each in rest.get("interaction", ()))
