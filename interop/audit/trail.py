"""The audit as it is read: the index is brought up to date from the logs, and rows are fetched from them."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from contextvars import copy_context
from functools import partial
from math import inf
from pathlib import Path
from time import monotonic
from typing import Any, TypeVar

from interop.audit.actions import action_of
from interop.audit.chain import parted
from interop.audit.parts import chains, goes_on, lines, part_path, turn
from interop.audit.privacy import HOUR, SUBSCRIBER, TAKEDOWN, UNUSUAL_VOLUME, Volume, of_row
from interop.audit.row import ANSWER, CLOSED, JUDGED, NOTIFICATION, READ, Row, decode
from interop.errors import Problem
from interop.store.sqlite.audit_index import AuditIndex, Event, Item, Wanted

INDEXING = "index.lock"
"""The file by which processes index one after another."""
PATIENCE = 5.0
"""Seconds for which a turn is waited for: a process may stand still in its own."""
OPENING = 1.0
"""The same where the index is opened: that may have no schema yet, and whoever has the turn makes it."""
THREADS = 2
BATCH = 2_000
"""Rows that the index takes at a time."""
T = TypeVar("T")


class Trail:
    """Reads the audit of a directory, the chains of all processes. Blocks, but for ``aside``, which does so in threads of its own:
    who waits for the audit keeps nothing else waiting."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        try:
            with turn(directory / INDEXING, OPENING):
                self.index = AuditIndex(directory / "index.sqlite")
        except BlockingIOError:
            self.index = AuditIndex(directory / "index.sqlite")
        self._threads = ThreadPoolExecutor(THREADS, "trail")
        self._stood = -inf
        """When another process was found to stand still in its turn."""
        self._volume = Volume()
        self._left: dict[int, tuple[int, int, int]] = {}
        self._lock = threading.Lock()

    def close(self) -> None:
        """Let go of the index."""
        self._threads.shutdown(wait=False)
        self.index.close()

    async def aside(self, ask: Callable[..., T], *told: Any) -> T:
        """What ``ask``, something that blocks of here, says of it. Raises what that raises."""
        run = partial(copy_context().run, ask, *told)
        return await asyncio.get_running_loop().run_in_executor(self._threads, run)

    @contextmanager
    def _turn(self, patience: float | None) -> Iterator[None]:
        """This thread's, of all processes. Who comes soon after somebody who waited in vain does not wait."""
        if patience is None:
            patience = PATIENCE if monotonic() - self._stood > PATIENCE else 0
        with ExitStack() as stack:
            try:
                if not self._lock.acquire(timeout=-1 if patience == inf else patience):
                    raise BlockingIOError
                stack.callback(self._lock.release)
                stack.enter_context(turn(self.directory / INDEXING, patience))
            except BlockingIOError:
                if patience:
                    self._stood = monotonic()
                raise Problem("audit-unavailable", detail="another process has its turn") from None
            yield

    def catch_up(self, most: int = 0, patience: float | None = None) -> int:
        """Index what has been written since, by whichever process; at most so many rows of a chain (0 = all). How many there were
        that no other process had indexed. Processes take turns: whoever returns from here finds all that was written before.
        Raises Problem ``audit-unavailable`` where others have theirs for more than ``patience`` seconds, None for ``PATIENCE``."""
        done = 0
        with self._turn(patience):
            reached = self.index.reached()
            if reached != self._left:  # another process has read on: what is counted here lacks that
                self._volume = Volume()
            for chain, parts in chains(self.directory).items():
                done += self._chain(chain, parts, reached.get(chain, (1, 0, 0)), most)
            self._left = self.index.reached()
        return done

    def _chain(self, chain: int, parts: list[int], reached: tuple[int, int, int], most: int) -> int:
        part, place, sequence = reached
        done = 0
        for each in [each for each in parts if each >= part]:
            start = place if each == part else 0
            if start and part_path(self.directory, chain, each).stat().st_size == start:
                continue
            batch = _Batch(chain, each, start, sequence)
            for end, line in lines(part_path(self.directory, chain, each), start):
                self._take(batch, line, end)
                if len(batch.events) >= BATCH:
                    done += self._put(batch)
                    batch = _Batch(chain, each, batch.place, batch.sequence)
                    if most and done >= most:
                        return done
            done += self._put(batch)
            sequence = batch.sequence
        return done

    def _take(self, batch: _Batch, line: bytes, end: int) -> None:
        found = parted(line)
        if found is not None:
            text, batch.sequence, _ = found
            try:
                row = decode(text)
            except ValueError:
                row = None
            if row is not None:
                batch.row(row, len(text))
                self._watch(batch, row)
        batch.place = end

    def _watch(self, batch: _Batch, row: Row) -> None:
        rule = of_row(row)
        if rule == TAKEDOWN:
            batch.seen(row)
        elif rule:
            batch.item(row, rule)
        user = row.who.user
        if row.kind == READ and user and row.patients:
            hour = row.time // HOUR
            if not self._volume.known(user, hour):
                self._volume.begin(user, hour, self.index.seen(user, hour * HOUR, (hour + 1) * HOUR), row.who.role)
            if self._volume.over(row):
                batch.item(row, UNUSUAL_VOLUME)

    def _put(self, batch: _Batch) -> int:
        if batch.place == batch.start:
            return 0
        self.index.add(
            (batch.chain, batch.part, batch.place, batch.sequence),
            batch.events,
            answers=batch.answers,
            messages=batch.messages,
            items=batch.items,
            outcomes=batch.outcomes,
            notified=batch.notified,
        )
        return batch.rows

    def rows(self, events: list[Event]) -> Iterator[tuple[Event, Row]]:
        """Events with their rows, from the logs."""
        files: dict[tuple[int, int], int] = {}
        try:
            for event in events:
                key = event.chain, event.part
                if key not in files:
                    files[key] = os.open(part_path(self.directory, *key), os.O_RDONLY | os.O_CLOEXEC)
                yield event, decode(os.pread(files[key], event.size, event.place))
        finally:
            for file in files.values():
                os.close(file)

    def forget(self, chain: int, part: int) -> None:
        """A part has been taken away. Waits as long as it takes: nobody would do it later."""
        with self._turn(inf):
            self.index.forget(chain, part, whole=chain not in chains(self.directory))

    def find(self, wanted: Wanted) -> list[tuple[Event, Row]]:
        """Events with their rows, up to date."""
        self.catch_up()
        return list(self.rows(self.index.find(wanted)))

    def gaps(self, since: int) -> list[tuple[int, int]]:
        """Where rows of reads may lack since then: (last row, first row after it) of each chain that a process did not end, in
        microseconds. Nothing lacks where only the process was ended; where the power went, reads of its last second may."""
        self.catch_up()
        ends, there = self.index.ends(), chains(self.directory)
        begun = sorted(first for _, first, _, _ in ends)
        found = []
        for chain, _, last, kind in ends:
            after = next((time for time in begun if time > last), 0)
            alive = chain in there and goes_on(self.directory, chain, there[chain])
            if kind != CLOSED and after >= since and after and not alive:
                found.append((last, after))
        return sorted(found)

    def one(self, chain: int, sequence: int, number: int) -> tuple[Event, Row] | None:
        """One event with its row."""
        self.catch_up()
        event = self.index.one(chain, sequence, number)
        return next(self.rows([event])) if event is not None else None


class _Batch:
    """What rows of a part come to in the index."""

    def __init__(self, chain: int, part: int, place: int, sequence: int) -> None:
        self.chain, self.part, self.start, self.place, self.sequence = chain, part, place, place, sequence
        self.rows = 0
        self.events: list[Event] = []
        self.answers: list[tuple[int, int, int]] = []
        self.messages: list[int] = []
        self.items: list[Item] = []
        self.outcomes: list[tuple[str, int, str, str]] = []
        self.notified: list[tuple[int, str]] = []

    def row(self, row: Row, size: int) -> None:
        """Take in a row that begins at ``place``."""
        self.rows += 1
        more: dict[str, Any] = row.more
        self.messages += more.get("messages", ())
        if row.kind == ANSWER and more.get("of"):
            self.answers += [(row.status, self.chain, each) for each in more["of"]]
            return
        if row.kind == JUDGED:
            self.outcomes.append((more["outcome"], row.time, row.who.user, more["item"]))
        elif row.kind == NOTIFICATION and more.get("item"):
            self.notified.append((row.time, more["item"]))
        action, who = action_of(row), row.who
        for number, patient in enumerate(row.patients or ("",)):
            self.events.append(
                Event(
                    self.chain, row.sequence, number, patient, row.time, row.kind, who.user, who.role, who.organisation,
                    action, row.interaction, row.type, row.status, self.part, self.place, size,
                )
            )  # fmt: skip

    def seen(self, row: Row) -> None:
        """Add an item for each who saw what was taken down or subscribes to it; it names the takedown and nobody whom that was
        about."""
        told = [*row.more.get("seen", ()), *((each, SUBSCRIBER, "") for each in row.more.get("subscribers", ()))]
        for number, (user, role, organisation) in enumerate(told, 1):
            name = f"{self.chain}-{row.sequence}-{TAKEDOWN}-{row.id}-{number}"
            self.items.append(Item(name, TAKEDOWN, row.time, self.chain, row.sequence, user, role, organisation, ""))

    def item(self, row: Row, rule: str) -> None:
        """Add an item to the queue."""
        name = f"{self.chain}-{row.sequence}-{rule}"
        who = row.who
        patients = " ".join(row.patients) if rule != UNUSUAL_VOLUME else ""
        self.items.append(Item(name, rule, row.time, self.chain, row.sequence, who.user, who.role, who.organisation, patients))
