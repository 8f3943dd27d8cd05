"""An API with its audit, asked by whom the test says; the background work is done when the test says so."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx

from interop.api.app import create_app
from interop.api.asgi import ACCOUNT, Request, Response
from interop.api.claiming import Claiming
from interop.api.reading import ReadingStore
from interop.app.audited import Audited
from interop.apply.whereabouts import Whereabouts
from interop.audit.log import AuditLog
from interop.clock import ManualClock
from interop.ids import Mint
from interop.policy.asker import TESTER, Asker
from interop.store.decision import Account
from interop.store.sqlite import SqliteStore
from tests.spec.api.conftest import serving
from tests.spec.audit.conftest import KEY
from tests.spec.engine.messages import adt

JSON = {"content-type": "application/fhir+json"}


class Door:
    """Lets in whom it is told."""

    asker = TESTER

    async def admit(self, request: Request) -> Asker:
        return self.asker


class Asking:
    """The API, its audit, its clock."""

    def __init__(self, http: httpx.AsyncClient, door: Door, audited: Audited, clock: ManualClock, mint: Mint) -> None:
        self.http, self.door, self.audited, self.clock, self.mint = http, door, audited, clock, mint

    async def send(self, method: str, address: str, asker: Asker | None = None, **more: Any) -> httpx.Response:
        self.door.asker = asker or TESTER
        try:
            return await self.http.request(method, f"/fhir/{address}", **more)
        finally:
            self.door.asker = TESTER

    async def get(self, address: str, asker: Asker | None = None) -> httpx.Response:
        return await self.send("GET", address, asker)

    async def post(self, address: str, asker: Asker | None = None) -> httpx.Response:
        return await self.send("POST", address, asker)

    async def put(self, resource: dict[str, Any]) -> httpx.Response:
        return await self.send("PUT", f"{resource['resourceType']}/{resource['id']}", json=resource, headers=JSON)

    async def delete(self, address: str) -> httpx.Response:
        return await self.send("DELETE", address)

    async def ingest(self) -> httpx.Response:
        return await self.http.post("/ingest/hospital", content=adt())

    async def made(self) -> None:
        """Two people and a fact: created by POST and PUT, changed once."""
        for id_, family in (("p1", "Quarrington"), ("p2", "Other")):
            person = {"resourceType": "Patient", "id": id_, "name": [{"family": family}]}
            assert (await self.put(person)).status_code == 201
            assert (await self.put({**person, "gender": "other"})).status_code == 200
        fact = {"resourceType": "Observation", "status": "final", "code": {"text": "x"}, "subject": {"reference": "Patient/p1"}}
        assert (await self.put({**fact, "id": "o1"})).status_code == 201
        assert (await self.send("POST", "Observation", json=fact, headers=JSON)).status_code == 201

    async def events(self, asker: Asker | None, address: str) -> list[dict[str, Any]]:
        answer = await self.get(address, asker)
        assert answer.status_code == 200, answer.text
        return [entry["resource"] for entry in answer.json().get("entry", [])]

    async def queue(self, asker: Asker, query: str = "") -> list[dict[str, Any]]:
        answer = await self.get(f"$privacy-queue{query}", asker)
        assert answer.status_code == 200, answer.text
        items = [each["part"] for each in answer.json().get("parameter", [])]
        return [{part["name"]: next(v for k, v in part.items() if k != "name") for part in each} for each in items]

    async def tick(self) -> None:
        """What the engine does each second."""
        await self.audited.tick()

    def looked(self, request: Request, patient: str) -> None:
        """As if a Patient had been given in answer to this request."""
        account = Account()
        account.patients[patient], account.resources = None, 1
        request.scope[ACCOUNT] = account
        self.audited.auditing.answered(request, "fhir", Response(200))


@asynccontextmanager
async def asking(place: Path) -> AsyncIterator[Asking]:
    """An API in a directory."""
    clock = ManualClock()
    store = SqliteStore.open(place / "data", clock=clock)
    log = AuditLog.open(place / "audit", place / "elsewhere", KEY, clock, background=False)
    audited, door = Audited(log, {}, store), Door()
    intake, services = serving(store, clock)
    services.store = ReadingStore(store, Whereabouts(store), services.clock)
    services.door, services.audit, services.trail = door, audited.auditing, audited.trail
    services.writes.witness = intake.told = audited.auditing
    audited.auditing.claimed = Claiming(store, services.facts, clock).claimed
    transport = httpx.ASGITransport(app=create_app(services), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://care.test") as http:
        yield Asking(http, door, audited, clock, services.mint)
    await intake.drain()
    await store.close()
    await audited.stop()
