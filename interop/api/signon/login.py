"""Signing on to our own pages (OpenID Connect Core 1.0, 3.1; OAuth 2.1): to the issuer and back, and off again.

The issuer is the configured one, found by discovery, or the embedded one; the way is the same: code, PKCE, state, nonce, ``iss``.
"""

from __future__ import annotations

import hmac
import re
import secrets
from dataclasses import replace
from typing import Final
from urllib.parse import urlencode

from interop.api import links
from interop.api.asgi import ASKER, Request, Response
from interop.api.auditing.scope import SIGNING, WHY
from interop.api.services import Services
from interop.api.signon import screens
from interop.api.signon.backend import BadRequest
from interop.api.signon.codes import AUTHORIZATION_CODE, authorization_code
from interop.api.signon.endpoints import read_form
from interop.api.signon.fetching import Unreachable
from interop.api.signon.limits import Throttled, place_of
from interop.api.signon.relying import identity, signed_on
from interop.api.signon.secrets import Secrets
from interop.api.signon.service import SignOn
from interop.api.signon.sessions import FIELD, Foreign, cookie
from interop.clock import MICROSECONDS
from interop.errors import Problem
from interop.policy.asker import Asker
from interop.signon.apps import CALLBACK, PAGES
from interop.signon.authorization import challenge
from interop.signon.refused import Refused

GOING: Final = ("interop-going", "__Host-interop-going")
"""Cookies of a browser that is on its way to the issuer."""
PATIENCE: Final = 10 * 60
"""Seconds until it is back."""
OWN: Final = "openid fhirUser profile user/*.cruds"
"""What the pages ask for: what one's role may, of a patient the own record alone."""
HINTS: Final = ("login_hint", "record")
UNASKED: Final = ("going", "state")
"""Why somebody comes back who did not go from here: any page can send everyone of a hospital so, who then must not wait."""
_ID: Final = re.compile(r"[A-Za-z0-9\-.]{1,64}")
_PATH: Final = re.compile(r"/(?:[A-Za-z0-9_.~-]+(?:/[A-Za-z0-9_.~-]+)*/?)?")


async def login(signon: SignOn, services: Services, request: Request) -> Response:
    """``GET /auth/login?to=/PATH``: to the issuer, with what must come back in a sealed cookie. ``login_hint`` and, for the
    embedded issuer, ``record`` are handed on: who signs on there, and whose record is theirs. ``launch`` is the handle of a launch
    from a record system (SMART App Launch 2.2, 2.0.8): who comes back is led to the Patient of its context, under ``to``."""
    root = links.root(request, signon.base)
    try:
        said = dict(request.query)
        to, launch = said.get("to", "/"), said.get("launch", "")
        where, issuer, scope = await _issuer(signon, root)
    except Problem:
        return screens.stopped("That address cannot be understood.", demo=signon.demo)
    except Unreachable:
        raise Problem("issuer-unavailable") from None
    state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
    until = signon.clock.now() // MICROSECONDS + PATIENCE
    to = to if _PATH.fullmatch(to) else "/"
    going = signon.seal().seal("going", [until, state, nonce, verifier, issuer, to, bool(launch)])
    asked = {
        "response_type": "code",
        "client_id": signon.client_id if not signon.demo else PAGES,
        "redirect_uri": root + CALLBACK,
        "scope": f"{scope} launch" if launch else scope,
        "state": state,
        "nonce": nonce,
        "code_challenge": challenge(verifier),
        "code_challenge_method": "S256",
        **({"launch": launch} if launch else {}),
        **({"aud": f"{root}/fhir"} if signon.demo or launch else {}),
        **{name: said[name] for name in (HINTS if signon.demo else HINTS[:1]) if said.get(name)},
    }
    return screens.led(
        f"{where}{'&' if '?' in where else '?'}{urlencode(asked)}", [signon.sessions.cookie(request, GOING, going, PATIENCE)]
    )


async def callback(signon: SignOn, services: Services, request: Request) -> Response:
    """``GET /auth/callback``: what the issuer has said, held against what was asked; then a session under a new cookie."""
    request.scope[SIGNING] = "sign-on"
    failures = signon.failures.of(place_of(request))
    if failures.empty(signon.clock.now()):
        raise Throttled(failures.wait())
    try:
        asker, to = await _back(signon, request)
    except Refused as refused:
        if refused.why not in UNASKED:
            failures.take(signon.clock.now())
        request.scope[WHY] = refused.why
        return screens.stopped("Signing in was not completed. Please begin again.", demo=signon.demo)
    except Unreachable:
        raise Problem("issuer-unavailable") from None
    request.scope[ASKER] = asker
    headers = await signon.sessions.begin(request, asker)
    return screens.led(to, [*headers, signon.sessions.cookie(request, GOING, "")])


async def logout(signon: SignOn, services: Services, request: Request) -> Response:
    """``/auth/logout``: a page that asks, and by POST with the session's token the end of it."""
    session = await signon.sessions.find(request)
    if session is None:
        return screens.stopped("Nobody was signed in.", status=200, demo=signon.demo)
    if request.method == "GET":
        return screens.leaving(session.token, demo=signon.demo)
    request.scope[SIGNING], request.scope[ASKER] = "sign-off", session.asker
    signon.sessions.ours(request)
    try:
        said = (await read_form(request)).get(FIELD, "")
    except BadRequest:
        raise Foreign("csrf") from None
    signon.sessions.check(session, said)
    headers = await signon.sessions.end(request, session)
    response = screens.left(await _there(signon), demo=signon.demo)
    response.headers += [*headers, (b"clear-site-data", b'"cache", "storage"')]
    return response


async def _there(signon: SignOn) -> str:
    """Where one signs out of the issuer as well, which else lets the next person in without asking who that is (OpenID Connect
    RP-Initiated Logout 1.0); '' where it does not say."""
    try:
        where = signon.configured.address(await signon.configured.settings(), "end_session_endpoint") if signon.configured else ""
    except Unreachable:
        where = ""
    if not where:
        return ""
    return f"{where}{'&' if '?' in where else '?'}{urlencode({'client_id': signon.client_id})}"


async def _issuer(signon: SignOn, root: str) -> tuple[str, str, str]:
    """Where to go, who that is, and what to ask for. Raises Unreachable."""
    if signon.configured is None:
        return f"{root}/auth/authorize", root, OWN
    where = signon.configured.address(await signon.configured.settings(), "authorization_endpoint")
    if not where:
        raise Unreachable("no authorization endpoint")
    return where, signon.configured.wanted.issuer, signon.scope


async def _back(signon: SignOn, request: Request) -> tuple[Asker, str]:
    """Who has signed on, and where they were going. Raises Refused, Unreachable."""
    try:
        pairs = request.query
        kept = cookie(request, GOING[signon.sessions.tls(request)])
        until, state, nonce, verifier, issuer, to, launched = signon.seal().open("going", kept)
    except (Problem, ValueError):
        raise Refused("going") from None
    form = dict(pairs)
    if len(form) != len(pairs) or until <= signon.clock.now() // MICROSECONDS:
        raise Refused("going")
    if not hmac.compare_digest(state.encode(), form.get("state", "").encode()):
        raise Refused("state")
    if not await Secrets(signon.store, signon.clock).use("state", state, 2 * PATIENCE):
        raise Refused("replayed")
    root = links.root(request, signon.base)
    settings = await signon.configured.settings() if signon.configured is not None else {}
    named = form.get("iss", "")
    if (named or signon.demo or settings.get("authorization_response_iss_parameter_supported") is True) and named != issuer:
        raise Refused("mix-up")
    if "error" in form or not form.get("code"):
        raise Refused("denied")
    asked = {
        "grant_type": AUTHORIZATION_CODE,
        "code": form["code"],
        "redirect_uri": root + CALLBACK,
        "client_id": signon.client_id if not signon.demo else PAGES,
        "code_verifier": verifier,
    }
    if signon.configured is None:
        asker, patient = await _embedded(signon, request, asked, nonce, root)
    else:
        asker, patient = await signed_on(signon, signon.configured, asked, nonce, settings)
    return asker, _context(to, patient) if launched else to


def _context(to: str, patient: str) -> str:
    """Where a launch leads: to the Patient whom it is about. Raises Refused where the issuer names none."""
    if not _ID.fullmatch(patient):
        raise Refused("launch")
    return f"{to.rstrip('/')}/{patient}"


async def _embedded(signon: SignOn, request: Request, asked: dict[str, str], nonce: str, root: str) -> tuple[Asker, str]:
    try:
        said = await authorization_code(signon, request, asked, f"{root}/signon/token")
    except BadRequest as bad:
        raise Refused(bad.why) from None
    claims = await identity(signon, signon.own, said, root, PAGES, nonce)
    asker = (await signon.door.verify(said["access_token"])).asker
    if not asker.user.endswith(f"|{claims['sub']}"):
        raise Refused("subject")
    if said.get("patient") and asker.role != "patient":  # a launch says what is opened first and narrows nobody
        asker = replace(asker, patient="")
    return asker, str(said.get("patient", ""))
