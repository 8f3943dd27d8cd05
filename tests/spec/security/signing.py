"""Tokens of the embedded issuer for an engine that runs in this process."""

from __future__ import annotations

import time

from interop.app.engine import Engine
from interop.signon.issuer import OwnIssuer, default_scope
from interop.signon.keyfile import own_keys


def signed(
    engine: Engine, role: str, organisation: str = "", *, feed: str = "", client: str = "", patient: str = "", scope: str = ""
) -> dict[str, str]:
    """The headers of a request by somebody of that role."""
    claims = {
        "sub": client or f"somebody-{role}",
        "role": role,
        "organisation": organisation,
        "feed": feed,
        "client_id": client or f"program-{role}",
        "scope": scope or default_scope(role, patient),
        "patient": patient,
    }
    token = OwnIssuer().issue(own_keys(engine.settings.data), claims, now=time.time(), seconds=600)
    return {"Authorization": f"Bearer {token}"}
