"""Access tokens for the application itself: a JWT that its own key has signed is exchanged for one (RFC 7523, 2.2; RFC 6749, 4.4).

The service asks for RS512, a key id, and no more than five minutes between making and end of the JWT.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Final
from uuid import uuid4

from interop.errors import Problem

if TYPE_CHECKING:
    import httpx

ASSERTION: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
LIVES: Final = 300
"""Seconds of an assertion."""
EARLY: Final = 30
"""Seconds before its end at which a token is no longer used."""
WEAKEST: Final = 4096
"""Bits of the key, as the service asks for them."""
_SECOND: Final = 1_000_000


class Tokens:
    """The token of one application, kept until shortly before it ends. Raises ValueError for a key that cannot sign."""

    def __init__(self, url: str, client: str, kid: str, pem: bytes, now: Callable[[], int]) -> None:
        from joserfc.errors import JoseError
        from joserfc.jwk import RSAKey

        self.url, self._client, self._kid, self._now = url, client, kid, now
        try:
            self._key = RSAKey.import_key(pem)
            bits = self._key.private_key.key_size if self._key.is_private and self._key.private_key is not None else 0
        except (JoseError, ValueError, TypeError):
            bits = 0
        if bits < WEAKEST:
            raise ValueError(
                f"the key of PDS must be a private RSA key of at least {WEAKEST} bits, in PEM and without a passphrase"
            )
        self._token, self._until = "", 0

    async def bearer(self, http: httpx.AsyncClient, judged: Callable[[httpx.Response], httpx.Response]) -> str:
        """A token that is valid now; raises Problem ``source-denied``, and what ``judged`` raises."""
        if self._token and self._now() < self._until:
            return self._token
        form = {"grant_type": "client_credentials", "client_assertion_type": ASSERTION, "client_assertion": self._assertion()}
        answer = await http.post(self.url, data=form, headers={"Accept": "application/json"})
        if answer.status_code in (400, 401, 403):
            raise Problem("source-denied", detail=f"HTTP {answer.status_code} from the token address")
        try:
            said = json.loads(judged(answer).content)
            token, lasts = said["access_token"], str(said.get("expires_in", LIVES))
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            raise Problem("source-error", detail="an answer of the token address that is no token") from None
        if not isinstance(token, str) or not re.fullmatch(r"[\x21-\x7e]{1,8192}", token):
            raise Problem("source-error", detail="an answer of the token address that is no token")
        seconds = int(lasts) if re.fullmatch(r"\d{1,6}", lasts, re.ASCII) else LIVES
        self._token, self._until = token, self._now() + max(seconds - EARLY, 0) * _SECOND
        return token

    def forget(self) -> None:
        """The service does not take the token: the next request is made with another."""
        self._token = ""

    def _assertion(self) -> str:
        from joserfc import jwt

        now = self._now() // _SECOND
        claims = {
            "iss": self._client, "sub": self._client, "aud": self.url, "jti": str(uuid4()), "iat": now, "exp": now + LIVES - EARLY,
        }  # fmt: skip
        return jwt.encode({"alg": "RS512", "kid": self._kid, "typ": "JWT"}, claims, self._key, algorithms=["RS512"])
