"""Limits that several processes keep together: what one lets through leaves less for the others.

Nobody waits for Redis: each process takes from buckets of its own, tells ten times a second what it took, and is told the level
that is left to all. What is let through too much meanwhile is paid back, since the common level goes below nothing. Without Redis
each process keeps the limit for itself.
"""

from __future__ import annotations

import asyncio
import hmac
from typing import TYPE_CHECKING, Final

from interop.ports.ledger import Ledger
from interop.signals.lasting import Ready

if TYPE_CHECKING:
    from redis.asyncio import Redis

BETWEEN: Final = 0.1
"""Seconds between two settlements: for so long a process may not know what others have let through."""
TOGETHER: Final = 500
"""Buckets in one pipeline."""

SCRIPT: Final = """
local rate, burst, taken = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local now = redis.call('TIME')
now = now[1] + now[2] / 1000000
local kept = redis.call('HMGET', KEYS[1], 'l', 't')
local level, past = tonumber(kept[1]) or burst, tonumber(kept[2]) or now
level = math.min(burst, level + math.max(0, now - past) * rate) - taken
level = math.max(level, -burst)
redis.call('HSET', KEYS[1], 'l', string.format('%.6f', level), 't', string.format('%.6f', math.max(now, past)))
redis.call('PEXPIRE', KEYS[1], math.ceil(2000 * burst / rate) + 1000)
return string.format('%.6f', level)
"""
"""A bucket in Redis, by its clock: KEYS the bucket; ARGV rate, burst, taken; what is left."""


class Levels:
    """Settles ledgers with Redis. ``secret`` disguises names, which may be those of people: a plain digest could be reversed by
    trying all."""

    def __init__(self, prefix: str, secret: bytes, between: float = BETWEEN) -> None:
        self._prefix, self._secret, self._between = prefix, secret, between
        self.ledgers: list[Ledger] = []
        self.settled = self.pipelines = self.rounds = 0
        """Buckets, and in how many pipelines; how often this process has looked."""

    async def work(self, client: Redis, ready: Ready) -> None:
        """Settle for as long as the connection lasts. What was taken before it stood is not told: it was taken of a limit that this
        process kept for itself."""
        for ledger in self.ledgers:
            while ledger.taken(TOGETHER):
                pass
        sha = str(await client.script_load(SCRIPT))
        ready()
        while True:
            for ledger in self.ledgers:
                while taken := ledger.taken(TOGETHER):
                    async with client.pipeline(transaction=False) as pipeline:
                        for each in taken:
                            pipeline.evalsha(sha, 1, self.key(each.name), repr(each.rate), repr(each.burst), repr(each.taken))
                        left = await pipeline.execute()
                    ledger.settle((each.name, float(level)) for each, level in zip(taken, left, strict=True))
                    self.settled += len(taken)
                    self.pipelines += 1
            self.rounds += 1
            await asyncio.sleep(self._between)

    def key(self, name: str) -> str:
        """A bucket as Redis knows it."""
        return f"{self._prefix}:level:{hmac.digest(self._secret, name.encode(), 'sha256').hex()[:24]}"
