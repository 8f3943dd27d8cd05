"""The authorization endpoint of the embedded issuer (RFC 6749, 3.1; SMART App Launch 2.2, 2.0): who one is, whose record, a code.

What a page gives the browser to bring back is sealed, for a quarter of an hour, and of use in that browser alone.
"""

from __future__ import annotations

import hmac
import re
import secrets
from collections.abc import Mapping
from hashlib import sha256
from typing import Final, NamedTuple
from urllib.parse import urlencode

import orjson

from interop.api import links
from interop.api.asgi import ASKER, JSON, Request, Response, Unkept
from interop.api.auditing.scope import SIGNING, WHY
from interop.api.services import Services
from interop.api.signon import screens
from interop.api.signon.backend import BadRequest
from interop.api.signon.codes import asker_of, give_code
from interop.api.signon.endpoints import read_form
from interop.api.signon.inside import find, sees, stands
from interop.api.signon.limits import Throttled, place_of
from interop.api.signon.secrets import Secrets
from interop.api.signon.service import SignOn
from interop.api.signon.sessions import cookie
from interop.clock import MICROSECONDS
from interop.errors import Problem
from interop.policy.asker import Asker
from interop.policy.scopes import Scope, read_scopes
from interop.signon.apps import PAGES, App, BadApps
from interop.signon.authorization import BadAuthorization, Wish, read_wish
from interop.signon.issuer import DEMO
from interop.signon.people import DemoUser, demo_users

BROWSERS: Final = ("interop-signing-on", "__Host-interop-signing-on")
"""Cookies of a browser that is signing on."""
PATIENCE: Final = 15 * 60
"""Seconds for which a page can be sent in."""
LAUNCH: Final = "launch"
LAUNCHED: Final = 5 * 60
"""Seconds within which an application comes with the handle of a launch."""
FINDING: Final = (Scope("user", "Patient", "rs"),)
UNNAMED: Final = ("patient", "carer", "tester")
"""Roles for which no Practitioner stands."""
_ID: Final = re.compile(r"[A-Za-z0-9\-.]{1,64}")
_BROWSER: Final = re.compile(r"[A-Za-z0-9_-]{43}")


class Ticket(NamedTuple):
    """What a page brings back: the request, and once one has said who one is, that."""

    wish: Wish
    user: str = ""


async def authorize(signon: SignOn, services: Services, request: Request) -> Response:
    """``GET /auth/authorize``"""
    _demo(signon)
    try:
        pairs = request.query
    except Problem:
        return _lost(request, "address")
    form = dict(pairs)
    app = _app(signon, request, form.get("client_id", ""), form.get("redirect_uri", ""))
    if app is None or len([each for each, _ in pairs if each in ("client_id", "redirect_uri")]) != 2:
        return _lost(request, "client")
    address = form["redirect_uri"]
    try:
        if len(form) != len(pairs):
            raise BadAuthorization("invalid_request", "repeated")
        wish = read_wish(form, app, address, links.base(request, signon.base))
        if not await services.understands(read_scopes(" ".join(wish.scopes))):
            raise BadAuthorization("invalid_scope", "criteria")
    except BadAuthorization as bad:
        request.scope[SIGNING], request.scope[WHY] = "sign-on", bad.why
        return _back(signon, request, address, form.get("state", ""), {"error": bad.error})
    browser = cookie(request, BROWSERS[signon.sessions.tls(request)])
    if not _BROWSER.fullmatch(browser):
        browser = secrets.token_urlsafe(32)
    hint = screens.Hint(form.get("login_hint", ""), form.get("record", ""))
    sealed = _sealed(signon, Ticket(wish), browser)
    response = screens.users(sealed, demo_users().values(), _called(signon, app.id), address, hint)
    response.headers.append(signon.sessions.cookie(request, BROWSERS, browser, PATIENCE))
    return response


async def sign_on(signon: SignOn, services: Services, request: Request) -> Response:
    """``POST /auth/sign-on``: who one is."""
    _demo(signon)
    request.scope[SIGNING] = "sign-on"
    form, ticket = await _ticket(signon, request)
    user = demo_users().get(form.get("user", "")) if ticket is not None else None
    if ticket is None or user is None:
        return _failed(signon, request, "ticket" if ticket is None else "user")
    request.scope[ASKER] = asker_of(user, ticket.wish.client)
    if user.role == "patient":
        record = form.get("record", "")
        if not _ID.fullmatch(record):
            signon.failures.of(place_of(request)).take(signon.clock.now())
            request.scope[WHY] = "record"
            wrong, called = "Enter the id of the Patient whose record is yours", _called(signon, ticket.wish.client)
            hint = screens.Hint(user.user, record)
            return screens.users(form["ticket"], demo_users().values(), called, ticket.wish.address, hint, wrong)
        if ticket.wish.launch:
            return _denied(signon, request, ticket.wish)
        return await _coded(signon, services, request, ticket.wish, user, record, f"Patient/{record}")
    if ticket.wish.launch:
        kept = Secrets(signon.store, signon.clock)
        launched = await kept.find(LAUNCH, ticket.wish.launch)
        fitting = launched is not None and launched["user"] == f"{DEMO}|{user.user}"
        if launched is None or not fitting or not await kept.use(LAUNCH, ticket.wish.launch, 2 * LAUNCHED):
            return _denied(signon, request, ticket.wish)
        return await _coded(signon, services, request, ticket.wish, user, launched["patient"], "")
    if ticket.wish.picks:
        del request.scope[SIGNING]
        browser = cookie(request, BROWSERS[signon.sessions.tls(request)])
        sealed = _sealed(signon, ticket._replace(user=user.user), browser)
        return screens.picker(sealed, None, _called(signon, ticket.wish.client), ticket.wish.address)
    return await _coded(signon, services, request, ticket.wish, user, "", "")


async def patient(signon: SignOn, services: Services, request: Request) -> Response:
    """``POST /auth/patient``: whose record it is about, of those whom one may see."""
    _demo(signon)
    request.scope[SIGNING] = "sign-on"
    form, ticket = await _ticket(signon, request)
    user = demo_users().get(ticket.user) if ticket is not None else None
    if ticket is None or user is None:
        return _failed(signon, request, "ticket")
    asker = asker_of(user, ticket.wish.client)
    request.scope[ASKER] = asker = Asker(asker.user, asker.role, asker.organisation, asker.client, scopes=FINDING)
    chosen = form.get("patient", "")
    if chosen:
        if not _ID.fullmatch(chosen) or not await sees(services, request, asker, chosen):
            return _denied(signon, request, ticket.wish)
        return await _coded(signon, services, request, ticket.wish, user, chosen, "")
    del request.scope[SIGNING]
    number = ("identifier", "".join(form.get("identifier", "").split()))
    criteria = [
        *(("name", each) for each in form.get("name", "").split()),
        ("birthdate", form.get("birthdate", "").strip()),
        number,
    ]
    criteria = [(name, value) for name, value in criteria if value]
    found = await find(services, request, asker, criteria) if criteria else []
    return screens.picker(form["ticket"], found, _called(signon, ticket.wish.client), ticket.wish.address)


async def launch(signon: SignOn, services: Services, request: Request) -> Response:
    """``POST /auth/launch``: a handle for starting an application with a Patient whom who asks may see. ``{"patient": ID}``."""
    _demo(signon)
    asker = request.asker
    if not asker.user:
        raise Problem("unauthenticated" if not asker.role else "forbidden")
    try:
        said = orjson.loads(await request.body(4_096))
        chosen = str(said["patient"])
    except (ValueError, KeyError, TypeError):
        raise Problem("bad-parameter", where="patient") from None
    if not _ID.fullmatch(chosen) or not await sees(services, request, asker, chosen):
        raise Problem("not-found")
    handle = await Secrets(signon.store, signon.clock).give(LAUNCH, {"user": asker.user, "patient": chosen}, LAUNCHED)
    return Unkept(201, orjson.dumps({"launch": handle, "expires_in": LAUNCHED}), JSON)


def _demo(signon: SignOn) -> None:
    if not signon.demo:
        raise Problem("not-found")


def _app(signon: SignOn, request: Request, client: str, address: str) -> App | None:
    """Who asks for a code, its address proved. Raises Problem where the file of applications cannot be used."""
    try:
        return signon.app(client, address, links.root(request, signon.base))
    except BadApps:
        raise Problem("fault") from None


def _called(signon: SignOn, client: str) -> str:
    """What the pages call an application."""
    try:
        registered = signon.apps().get(client)
    except BadApps:
        registered = None
    return "this engine" if client == PAGES else registered.name if registered is not None else client


def _sealed(signon: SignOn, ticket: Ticket, browser: str) -> str:
    until = signon.clock.now() // MICROSECONDS + PATIENCE
    return signon.seal().seal("ticket", [until, sha256(browser.encode()).hexdigest(), ticket.wish.said(), ticket.user])


async def _ticket(signon: SignOn, request: Request) -> tuple[Mapping[str, str], Ticket | None]:
    """The form of a page, with its ticket where that is of this browser, of our page, and in time. Raises Throttled, Foreign."""
    failures = signon.failures.of(place_of(request))
    if failures.empty(signon.clock.now()):
        raise Throttled(failures.wait())
    signon.sessions.ours(request)
    try:
        form = await read_form(request)
        until, browser, wish, user = signon.seal().open("ticket", form.get("ticket", ""))
    except (BadRequest, Problem):
        return {}, None
    here = sha256(cookie(request, BROWSERS[signon.sessions.tls(request)]).encode()).hexdigest()
    if until <= signon.clock.now() // MICROSECONDS or not hmac.compare_digest(browser, here):
        return {}, None
    return form, Ticket(Wish(**{**wish, "scopes": tuple(wish["scopes"])}), user)


async def _coded(
    signon: SignOn, services: Services, request: Request, wish: Wish, user: DemoUser, chosen: str, fhir_user: str
) -> Response:
    if not fhir_user and user.role not in UNNAMED:
        fhir_user = await stands(services, request, user)
    root = links.root(request, signon.base)
    code = await give_code(signon, wish, user, chosen, fhir_user, root)
    return _back(signon, request, wish.address, wish.state, {"code": code})


def _denied(signon: SignOn, request: Request, wish: Wish) -> Response:
    """The application is told that nothing is given, and not why."""
    request.scope[WHY] = "denied"
    return _back(signon, request, wish.address, wish.state, {"error": "access_denied"})


def _back(signon: SignOn, request: Request, address: str, state: str, said: dict[str, str]) -> Response:
    """To the application, with our name (RFC 9207)."""
    more = {**said, **({"state": state} if state else {}), "iss": links.root(request, signon.base)}
    return screens.led(f"{address}{'&' if '?' in address else '?'}{urlencode(more)}")


def _lost(request: Request, why: str) -> Response:
    request.scope[SIGNING], request.scope[WHY] = "sign-on", why
    return screens.stopped(
        "The application that sent you here is not registered, or asked for an answer at an address that is not its own."
    )


def _failed(signon: SignOn, request: Request, why: str) -> Response:
    """Nothing is told but that it must begin again; a few of these and the address waits."""
    signon.failures.of(place_of(request)).take(signon.clock.now())
    request.scope[WHY] = why
    return screens.stopped("This page was open for too long, or it belongs to another browser. Please begin again.")
