"""The engine as an issuer: the embedded one for demonstrations, and tokens for registered backend services."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from interop.signon.keyfile import ALGORITHM, OwnKeys
from interop.signon.tokens import Wanted, mint

DEMO: Final = "https://demo.interop.invalid"
"""The embedded issuer: a name that no server can have (RFC 6761, 6.4). What it says of anyone proves nothing."""
DEMO_AUDIENCE: Final = f"{DEMO}/fhir"
"""For whom its tokens are: any engine that has the key, wherever it listens."""
SERVICES: Final = "/signon"
"""Below the root of an engine that has a configured issuer: its own, for backend services."""


@dataclass(frozen=True, slots=True)
class OwnIssuer:
    """Issues tokens with the engine's own key. ``demo``: the embedded issuer of the default run, which may make anyone anything."""

    name: str = DEMO
    audience: str = DEMO_AUDIENCE
    demo: bool = True

    @property
    def wanted(self) -> Wanted:
        """What its tokens must say."""
        return Wanted(self.name, frozenset((self.audience,)))

    def issue(self, keys: OwnKeys, claims: Mapping[str, Any], *, now: float, seconds: int) -> str:
        """A token that ends in so many seconds; ``claims`` without value are left out."""
        said: dict[str, Any] = {name: value for name, value in claims.items() if value}
        said |= {
            "iss": self.name,
            "aud": self.audience,
            "iat": int(now),
            "exp": int(now) + seconds,
            "jti": secrets.token_urlsafe(18),
        }
        return mint(said, keys.signing, keys.kid, ALGORITHM)


def default_scope(role: str, patient: str) -> str:
    """What a demonstration token is given for where nobody says: all that the role may."""
    if patient or role == "patient":
        return "patient/*.rs"
    return "system/*.cruds" if role in ("system", "feed", "tester") else "user/*.cruds"
