"""Destinations that are real servers on loopback, and an engine that sends to them."""

from __future__ import annotations

import pytest

from tests.postgres import BOTH


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(params=BOTH)
def place(request: pytest.FixtureRequest) -> dict[str, str]:
    """Where an engine keeps its record: settings."""
    return {} if request.param == "sqlite" else {"database": request.getfixturevalue("database")}
