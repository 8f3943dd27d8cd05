"""Queues in simulated time, one after the other: what leaves a station arrives at the next.

Each function takes arrivals in seconds, in order, and gives departures in the same order. Nothing flows back, so that a station can
be worked through before the next is begun: this is a simulation of each event, without a calendar of them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from heapq import heapify, heapreplace
from random import Random

Times = list[float]
Service = Callable[[Random], float]
"""Seconds that one customer takes."""


def arrivals(rate: float, seconds: float, chance: Random) -> Times:
    """Poisson arrivals of so many a second."""
    found: Times = []
    now = chance.expovariate(rate)
    while now < seconds:
        found.append(now)
        now += chance.expovariate(rate)
    return found


def served(times: Sequence[float], service: Service, servers: int, chance: Random) -> Times:
    """First come, first served by so many servers; departures in the order of arrival, each as it is done."""
    free = [0.0] * servers
    heapify(free)
    done: Times = []
    for at in times:
        end = max(at, free[0]) + service(chance)
        heapreplace(free, end)
        done.append(end)
    return done


def grouped(times: Sequence[float], fixed: float, each: float, limit: int) -> Times:
    """One server that takes at once all who wait, ``limit`` at most: ``fixed``, and ``each`` for every one; done together."""
    done: Times = []
    free, start = 0.0, 0
    while start < len(times):
        free = max(free, times[start])
        end = start
        while end < len(times) and times[end] <= free and end - start < limit:
            end += 1
        free += fixed + each * (end - start)
        done += [free] * (end - start)
        start = end
    return done


def in_order(times: Sequence[float]) -> Times:
    """Nobody leaves before those who came earlier."""
    found: Times = []
    latest = 0.0
    for at in times:
        latest = max(latest, at)
        found.append(latest)
    return found


def waits(before: Sequence[float], after: Sequence[float]) -> Times:
    """How long each was there, the first tenth left out: by then the queues are as they will be."""
    skipped = len(before) // 10
    return [end - start for start, end in zip(before[skipped:], after[skipped:], strict=True)]


def percentile(values: Sequence[float], share: float) -> float:
    """The least value at or below which that share lies; 0 of none."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, max(0, int(share * len(ordered) + 0.999999) - 1))] if ordered else 0.0
