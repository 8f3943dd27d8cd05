"""Whose tokens are taken: the engine's own, or those of a configured issuer."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from math import inf
from pathlib import Path
from typing import Any, Protocol

from interop.api.signon.fetching import FRESH, PAUSE, Fetcher, RemoteKeys, Unreachable
from interop.clock import MICROSECONDS, Clock
from interop.policy.asker import Asker
from interop.signon.apps import here, sound
from interop.signon.claims import TESTER, Claims, Row, asker_of
from interop.signon.issuer import OwnIssuer
from interop.signon.keyfile import NAME, OwnKeys, own_keys
from interop.signon.keys import Key, KeySet
from interop.signon.refused import Refused
from interop.signon.tokens import Wanted


class Trusted(Protocol):
    """An issuer whose tokens are taken."""

    @property
    def wanted(self) -> Wanted:
        """What its tokens must say."""
        ...

    async def find(self, kid: str, algorithm: str) -> Key | None:
        """The key of that id; raises Unreachable."""
        ...

    def asker(self, claims: Claims) -> Asker:
        """Who its claims say asks; raises Refused."""
        ...


class Own:
    """The engine's own issuer with its key file. ``turn`` counts how often the keys have become others: who remembers what they
    have proved compares it, for of several who look at the file ``changed`` tells one."""

    def __init__(self, issuer: OwnIssuer, directory: Path, clock: Clock) -> None:
        self.issuer = issuer
        self._directory, self._clock = directory, clock
        self.keys: OwnKeys = own_keys(directory)
        self.turn = 0
        self._stamp = self._stat()
        self._verifying: KeySet | None = None
        self._until = 0.0

    @property
    def wanted(self) -> Wanted:
        """What its tokens must say."""
        return self.issuer.wanted

    def changed(self) -> bool:
        """Whether the key file has changed; if so, the keys are those of the file now."""
        stamp = self._stat()
        if stamp == self._stamp:
            return False
        self.keys, self._stamp, self._verifying = own_keys(self._directory), stamp, None
        self.turn += 1
        return True

    def _stat(self) -> tuple[int, int, int]:
        try:
            found = (self._directory / NAME).stat()
        except FileNotFoundError:
            return (0, 0, 0)
        return (found.st_mtime_ns, found.st_size, found.st_ino)

    async def find(self, kid: str, algorithm: str) -> Key | None:
        """The key of that id."""
        self.changed()
        now = self._clock.now() / MICROSECONDS
        if self._verifying is None or now >= self._until:
            self._verifying = self.keys.verifying(now)
            self._until = min((until for _, until in self.keys.former if now < until), default=inf)
        return self._verifying.find(kid, algorithm)

    def asker(self, claims: Claims) -> Asker:
        """Who its claims say asks: anyone for the embedded issuer; never the tester for another."""
        found = asker_of(claims, own=True)
        if found.role == TESTER and not self.issuer.demo:
            raise Refused("role")
        return found


class Configured:
    """An issuer found by discovery (OpenID Connect Discovery 1.0, 4): it names itself, and where its keys are."""

    def __init__(self, issuer: str, audience: str, fetcher: Fetcher, clock: Clock, table: tuple[Row, ...] | None = None) -> None:
        self._wanted = Wanted(issuer, frozenset((audience, audience.rstrip("/"))))
        self._base = audience.rstrip("/")
        self._fetcher, self._clock, self._table = fetcher, clock, table
        self._said: dict[str, Any] = {}
        self._got = self._tried = -FRESH
        self._asking = asyncio.Lock()
        self._keys = RemoteKeys(self._address, fetcher, clock)

    @property
    def wanted(self) -> Wanted:
        """What its tokens must say."""
        return self._wanted

    async def settings(self) -> dict[str, Any]:
        """What the issuer says of itself, asked once an hour. Raises Unreachable, also where it is another that answers."""
        now = self._clock.now()
        if now - self._got < FRESH:
            return self._said
        async with self._asking:  # who comes meanwhile waits for the answer
            if now - self._got < FRESH:
                return self._said
            if now - self._tried < PAUSE:
                raise Unreachable("asked a moment ago")
            self._tried = now
            said = await self._fetcher.object(self._wanted.issuer.rstrip("/") + "/.well-known/openid-configuration")
            if said.get("issuer") != self._wanted.issuer:
                raise Unreachable("another issuer answers")
            self._said, self._got = said, now
            return said

    async def _address(self) -> str:
        found = self.address(await self.settings(), "jwks_uri")
        if not found:
            raise Unreachable("no address of keys")
        return found

    def address(self, said: Mapping[str, Any], name: str) -> str:
        """One of the addresses that the issuer says; '' for none, and for one that is neither by TLS nor, as the issuer itself, on
        this machine: what a remote issuer says does not make us ask what else listens here."""
        found = said.get(name)
        if not isinstance(found, str) or not sound(found) or (here(found) and not here(self._wanted.issuer)):
            return ""
        return found

    async def find(self, kid: str, algorithm: str) -> Key | None:
        """The key of that id; raises Unreachable."""
        return await self._keys.find(kid, algorithm)

    def asker(self, claims: Claims) -> Asker:
        """Who its claims say asks, by the table of claims; never the tester."""
        return asker_of(claims, own=False, table=self._table, base=self._base)
