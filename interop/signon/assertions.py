"""How a backend service proves who it is: a signed assertion for one token request (RFC 7523; SMART Backend Services, 3.2.3)."""

from __future__ import annotations

import hashlib
from typing import Final

from interop.policy.scopes import Scope, covers, read_scope
from interop.signon.clients import Client
from interop.signon.keys import Key
from interop.signon.refused import Refused
from interop.signon.tokens import Head, Wanted, head_of, verify

ALGORITHMS: Final = frozenset(("RS384", "ES384"))
"""Those that SMART names; it advises against any other."""
LONGEST: Final = 300
"""Seconds from now within which an assertion must end."""


def assertion_head(assertion: str) -> Head:
    """What an assertion says of itself: its issuer is the client. Raises Refused."""
    head = head_of(assertion, ALGORITHMS)
    if not head.kid:
        raise Refused("key")
    return head


def verify_assertion(assertion: str, head: Head, client: Client, key: Key | None, endpoint: str, now: float) -> tuple[str, int]:
    """Whether the client has signed this for the token endpoint; returns the name under which the assertion is used up, and until
    when (seconds) that must be remembered. Raises Refused."""
    if client.jwks_url and head.jku and head.jku != client.jwks_url:
        raise Refused("key")
    claims = verify(assertion, head, key, Wanted(client.id, frozenset((endpoint,)), LONGEST), now)
    if claims["sub"] != client.id:
        raise Refused("subject")
    jti = claims.get("jti")
    if not isinstance(jti, str) or not 0 < len(jti) <= 1_000:
        raise Refused("jti")
    used = hashlib.sha256(f"{client.id}\n{jti}".encode()).hexdigest()
    return f"assertion {used}", int(claims["exp"]) + 60


def granted(client: Client, asked: str) -> tuple[Scope, ...]:
    """The scopes of a request, each of which the client may have; raises Refused for one that it may not, or none at all."""
    found = [read_scope(each) for each in asked.split()]
    scopes = tuple(dict.fromkeys(each for each in found if each is not None))
    if not scopes or len(found) != len([each for each in found if each is not None]):
        raise Refused("scope")
    if not all(covers(client.scopes, each) for each in scopes):
        raise Refused("scope")
    return scopes
