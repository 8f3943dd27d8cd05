"""The watched folders of an engine: one for each feed that has one, begun and ended as the feeds are declared."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

import structlog

from interop.api.figures import FolderFigures
from interop.app.folders.position import Positions
from interop.app.folders.watch import EVERY, Watch
from interop.background import Background
from interop.clock import Clock
from interop.ports import Feed, Intake
from interop.store.seam import Store

_log = structlog.get_logger("interop.folders")


class Folders:
    """Watches side by side."""

    def __init__(self, feeds: Mapping[str, Feed], intake: Intake, store: Store, clock: Clock, room: Callable[[], int]) -> None:
        self._feeds, self._intake, self._store, self._clock, self._room = feeds, intake, store, clock, room
        self.watches: dict[str, Watch] = {}
        self._changed = asyncio.Event()
        self._working = Background()

    async def start(self) -> None:
        """Watch the folders of the feeds as they are declared."""
        await self.settle()
        self._working.start(self._follow())

    async def stop(self) -> None:
        """Read no more."""
        await self._working.stop()
        for watch in self.watches.values():
            await watch.stop()
        self.watches.clear()

    def redeclared(self) -> None:
        """The feeds are others since."""
        self._changed.set()

    async def settle(self) -> None:
        """End what is no longer declared as it was, begin what is new."""
        wanted = {name: feed for name, feed in dict(self._feeds).items() if feed.folder}
        for name, watch in list(self.watches.items()):
            if wanted.get(name) != watch.feed:
                await watch.stop()
                del self.watches[name]
        for name, feed in wanted.items():
            if name not in self.watches:
                self.watches[name] = Watch(feed, self._intake, Positions(self._store, name), self._clock, self._room)
                self.watches[name].start()

    def figures(self) -> list[FolderFigures]:
        """How they stand, by feed."""
        return [watch.figures for _, watch in sorted(self.watches.items())]

    async def _follow(self) -> None:
        while True:
            await self._changed.wait()
            self._changed.clear()
            try:
                await self.settle()
            except Exception as error:
                _log.error("folders not followed", error=type(error).__name__)
                self._changed.set()
                await asyncio.sleep(EVERY)
