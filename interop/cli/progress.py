"""How far long work is: one line on standard error, only where that is a terminal."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from interop.cli.shown import console, watched

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID


class Working:
    """Hears how far it is; tells nobody where nobody looks."""

    def __init__(self, bar: Progress | None = None, task: TaskID | None = None) -> None:
        self._bar, self._task = bar, task

    def at(self, done: int, total: int | None = None) -> None:
        """So much is done, of so much where that is known."""
        if self._bar is not None and self._task is not None:
            self._bar.update(self._task, completed=done, total=total)

    def more(self, by: int = 1) -> None:
        """So much more is done."""
        if self._bar is not None and self._task is not None:
            self._bar.advance(self._task, by)

    def says(self, what: str) -> None:
        """What is at hand."""
        if self._bar is not None and self._task is not None:
            self._bar.update(self._task, description=what)


@contextmanager
def progress(what: str, total: int | None = None, *, size: bool = False, prints: bool = False) -> Iterator[Working]:
    """A bar while the block runs, gone after it: of things, or of bytes with ``size``. ``prints``: the block writes results past
    ``print`` to standard output as it goes, so that there is none where that is a terminal too."""
    if not watched(sys.stderr) or (prints and watched(sys.stdout)):
        yield Working()
        return
    from rich.progress import BarColumn, DownloadColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    count = DownloadColumn() if size else MofNCompleteColumn()
    columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), BarColumn(bar_width=24), count, TimeElapsedColumn())
    # Rich writes what is printed meanwhile above the bar, to where the bar is: results that go to a file must not.
    bar = Progress(*columns, console=console(errors=True), transient=True, redirect_stdout=watched(sys.stdout))
    with bar:
        yield Working(bar, bar.add_task(what, total=total))
