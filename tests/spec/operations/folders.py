"""An engine with one watched folder, of which the test makes every look."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

from interop.app.engine import Engine
from interop.app.folders.watch import Watch
from interop.clock import ManualClock
from tests.spec.engine.messages import adt
from tests.spec.engine.running import journal, settings

HEAD = "feed,adapter,ack,test_numbers,description,folder\n"


class Place(NamedTuple):
    """An engine with one watched folder, and a clock that is moved."""

    engine: Engine
    clock: ManualClock
    folder: Path

    @property
    def watch(self) -> Watch:
        assert self.engine.folders is not None
        return next(iter(self.engine.folders.watches.values()))

    async def settle(self) -> None:
        """One look, time in which nothing changes, another look."""
        await self.watch.look()
        self.clock.advance(11)
        await self.watch.look()

    def put(self, name: str, content: bytes) -> Path:
        made = self.folder / f".{name}"
        made.write_bytes(content)
        return made.rename(self.folder / name)

    def names(self, part: str) -> list[str]:
        return sorted(each.name for each in (self.folder / part).iterdir())

    async def controls(self) -> list[str]:
        return [entry.control_id for entry in await journal(self.engine)]


@asynccontextmanager
async def place(tmp_path: Path, feed: str = "ward,hl7v2,journalled,yes,,in", **more: Any) -> AsyncIterator[Place]:
    """Looks are made by the test alone."""
    folder = tmp_path / "in"
    folder.mkdir(exist_ok=True)
    feeds = tmp_path / "feeds.csv"
    feeds.write_text(f"{HEAD}{feed}\n", encoding="utf-8")
    clock = ManualClock()
    engine = await Engine.start(settings(tmp_path / "data", feeds=feeds, **more), clock)
    try:
        made = Place(engine, clock, folder)
        await made.watch.stop()
        yield made
    finally:
        await engine.stop()


def several(count: int, start: int = 0) -> list[bytes]:
    return [adt(control=f"C{number}", local=f"L{number}") for number in range(start, start + count)]
