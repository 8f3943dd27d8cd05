"""Secrets that are given out and known again: each stands in the store under its digest, for a while."""

from __future__ import annotations

import secrets
from hashlib import sha256
from typing import Any, Final

import orjson

from interop.clock import MICROSECONDS, Clock
from interop.store.plan import Held
from interop.store.seam import Store
from interop.store.values import Change, Conflict, Kept, Used

LONGEST: Final = 200
"""Characters of a secret that is looked for."""


def name_of(kind: str, secret: str) -> str:
    """Under which a secret stands."""
    return f"{kind} {sha256(secret.encode('utf-8')).hexdigest()}"


class Secrets:
    """Gives secrets of 256 bits out, each with a value that is an object of JSON."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store, self._clock = store, clock

    async def give(self, kind: str, value: dict[str, Any], seconds: int) -> str:
        """A new secret for a value that is kept for so long."""
        secret = secrets.token_urlsafe(32)
        await self.keep(kind, secret, value, seconds)
        return secret

    async def keep(self, kind: str, secret: str, value: dict[str, Any] | None, seconds: int, *, there: bool = False) -> None:
        """Another value for a secret; None takes it away. ``there``: only where it has one, here or in another process."""
        now = self._clock.now()
        until = now + seconds * MICROSECONDS if value is not None else 0
        await self._store.commit(Change(kept=[Kept(name_of(kind, secret), orjson.dumps(value).decode(), until, now, there)]))

    async def find(self, kind: str, secret: str) -> dict[str, Any] | None:
        """The value of a secret, None for one that was not given or is over."""
        if not 0 < len(secret) <= LONGEST:
            return None
        found = await self._store.query(Held(name_of(kind, secret), self._clock.now()))
        said: dict[str, Any] | None = orjson.loads(found[0]) if found else None
        return said

    async def use(self, kind: str, secret: str, seconds: int) -> bool:
        """Whether a secret is used for the first time; it is used up thereby. ``seconds``: for how long it is known."""
        now = self._clock.now()
        used = Used(name_of(kind, secret), now + seconds * MICROSECONDS, now)
        return not isinstance(await self._store.commit(Change(used=[used])), Conflict)
