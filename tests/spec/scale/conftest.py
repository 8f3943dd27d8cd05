"""Two processes of one engine, here as two engines on one database: what each keeps in memory is its own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from shutil import copyfile
from typing import Any

import pytest

from interop.app.engine import Engine
from interop.apply import following
from interop.store.postgres import PostgresStore
from tests.spec.api.conftest import Client
from tests.spec.api.governed import ByHeader, World, record_ann
from tests.spec.engine.running import client, running


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@asynccontextmanager
async def engines(tmp_path: Path, database: str, count: int = 2, **more: Any) -> AsyncIterator[list[Engine]]:
    """Engines of one key on one database, each with all roles."""
    async with AsyncExitStack() as stack:
        made: list[Engine] = []
        for number in range(count):
            data = tmp_path / f"data-{number}"
            if made:
                data.mkdir(parents=True)
                for key in (tmp_path / "data-0").glob("*.key"):
                    copyfile(key, data / key.name)
            made.append(await stack.enter_async_context(running(data, database=database, name=f"engine-{number}", **more)))
        yield made


@asynccontextmanager
async def worlds(*made: Engine) -> AsyncIterator[list[World]]:
    """Each of them under the rules, whoever asks under the name that they say."""
    async with AsyncExitStack() as stack:
        found = []
        for engine in made:
            assert engine.exports is not None
            services = engine.exports.services
            services.door = ByHeader()
            http = await stack.enter_async_context(client(engine))
            found.append(World(engine.workshop.store, Client(http), engine.workshop.clock, services))  # type: ignore[arg-type]
        yield found


@pytest.fixture
async def two(tmp_path: Path, database: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[list[Engine]]:
    """Two of them. Nothing is heard but what is asked for: they do not look by themselves."""
    monkeypatch.setattr(following, "EVERY", 3600.0)
    async with engines(tmp_path, database) as made:
        yield made


@pytest.fixture
async def pair(tmp_path: Path, database: str) -> AsyncIterator[list[World]]:
    """Two under the rules, with what feeds have said of Ann."""
    store = await PostgresStore.open(database)
    await record_ann(store)
    await store.close()
    async with engines(tmp_path, database) as made, worlds(*made) as found:
        yield found


@pytest.fixture
async def clients(two: list[Engine]) -> AsyncIterator[list[Client]]:
    """A client of each of two open ones."""
    async with client(two[0]) as one, client(two[1]) as other:
        yield [Client(one), Client(other)]
