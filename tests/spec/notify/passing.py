"""Time that passes for the loop alone: what was to happen within so many seconds has not, and no test waits for that."""

from __future__ import annotations

import asyncio

import pytest


def passed(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    """All that waits on the loop of asyncio finds that so much more time has passed."""
    loop = asyncio.get_running_loop()
    time = loop.time
    monkeypatch.setattr(loop, "time", lambda: time() + seconds)
