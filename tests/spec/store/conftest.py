"""The stores that the suite runs on. Each opener opens the same empty place again and again with the options given."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from interop.clock import ManualClock
from interop.store.sqlite import SqliteStore

Opener = Callable[..., Any]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(params=["sqlite"])
async def opener(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Opener]:
    opened: list[Any] = []

    def open_store(**options: Any) -> Any:
        opened.append(SqliteStore.open(tmp_path / "data", clock=ManualClock(), **options))
        return opened[-1]

    yield open_store
    for store in opened:
        await store.close()


@pytest.fixture
async def store(opener: Opener) -> Any:
    return opener()
