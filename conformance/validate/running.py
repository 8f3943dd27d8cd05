"""Runs a judge over all that there is, in one process or several, and gives what comes out in the order of what went in."""

from __future__ import annotations

import multiprocessing
import signal
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import NamedTuple

from conformance.validate.checked import Checked
from conformance.validate.inputs import Piece
from conformance.validate.judging import Judge, Options
from conformance.validate.loading import Unusable

AHEAD = 3
"""Units of work that wait for each process."""

Judged = list[tuple[str, list[Checked], bool]]
"""Of each piece: the name of its file, its resources, and whether the file ends there."""

_judge: Judge | None = None


class Worked(NamedTuple):
    """What came out of some pieces of a file."""

    name: str
    checked: list[Checked]
    last: bool


def run(options: Options, judge: Judge, units: Iterable[list[Piece]], jobs: int) -> Iterator[Worked]:
    """Judge every unit. Processes are started only where there is more than one unit."""
    global _judge
    waiting = iter(units)
    first = next(waiting, None)
    second = next(waiting, None)
    if first is None:
        return
    _judge = judge
    if second is None or jobs < 2:
        for unit in _chain(first, second, waiting):
            yield from map(Worked._make, _judged(unit))
        return
    try:
        yield from _shared(options, _chain(first, second, waiting), jobs)
    except BrokenProcessPool:
        raise Unusable("A process was ended from outside, perhaps for want of memory; give a smaller --jobs.") from None


def _shared(options: Options, units: Iterable[list[Piece]], jobs: int) -> Iterator[Worked]:
    """Judge in several processes, a few units ahead of whoever reads."""
    with _pool(options, jobs) as pool:
        ahead: deque[Future[Judged]] = deque()
        try:
            for unit in units:
                ahead.append(pool.submit(_judged, unit))
                if len(ahead) >= jobs * AHEAD:
                    yield from map(Worked._make, ahead.popleft().result())
            while ahead:
                yield from map(Worked._make, ahead.popleft().result())
        finally:
            for future in ahead:
                future.cancel()


def _chain(first: list[Piece], second: list[Piece] | None, rest: Iterable[list[Piece]]) -> Iterator[list[Piece]]:
    yield first
    if second is not None:
        yield second
        yield from rest


def _pool(options: Options, jobs: int) -> ProcessPoolExecutor:
    """Processes that share what this one has read where the platform can fork, else read it themselves."""
    if "fork" in multiprocessing.get_all_start_methods():
        return ProcessPoolExecutor(jobs, multiprocessing.get_context("fork"), _deaf)
    return ProcessPoolExecutor(jobs, multiprocessing.get_context("spawn"), _begin, (options,))


def _deaf() -> None:
    """An interrupt is for the process that reads the answers; it ends the others."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _begin(options: Options) -> None:
    global _judge
    _deaf()
    _judge = Judge(options)


def _judged(unit: list[Piece]) -> Judged:
    assert _judge is not None
    return [(piece.name, list(_judge.judged(piece)), piece.last) for piece in unit]
