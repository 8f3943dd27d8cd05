"""Where Redis is, and the names that one deployment has there."""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field
from functools import lru_cache, partial
from pathlib import Path
from ssl import SSLContext, SSLError, create_default_context
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote, urlsplit

if TYPE_CHECKING:
    from redis.asyncio import Redis, SSLConnection

PORT: Final = 6379
CONNECTING: Final = 2.0
"""Seconds in which a connection stands, or Redis is away."""
ANSWERING: Final = 2.0
"""Seconds in which it answers, or the connection is given up."""


@dataclass(frozen=True, slots=True)
class Place:
    """A server and one of its databases. ``tls``: whether TLS is spoken, its certificate checked against ``ca`` (None: the
    authorities that this machine knows); ``certificate`` and ``key`` are shown to a server that wants to know who calls."""

    host: str
    port: int = PORT
    database: int = 0
    tls: bool = False
    user: str = ""
    password: str = field(default="", repr=False)
    ca: Path | None = None
    certificate: Path | None = None
    key: Path | None = None

    @classmethod
    def of(cls, url: str) -> Place:
        """From ``redis://USER@HOST:PORT/DATABASE`` or ``rediss://…``; raises ValueError, also for a password in it, which everybody
        who sees this machine's processes would read."""
        wrong = "a Redis is named as redis://HOST:PORT/DATABASE, or rediss://… for TLS"
        try:
            parts = urlsplit(url)
            port = parts.port or PORT
            database = int(parts.path.strip("/") or 0)
        except ValueError:
            raise ValueError(wrong) from None
        if parts.scheme not in ("redis", "rediss") or not parts.hostname or parts.query or parts.fragment or database < 0:
            raise ValueError(wrong)
        if parts.password is not None:
            raise ValueError("the password of Redis is not in its address: put it into a file and name that, --redis-password-file")
        return cls(parts.hostname, port, database, parts.scheme == "rediss", unquote(parts.username or ""))

    def check(self) -> None:
        """Raises ValueError for certificates or a key that cannot be used, OSError for a file that cannot be read."""
        for file in filter(None, (self.ca, self.certificate, self.key) if self.tls else ()):
            file.open("rb").close()
        if self.tls:
            _context(self.ca, self.certificate, self.key)

    def connect(self, answering: float = ANSWERING) -> Redis:
        """A client of one connection, which tries nothing twice; opens nothing yet."""
        from redis.asyncio import ConnectionPool, Redis
        from redis.asyncio.retry import Retry
        from redis.backoff import NoBackoff

        given: dict[str, object] = {
            "host": self.host,
            "port": self.port,
            "db": self.database,
            "username": self.user or None,
            "password": self.password or None,
            "socket_timeout": answering,
            "socket_connect_timeout": CONNECTING,
            "socket_keepalive": True,
            "retry": Retry(NoBackoff(), 0),
            "protocol": 2,
            "max_connections": 2,
        }
        if self.tls:
            given["connection_class"] = partial(_encrypted, _context(self.ca, self.certificate, self.key))
        return Redis.from_pool(ConnectionPool(**given))  # type: ignore[arg-type]


@lru_cache(maxsize=8)
def _context(ca: Path | None, certificate: Path | None, key: Path | None) -> SSLContext:
    """Made once: reading all authorities that a machine knows takes a tenth of a second, which each try would cost."""
    try:
        context = create_default_context(cafile=ca)
        if certificate is not None:
            context.load_cert_chain(certificate, key)
    except SSLError:
        raise ValueError("the certificates or the key for Redis cannot be used: PEM files are wanted, the key its own") from None
    return context


def _encrypted(context: SSLContext, **given: Any) -> SSLConnection:
    """A connection over TLS."""
    from redis.asyncio import SSLConnection

    made = SSLConnection(**given, ssl_check_hostname=True)
    made.ssl_context.context = context
    return made


def prefix(key: bytes, database: str) -> str:
    """The beginning of all names in Redis that one database of messages and records has: two that share a Redis do not hear each
    other. ``key`` is the deployment's (``id.key``), so that the name tells nothing of it."""
    name = urlsplit(database).path.strip("/")
    return f"interop:{hmac.digest(key, b'signals ' + name.encode(), 'sha256').hex()[:16]}"
