"""Where clients may have us send: never into a private network, whatever a name leads to.

A name is looked up once and the address that it led to is the one that is sent to, so that it cannot lead elsewhere in between.
"""

from __future__ import annotations

import asyncio
import socket
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Final
from urllib.parse import SplitResult, urlsplit

import httpx

from interop.api.delivering.payload import Payload
from interop.errors import Problem
from interop.notify.routes import NOTIFICATION
from interop.ports import Taken
from interop.ports.exchange import PATIENCE, exchanged

LONGEST: Final = 2_000
"""Characters of an address."""
LOCAL: Final = ("localhost", "127.0.0.1", "::1")
GLOBAL: Final = IPv6Network("2000::/3")
"""What IANA gives out for global unicast (RFC 4291, 2.4): the rest of IPv6 is nobody's, somebody's own, or leads into IPv4."""
TRANSLATED: Final = IPv6Network("64:ff9b::/96")
"""The IPv4 in its last 32 bits is meant, by a translator of the network (RFC 6052, 2.1)."""


def endpoint(text: str, here: bool) -> SplitResult:
    """An address of a client's: ``https://``; with ``here`` also ``http://`` of this machine. Raises ValueError, which says why."""
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise ValueError("it is no address") from None
    host = parts.hostname or ""
    if len(text) > LONGEST or not host or parts.username is not None or parts.fragment or not text.isascii() or port == 0:
        raise ValueError("it is https://HOST/PATH, without user or fragment")
    if host in LOCAL:
        if not here:
            raise ValueError("it is of this machine")
    elif parts.scheme != "https":
        raise ValueError("it begins with https://")
    elif _literal(host) and not _public(host):
        raise ValueError("it is of a private network")
    if parts.scheme not in ("https", "http"):
        raise ValueError("it begins with https://")
    return parts


def _literal(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _public(host: str) -> bool:
    """Whether an IP address is one that anyone may reach. What IPv6 wraps counts as what it is."""
    found: IPv4Address | IPv6Address = ip_address(host)
    if isinstance(found, IPv6Address):
        found = _within(found)
    if isinstance(found, IPv6Address) and found not in GLOBAL:
        return False
    return found.is_global and not found.is_multicast


def _within(found: IPv6Address) -> IPv4Address | IPv6Address:
    """The IPv4 address that an IPv6 address wraps; itself where it wraps none."""
    if found in TRANSLATED:
        return IPv4Address(int(found) & 0xFFFFFFFF)
    return found.ipv4_mapped or found.sixtofour or (found.teredo[1] if found.teredo else None) or found


async def resolved(parts: SplitResult) -> str:
    """The IP address of an endpoint; '' where there is none that may be sent to. All that a name leads to must be public: who can
    put one private address among them could have us meet it. Raises OSError where the name cannot be looked up now."""
    host = parts.hostname or ""
    if host in LOCAL:
        return "::1" if host == "::1" else "127.0.0.1"
    found = await asyncio.get_running_loop().getaddrinfo(host, parts.port or 443, type=socket.SOCK_STREAM)
    addresses = [str(each[4][0]) for each in found]
    return addresses[0] if addresses and all(map(_public, addresses)) else ""


async def reachable(url: str, here: bool) -> bool:
    """Whether the name of an endpoint leads where we may send; one that cannot be looked up now may be later, one that is no name
    never. ``here`` as for ``endpoint``."""
    try:
        return bool(await resolved(endpoint(url, here)))
    except ValueError:
        return False
    except OSError:
        return True


@dataclass(slots=True)
class Hook:
    """A rest-hook (FHIR R4 Subscription): POST without content, or the resource by PUT below the endpoint; of a Subscription by
    topic POST of a notification."""

    url: str
    headers: tuple[tuple[str, str], ...] = ()
    here: bool = False
    patience: float = 2 * PATIENCE
    """Seconds for a whole exchange."""
    _client: httpx.AsyncClient | None = field(default=None, init=False)

    async def send(self, payload: Payload) -> Taken:
        """As ``Sends``."""
        try:
            parts = endpoint(self.url, self.here)
            address = await resolved(parts)
        except ValueError:
            return Taken(Problem("destination-misdirected"))
        except OSError:
            return Taken(Problem("destination-unavailable"))
        if not address:
            return Taken(Problem("destination-misdirected"))
        if self._client is None:
            self._client = httpx.AsyncClient(timeout=PATIENCE, follow_redirects=False, trust_env=False)
        host = f"[{address}]" if ":" in address else address
        whole = bool(payload.body) and not payload.format.startswith(NOTIFICATION)
        path = parts.path.rstrip("/") + (f"/{'/'.join(payload.about)}" if whole else "")
        query = f"?{parts.query}" if parts.query else ""
        url = f"{parts.scheme}://{host}{f':{parts.port}' if parts.port else ''}{path or '/'}{query}"
        headers = [("host", parts.netloc), *self.headers, ("idempotency-key", payload.id)]
        if payload.body:
            headers.append(("content-type", payload.media_type))
        request = self._client.build_request(
            "PUT" if whole else "POST",
            url,
            content=payload.body,
            headers=headers,
            extensions={"sni_hostname": parts.hostname} if parts.scheme == "https" else None,
        )
        try:
            async with asyncio.timeout(self.patience):
                return await exchanged(self._client, request)
        except TimeoutError:
            return Taken(Problem("destination-unanswered"))

    async def close(self) -> None:
        """Let connections go."""
        if self._client is not None:
            client, self._client = self._client, None
            await client.aclose()
