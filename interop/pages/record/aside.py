"""What is long is shaped beside the event loop: while one letter of megabytes is read, everybody else's pages go on."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Final, TypeVar

LONG: Final = 100_000
"""Characters of resources: less than this takes no more than some tens of milliseconds."""
Made = TypeVar("Made")


def long(*resources: Any) -> bool:
    """Whether the strings of resources together are ``LONG``."""
    waiting: list[Any] = [*resources]
    found = 0
    while waiting and found < LONG:
        each = waiting.pop()
        if isinstance(each, str):
            found += len(each)
        elif isinstance(each, dict):
            waiting += each.values()
        elif isinstance(each, list):
            waiting += each
    return found >= LONG


async def aside(apart: bool, make: Callable[[], Made]) -> Made:
    """What ``make`` makes, in a thread of its own where it is to be ``apart``. ``make`` is pure."""
    return await asyncio.to_thread(make) if apart else make()
