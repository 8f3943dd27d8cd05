"""Codes and what they are exchanged for (RFC 6749, 4.1.3 and 6; RFC 7636; RFC 9700, 4.14: refresh tokens of public clients)."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from typing import Any, Final

from interop.api.asgi import ASKER, Request
from interop.api.signon.backend import BadRequest
from interop.api.signon.limits import Throttled, place_of
from interop.api.signon.secrets import Secrets
from interop.api.signon.service import SignOn
from interop.clock import MICROSECONDS
from interop.errors import Problem
from interop.policy.asker import Asker
from interop.signon.apps import BadApps
from interop.signon.authorization import KEPT, BadAuthorization, Wish, grantable, proves
from interop.signon.issuer import DEMO
from interop.signon.keyfile import ALGORITHM
from interop.signon.people import DemoUser, demo_users
from interop.signon.refused import Refused
from interop.signon.tokens import mint

AUTHORIZATION_CODE: Final = "authorization_code"
REFRESH_TOKEN: Final = "refresh_token"
CODE: Final = "code"
FAMILY: Final = "family"
LIVES: Final = 60
"""Seconds of a code."""
TOKEN: Final = 3_600
"""Seconds of an access token of a person."""
REFRESHED: Final = {"online_access": 12 * 3_600, "offline_access": 30 * 24 * 3_600}
"""Seconds from sign-on for which refresh tokens are given."""
KNOWN: Final = 2 * TOKEN
"""Seconds for which a code that was used is known as such: as long as what it gave may live, and more."""


async def give_code(signon: SignOn, wish: Wish, user: DemoUser, patient: str, fhir_user: str, root: str) -> str:
    """A code for what a person has given an application."""
    said = {**wish.said(), "user": user.user, "patient": patient, "fhir_user": fhir_user, "root": root}
    said["auth_time"] = now = signon.clock.now() // MICROSECONDS
    said["until"], said["family"] = now + LIVES, secrets.token_hex(16)
    kept = Secrets(signon.store, signon.clock)
    await kept.keep(FAMILY, said["family"], {}, LIVES + max(_longest(wish.scopes), KNOWN))
    return await kept.give(CODE, said, KNOWN)


def _longest(scopes: Sequence[str]) -> int:
    """Seconds from sign-on for which refresh tokens are given."""
    return max((REFRESHED[each] for each in KEPT if each in scopes), default=0)


async def authorization_code(signon: SignOn, request: Request, form: Mapping[str, str], endpoint: str) -> dict[str, Any]:
    """Tokens for a code. Whoever comes with it again ends what it has given (RFC 6749, 4.1.2). Raises BadRequest, Throttled."""
    failures = signon.failures.of(place_of(request))
    if failures.empty(signon.clock.now()):
        raise Throttled(failures.wait())
    try:
        return await _exchanged(signon, request, form)
    except BadRequest:
        failures.take(signon.clock.now())
        raise


async def _exchanged(signon: SignOn, request: Request, form: Mapping[str, str]) -> dict[str, Any]:
    kept, code = Secrets(signon.store, signon.clock), form.get("code", "")
    if not all(form.get(name) for name in ("code", "client_id", "redirect_uri", "code_verifier")):
        raise BadRequest("invalid_request")
    said = await kept.find(CODE, code)
    if said is None:
        raise BadRequest("invalid_grant", why="code")
    if not await kept.use(CODE, code, KNOWN):
        await ended(signon, said["family"])
        raise BadRequest("invalid_grant", why="replayed")
    if signon.clock.now() // MICROSECONDS >= said["until"]:
        raise BadRequest("invalid_grant", why="expired")
    if form["client_id"] != said["client"] or form["redirect_uri"] != said["address"]:
        raise BadRequest("invalid_grant", why="client")
    if not proves(form["code_verifier"], said["challenge"]):
        raise BadRequest("invalid_grant", why="verifier")
    return await _given(signon, request, kept, said, said["scopes"])


async def refresh_token(signon: SignOn, request: Request, form: Mapping[str, str], endpoint: str) -> dict[str, Any]:
    """New tokens for a refresh token, once; one that comes again ends all that have come from the same sign-on. Raises BadRequest,
    Throttled."""
    failures, now = signon.failures.of(place_of(request)), signon.clock.now()
    if failures.empty(now):
        raise Throttled(failures.wait())
    kept, token = Secrets(signon.store, signon.clock), form.get("refresh_token", "")
    said = await kept.find(REFRESH_TOKEN, token)
    try:
        if said is None or form.get("client_id") != said["client"]:
            raise BadRequest("invalid_grant", why="token" if said is None else "client")
        scopes = _narrowed(said["scopes"], form.get("scope", ""))
        if not await kept.use(REFRESH_TOKEN, token, REFRESHED["offline_access"]):
            await ended(signon, said["family"])
            raise BadRequest("invalid_grant", why="replayed")
        return await _given(signon, request, kept, said, scopes)
    except BadRequest:
        failures.take(now)
        raise


def _narrowed(given: Sequence[str], asked: str) -> Sequence[str]:
    """The scopes of a new token: those given at sign-on, or the ones of them that are asked for (RFC 6749, 6)."""
    wanted = asked.split()
    if not set(wanted) <= set(given):
        raise BadRequest("invalid_scope")
    return wanted or given


async def _given(signon: SignOn, request: Request, kept: Secrets, said: dict[str, Any], scopes: Sequence[str]) -> dict[str, Any]:
    """The answer of the token endpoint: what SMART App Launch 2.2, 2.0.12 has stand in it."""
    user, now = demo_users().get(said["user"]), signon.clock.now()
    if await kept.find(FAMILY, said["family"]) is None:
        raise BadRequest("invalid_grant", why="revoked")
    try:
        app = signon.app(said["client"], said["address"], said["root"])
    except BadApps:
        raise Problem("fault") from None
    if app is None:
        raise BadRequest("invalid_grant", why="client")
    if user is None:
        raise BadRequest("invalid_grant", why="user")
    try:
        scopes = grantable(" ".join(scopes), app)  # as the application is registered now
    except BadAuthorization as bad:
        raise BadRequest("invalid_scope", why=bad.why) from None
    scope = " ".join(
        each for each in scopes if each != "fhirUser" or said["fhir_user"]
    )  # nothing in the record stands for the others
    claims = {
        "sub": user.user,
        "client_id": said["client"],
        "role": user.role,
        "organisation": user.organisation,
        "fhirUser": said["fhir_user"],
        "patient": said["patient"],
        "scope": scope,
        "sid": said["family"],
    }
    signon.own.changed()
    token = signon.own.issuer.issue(signon.own.keys, claims, now=now / MICROSECONDS, seconds=TOKEN)
    try:
        request.scope[ASKER] = (await signon.door.verify(token)).asker
    except Refused as refused:
        raise BadRequest("invalid_grant", why=refused.why) from None
    answer: dict[str, Any] = {"access_token": token, "token_type": "Bearer", "expires_in": TOKEN, "scope": scope}
    if said["patient"]:
        answer |= {"patient": said["patient"], "need_patient_banner": True}
    if "openid" in scopes:
        answer["id_token"] = _identity(signon, said, user, now // MICROSECONDS)
    left = said["auth_time"] + _longest(said["scopes"]) - now // MICROSECONDS
    if left > 0:
        answer[REFRESH_TOKEN] = await kept.give(REFRESH_TOKEN, said, left)
    return answer


async def ended(signon: SignOn, family: str) -> None:
    """All that has come of one sign-on is void: every access token that bears its name, the codes and refresh tokens."""
    await Secrets(signon.store, signon.clock).keep(FAMILY, family, None, 0)
    await signon.door.withdraw(family, signon.clock.now() + TOKEN * MICROSECONDS)


def _identity(signon: SignOn, said: dict[str, Any], user: DemoUser, now: int) -> str:
    """OpenID Connect Core 1.0, 2; the issuer is the server, where an application finds its settings and keys."""
    claims = {
        "iss": said["root"],
        "aud": said["client"],
        "sub": user.user,
        "iat": now,
        "exp": now + TOKEN,
        "auth_time": said["auth_time"],
        "nonce": said["nonce"],
        "name": user.name if "profile" in said["scopes"] else "",
        "fhirUser": said["fhir_user"] and "fhirUser" in said["scopes"] and f"{said['root']}/fhir/{said['fhir_user']}",
    }
    keys = signon.own.keys
    return mint({name: value for name, value in claims.items() if value}, keys.signing, keys.kid, ALGORITHM, "JWT")


def asker_of(user: DemoUser, client: str) -> Asker:
    """Who asks where there is no access token: while a patient is chosen, and by a refresh token."""
    return Asker(user=f"{DEMO}|{user.user}", role=user.role, organisation=user.organisation, client=client)
