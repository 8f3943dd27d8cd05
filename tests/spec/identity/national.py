"""An engine that asks the Personal Demographics Service, and the service as a test has it answer. No network is used."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import respx

from interop.app.engine import Engine
from interop.clock import Clock
from tests.spec.adapters.pds import BASE, outcome, searchset
from tests.spec.engine.running import client, settings


class National:
    """The service: Patients by number, else an OperationOutcome; ``down`` is a status with which it answers everything. ``asked``
    are the paths and queries in order."""

    def __init__(self, router: respx.MockRouter) -> None:
        self.people: dict[str, dict[str, Any] | str] = {}
        self.fits: list[dict[str, Any]] = []
        self.down = 0
        self.asked: list[str] = []
        router.route(host="127.0.0.1").pass_through()
        router.route(url__startswith=BASE).mock(side_effect=self._answer)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        said = request.url.raw_path.decode().removeprefix("/personal-demographics/FHIR/R4/")
        self.asked.append(said)
        if self.down:
            return httpx.Response(self.down, json=outcome("UNKNOWN"))
        if said.startswith("Patient?"):
            return httpx.Response(200, json=searchset(*((each, 1) for each in self.fits)))
        found = self.people.get(said.removeprefix("Patient/"), "RESOURCE_NOT_FOUND")
        return httpx.Response(404, json=outcome(found)) if isinstance(found, str) else httpx.Response(200, json=found)


@asynccontextmanager
async def asking(data: Path, clock: Clock | None = None, **more: Any) -> AsyncIterator[tuple[Engine, httpx.AsyncClient, National]]:
    """An engine that asks the service, a client of it, and the service."""
    with respx.mock(assert_all_called=False) as router:
        service = National(router)
        engine = await Engine.start(settings(data, **{"pds": BASE, "pds_rate": 100.0, **more}), clock)
        try:
            async with client(engine) as http:
                yield engine, http, service
        finally:
            await engine.stop()


async def settled(engine: Engine) -> None:
    """Wait until whoever was written was compared, asked about, and what came of that compared as well."""
    assert engine.tracer is not None
    for _ in range(2):
        await engine.workshop.identity_queue.settled()
        await engine.tracer.settled()
    await engine.workshop.identity_queue.settled()
