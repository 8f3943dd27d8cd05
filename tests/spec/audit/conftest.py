"""Logs in an empty directory."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from interop.audit.key import AuditKey
from interop.audit.log import AuditLog
from interop.clock import ManualClock

KEY = AuditKey(bytes(range(32)))


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def opened(tmp_path: Path, clock: ManualClock) -> Callable[..., AuditLog]:
    """Begins a chain in the test's directory, whose thread is the test."""

    def begin(size: int = 1 << 20) -> AuditLog:
        return AuditLog.open(tmp_path / "audit", tmp_path / "elsewhere", KEY, clock, size=size, background=False)

    return begin
