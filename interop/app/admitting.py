"""Who may call an engine, and by what they sign on."""

from __future__ import annotations

from urllib.parse import urlsplit

from interop.api.signon.service import SignOn, sign_on
from interop.app.addresses import address, loopback
from interop.app.settings import Settings
from interop.app.workshop import Workshop

HOSTS = frozenset((b"127.0.0.1", b"localhost", b"[::1]"))
"""What requests may call the engine while it listens on this machine alone."""


def hosts_of(settings: Settings) -> frozenset[bytes]:
    """What requests may call the engine: this machine, the address it listens at, the name by which clients know it; beyond this
    machine its own name too, by which who watches the processes does."""
    known = urlsplit(settings.audience).hostname if settings.audience else None
    own = {settings.http.rpartition(":")[0].encode()}
    if not loopback(address(settings.http)[0]):
        own.add(settings.name.encode())
    return HOSTS | own | ({known.encode("idna")} if known else set())


def signon_of(settings: Settings, shop: Workshop) -> SignOn:
    """Sign-on as the settings have it; raises ValueError for a key file or table that cannot be used, OSError for a file of
    clients or applications that is named and not there."""
    for file in filter(None, (settings.clients, settings.apps)):
        file.stat()
    return sign_on(
        settings.data,
        shop.store,
        shop.clock,
        issuer=settings.issuer,
        audience=settings.audience,
        clients=settings.clients,
        claims=settings.claims,
        rate=settings.rate,
        apps=settings.apps,
        client_id=settings.pages_client,
        client_secret=settings.secret(),
        scope=settings.pages_scope,
    )
