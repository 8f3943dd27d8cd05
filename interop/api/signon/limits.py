"""How often anyone may do something: buckets that fill up again, of bounded number."""

from __future__ import annotations

from collections.abc import Hashable
from ipaddress import ip_address
from math import ceil
from typing import Any, Final

from interop.api.asgi import Header, Request
from interop.clock import MICROSECONDS
from interop.errors import Problem

REMEMBERED: Final = 10_000
"""Buckets at a time; the one that was used longest ago is let go, and is full again."""

NEARLY: Final = 1e-6
"""So near to one is one."""


class Bucket:
    """``burst`` at once, then ``rate`` a second."""

    __slots__ = ("_burst", "_left", "_rate", "_time")

    def __init__(self, rate: float, burst: float) -> None:
        self._rate, self._burst, self._left, self._time = rate / MICROSECONDS, burst, burst, 0

    def take(self, now: int) -> bool:
        """One out of it; False where it is empty. ``now`` in microseconds."""
        left = self._level(now) - 1.0
        if left < -NEARLY:
            return False
        self._left = left
        return True

    def empty(self, now: int) -> bool:
        """Whether nothing is left, without taking anything."""
        return self._level(now) < 1.0 - NEARLY

    def full(self, now: int) -> bool:
        """Whether nothing was taken lately."""
        return self._level(now) >= self._burst - NEARLY

    def wait(self) -> int:
        """Seconds until there is something in it again."""
        return max(1, ceil((1.0 - self._left) / (self._rate * MICROSECONDS)))

    def _level(self, now: int) -> float:
        left = self._left
        if now > self._time:
            left = self._left = min(self._burst, left + (now - self._time) * self._rate)
            self._time = now
        return left


class Buckets:
    """A bucket for each key, as many as are remembered."""

    def __init__(self, rate: float, burst: float) -> None:
        self._rate, self._burst = rate, burst
        self._kept: dict[Hashable, Bucket] = {}

    def __len__(self) -> int:
        return len(self._kept)

    def of(self, key: Hashable) -> Bucket:
        """The bucket of a key."""
        bucket = self._kept.pop(key, None)
        if bucket is None:
            bucket = Bucket(self._rate, self._burst)
            if len(self._kept) >= REMEMBERED:
                del self._kept[next(iter(self._kept))]
        self._kept[key] = bucket
        return bucket


class Throttled(Problem):
    """Too much in a short time; says after how many seconds to ask again (RFC 6585, 4)."""

    def __init__(self, seconds: int) -> None:
        super().__init__("throttled")
        self.headers: list[Header] = [(b"retry-after", b"%d" % seconds)]

    def __reduce__(self) -> tuple[object, ...]:
        return (Problem, ("throttled",))


def place_of(request: Request) -> str:
    """From where a request comes: its address, of IPv6 the network of a site (the first 64 bits), which one sender has whole."""
    client: Any = request.scope.get("client")
    try:
        address = ip_address(client[0])
    except (TypeError, ValueError, IndexError):
        return ""
    address = getattr(address, "ipv4_mapped", None) or address  # a port for both families has IPv4 so
    return str(address) if address.version == 4 else address.exploded[:19]
