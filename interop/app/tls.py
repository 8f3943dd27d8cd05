"""TLS of the ports: contexts from files, and who a client's certificate is."""

from __future__ import annotations

import ssl
from collections.abc import Iterable, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

from interop.ports import Feed


def server_context(certificate: Path, key: Path, ca: Path | None = None) -> ssl.SSLContext:
    """TLS 1.2 or later; with ``ca`` a client must show a certificate that one of these has signed. Raises ValueError naming what
    cannot be used, never what is in it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    _load(context, certificate, key, ca)
    if ca is not None:
        context.verify_mode = ssl.CERT_REQUIRED
    return context


def client_context(certificate: Path | None, key: Path | None, ca: Path | None) -> ssl.SSLContext:
    """For a client: the server must be of ``ca`` (None: of one that this machine trusts) and of the name that it is called by."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if ca is None:
        context.load_default_certs()
    _load(context, certificate, key, ca)
    return context


def _load(context: ssl.SSLContext, certificate: Path | None, key: Path | None, ca: Path | None) -> None:
    try:
        if certificate is not None:
            context.load_cert_chain(certificate, key, password=_no_password)
        if ca is not None:
            context.load_verify_locations(ca)
    except (OSError, ValueError) as error:
        names = ", ".join(str(path) for path in (certificate, key, ca) if path is not None)
        raise ValueError(f"a certificate or key cannot be used ({names}): {type(error).__name__}") from None


def _no_password() -> str:
    """A key that wants a password is refused: nobody is there to be asked."""
    raise ValueError("the key is encrypted")


def names_of(certificate: bytes, parsed: Mapping[str, Any]) -> Iterable[str]:
    """By what a feeds file may name a certificate (DER, and as ``ssl`` has parsed it)."""
    yield f"sha256:{sha256(certificate).hexdigest()}"
    for kind, name in parsed.get("subjectAltName", ()):
        if kind in ("DNS", "URI"):
            yield f"{kind.lower()}:{name.lower() if kind == 'DNS' else name}"
    for part in parsed.get("subject", ()):
        for kind, name in part:
            if kind == "commonName":
                yield f"cn:{name}"


class Holders:
    """Under which feed a certificate may send. Raises ValueError where no feed has one: nobody could send."""

    def __init__(self, feeds: Iterable[Feed]) -> None:
        self._feeds = {name: feed for feed in feeds for name in feed.certificates}
        if not self._feeds:
            raise ValueError("no feed has a certificate: name those that may send over TLS in the feeds file (--feeds)")

    def feed(self, certificate: bytes, parsed: Mapping[str, Any]) -> Feed | None:
        """The feed of a certificate; None where it has none, or where its names are of several."""
        if not certificate:
            return None
        found = {feed.name: feed for name in names_of(certificate, parsed) if (feed := self._feeds.get(name)) is not None}
        return next(iter(found.values())) if len(found) == 1 else None
