"""The stores that the suite runs on. Each opener opens the same empty place again and again with the options given."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from interop.clock import ManualClock
from interop.store.postgres import PostgresStore
from interop.store.sqlite import SqliteStore

Opener = Callable[..., Awaitable[Any]]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Path | str:
    """An empty directory, or the URL of an empty database."""
    if request.param == "sqlite":
        return tmp_path / "data"
    url: str = request.getfixturevalue("database")
    return url


@pytest.fixture
async def opener(place: Path | str) -> AsyncIterator[Opener]:
    opened: list[Any] = []

    async def open_store(**options: Any) -> Any:
        if isinstance(place, str):
            opened.append(await PostgresStore.open(place, clock=ManualClock(), **{"costly": 30, **options}))
        else:
            opened.append(SqliteStore.open(place, clock=ManualClock(), **options))
        return opened[-1]

    yield open_store
    for store in opened:
        await store.close()


@pytest.fixture
async def store(opener: Opener) -> Any:
    return await opener()
