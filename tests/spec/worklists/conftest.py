"""The API over what was recorded of people, as of the other sections that call it; and engines on either database."""

from __future__ import annotations

import pytest

from tests.postgres import BOTH
from tests.spec.api.conftest import anyio_backend, client, clock, place, services, store

__all__ = ["anyio_backend", "client", "clock", "place", "services", "store"]


@pytest.fixture(params=BOTH)
def database_of(request: pytest.FixtureRequest) -> dict[str, str]:
    """Where an engine keeps its record: settings."""
    return {} if request.param == "sqlite" else {"database": request.getfixturevalue("database")}
