"""Cursors that tell nobody anything: what a client has searched for must not stand in the link to the next page.

Deterministic authenticated encryption with a synthetic initial value (Rogaway and Shrimpton 2006; RFC 5297 is the same with
AES): the tag is an HMAC of the content, and the key stream is SHAKE256 (FIPS 202) of a key and the tag.
"""

from __future__ import annotations

import hmac
import zlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from hashlib import shake_256
from typing import Any, Final

import orjson

from interop.errors import Problem

_TAG: Final = 16
_LIMIT: Final = 65_536
_SHORT: Final = 300
"""Bytes up to which nothing is made shorter: that takes longer than all else here."""
_PLAIN, _PACKED = b"\0", b"\1"


class Seal:
    """Seals values of JSON with one secret."""

    def __init__(self, secret: bytes) -> None:
        self._authenticating = hmac.digest(secret, b"cursor: tag", "sha256")
        self._encrypting = hmac.digest(secret, b"cursor: stream", "sha256")

    def seal(self, address: str, value: Any) -> str:
        """The value as a text for URLs, of use at one address alone, and to whom that address names."""
        said = orjson.dumps([address, value])
        plain = _PLAIN + said if len(said) <= _SHORT else _PACKED + zlib.compress(said)
        tag = hmac.digest(self._authenticating, plain, "sha256")[:_TAG]
        return urlsafe_b64encode(tag + self._mix(tag, plain)).rstrip(b"=").decode("ascii")

    def open(self, address: str, text: str) -> Any:
        """The value again; raises Problem ``bad-parameter`` for what was not sealed here, or for another address."""
        try:
            sealed = urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
        except ValueError:
            raise _unknown() from None
        tag = sealed[:_TAG]
        plain = self._mix(tag, sealed[_TAG:_LIMIT])
        if not hmac.compare_digest(tag, hmac.digest(self._authenticating, plain, "sha256")[:_TAG]):
            raise _unknown()
        of, value = orjson.loads(zlib.decompress(plain[1:]) if plain[:1] == _PACKED else plain[1:])
        if of != address:
            raise Problem("bad-parameter", where="_cursor", detail="it belongs to another address or to somebody else")
        return value

    def _mix(self, tag: bytes, text: bytes) -> bytes:
        stream = shake_256(self._encrypting + tag).digest(len(text))
        return (int.from_bytes(text, "big") ^ int.from_bytes(stream, "big")).to_bytes(len(text), "big")


def _unknown() -> Problem:
    return Problem("bad-parameter", where="_cursor", detail="it was not given by this server")
