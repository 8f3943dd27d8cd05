"""Addresses that settings name: of ports, of the database, of issuers."""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import SplitResult


def safe(url: SplitResult) -> bool:
    """Whether tokens and keys may come from there: by TLS, or from this machine."""
    host = url.hostname or ""
    return not (url.query or url.fragment) and ((url.scheme == "https" and bool(host)) or (url.scheme == "http" and loopback(host)))


def database_address(text: str) -> str:
    """``postgresql://…``; raises ValueError."""
    if not text.startswith(("postgresql://", "postgres://")):
        raise ValueError("a database is named as postgresql://USER@HOST:PORT/NAME")
    return text


def address(text: str) -> tuple[str, int]:
    """``HOST:PORT`` or ``[V6]:PORT``; raises ValueError."""
    host, separator, port = text.rpartition(":")
    if not separator or not port.isdigit() or int(port) > 65535:
        raise ValueError(f"{text!r} is not HOST:PORT")
    return host.strip("[]") or "127.0.0.1", int(port)


def loopback(host: str) -> bool:
    """Whether an address is of this machine alone."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
