"""The API over a real store and intake in an empty directory, called as the server calls it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest

from interop.api.app import create_app
from interop.api.services import Services
from interop.apply.writes import Writes
from interop.clock import ManualClock
from interop.ids import Mint
from interop.journal.intake import JournalIntake
from interop.mapping.library import adapters
from interop.pages.application import create_pages
from interop.ports import Feed
from interop.store.postgres import PostgresStore
from interop.store.sql.store import SqlStore
from interop.store.sqlite import SqliteStore
from tests.postgres import BOTH as STORES
from tests.spec.api.people import FEED

BASE = "http://care.test"
BOTH = ("test_batch", "test_conditional", "test_everything", "test_export", "test_history", "test_operations_clinical",
        "test_operations_match", "test_read", "test_search_", "test_times_taken", "test_transaction", "test_writes")  # fmt: skip
"""Modules whose tests run on both stores."""


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """What asks the store runs on both; what is about protocols and representation runs on one."""
    module = metafunc.module.__name__.rpartition(".")[2]
    if "store" in metafunc.fixturenames and module.startswith(BOTH):
        metafunc.parametrize("place", STORES, indirect=True)


@pytest.fixture
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Path | str:
    """An empty directory, or the URL of an empty database."""
    if getattr(request, "param", "sqlite") == "sqlite":
        return tmp_path / "data"
    url: str = request.getfixturevalue("database")
    return url


@pytest.fixture
async def store(place: Path | str, clock: ManualClock) -> AsyncIterator[SqlStore]:
    if isinstance(place, str):
        opened: SqlStore = await PostgresStore.open(place, clock=clock, costly=30)  # no test is about how busy this machine is
    else:
        opened = SqliteStore.open(place, clock=clock)
    yield opened
    await opened.close()


@pytest.fixture
async def services(store: SqlStore, clock: ManualClock) -> AsyncIterator[Services]:
    intake, made = serving(store, clock)
    yield made
    await intake.drain()


def serving(store: SqlStore, clock: ManualClock) -> tuple[JournalIntake, Services]:
    """The API over a store; ids are ``new-1``, ``new-2`` ..."""
    feeds = {name: Feed(name, adapter) for name, adapter in (("hospital", "hl7v2"), ("open", ""), (FEED, "hl7v2"))}
    known = adapters()
    routed = {("hl7v2", "ADT^A01")}
    taken: list[int] = []
    intake = JournalIntake(
        store,
        known,
        feeds,
        clock,
        routed=lambda *pair: pair in routed,
        arrived=lambda: None,
        again=lambda message: None,
        added=lambda count, early: taken.append(count),
        unfinished=lambda: sum(taken),
        limit=3,
    )
    numbers = count(1)
    writes = Writes(store, clock, new_id=lambda: f"new-{next(numbers)}")
    return intake, Services(store, intake, clock, Mint(), writes, feeds, known)


class Client:
    """An HTTP client of the application; bodies are JSON."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self.http = http

    async def get(self, address: str, **headers: str) -> httpx.Response:
        return await self.http.get(address, headers=_named(headers))

    async def put(self, resource: dict[str, Any], **headers: str) -> httpx.Response:
        address = f"/fhir/{resource['resourceType']}/{resource['id']}"
        return await self.send("PUT", address, orjson.dumps(resource), **headers)

    async def post(self, resource: dict[str, Any], **headers: str) -> httpx.Response:
        return await self.send("POST", f"/fhir/{resource['resourceType']}", orjson.dumps(resource), **headers)

    async def send(self, method: str, address: str, body: bytes = b"", **headers: str) -> httpx.Response:
        content_type = {} if "content_type" in headers or not body else {"content-type": "application/fhir+json"}
        return await self.http.request(method, address, content=body, headers=content_type | _named(headers))

    async def ids(self, address: str, **headers: str) -> list[str]:
        """``Type/id`` of what a searchset holds as matches, over all its pages, in order."""
        found: list[str] = []
        following: str | None = address
        while following:
            answer = await self.get(following, **headers)
            assert answer.status_code == 200, answer.text
            found += matches(answer.json())
            following = link(answer.json(), "next")
        return found


def _named(headers: dict[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}


def matches(bundle: dict[str, Any], mode: str = "match") -> list[str]:
    """``Type/id`` of the entries of a mode."""
    entries = [entry["resource"] for entry in bundle.get("entry", []) if entry["search"]["mode"] == mode]
    return [f"{resource['resourceType']}/{resource.get('id', '')}" for resource in entries]


def link(bundle: dict[str, Any], relation: str) -> str | None:
    """The URL of a link of a Bundle."""
    return next((link["url"] for link in bundle["link"] if link["relation"] == relation), None)


@pytest.fixture
async def client(services: Services) -> AsyncIterator[Client]:
    async with calling(services) as client:
        yield client


@asynccontextmanager
async def calling(services: Services) -> AsyncIterator[Client]:
    """A client of an API."""
    transport = httpx.ASGITransport(app=create_app(services, partial(create_pages, services)), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url=BASE) as http:
        yield Client(http)
