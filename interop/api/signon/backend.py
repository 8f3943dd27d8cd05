"""Tokens for registered backend services (SMART Backend Services, 3.2.3 to 3.2.5; RFC 6749, 4.4)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from interop.api.asgi import ASKER, Request
from interop.api.signon.fetching import Unreachable
from interop.api.signon.limits import Throttled, place_of
from interop.api.signon.service import SignOn
from interop.clock import MICROSECONDS
from interop.errors import Problem
from interop.policy.asker import Asker
from interop.signon.assertions import assertion_head, granted, verify_assertion
from interop.signon.clients import BadClients, Client
from interop.signon.keys import Key
from interop.signon.refused import Refused
from interop.signon.tokens import Head
from interop.store.values import Change, Conflict, Used

CLIENT_CREDENTIALS: Final = "client_credentials"
ASSERTION: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
LIVES: Final = 300
"""Seconds: the longest that SMART allows."""


class BadRequest(Exception):
    """A token is not given. ``error`` is a word of RFC 6749, 5.2; ``why`` is for the audit alone."""

    def __init__(self, error: str, *, why: str = "") -> None:
        super().__init__(error)
        self.error, self.why = error, why or error
        self.status = 401 if error == "invalid_client" else 400


async def client_credentials(signon: SignOn, request: Request, form: Mapping[str, str], endpoint: str) -> dict[str, Any]:
    """A token for a client that proves who it is. Raises BadRequest, Throttled."""
    if form.get("client_assertion_type") != ASSERTION or not form.get("client_assertion"):
        raise BadRequest("invalid_request")
    now = signon.clock.now()
    place = signon.failures.of(place_of(request))
    if place.empty(now):
        raise Throttled(place.wait())
    try:
        head = assertion_head(form["client_assertion"])
        failures = signon.failures.of(("client", head.issuer[:100]))
        if failures.empty(now) and not place.full(now):  # whoever fails under another's name does not keep that one out
            raise Throttled(failures.wait())
        try:
            client = await _proved(signon, form["client_assertion"], head, endpoint, now)
        except Refused:
            failures.take(now)
            raise
    except Refused as refused:
        place.take(now)
        raise BadRequest("invalid_client", why=refused.why) from None
    request.scope[ASKER] = Asker(role=client.role, organisation=client.organisation, client=client.id)
    try:
        scopes = granted(client, form.get("scope", ""))
    except Refused as refused:
        raise BadRequest("invalid_scope", why=refused.why) from None
    scope = " ".join(map(str, scopes))
    claims = {
        "sub": client.id,
        "client_id": client.id,
        "role": client.role,
        "organisation": client.organisation,
        "feed": client.feed,
        "scope": scope,
    }
    signon.own.changed()
    token = signon.own.issuer.issue(signon.own.keys, claims, now=now / MICROSECONDS, seconds=LIVES)
    return {"access_token": token, "token_type": "bearer", "expires_in": LIVES, "scope": scope}


async def _proved(signon: SignOn, assertion: str, head: Head, endpoint: str, now: int) -> Client:
    """The client whose assertion this is, used up now. Raises Refused; Problem where what proves it cannot be had."""
    try:
        client = signon.clients().get(head.issuer)
    except BadClients:
        raise Problem("fault") from None
    if client is None:
        raise Refused("client")
    key: Key | None
    if client.jwks_url:
        try:
            key = await signon.remote(client).find(head.kid, head.algorithm)
        except Unreachable:
            raise Refused("key") from None
    else:
        key = client.keys.find(head.kid, head.algorithm)
    used, until = verify_assertion(assertion, head, client, key, endpoint, now / MICROSECONDS)
    if isinstance(await signon.store.commit(Change(used=[Used(used, until * MICROSECONDS, now)])), Conflict):
        raise Refused("replayed")
    return client
