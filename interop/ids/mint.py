"""Ids of resources: type-scoped HMAC-SHA256 of (identifier system, value), base32.

A plain hash of an NHS number in a URL could be reversed by trying all numbers; with a deployment's key it cannot.
Within ``[A-Za-z0-9\\-.]{1,64}`` (FHIR R4, datatype ``id``): 32 lower-case letters and digits, 160 bits.
"""

from __future__ import annotations

import re
from functools import lru_cache
from hashlib import sha256
from typing import Final

PUBLISHED_KEY = b"interop: the published key of offline conversion"
"""The key of ``interop convert``: known to all, so its ids protect nobody and are the same everywhere."""

_LETTERS = "abcdefghijklmnopqrstuvwxyz234567"
_PAIRS = [first + second for first in _LETTERS for second in _LETTERS]


_MINTED: Final = re.compile(r"[a-z2-7]{32}")


def base32(data: bytes) -> str:
    """RFC 4648 base32 in lower case, for whole groups of five bytes: twice as fast as by way of ``base64``."""
    text = ""
    for start in range(0, len(data), 5):
        group = int.from_bytes(data[start : start + 5], "big")
        text += _PAIRS[group >> 30] + _PAIRS[group >> 20 & 1023] + _PAIRS[group >> 10 & 1023] + _PAIRS[group & 1023]
    return text


def minted(id: str) -> bool:
    """Whether an id has the form of those that we mint. Clients who are held to a policy choose none, and are given UUIDs."""
    return _MINTED.fullmatch(id) is not None


class Mint:
    """Makes ids with one key: HMAC (RFC 2104) with the key's two halves of the work done beforehand."""

    def __init__(self, key: bytes = PUBLISHED_KEY) -> None:
        if len(key) < 16:
            raise ValueError("an id key needs at least 16 bytes")
        block = (sha256(key).digest() if len(key) > 64 else key).ljust(64, b"\0")
        self._inner = sha256(bytes(byte ^ 0x36 for byte in block))
        self._outer = sha256(bytes(byte ^ 0x5C for byte in block))
        self.id = lru_cache(maxsize=16_384)(self._id)

    def _id(self, resource_type: str, system: str, value: str) -> str:
        """The id of the ``resource_type`` that ``system|value`` identifies."""
        message = f"{resource_type}\x1f{system}\x1f{value}".encode()
        inner, outer = self._inner.copy(), self._outer.copy()
        inner.update(message)
        outer.update(inner.digest())
        return base32(outer.digest()[:20])
