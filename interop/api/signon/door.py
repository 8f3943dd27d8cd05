"""The door of an engine that knows who asks: a verified token, before a byte of the body is read."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Final, NamedTuple

from interop.api.asgi import Header, Request
from interop.api.signon.fetching import Unreachable
from interop.api.signon.limits import Bucket, Buckets, Throttled, place_of
from interop.api.signon.trust import Own, Trusted
from interop.clock import MICROSECONDS, Clock
from interop.errors import Problem
from interop.policy.asker import Asker
from interop.policy.scopes import Scope
from interop.signon.refused import Refused
from interop.signon.tokens import Claims, head_of, verify
from interop.store.plan import Spent
from interop.store.seam import Store
from interop.store.values import Change, News, Used

KNOWN: Final = 10_000
"""Tokens that are remembered as verified."""
AGAIN: Final = 3_600 * MICROSECONDS
"""After so long a token that was verified is verified again: its issuer may have taken the key back."""
LOOK: Final = 2 * MICROSECONDS
"""Between two looks whether keys were withdrawn."""
FAILURES: Final = (1 / 6, 30)
"""Bad tokens of one address: a second, and at once."""
PROGRAMS: Final = ("system", "feed", "tester")
"""Roles that ask as programs do."""
TWENTYFOLD: Final = 20
"""A program may ask so many times as often as a person."""
WITHDRAWN: Final = "withdrawn "
"""Begins the names under which the store keeps tokens that were revoked."""
REVOKED: Final = "withdrawn"
"""The kind of the News that a token was withdrawn."""
NONE: Final = "none"
"""Why nobody is who brings neither token nor cookie."""
_SCHEME: Final = b"bearer "


class Unauthenticated(Problem):
    """Nobody has signed on. ``why`` is for the audit alone; who asks is told the same whatever it was (RFC 6750, 3)."""

    def __init__(self, why: str) -> None:
        super().__init__("unauthenticated")
        self.why = why
        said = b'Bearer realm="interop"' + (b"" if why == NONE else b', error="invalid_token"')
        self.headers: list[Header] = [(b"www-authenticate", said)]

    def __reduce__(self) -> tuple[object, ...]:
        return (Problem, ("unauthenticated",))


@dataclass(slots=True)
class Known:
    """A verified token: who asks by it, until when it is taken unseen (microseconds), by what name it is revoked."""

    asker: Asker
    until: int
    bucket: Bucket | None
    trusted: Trusted


class Verified(NamedTuple):
    """What a token proves: who asks, its claims, and when it ends (microseconds)."""

    asker: Asker
    claims: Claims
    until: int
    trusted: Trusted


class SignOnDoor:
    """Lets in whoever has a token of a trusted issuer. ``rate``: requests a second of one asker, 0 = without limit. ``sessions``
    finds who asks where there is no token: a browser that has signed on (None: nobody). ``prepare`` is told the scopes of each new
    token: what their criteria stand for is looked up before a decision wants it."""

    def __init__(self, trusted: Sequence[Trusted], store: Store, clock: Clock, *, rate: int = 0) -> None:
        self._trusted = {each.wanted.issuer: each for each in trusted}
        self._own = {each: each.turn for each in trusted if isinstance(each, Own)}
        self._store, self._clock, self._rate = store, clock, rate
        self._known: dict[bytes, Known] = {}
        self._withdrawn: dict[str, int] = {}
        self._room = KNOWN
        self._look = 0
        self._failures = Buckets(*FAILURES)
        self._people = Buckets(rate, rate * 5) if rate else None
        self._programs = Buckets(rate * TWENTYFOLD, rate * TWENTYFOLD * 5) if rate else None
        self.sessions: Callable[[Request], Awaitable[Asker | None]] | None = None
        self.prepare: Callable[[tuple[Scope, ...]], Awaitable[object]] | None = None

    def shared(self) -> list[Buckets]:
        """Its limits, to be kept together with other processes from now on."""
        named = (("failures", self._failures), ("people", self._people), ("programs", self._programs))
        return [each.share(name) for name, each in named if each is not None]

    async def start(self) -> None:
        """Read which tokens were revoked before."""
        await self.heard(())

    async def heard(self, sessions: Sequence[str]) -> None:
        """Tokens of these names were withdrawn, here or by another process; () is any."""
        found = await self._store.query(Spent(WITHDRAWN, self._clock.now()))
        self._withdrawn.update((name.removeprefix(WITHDRAWN), until) for name, until in found)
        gone = self._withdrawn
        self._known = {digest: known for digest, known in self._known.items() if known.asker.session not in gone}

    async def admit(self, request: Request) -> Asker:
        """Who asks. Raises Unauthenticated; Throttled; Problem ``issuer-unavailable`` where the keys cannot be had."""
        now = self._clock.now()
        if now >= self._look:
            self._renew(now)
        head = request.head
        digest = head.token
        if not digest:
            found = await self.sessions(request) if self.sessions is not None else None
            if found is None:
                raise Unauthenticated(NONE)
            return self._allowed(found, self._bucket(found), now)
        known = self._known.get(digest)
        if known is None or known.until <= now:
            known = await self._first(request, head.named[b"authorization"], digest, now)
        return self._allowed(known.asker, known.bucket, now)

    @staticmethod
    def _allowed(asker: Asker, bucket: Bucket | None, now: int) -> Asker:
        if bucket is not None and not bucket.take(now):
            raise Throttled(bucket.wait())
        return asker

    async def _first(self, request: Request, said: bytes, digest: bytes, now: int) -> Known:
        """A token that is not remembered. An address from which too many bad ones came is told to wait, be this one good or not."""
        failures = self._failures.of(place_of(request))
        if failures.empty(now):
            raise Throttled(failures.wait())
        try:
            if said[:7].lower() != _SCHEME or not said.isascii():
                raise Refused("scheme")
            token = said[7:].strip().decode("ascii")
            verified = await self.verify(token)
            if self.prepare is not None and any(each.criteria for each in verified.asker.scopes or ()):
                await self.prepare(verified.asker.scopes or ())
                verified = await self.verify(token)  # it may have been withdrawn meanwhile
        except Refused as refused:
            failures.take(now)
            raise Unauthenticated(refused.why) from None
        except Unreachable:
            raise Problem("issuer-unavailable") from None
        until = min(verified.until, now + AGAIN)
        known = Known(verified.asker, until, self._bucket(verified.asker), verified.trusted)
        if len(self._known) >= KNOWN:
            del self._known[next(iter(self._known))]
        self._known[digest] = known
        return known

    async def verify(self, token: str) -> Verified:
        """What a token proves now. Raises Refused; Unreachable where its issuer's keys cannot be had."""
        now = self._clock.now()
        head = head_of(token)
        trusted = self._trusted.get(head.issuer)
        if trusted is None:
            raise Refused("issuer")
        key = await trusted.find(head.kid, head.algorithm)
        claims = verify(token, head, key, trusted.wanted, now / MICROSECONDS)
        asker = trusted.asker(claims)
        if not asker.session:
            asker = replace(asker, session=sha256(token.encode("ascii")).hexdigest()[:32])
        if asker.session in self._revoked(now):
            raise Refused("revoked")
        return Verified(asker, claims, int(claims["exp"] * MICROSECONDS), trusted)

    async def revoke(self, token: str) -> Verified:
        """A token that is good now is no longer (RFC 7009); it stays so after a restart. Raises Refused, Unreachable."""
        verified = await self.verify(token)
        await self.withdraw(verified.asker.session, verified.until)
        return verified

    async def withdraw(self, session: str, until: int) -> None:
        """No token of this name (``jti``, ``Asker.session``) is taken any more; ``until`` they end, in microseconds."""
        now = self._clock.now()
        self._withdrawn[session] = until = until + 60 * MICROSECONDS
        self._known = {digest: known for digest, known in self._known.items() if known.asker.session != session}
        news = [News(REVOKED, session)]
        await self._store.commit(Change(used=[Used(WITHDRAWN + session, until, now)], news=news))

    def _revoked(self, now: int) -> dict[str, int]:
        if len(self._withdrawn) > self._room:
            self._withdrawn = {name: until for name, until in self._withdrawn.items() if until > now}
            self._room = max(KNOWN, 2 * len(self._withdrawn))  # not gone through again for each token while none of them has ended
        return self._withdrawn

    def _renew(self, now: int) -> None:
        """Forget what was verified by keys that are no longer."""
        self._look = now + LOOK
        for own, turn in self._own.items():
            own.changed()
            if own.turn != turn:
                self._own[own] = own.turn
                self._known = {digest: known for digest, known in self._known.items() if known.trusted is not own}

    def _bucket(self, asker: Asker) -> Bucket | None:
        buckets = self._programs if asker.role in PROGRAMS else self._people
        return buckets.of(asker.user or asker.client) if buckets is not None else None
