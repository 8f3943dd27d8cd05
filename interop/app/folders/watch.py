"""One watched folder: what has arrived is taken when it stands still, read in order, journalled, archived; then the next."""

from __future__ import annotations

import asyncio
from asyncio import Future
from collections import deque
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from time import monotonic
from typing import Any, Final, NamedTuple, ParamSpec, TypeVar

import structlog

from interop.api.figures import FolderFigures
from interop.app.folders.layout import OTHER_CONTENT, Immovable, Layout, Stamp, why
from interop.app.folders.position import Outcome, Position, Positions, digest
from interop.background import Background
from interop.clock import MICROSECONDS, Clock
from interop.errors import Problem
from interop.mapping.files import Delivery, opened, recognise
from interop.ports import Adapter, Delivers, Feed, Intake, Receipt, Wait
from interop.store.values import Entry

EVERY: Final = 1.0
"""Seconds between two looks."""
SETTLED: Final = 10 * MICROSECONDS
"""For so long a file stands still before it is taken."""
LAST: Final = 1_000
"""Files that were archived last, at which each look looks again: an upload that had stalled may go on."""
CHUNK, BYTES = 256, 4 << 20
"""Messages, and bytes of them, that are read ahead of the journal."""
SLICE: Final = 0.004
"""Seconds that are spent on messages before they are waited for: whoever else asks waits no longer."""
MANY: Final = 100
"""Files that are taken at once."""
TOLD: Final = 60.0
"""Seconds after which a file that is still being read is told."""
PAUSE: Final = 0.2
"""Seconds before what was not taken is handed over again, and between two looks at a full backlog."""
_log = structlog.get_logger("interop.folders")
Part = tuple[Adapter, bytes]
P = ParamSpec("P")
R = TypeVar("R")
CHANGED: Final = {
    "reason": OTHER_CONTENT,
    "sentence": "The file was written to while it was read, or after.",
    "action": "Put it here again under a name that begins with a dot, and rename it when it is whole.",
}


class Archived(NamedTuple):
    """A file in the archive, as it was when it was read."""

    path: Path
    stamp: Stamp | None
    outcome: Outcome


class Watch:
    """``room`` tells how many messages more the backlog may take from here; 0 and below: none is read."""

    def __init__(self, feed: Feed, intake: Intake, positions: Positions, clock: Clock, room: Callable[[], int]) -> None:
        self.feed, self.figures = feed, FolderFigures(feed.name)
        self._intake, self._positions, self._clock, self._room = intake, positions, clock, room
        self._layout = Layout(Path(feed.folder))
        self._still: dict[str, tuple[Stamp, int]] = {}
        self._stuck: set[str] = set()
        self._working = Background()
        self._stamps: dict[str, Stamp | None] = {}
        self._archived: deque[Archived] = deque(maxlen=LAST)
        self._busy: asyncio.Task[Any] | None = None
        self._handed: list[Future[Receipt]] = []

    def start(self) -> None:
        """Look again and again."""
        self._working.start(self._watch())

    async def stop(self) -> None:
        """Read no more; what is not read goes on at the next start."""
        await self._working.stop()
        if self._busy is not None:
            await asyncio.gather(self._busy, return_exceptions=True)  # what it fails with nobody waits for any more
        if self._handed:
            await asyncio.wait(self._handed)  # what is not in the journal yet whoever watches next would hand over again

    async def _thread(self, call: Callable[P, R], *said: P.args, **more: P.kwargs) -> R:
        """What a thread makes of a call. It goes on where the watch is ended, which waits for it: whoever watches next
        would find it at work."""
        self._busy = asyncio.create_task(asyncio.to_thread(call, *said, **more))
        return await asyncio.shield(self._busy)

    async def look(self) -> None:
        """Finish what was begun, then take what has arrived and stands still, until nothing does. Raises OSError where the folder
        cannot be used, Problem where the journal cannot."""
        await self._thread(self._layout.prepare)
        self.figures.usable = True
        self._archived = deque(await self._thread(self._unchanged, list(self._archived)), LAST)
        while True:
            for delivery in await self._thread(self._layout.deliveries):
                await self._deliver(delivery)
            if not await self._take():
                return

    async def _watch(self) -> None:
        while True:
            try:
                await self.look()
            except OSError as error:
                if self.figures.usable:
                    _log.error("folder not usable", feed=self.feed.name, error=error.strerror or type(error).__name__)
                self.figures.usable = False
            except Problem as problem:
                _log.warning("folder waits", feed=self.feed.name, reason=problem.reason.name)
            except Exception as error:
                _log.error("folder failed", feed=self.feed.name, error=type(error).__name__)
            await asyncio.sleep(EVERY)

    async def _take(self) -> bool:
        """Put what stands still into deliveries; whether there is a new one. Files of a family that explain each other go together,
        the others one by one in the order of their names."""
        layout, now = self._layout, self._clock.now()
        arrived = await self._thread(layout.arrived)
        self._still = {name: self._since(name, stamp, now) for name, stamp in arrived.items()}
        ready = sorted(name for name, (_, since) in self._still.items() if now - since >= SETTLED)
        stamps = {name: arrived[name] for name in ready}
        together = await self._thread(lambda: [name for name in ready if self._explains(layout.folder / name)])
        alone = [name for name in ready if name not in together][:MANY]
        if len(ready) < len(arrived):
            together = []  # what explains them may be on its way
        taken = 0
        for names in [*([together] if together else []), *([name] for name in alone)]:
            taken += await self._had(names, stamps, now)
        self._stuck &= arrived.keys()
        self.figures.waiting, self.figures.stuck = len(arrived) - taken - len(self._stuck), len(self._stuck)
        self.figures.errors = await self._thread(lambda: sum(1 for each in layout.error.iterdir() if each.suffix != ".why"))
        return taken > 0

    async def _had(self, names: list[str], stamps: dict[str, Stamp], now: int) -> int:
        """How many files are a delivery now: all or none. Where one cannot be renamed they wait as if it had just come."""
        try:
            taken = await self._thread(self._layout.take, now, names, stamps)
        except Immovable as error:
            if error.name not in self._stuck:
                _log.error("file cannot be taken", feed=self.feed.name, error=str(error))
            self._stuck.add(error.name)
            self._still |= {name: (stamps[name], now) for name in names}
            return 0
        self._stuck.difference_update(names)
        return len(names) if taken else 0

    def _since(self, name: str, stamp: Stamp, now: int) -> tuple[Stamp, int]:
        before = self._still.get(name)
        return before if before is not None and before[0] == stamp else (stamp, now)

    def _explains(self, path: Path) -> bool:
        try:
            with opened(path) as stream:
                return isinstance(recognise(stream, self.feed.adapter), Delivers)
        except (Problem, OSError):
            return False

    async def _deliver(self, delivery: Path) -> None:
        """Read a delivery to its end and put its files where they belong."""
        paths = await self._thread(lambda: sorted(delivery.iterdir()))
        files = await self._thread(Delivery, paths, self.feed.adapter)
        position = await self._positions.read(delivery.name)
        if not position.done:
            self.figures.working = len(paths)
            known = await self._positions.beyond(position.number)
            await self._positions.keep(position, durable=True)
            for path in files.paths:
                await self._file(files, path, position, known)
            position.done = True
            await self._positions.keep(position, durable=True)
        for path in [each for each in files.paths if each.name in position.files]:
            await self._thread(self._put, path, position.of(path.name))
            _log.info("file read", feed=self.feed.name, delivery=delivery.name, messages=position.of(path.name).messages,
                      refused=sum(position.of(path.name).refused.values()), well=position.of(path.name).well)  # fmt: skip
        await self._thread(self._layout.give_back, delivery)  # what came into it since
        self.figures.working = 0

    def _put(self, path: Path, outcome: Outcome) -> None:
        if outcome.well:
            before = self._stamps.pop(path.name, None) or self._layout.stamp(path)
            self._archived.append(Archived(self._layout.keep(path), before, outcome))
        else:
            self._stamps.pop(path.name, None)
            self._layout.put_aside(path, why(outcome.numbers, outcome.refused, outcome.messages, outcome.problem))

    def _unchanged(self, archived: list[Archived]) -> list[Archived]:
        """Those that are as they were read, and there still; one that was written to since is put aside."""
        there = [(each, self._layout.stamp(each.path)) for each in archived]
        for each, found in there:
            if found is not None and found != each.stamp:
                self._layout.put_aside(each.path, why({}, {}, each.outcome.messages, CHANGED))
                _log.error("archived file written to", feed=self.feed.name, messages=each.outcome.messages)
        return [each for each, found in there if found is not None and found == each.stamp]

    async def _file(self, files: Delivery, path: Path, position: Position, known: dict[bytes, list[Entry]]) -> None:
        """Hand over the messages of a file beyond its position."""
        outcome, figures = position.of(path.name), self.figures
        before = await self._thread(self._layout.stamp, path)
        self._stamps[path.name] = before
        figures.size, figures.read = before.size if before is not None else 0, 0
        said = {"feed": self.feed.name, "delivery": position.delivery}
        _log.info("file begun", **said, bytes=figures.size, done=outcome.messages)
        told = monotonic()
        parts, skip = files.messages(path), outcome.messages
        while True:
            chunk, problem = await self._thread(_chunk, parts)
            figures.read += sum(len(body) for _, body in chunk)
            fresh = chunk[skip:]
            skip = max(0, skip - len(chunk))
            if fresh:
                await self._hand_over(fresh, outcome, position, known)
                await self._positions.keep(position)
            if monotonic() - told > TOLD:
                told = monotonic()
                _log.info("file being read", **said, bytes=figures.size, read=figures.read, done=outcome.messages)
            if problem is not None:
                outcome.problem = problem.as_json()
            if not chunk or problem is not None:
                break
        if await self._thread(self._layout.stamp, path) != before:
            outcome.problem = CHANGED

    async def _hand_over(self, parts: list[Part], outcome: Outcome, position: Position, known: dict[bytes, list[Entry]]) -> None:
        """In order: what is not taken is handed over again before anything after it is."""
        place = 0
        while place < len(parts):
            while (room := self._room()) <= 0:
                await asyncio.sleep(PAUSE)
            given: list[Future[Receipt] | Entry] = []
            until = monotonic() + SLICE
            self._handed = [each for each in self._handed if not each.done()]
            for adapter, body in parts[place : place + room]:
                had = known.get(digest(body)) if known else None
                if had:
                    given.append(had.pop())
                else:
                    taken = self._intake.receive(self.feed.name, body, adapter=adapter.name, wait=Wait.JOURNALLED)
                    given.append(taken)
                    self._handed.append(taken)
                    if taken.done() or monotonic() > until:
                        break
            for each in given:
                if isinstance(each, Entry):
                    reason, number = each.reason if each.state == "refused" else "", each.message
                else:
                    receipt = await asyncio.shield(each)
                    reason, number = receipt.problem.reason.name if receipt.problem is not None else "", receipt.message
                    if not number and not receipt.repeats:  # the journal has it not
                        await asyncio.sleep(PAUSE)
                        break
                place += 1
                outcome.messages += 1
                self.figures.messages += 1
                position.number = max(position.number, number)
                if reason:
                    outcome.refuse(reason, number)


def _chunk(parts: Iterator[Part]) -> tuple[list[Part], Problem | None]:
    """The next messages; with why there are no more where the file cannot be read on."""
    found: list[Part] = []
    size = 0
    try:
        for part in islice(parts, CHUNK):
            found.append(part)
            size += len(part[1])
            if size > BYTES:
                break
    except Problem as problem:
        return found, problem
    except OSError as error:
        return found, Problem("file", detail=error.strerror or "")
    except Exception as error:
        return found, Problem("fault", detail=type(error).__name__)
    return found, None
