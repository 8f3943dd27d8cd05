"""Bundles are joined from stored bytes; no resource is parsed to be served."""

from __future__ import annotations

from collections.abc import Iterable

import orjson

from interop.api.negotiation import etag
from interop.clock import instant
from interop.store.values import Stored

Link = tuple[str, str]


def bundle(kind: str, links: Iterable[Link], entries: Iterable[bytes], total: int | None = None) -> bytes:
    """A Bundle of ``kind`` (``searchset``, ``history``); ``links`` are relation and URL."""
    written = b",".join(entries)
    parts = [
        b'{"resourceType":"Bundle","type":"%s"' % kind.encode("ascii"),
        b'"total":%d' % total if total is not None else b"",
        b'"link":%s' % orjson.dumps([{"relation": relation, "url": url} for relation, url in links]),
        b'"entry":[%s]' % written if written else b"",
    ]
    return b",".join(part for part in parts if part) + b"}"


def listed(base: str, several: Iterable[Stored], mode: bytes = b"match") -> list[bytes]:
    """The entries of a searchset."""
    start, end = b'{"fullUrl":"%s/' % base.encode("ascii"), b',"search":{"mode":"%s"}}' % mode
    return [b'%s%s","resource":%s%s' % (start, f"{each.type}/{each.id}".encode("ascii"), each.body, end) for each in several]


def found(base: str, stored: Stored, mode: str = "match") -> bytes:
    """An entry of a searchset: ``mode`` is ``match`` or ``include``."""
    return b'{"fullUrl":"%s/%s/%s","resource":%s,"search":{"mode":"%s"}}' % (
        base.encode("ascii"),
        stored.type.encode("ascii"),
        stored.id.encode("ascii"),
        stored.body,
        mode.encode("ascii"),
    )


def said(outcome: bytes) -> bytes:
    """The entry that tells what was not done (FHIR R4 search, 3.1.1.2.2)."""
    return b'{"resource":%s,"search":{"mode":"outcome"}}' % outcome


def happened(base: str, stored: Stored, body: bytes) -> bytes:
    """An entry of a history (FHIR R4 http, 3.1.0.13); ``body`` is what is shown of the version, not looked at for a deletion."""
    name = b"%s/%s" % (stored.type.encode("ascii"), stored.id.encode("ascii"))
    usual = "DELETE 204" if stored.deleted else "PUT 201" if stored.version == 1 else "PUT 200"
    method, status = (stored.told or usual).encode("ascii").split()
    resource = b"" if stored.deleted else b'"resource":%s,' % body
    tag = orjson.dumps(etag(stored.version).decode("ascii"))
    updated = instant(stored.updated).encode("ascii")
    asked = b'"request":{"method":"%s","url":"%s"}' % (method, stored.type.encode("ascii") if method == b"POST" else name)
    answered = b'"response":{"status":"%s","etag":%s,"lastModified":"%s"}' % (status, tag, updated)
    return b'{"fullUrl":"%s/%s",%s%s,%s}' % (base.encode("ascii"), name, resource, asked, answered)
