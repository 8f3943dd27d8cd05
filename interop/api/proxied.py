"""Requests that a proxy of the operator's hands on: from where they come and whether over TLS, as the proxy says.

What the headers say counts from the proxy alone: of ``X-Forwarded-For`` the last address that is none of the proxies' own, for
whatever stands before it any client can have written.
"""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

from interop.api.asgi import Asgi, Receive, Scope, Send

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
HERE: Final = ("127.0.0.0/8", "::1/128")
"""This machine: where a proxy is unless somebody says otherwise."""
HOPS: Final = 20
"""Addresses of a chain that are looked at."""
_FOR: Final = b"x-forwarded-for"
_PROTO: Final = b"x-forwarded-proto"


def networks(said: Sequence[str]) -> tuple[Network, ...]:
    """Addresses and networks; raises ValueError for what is none."""
    return tuple(ip_network(each) for each in said)


def proxied(app: Asgi, proxies: Sequence[Network]) -> Asgi:
    """The application behind these proxies. Who comes past them is known by the address of the connection."""

    async def behind(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] in ("http", "websocket"):
            peer = _address((scope.get("client") or ("",))[0])
            if peer is not None and _within(peer, proxies):
                _told(scope, proxies)
        await app(scope, receive, send)

    return behind


def _told(scope: Scope, proxies: Sequence[Network]) -> None:
    said = [value for name, value in scope["headers"] if name == _FOR]
    for text in reversed(b",".join(said).decode("latin-1").split(",")[-HOPS:]) if said else ():
        address = _address(text.strip())
        if address is None:
            break
        scope["client"] = (str(address), 0)
        if not _within(address, proxies):
            break
    schemes = [value.strip().lower() for name, value in scope["headers"] if name == _PROTO]
    if schemes == [b"https"]:
        scope["scheme"] = "https" if scope["type"] == "http" else "wss"


def _address(text: str) -> Address | None:
    """An address, with or without a port."""
    bare = text[1:].partition("]")[0] if text.startswith("[") else text.partition(":")[0] if text.count(":") == 1 else text
    try:
        found = ip_address(bare)
    except ValueError:
        return None
    return found.ipv4_mapped or found if isinstance(found, IPv6Address) else found


def _within(address: Address, proxies: Sequence[Network]) -> bool:
    return any(address in each for each in proxies)
