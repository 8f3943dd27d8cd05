"""The pages as a client of an OpenID Provider (OpenID Connect Core 1.0, 3.1.3, 5.3): what it says of who has signed on.

The provider is any that discovery finds. National ones say the roles of a person at the UserInfo endpoint alone, so that is asked
where there is one.
"""

from __future__ import annotations

import hmac
import secrets
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import replace
from hashlib import sha256
from typing import Any, Final
from urllib.parse import quote_plus

from interop.api.signon.backend import ASSERTION
from interop.api.signon.fetching import Declined, Unreachable
from interop.api.signon.service import SignOn
from interop.api.signon.trust import Configured, Own
from interop.clock import MICROSECONDS
from interop.policy.asker import Asker
from interop.policy.scopes import read_scopes
from interop.signon.keyfile import ALGORITHM
from interop.signon.refused import Refused
from interop.signon.tokens import Wanted, head_of, mint, verify

LIVES: Final = 60
"""Seconds of an assertion by which the pages prove who they are."""
PROGRAMS: Final = ("system", "feed", "tester")
"""Roles that nobody has who signs on in a browser."""
EVERYTHING: Final = "user/*.cruds"
"""What the pages are given for whoever signs on, patients too, who decide on their own record; the role says what they may."""
Said = Mapping[str, Any]


async def signed_on(signon: SignOn, configured: Configured, form: dict[str, str], nonce: str, settings: Said) -> tuple[Asker, str]:
    """Who has signed on, for a code: by the claims of the id token and of the UserInfo endpoint, and the table of claims. What the
    pages may do is the role's and the person's, nobody narrows it. With it the Patient in whose context that was, '' for none
    (SMART App Launch 2.2, 2.0.10). Raises Refused, Unreachable."""
    where = configured.address(settings, "token_endpoint")
    if not where:
        raise Unreachable("no token endpoint")
    proof, headers = _proof(signon, settings, where)
    try:
        said = await signon.fetcher.posted(where, {**form, **proof}, headers)
    except Declined:
        raise Refused("code") from None
    claims = await identity(signon, configured, said, configured.wanted.issuer, signon.client_id, nonce)
    asker = configured.asker({**await _more(signon, configured, said, settings, claims["sub"]), **claims})
    if asker.role in PROGRAMS or not asker.user:
        raise Refused("role")
    return replace(asker, client=signon.client_id, scopes=read_scopes(EVERYTHING), feed=""), str(said.get("patient", ""))


async def identity(signon: SignOn, keys: Configured | Own, said: Said, issuer: str, client: str, nonce: str) -> dict[str, Any]:
    """The claims of an id token (OpenID Connect Core 1.0, 3.1.3.7). Raises Refused, Unreachable."""
    token = said.get("id_token")
    if not isinstance(token, str):
        raise Refused("id-token")
    head = head_of(token)
    wanted = Wanted(issuer, frozenset((client,)))
    claims = verify(token, head, await keys.find(head.kid, head.algorithm), wanted, signon.clock.now() / MICROSECONDS)
    if claims.get("azp", client) != client or (isinstance(claims["aud"], list) and len(claims["aud"]) > 1 and "azp" not in claims):
        raise Refused("audience")
    if not hmac.compare_digest(sha256(nonce.encode()).digest(), sha256(str(claims.get("nonce", "")).encode()).digest()):
        raise Refused("nonce")
    return claims


async def _more(signon: SignOn, configured: Configured, said: Said, settings: Said, subject: str) -> dict[str, Any]:
    """What the UserInfo endpoint says of the same person (OpenID Connect Core 1.0, 5.3.2)."""
    where, token = configured.address(settings, "userinfo_endpoint"), said.get("access_token")
    if settings.get("userinfo_endpoint") is None or not isinstance(token, str):
        return {}
    if not where or not token.isascii():
        raise Unreachable("no address of UserInfo")
    found = await signon.fetcher.object(where, {"authorization": f"Bearer {token}"})
    if found.get("sub") != subject:
        raise Refused("subject")
    return found


def _proof(signon: SignOn, settings: Said, where: str) -> tuple[dict[str, str], dict[str, str]]:
    """How the pages prove who they are, as fields of the form and as headers: by the secret they were given there, by a signature
    of the engine's own key where the provider takes that, or by PKCE alone (RFC 6749, 2.3.1; RFC 7523, 2.2)."""
    methods = settings.get("token_endpoint_auth_methods_supported")
    known = methods if isinstance(methods, list) else ["client_secret_basic"]
    client = signon.client_id
    if signon.client_secret:
        if "client_secret_basic" not in known and "client_secret_post" in known:
            return {"client_secret": signon.client_secret}, {}
        pair = f"{quote_plus(client)}:{quote_plus(signon.client_secret)}".encode()
        return {}, {"authorization": f"Basic {b64encode(pair).decode('ascii')}"}
    if "private_key_jwt" not in known:
        return {}, {}
    now = signon.clock.now() // MICROSECONDS
    claims = {"iss": client, "sub": client, "aud": where, "iat": now, "exp": now + LIVES, "jti": secrets.token_urlsafe(18)}
    signon.own.changed()
    keys = signon.own.keys
    return {"client_assertion_type": ASSERTION, "client_assertion": mint(claims, keys.signing, keys.kid, ALGORITHM, "JWT")}, {}
