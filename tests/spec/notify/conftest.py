"""Destinations that are real servers on loopback, and an engine that sends to them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from interop.app.engine import Engine
from tests.postgres import BOTH
from tests.spec.engine.running import client, running


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(params=BOTH)
def place(request: pytest.FixtureRequest) -> dict[str, str]:
    """Where an engine keeps its record: settings."""
    return {} if request.param == "sqlite" else {"database": request.getfixturevalue("database")}


@pytest.fixture
async def engine(tmp_path: Path, place: dict[str, str]) -> AsyncIterator[Engine]:
    async with running(tmp_path / "data", **place) as engine:
        yield engine


@pytest.fixture
async def http(engine: Engine) -> AsyncIterator[httpx.AsyncClient]:
    async with client(engine) as http:
        yield http
