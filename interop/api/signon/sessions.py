"""Browsers that have signed on: a cookie that says nothing, what it stands for in the store, and proof that a page of ours asks.

A session ends after a quarter of an hour without a request (a screen in a ward that somebody has left) and after twelve hours.
"""

from __future__ import annotations

import hmac
import secrets
from dataclasses import asdict, dataclass, replace
from typing import Any, Final

from interop.api import links
from interop.api.asgi import ASKER, Header, Request
from interop.api.signon.door import Unauthenticated
from interop.api.signon.secrets import Secrets, name_of
from interop.clock import MICROSECONDS, Clock
from interop.errors import Problem
from interop.policy.asker import Asker
from interop.policy.scopes import read_scopes
from interop.store.seam import Store

IDLE: Final = 15 * 60
"""Seconds without a request."""
LONGEST: Final = 12 * 3600
"""Seconds from sign-on."""
TOUCHED: Final = 60
"""Seconds after which a request is noted in the store: a restart takes so much of the idle time away at most."""
REMEMBERED: Final = 10_000
"""Sessions of which is known to the second when they were last used."""
KIND: Final = "session"
TOKEN: Final = b"x-csrf-token"
"""The header with the token of the session (``Session.token``), wanted of everything but reading."""
FIELD: Final = "csrf"
"""The same in a form."""
SAFE: Final = ("GET", "HEAD", "OPTIONS")
LIVE: Final = b"x-live"
"""The header with which a page fetches a part of itself anew, while nobody may be sitting before it: no use of the session. Nor
is a stream, which a browser opens again and again by itself."""
STREAM: Final = "text/event-stream"
ENDED: Final = "session"
"""Why a cookie stands for nobody: the session is over."""
NAMES: Final = ("interop-session", "__Host-interop-session")
"""Over plain HTTP, on this machine alone; and over TLS, where a browser holds it to this host."""


class Foreign(Problem):
    """A browser asks on behalf of a page that is none of ours. ``why`` is for the audit."""

    def __init__(self, why: str) -> None:
        super().__init__("forbidden")
        self.why = why

    def __reduce__(self) -> tuple[object, ...]:
        return (Problem, ("forbidden",))


@dataclass(slots=True)
class Session:
    """``secret`` is the cookie's value; ``began``, ``seen`` and ``noted`` (in the store) are in seconds since 1970."""

    secret: str
    asker: Asker
    began: int
    seen: int
    noted: int

    @property
    def token(self) -> str:
        """What a page of ours sends with a change, and no other page can know: it is of the cookie alone."""
        return hmac.digest(self.secret.encode("utf-8"), b"interop: csrf", "sha256").hex()

    @property
    def ends(self) -> int:
        """When it ends if nothing more comes, in seconds since 1970."""
        return min(self.seen + IDLE, self.began + LONGEST)


class Sessions:
    """All of them. ``issuer`` is the one where people sign on: a session of another, which an engine that was started otherwise has
    left in the store, is none. ``base`` is the address under which clients know the server, '' = the one that a request names."""

    def __init__(self, store: Store, clock: Clock, issuer: str, base: str = "") -> None:
        self._secrets, self._clock, self._issuer, self._base = Secrets(store, clock), clock, issuer, base
        self._live: dict[str, Session] = {}
        self._over: dict[str, None] = {}

    @property
    def _now(self) -> int:
        return self._clock.now() // MICROSECONDS

    async def asker(self, request: Request) -> Asker | None:
        """Who asks by a cookie, None where there is none; raises Unauthenticated for one that stands for nobody, Foreign. What the
        door asks where there is no token."""
        session = await self._alive(request)
        if session is None:
            if named(request, NAMES[self.tls(request)]):
                raise Unauthenticated(ENDED)
            return None
        request.scope[ASKER] = session.asker
        self.ours(request)
        if request.method not in SAFE:
            self.check(session, request.header(TOKEN))
        await self._seen(request, session)
        return session.asker

    async def find(self, request: Request) -> Session | None:
        """The session of a request's cookie, alive now and noted as used, but for what a page asks by itself (``LIVE``)."""
        session = await self._alive(request)
        if session is not None:
            await self._seen(request, session)
        return session

    async def alive(self, session: Session) -> bool:
        """Whether a session that was found is one still; asking is no use of it."""
        return await self._standing(session.secret) is not None

    async def _alive(self, request: Request) -> Session | None:
        secret = cookie(request, NAMES[self.tls(request)])
        return await self._standing(secret) if secret else None

    async def _standing(self, secret: str) -> Session | None:
        name, now = name_of(KIND, secret), self._now
        said = await self._secrets.find(KIND, secret)
        if said is None or name in self._over:  # whoever ended it, here, while it was looked for, or in another process
            self._live.pop(name, None)
            return None
        session = self._live.get(name)
        if session is None:
            asker = Asker(**{**said["asker"], "scopes": read_scopes(said["asker"]["scopes"])})
            session = Session(secret, asker, said["began"], said["seen"], said["seen"])
            if not asker.user.startswith(f"{self._issuer}|"):
                await self._drop(session)
                return None
            self._remember(name, session)
        session.seen = max(session.seen, said["seen"])
        if now >= session.ends:
            await self._drop(session)
            return None
        return session

    async def _seen(self, request: Request, session: Session) -> None:
        if request.header(LIVE) or request.header(b"accept") == STREAM:
            return
        session.seen = max(self._now, session.seen)
        if session.seen - session.noted >= TOUCHED:
            await self._note(session)

    async def begin(self, request: Request, asker: Asker) -> list[Header]:
        """A new session, always under a new secret; the one that the browser had is over. Returns the headers with the cookie."""
        before = await self._alive(request)
        if before is not None:
            await self._drop(before)
        now = self._now
        session = Session(secrets.token_urlsafe(32), replace(asker, session=secrets.token_hex(12)), now, now, now)
        await self._note(session, begun=True)
        self._remember(name_of(KIND, session.secret), session)
        return [self.cookie(request, NAMES, session.secret)]

    async def end(self, request: Request, session: Session) -> list[Header]:
        """A session is over, whoever has its cookie."""
        await self._drop(session)
        return [self.cookie(request, NAMES, "")]

    def ours(self, request: Request) -> None:
        """Raise Foreign where a browser says that another site's page asks. A link from elsewhere may open a page of ours, not
        the record: what is read is audited as read by whoever has signed on."""
        site, origin = request.header(b"sec-fetch-site"), request.header(b"origin")
        leads = request.method in SAFE and request.header(b"sec-fetch-mode") == "navigate" and not request.path.startswith("/fhir")
        if site not in ("", "same-origin", "none") and not leads:
            raise Foreign("cross-site")
        if origin and origin != links.root(request, self._base):
            raise Foreign("cross-site")

    @staticmethod
    def check(session: Session, said: str) -> None:
        """Raise Foreign where a change comes without the session's token."""
        if not hmac.compare_digest(session.token.encode(), said.encode("utf-8", "replace")):
            raise Foreign("csrf")

    def tls(self, request: Request) -> bool:
        """Whether the browser speaks TLS, to us or to a proxy before us."""
        return links.root(request, self._base).startswith("https://")

    def cookie(self, request: Request, names: tuple[str, str], value: str, seconds: int | None = None) -> Header:
        """``Set-Cookie`` for a cookie that no script reads and no other site sends along with a form; without value it goes."""
        tls = self.tls(request)
        lasts = "; Max-Age=0" if not value else f"; Max-Age={seconds}" if seconds else ""
        said = f"{names[tls]}={value}; Path=/; HttpOnly; SameSite=Lax{'; Secure' if tls else ''}{lasts}"
        return (b"set-cookie", said.encode("ascii"))

    def _remember(self, name: str, session: Session) -> None:
        if len(self._live) >= REMEMBERED:
            del self._live[next(iter(self._live))]
        self._live[name] = session

    async def _note(self, session: Session, *, begun: bool = False) -> None:
        """What is over stays so, whichever process has ended it."""
        session.noted = session.seen
        asker = asdict(replace(session.asker, scopes=())) | {"scopes": " ".join(map(str, session.asker.scopes or ()))}
        said: dict[str, Any] = {"asker": asker, "began": session.began, "seen": session.seen}
        await self._secrets.keep(KIND, session.secret, said, max(session.ends - self._now, 1), there=not begun)

    async def _drop(self, session: Session) -> None:
        """It is over: also for a request that has found it in the store and is about to note that it was used."""
        name = name_of(KIND, session.secret)
        self._live.pop(name, None)
        if len(self._over) >= REMEMBERED:
            del self._over[next(iter(self._over))]
        self._over[name] = None
        await self._secrets.keep(KIND, session.secret, None, 0)


def cookie(request: Request, name: str) -> str:
    """The value of a cookie, '' where it is not there or there twice (RFC 6265, 5.4)."""
    found = named(request, name)
    return found[0] if len(found) == 1 else ""


def named(request: Request, name: str) -> list[str]:
    """The values of the cookies of that name."""
    pairs = (each.strip().partition("=") for each in request.header(b"cookie").replace(",", ";").split(";"))
    return [value for called, _, value in pairs if called == name]
