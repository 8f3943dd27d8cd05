"""Tests of this chapter run on asyncio, and begin with the rights that a shell gives to new files."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(autouse=True)
def rights() -> Iterator[None]:
    """A command that was run in this process may have narrowed them."""
    before = os.umask(0o022)
    yield
    os.umask(before)
