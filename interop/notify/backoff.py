"""When a delivery that was not taken is tried again."""

from __future__ import annotations

from typing import Final

from interop.clock import MICROSECONDS
from interop.errors import Problem
from interop.store.values import PENDING, SENT, SHELVED, Delivery, Mark

FIRST: Final = 1
LONGEST: Final = 3600
"""Seconds before the second try, and between two at most."""
DAY: Final = 86_400 * MICROSECONDS


def waits(tries: int, asked: int = 0) -> int:
    """Microseconds after so many tries; ``asked`` are the seconds for which the other side asks (Retry-After)."""
    return max(min(FIRST << min(tries - 1, 12), LONGEST), min(asked, LONGEST)) * MICROSECONDS


def tried(delivery: Delivery, problem: Problem | None, now: int, days: int, asked: int = 0) -> Mark:
    """What becomes of a delivery after a try: by the class of the error table alone. One that is older than ``days``,
    from when it was made or let go out again, is not tried again."""
    tries = delivery.tries + 1
    if problem is None:
        return Mark(delivery.sequence, SENT, tries, 0, "", now)
    again = problem.reason.retry in ("transient", "ambiguous")
    due = now + waits(tries, asked)
    if not again or due - max(delivery.made, delivery.since) > days * DAY:
        return Mark(delivery.sequence, SHELVED, tries, 0, problem.reason.name, now)
    return Mark(delivery.sequence, PENDING, tries, due, problem.reason.name, now)
