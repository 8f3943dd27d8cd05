"""Terminals for tests: a pair of pseudo-terminals in this process, and what a program wrote to one."""

from __future__ import annotations

import os
import pty
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TextIO

import pytest

STYLE = re.compile(r"\x1b\[[\d;?]*[A-Za-z]")


def unstyled(text: str) -> str:
    """Without colours and movements of the cursor."""
    return STYLE.sub("", text)


class Screen:
    """What was written to a terminal."""

    def __init__(self, master: int) -> None:
        self._master = master

    @property
    def text(self) -> str:
        """All that was written since it was asked last."""
        os.set_blocking(self._master, False)
        found = b""
        try:
            while more := os.read(self._master, 65_536):
                found += more
        except (BlockingIOError, OSError):
            pass
        return found.decode("utf-8")


@contextmanager
def terminal(monkeypatch: pytest.MonkeyPatch, *streams: str) -> Iterator[Screen]:
    """``stdout``, ``stderr`` or both are a terminal in the block."""
    monkeypatch.setenv("TERM", "xterm")
    for name in ("FORCE_COLOR", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    master, slave = pty.openpty()
    opened: TextIO = os.fdopen(slave, "w", encoding="utf-8", buffering=1)
    before: dict[str, Any] = {name: getattr(sys, name) for name in streams}
    try:
        for name in streams:
            setattr(sys, name, opened)
        yield Screen(master)
    finally:
        for name, stream in before.items():
            setattr(sys, name, stream)
        opened.close()
        os.close(master)
