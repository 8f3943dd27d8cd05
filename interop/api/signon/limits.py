"""How often anyone may do something: buckets that fill up again, of bounded number."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from ipaddress import ip_address
from itertools import islice
from math import ceil
from typing import Any, Final, Self

from interop.api.asgi import Header, Request
from interop.clock import MICROSECONDS
from interop.errors import Problem
from interop.ports.ledger import Taken

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


class SharedBucket(Bucket):
    """One that counts what is taken, for the other processes that keep the same limit."""

    __slots__ = ("_taken", "_touched", "name")

    def __init__(self, rate: float, burst: float, name: str, touched: dict[str, SharedBucket]) -> None:
        super().__init__(rate, burst)
        self.name, self._touched, self._taken = name, touched, 0

    def take(self, now: int) -> bool:
        """One out of it; False where it is empty."""
        if not super().take(now):
            return False
        self._taken += 1
        if len(self._touched) < REMEMBERED:
            self._touched[self.name] = self
        return True

    def tell(self) -> Taken:
        """What was taken since it was last told."""
        taken, self._taken = self._taken, 0
        return Taken(self.name, self._rate * MICROSECONDS, self._burst, taken)

    def settle(self, level: float) -> None:
        """So much was left to all when what was told last had been taken off."""
        self._left = min(self._burst, level - self._taken)


class Buckets:
    """A bucket for each key, as many as are remembered."""

    def __init__(self, rate: float, burst: float) -> None:
        self._rate, self._burst = rate, burst
        self._kept: dict[Hashable, Bucket] = {}
        self._name = ""
        self._touched: dict[str, SharedBucket] = {}
        self._telling: dict[str, SharedBucket] = {}

    def __len__(self) -> int:
        return len(self._kept)

    def of(self, key: Hashable) -> Bucket:
        """The bucket of a key."""
        bucket = self._kept.pop(key, None)
        if bucket is None:
            bucket = self._new(key)
            if len(self._kept) >= REMEMBERED:
                del self._kept[next(iter(self._kept))]
        self._kept[key] = bucket
        return bucket

    @property
    def untold(self) -> int:
        """Of how many buckets something was taken that was not told."""
        return len(self._touched)

    def share(self, name: str) -> Self:
        """From now on several processes keep these together, under this name."""
        self._name = name
        return self

    def taken(self, most: int) -> list[Taken]:
        """What was taken and not told yet, of so many buckets at most."""
        names = list(islice(self._touched, most))
        self._telling = {name: self._touched.pop(name) for name in names}
        return [each.tell() for each in self._telling.values()]

    def settle(self, levels: Iterable[tuple[str, float]]) -> None:
        """What was left to all of the buckets that were told last."""
        for name, level in levels:
            self._telling[name].settle(level)

    def _new(self, key: Hashable) -> Bucket:
        if not self._name:
            return Bucket(self._rate, self._burst)
        return SharedBucket(self._rate, self._burst, f"{self._name} {key}", self._touched)


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
