"""JSON Web Tokens (RFC 7519, 7515; RFC 8725 on what goes wrong with them): from bytes to claims that are proved."""

from __future__ import annotations

import binascii
import json
import re
from base64 import urlsafe_b64decode
from typing import Any, Final, NamedTuple

from joserfc import jwt
from joserfc.errors import JoseError

from interop.signon.keys import ALGORITHMS, Key
from interop.signon.refused import Refused

LONGEST: Final = 8_192
"""Characters of a token."""
SKEW: Final = 30
"""Seconds by which clocks may differ."""
_FORM: Final = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
_TYPES: Final = ("", "jwt", "at+jwt", "application/at+jwt")
Claims = dict[str, Any]


class Head(NamedTuple):
    """What a token says of itself, unproved: enough to find the key that proves it."""

    algorithm: str
    kid: str
    issuer: str
    jku: str = ""


class Wanted(NamedTuple):
    """What the claims of a token must be. ``longest``: seconds from now within which it must end, 0 = any."""

    issuer: str
    audiences: frozenset[str]
    longest: int = 0


def head_of(token: str, algorithms: frozenset[str] = frozenset(ALGORITHMS)) -> Head:
    """Raises Refused for what is no signed token of ours to judge: its form, its length, its algorithm."""
    if len(token) > LONGEST:
        raise Refused("oversize")
    if not _FORM.fullmatch(token):
        raise Refused("malformed")
    first, second, _ = token.split(".")
    header, claims = _part(first), _part(second)
    algorithm, kid, issuer = header.get("alg"), header.get("kid", ""), claims.get("iss")
    if not isinstance(algorithm, str) or algorithm not in algorithms:
        raise Refused("algorithm")
    if not isinstance(kid, str) or not isinstance(issuer, str) or "crit" in header or "b64" in header:
        raise Refused("malformed")
    if str(header.get("typ", "")).lower() not in _TYPES:
        raise Refused("type")
    return Head(algorithm, kid, issuer, str(header.get("jku", "")))


def _part(text: str) -> dict[str, Any]:
    try:
        said = json.loads(urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (ValueError, binascii.Error, RecursionError):
        raise Refused("malformed") from None
    if not isinstance(said, dict):
        raise Refused("malformed")
    return said


def verify(token: str, head: Head, key: Key | None, wanted: Wanted, now: float) -> Claims:
    """The claims of a token that this key has signed and that are good now (seconds since 1970); raises Refused."""
    if key is None:
        raise Refused("key")
    try:
        claims: Claims = jwt.decode(token, key, algorithms=[head.algorithm]).claims
    except (JoseError, ValueError, TypeError, RecursionError):
        raise Refused("signature") from None
    check(claims, wanted, now)
    return claims


def check(claims: Claims, wanted: Wanted, now: float) -> None:
    """Issuer, audience, subject and times (RFC 7519, 4.1); raises Refused."""
    if claims.get("iss") != wanted.issuer:
        raise Refused("issuer")
    audience = claims.get("aud")
    named = [audience] if isinstance(audience, str) else audience if isinstance(audience, list) else []
    if not any(isinstance(each, str) and each in wanted.audiences for each in named):
        raise Refused("audience")
    subject = claims.get("sub")
    if not isinstance(subject, str) or not 0 < len(subject) <= 255 or not subject.isprintable():
        raise Refused("subject")
    ends, begins, issued = (_time(claims, name) for name in ("exp", "nbf", "iat"))
    if ends is None or ends <= now - SKEW:
        raise Refused("expired")
    if (begins is not None and begins > now + SKEW) or (issued is not None and issued > now + SKEW):
        raise Refused("not-yet")
    if wanted.longest and ends > now + wanted.longest + SKEW:
        raise Refused("lifetime")


def _time(claims: Claims, name: str) -> float | None:
    """A NumericDate; None where it is not there. Raises Refused for what is none."""
    said = claims.get(name)
    if said is None:
        return None
    if isinstance(said, bool) or not isinstance(said, int | float) or not 0 <= said < 1e11:
        raise Refused("malformed")
    return said


def mint(claims: Claims, key: Key, kid: str, algorithm: str, type: str = "at+jwt") -> str:
    """A signed token; ``type`` is what its header says that it is."""
    return jwt.encode({"alg": algorithm, "kid": kid, "typ": type}, claims, key, algorithms=[algorithm])
