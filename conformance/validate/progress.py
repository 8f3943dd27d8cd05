"""How far it is: a bar on standard error, where that is a terminal and the work takes longer than a moment."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from conformance.validate.inputs import files

MOMENT = 2.0
"""Seconds after which a bar appears."""

Advance = Callable[[str, bool], None]


@contextmanager
def progress(paths: Sequence[Path]) -> Iterator[Advance]:
    """Yields what is called after each piece of work with the name of its file and whether the file is done."""
    if not sys.stderr.isatty():
        yield lambda name, done: None
        return
    bar = _Bar(paths)
    try:
        yield bar.advance
    finally:
        bar.stop()


class _Bar:
    """Made of rich only once it is shown."""

    def __init__(self, paths: Sequence[Path]) -> None:
        self._paths = paths
        self._since = time.monotonic()
        self._done = 0
        self._stop: Callable[[], None] | None = None
        self._show: Callable[[int, str], None] | None = None

    def advance(self, name: str, done: bool) -> None:
        """A piece of work is done."""
        self._done += done
        if self._show is not None:
            self._show(self._done, name)
        elif time.monotonic() - self._since > MOMENT:
            self._begin()

    def stop(self) -> None:
        """Take the bar away."""
        if self._stop is not None:
            self._stop()

    def _begin(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        columns = (BarColumn(), MofNCompleteColumn(), TextColumn("files"), TimeRemainingColumn(), TextColumn("{task.description}"))
        # What is printed meanwhile Rich writes to where the bar is: results that go to a file must not.
        bar = Progress(*columns, console=Console(stderr=True), transient=True, redirect_stdout=sys.stdout.isatty())
        task = bar.add_task("", total=sum(1 for _ in files(self._paths)), completed=self._done)
        bar.start()
        self._show = lambda done, name: bar.update(task, completed=done, description=name[-40:])
        self._stop = bar.stop
