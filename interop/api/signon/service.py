"""All of sign-on that an engine has: whose tokens are taken, who may have some, and the door."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import orjson

from interop.api.seal import Seal
from interop.api.signon.door import SignOnDoor
from interop.api.signon.fetching import Fetcher, RemoteKeys
from interop.api.signon.limits import Buckets
from interop.api.signon.sessions import Sessions
from interop.api.signon.trust import Configured, Own, Trusted
from interop.clock import Clock
from interop.signon.apps import CALLBACK, PAGES, SCOPE, App, fit, here, read_apps
from interop.signon.apps import NAME as APPS
from interop.signon.claims import rows
from interop.signon.clients import NAME, Client, read_clients
from interop.signon.issuer import SERVICES, OwnIssuer
from interop.store.seam import Store

ATTEMPTS: Final = (1 / 6, 20)
"""Failed token requests of one client and of one address: a second, and at once."""


@dataclass(slots=True)
class SignOn:
    """``own`` issues tokens: the embedded issuer, or beside a configured one whatever registered backend services are given.
    ``base`` is the address under which clients know the server, '' the one that a request names. ``client_id`` and
    ``client_secret`` are the pages' at a configured issuer, ``scope`` what they ask for there."""

    store: Store
    clock: Clock
    fetcher: Fetcher
    door: SignOnDoor
    own: Own
    configured: Configured | None
    clients_file: Path
    sessions: Sessions
    base: str = ""
    failures: Buckets = field(default_factory=lambda: Buckets(*ATTEMPTS))
    apps_file: Path | None = None
    client_id: str = PAGES
    client_secret: str = field(default="", repr=False)
    scope: str = SCOPE
    _clients: Mapping[str, Client] = field(default_factory=dict)
    _stamp: tuple[int, int] = (-1, -1)
    _remote: dict[str, RemoteKeys] = field(default_factory=dict)

    def shared(self) -> list[Buckets]:
        """All limits, to be kept together with other processes from now on; before the first request."""
        return [*self.door.shared(), self.failures.share("attempts")]

    @property
    def demo(self) -> bool:
        """Whether the embedded issuer is on."""
        return self.own.issuer.demo

    async def start(self) -> None:
        """Read what was revoked, and the clients. Raises ValueError where their file cannot be used."""
        self.clients()
        await self.door.start()

    async def stop(self) -> None:
        """Let connections go."""
        await self.fetcher.close()

    def clients(self) -> Mapping[str, Client]:
        """The registered clients, as the file is now. Raises BadClients."""
        try:
            found = self.clients_file.stat()
            stamp = (found.st_mtime_ns, found.st_size)
        except FileNotFoundError:
            stamp = (0, 0)
        if stamp != self._stamp:
            self._clients, self._stamp = read_clients(self.clients_file), stamp
            self._remote.clear()
        return self._clients

    def apps(self) -> Mapping[str, App]:
        """The registered applications. Raises BadApps."""
        return read_apps(self.apps_file) if self.apps_file is not None else {}

    def app(self, client: str, address: str, root: str) -> App | None:
        """The application that takes codes at this address: the engine's own pages, a registered one, or any on this machine; None
        for none. Raises BadApps."""
        if client == PAGES:
            own = root + CALLBACK
            return App(PAGES, PAGES, frozenset((own,))) if address == own else None
        registered = self.apps().get(client)
        if registered is not None:
            return registered if address in registered.addresses else None
        return App(client, client, frozenset((address,))) if fit(client) and here(address) else None

    def seal(self) -> Seal:
        """What seals for a browser what it brings back, with a secret of the engine's own key."""
        self.own.changed()
        secret = orjson.dumps(self.own.keys.signing.as_dict(private=True), option=orjson.OPT_SORT_KEYS)
        return Seal(hmac.digest(secret, b"interop: sign-on", "sha256"))

    def remote(self, client: Client) -> RemoteKeys:
        """The keys at a client's address."""
        found = self._remote.get(client.id)
        if found is None:

            async def address() -> str:
                return client.jwks_url

            found = self._remote[client.id] = RemoteKeys(address, self.fetcher, self.clock)
        return found


def sign_on(
    data: Path,
    store: Store,
    clock: Clock,
    *,
    issuer: str | None = None,
    audience: str | None = None,
    clients: Path | None = None,
    claims: Path | None = None,
    rate: int = 0,
    apps: Path | None = None,
    client_id: str = PAGES,
    client_secret: str = "",
    scope: str = SCOPE,
    fetcher: Callable[[], Fetcher] = Fetcher,
) -> SignOn:
    """Sign-on for an engine: with ``issuer``, tokens are taken from there for ``audience``, the FHIR base; without, from the
    embedded one. Raises ValueError for a key file or a table of claims that cannot be used."""
    fetching, configured = fetcher(), None
    if issuer is None or audience is None:
        own = Own(OwnIssuer(), data, clock)
        base = ""
    else:
        base = audience.rstrip("/").removesuffix("/fhir")
        own = Own(OwnIssuer(base + SERVICES, audience, demo=False), data, clock)
        configured = Configured(issuer, audience, fetching, clock, rows(claims) if claims is not None else None)
    trusted: list[Trusted] = [own] if configured is None else [configured, own]
    door = SignOnDoor(trusted, store, clock, rate=rate)
    sessions = Sessions(store, clock, trusted[0].wanted.issuer, base)
    door.sessions = sessions.asker
    at = SignOn(
        store, clock, fetching, door, own, configured, clients or data / NAME, sessions, base, apps_file=apps or data / APPS
    )
    at.client_id, at.client_secret, at.scope = client_id, client_secret, scope
    return at
