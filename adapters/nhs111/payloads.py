"""The payloads of a distribution envelope, and what its manifest says of them (ITK 2.2, distribution envelope)."""

from __future__ import annotations

import binascii
import re
import zlib
from typing import Any, Final

from interop.errors import Problem
from interop.formats.bodies import LIMIT

_CODED: Final = re.compile(rb"\b(?:base64|compressed|encrypted)\s*=\s*[\"']\s*(?:true|1)\b")
_WORDS: Final = (b"base64", b"compressed", b"encrypted")
_UTF16: Final = {b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be", b"<\0": "utf-16-le", b"\0<": "utf-16-be"}
_DECLARED: Final = re.compile(r"""\A(<\?xml[^>]*?)\sencoding\s*=\s*["'][\w-]+["']""")
_GZIP_OR_ZLIB: Final = 47
_BLANKS: Final = re.compile(r"\s+")


def utf8(body: bytes) -> bytes:
    """A body in UTF-16 as UTF-8, its declaration with it; any other, and what cannot be decoded, unchanged."""
    form = _UTF16.get(body[:2])
    if form is None:
        return body
    try:
        text = body.decode(form)
    except UnicodeDecodeError:
        return body
    return _DECLARED.sub(r"\1", text.removeprefix("\ufeff"), count=1).encode("utf-8", "surrogatepass")


def plain(body: bytes) -> bytes:
    """The body in an encoding that ASCII is part of, with every XML payload as elements, decoded from base64 and gzip where its
    manifest item says so.

    A body in such an encoding without such payloads comes back unchanged. Raises Problem: those of the XML reader, ``bad-value``
    where a payload is not what the manifest says, ``unknown-format`` for an encrypted one, ``too-large``.
    """
    body = utf8(body)
    if not any(word in body for word in _WORDS) or _CODED.search(body) is None:
        return body
    from lxml import etree

    from interop.formats.xml import parse_xml

    root = parse_xml(body)
    left = LIMIT
    for envelope in root.iter("{*}DistributionEnvelope"):
        items = {item.get("id"): item for item in envelope.iterfind("{*}header/{*}manifest/{*}manifestitem")}
        for payload in envelope.iterfind("{*}payloads/{*}payload"):
            item = items.get(payload.get("id"))
            if item is None or len(payload) or not any(_said(item, name) for name in ("base64", "compressed", "encrypted")):
                continue
            content = _decoded(payload, item, left)
            left -= len(content)
            payload.text = None
            payload.append(parse_xml(content))
            for name in ("base64", "compressed"):
                item.attrib.pop(name, None)
    return etree.tostring(root, encoding="utf-8", xml_declaration=True)


def _decoded(payload: Any, item: Any, limit: int) -> bytes:
    if _said(item, "encrypted"):
        raise Problem("unknown-format", where="payload", detail="the payload is encrypted")
    if not _said(item, "base64"):
        raise Problem("bad-value", where="manifestitem/@base64", detail="a compressed payload has to be base64")
    try:
        content = binascii.a2b_base64(_BLANKS.sub("", payload.text or ""), strict_mode=True)
    except (ValueError, binascii.Error):
        raise Problem("bad-value", where="payload", detail="the payload is not base64") from None
    if not _said(item, "compressed"):
        return content
    gunzip = zlib.decompressobj(_GZIP_OR_ZLIB)
    try:
        content = gunzip.decompress(content, limit + 1)
    except zlib.error:
        raise Problem("bad-value", where="payload", detail="the payload is not gzip") from None
    if len(content) > limit:
        raise Problem("too-large", where="payload", detail=f"more than {LIMIT} bytes in payloads")
    if not gunzip.eof:
        raise Problem("bad-value", where="payload", detail="the compressed payload is cut off")
    return content


def _said(item: Any, name: str) -> bool:
    return (item.get(name) or "").strip() in ("true", "1")


def counted(envelope: Any) -> None:
    """Raises Problem ``bad-value`` where manifest and payloads do not agree in number or names, as far as they are given.

    ``envelope`` is the DistributionEnvelope element. A payload that got lost on the way would show here.
    """
    items = envelope.findall("{*}header/{*}manifest/{*}manifestitem")
    payloads = envelope.findall("{*}payloads/{*}payload")
    for path, count in (("header/{*}manifest", len(items)), ("payloads", len(payloads))):
        holder = envelope.find("{*}" + path)
        said = holder.get("count") if holder is not None else None
        if said is not None and said.strip() != str(count):
            raise Problem("bad-value", where=f"{path.replace('{*}', '')}/@count", detail=f"{count} are there")
    names = [item.get("id") for item in items]
    if items and sorted(map(str, names)) != sorted(str(payload.get("id")) for payload in payloads):
        raise Problem("bad-value", where="manifestitem/@id", detail="manifest and payloads do not name the same")
