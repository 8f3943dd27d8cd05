"""The feeds file, read again when it has changed: all of it counts from then on, or nothing of it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import structlog

from interop.app.feeds import Feeds
from interop.background import Background
from interop.errors import Problem
from interop.ports import Feed
from interop.store.plan import FEEDS_REFUSED, Meta
from interop.store.seam import Store
from interop.store.values import Change

EVERY: Final = 1.0
"""Seconds between two looks at the file. It is read when two looks find the same: who writes it in place may be half way at one."""
DIGEST: Final = "feeds file"
"""The name under which the store keeps the digest of the file that counts."""
_log = structlog.get_logger("interop.feeds")
Stamp = tuple[int, int, int]


class Redeclaring:
    """Watches one file; ``taken`` is how it was (``stamp``) when its feeds were read. ``read`` gives its feeds or raises OSError or
    ValueError, as at a start; ``audit`` is told before they count, ``told`` after. ``problem`` says why the file that is there does
    not count, '' where it does."""

    def __init__(
        self,
        path: Path,
        taken: Stamp,
        feeds: Feeds,
        store: Store,
        read: Callable[[], dict[str, Feed]],
        audit: Callable[[Mapping[str, Any]], Awaitable[None]],
    ) -> None:
        self._path, self._feeds, self._store, self._read, self._audit = path, feeds, store, read, audit
        self.told: list[Callable[[], None]] = []
        self.problem = ""
        self._taken = self._seen = taken
        self._looking = asyncio.Lock()
        self._working = Background()

    async def start(self) -> None:
        """The feeds are those of the file as it was read; where it is another than when an engine ran last, the audit is told."""
        digest = await asyncio.to_thread(self._digest)
        if await self._store.query(Meta(DIGEST)) != [digest]:
            await self._audit({"new": sorted(self._feeds), "changed": [], "gone": [], "digest": digest})
        await self._kept(digest, "")
        self._working.start(self._watch())

    async def stop(self) -> None:
        """Watch no more."""
        await self._working.stop()

    async def look(self) -> None:
        """Read the file where it is another than the one that counts, and stands still since the last look. Raises Problem where
        the audit or the disk does not take it: it does not count then, and the next look tries again."""
        async with self._looking:
            await self._look()

    async def _look(self) -> None:
        before, self._seen = self._seen, stamp(self._path)
        if self._seen == self._taken or self._seen != before:
            return
        taken = self._seen
        try:
            digest, declared = await asyncio.to_thread(lambda: (self._digest(), self._read()))
        except (OSError, ValueError) as error:
            self._taken = taken
            await self._refuse(str(error) if isinstance(error, ValueError) else f"{self._path.name}: {error.strerror}")
            return
        if taken != stamp(self._path):
            return  # it has changed while it was read
        said = self._feeds.compared(declared)
        if any(said):
            await self._audit({**said._asdict(), "digest": digest})
        self._feeds.redeclare(declared)
        self._taken, self.problem = taken, ""
        for told in self.told:
            self._tell(told)
        _log.info("feeds declared anew", **said._asdict())
        await self._kept(digest, "")

    def _tell(self, told: Callable[[], None]) -> None:
        """One that fails keeps no other from being told."""
        try:
            told()
        except Exception as error:
            _log.error("feeds not followed", error=type(error).__name__)

    async def _refuse(self, why: str) -> None:
        self.problem = why
        _log.error("feeds file refused", why=why)
        await self._kept(None, why)

    async def _kept(self, digest: str | None, refused: str) -> None:
        meta = [(FEEDS_REFUSED, refused), *([(DIGEST, digest)] if digest is not None else [])]
        await self._store.commit(Change(meta=meta))

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(EVERY)
            try:
                await self.look()
            except Problem as problem:
                _log.warning("feeds file waits", why=problem.reason.name)  # the audit or the disk: the next look tries again
            except Exception as error:
                _log.error("feeds file failed", error=type(error).__name__)

    def _digest(self) -> str:
        return sha256(self._path.read_bytes()).hexdigest()


def stamp(path: Path | None) -> Stamp:
    """By which a file is known to be another: inode, time of the last change, size; zeros where there is none."""
    try:
        found = path.stat() if path is not None else None
    except OSError:
        found = None
    return (found.st_ino, found.st_mtime_ns, found.st_size) if found is not None else (0, 0, 0)
