"""What every test may use."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from interop.store.postgres.connection import WRITING
from tests.places import SHARED, memory
from tests.postgres import Server, programs, serving

ROOM = 4 << 30
"""Bytes of memory that directories of tests may need."""

# One seed for every run (``--hypothesis-seed`` in pyproject.toml) and no memory of earlier ones: a run repeats exactly, and
# where CI is set, when hypothesis has a profile of its own, the examples are the same. How quick a machine is decides nothing.
settings.register_profile(
    "seeded",
    settings.get_profile("default"),
    deadline=None,
    database=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("seeded")


def pytest_configure(config: pytest.Config) -> None:
    """Directories of tests are in memory where there is room; pytest keeps those of failures (``tmp_path_retention_policy``)."""
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(memory(ROOM)))


def pytest_report_header(config: pytest.Config) -> str:
    """The seed, so that a failure can be repeated or another seed tried."""
    return f"seed: --hypothesis-seed={config.getoption('--hypothesis-seed')}"


@pytest.fixture(scope="session")
def shared() -> Callable[[str], Path]:
    """``shared("samples/acute/itk")``: that path of the reference material, or a skip with the reason."""

    def find(relative: str) -> Path:
        path = SHARED / relative
        if not path.exists():
            pytest.skip(f"../shared/{relative} is absent")
        return path

    return find


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """A PostgreSQL server for this process of pytest."""
    with serving(programs()) as server:
        yield server


@pytest.fixture
def unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody hangs in the middle of a transaction: who stands still in one for some seconds is on a machine with other work."""
    monkeypatch.setitem(WRITING, "idle_in_transaction_session_timeout", "30s")


@pytest.fixture
def empty_database(postgres: Server, unhurried: None) -> Iterator[str]:
    """The URL of a PostgreSQL database in which nothing is."""
    with postgres.database(empty=True) as url:
        yield url


@pytest.fixture
def database(postgres: Server, unhurried: None) -> Iterator[str]:
    """The URL of a PostgreSQL database with the engine's schemas and nothing in them."""
    with postgres.database() as url:
        yield url
