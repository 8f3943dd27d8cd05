"""Addresses of sign-on: the token endpoint (RFC 6749, 3.2), revocation (RFC 7009), keys, and where all of this is."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

import orjson

from interop.api import links
from interop.api.asgi import ASKER, JSON, Request, Response, Unkept, parameters
from interop.api.auditing.scope import WHY
from interop.api.problems import json_error, not_allowed
from interop.api.services import Services
from interop.api.signon.backend import CLIENT_CREDENTIALS, BadRequest, client_credentials
from interop.api.signon.codes import AUTHORIZATION_CODE, REFRESH_TOKEN, asker_of, authorization_code, ended, refresh_token
from interop.api.signon.fetching import Unreachable
from interop.api.signon.limits import Throttled, place_of
from interop.api.signon.secrets import Secrets
from interop.api.signon.service import SignOn
from interop.api.signon.trust import Own
from interop.clock import MICROSECONDS
from interop.errors import Problem
from interop.policy.scopes import read_scopes
from interop.signon.authorization import SIGNING
from interop.signon.keyfile import ALGORITHM
from interop.signon.people import demo_users
from interop.signon.refused import Refused

PREFIX: Final = "/signon/"
WELL_KNOWN: Final = "/.well-known/smart-configuration"
OPENID: Final = "/.well-known/openid-configuration"
PROTECTED: Final = "/.well-known/oauth-protected-resource/fhir"
"""Where RFC 9728, 3.1 has the metadata of ``/fhir``."""
SERVICES: Final = (
    "client-confidential-asymmetric",
    "permission-v1",
    "permission-v2",
    "permission-patient",
    "permission-user",
)
"""What any engine does at which somebody signs on (SMART App Launch 2.2, 3.1: capabilities)."""
PERSONAL: Final = (
    "launch-standalone",
    "launch-ehr",
    "client-public",
    "sso-openid-connect",
    "context-standalone-patient",
    "context-ehr-patient",
    "context-banner",
    "permission-offline",
    "permission-online",
)
"""What the embedded issuer does besides, for people."""
LARGEST: Final = 64 * 1024
"""Bytes of a form."""
FORM: Final = "application/x-www-form-urlencoded"
Form = Mapping[str, str]
Grant = Callable[[SignOn, Request, Form, str], Awaitable[dict[str, Any]]]
GRANTS: Final[dict[str, Grant]] = {
    CLIENT_CREDENTIALS: client_credentials,
    AUTHORIZATION_CODE: authorization_code,
    REFRESH_TOKEN: refresh_token,
}
"""Grant type -> what answers it: sign-on, request, form, the address of the token endpoint."""
PEOPLE: Final = (AUTHORIZATION_CODE, REFRESH_TOKEN)
"""Those of people: the embedded issuer's alone."""


async def answer(services: Services, request: Request) -> Response:
    """Any address of sign-on; raises Problem, Disconnected."""
    signon = services.signon
    found = ADDRESSES.get(request.path)
    if signon is None or found is None:
        raise Problem("not-found")
    methods, handle = found
    if request.method not in methods:
        return json_error(*not_allowed(methods))
    return await handle(signon, services, request)


async def smart_configuration(services: Services, request: Request) -> Response:
    """``GET [base]/.well-known/smart-configuration``; there is none where nobody signs on."""
    if services.signon is None:
        raise Problem("not-found")
    return Response(200, orjson.dumps(configuration(services.signon, request)), JSON)


def configuration(signon: SignOn, request: Request) -> dict[str, Any]:
    """What SMART App Launch 2.2 has a server say of sign-on at its own addresses. Where an issuer is configured, that is for
    backend services alone: people sign on there (``protected``), and one of its addresses beside one of ours would not do."""
    root = links.root(request, signon.base)
    said: dict[str, Any] = {
        "issuer": signon.own.issuer.name,
        "jwks_uri": f"{root}{PREFIX}jwks",
        "token_endpoint": f"{root}{PREFIX}token",
        "revocation_endpoint": f"{root}{PREFIX}revoke",
        "token_endpoint_auth_methods_supported": ["private_key_jwt"],
        "token_endpoint_auth_signing_alg_values_supported": ["RS384", "ES384"],
        "grant_types_supported": sorted(grants(signon)),
        "response_types_supported": [],
        "code_challenge_methods_supported": ["S256"],
        "scopes_supported": ["system/*.cruds", "system/*.rs", "user/*.cruds", "patient/*.rs"],
        "capabilities": list(SERVICES),
    }
    if signon.demo:
        said |= {
            "issuer": root,
            "authorization_endpoint": f"{root}/auth/authorize",
            "token_endpoint_auth_methods_supported": ["private_key_jwt", "none"],
            "response_types_supported": ["code"],
            "authorization_response_iss_parameter_supported": True,
            "scopes_supported": [*SIGNING, *said["scopes_supported"]],
            "capabilities": [*PERSONAL, *said["capabilities"]],
        }
    return said


async def protected(signon: SignOn, services: Services, request: Request) -> Response:
    """Whose tokens the FHIR API takes (RFC 9728, 2)."""
    root = links.root(request, signon.base)
    said = configuration(signon, request)
    issuer = said["issuer"] if signon.configured is None else signon.configured.wanted.issuer
    metadata = {
        "resource": f"{root}/fhir",
        "resource_name": "interop",
        "authorization_servers": [issuer],
        "bearer_methods_supported": ["header"],
        "scopes_supported": said["scopes_supported"],
    }
    return Response(200, orjson.dumps(metadata), JSON)


def grants(signon: SignOn) -> tuple[str, ...]:
    """The grant types that there are."""
    return tuple(each for each in GRANTS if signon.demo or each not in PEOPLE)


async def openid(signon: SignOn, services: Services, request: Request) -> Response:
    """``/.well-known/openid-configuration``: what OpenID Connect Discovery 1.0, 3 has the embedded issuer say."""
    if not signon.demo:
        raise Problem("not-found")
    said = configuration(signon, request)
    more = {"subject_types_supported": ["public"], "id_token_signing_alg_values_supported": [ALGORITHM]}
    left = {name: value for name, value in said.items() if name != "capabilities"}
    return Response(200, orjson.dumps(left | more), JSON)


async def _configuration(signon: SignOn, services: Services, request: Request) -> Response:
    return await smart_configuration(services, request)


async def _jwks(signon: SignOn, services: Services, request: Request) -> Response:
    """The keys of our own tokens (RFC 7517, 5)."""
    signon.own.changed()
    return Response(200, orjson.dumps(signon.own.keys.published(signon.clock.now() / MICROSECONDS)), JSON)


async def _token(signon: SignOn, services: Services, request: Request) -> Response:
    """``POST /signon/token``"""
    try:
        form = await read_form(request)
        grant = GRANTS.get(form.get("grant_type", "")) if form.get("grant_type") in grants(signon) else None
        if grant is None:
            raise BadRequest("unsupported_grant_type" if form.get("grant_type") else "invalid_request")
        endpoint = f"{links.root(request, signon.base)}{PREFIX}token"
        made = await grant(signon, request, form, endpoint)
        if not await services.understands(read_scopes(made["scope"])):
            raise BadRequest("invalid_scope", why="criteria")
    except BadRequest as bad:
        request.scope[WHY] = bad.why
        return _refused(bad)
    return Unkept(200, orjson.dumps(made), JSON)


async def _revoke(signon: SignOn, services: Services, request: Request) -> Response:
    """``POST /signon/revoke``: whoever has a token of either kind may end it, and with it whatever came of the same sign-on. What
    is no token is answered alike (RFC 7009, 2.1, 2.2)."""
    try:
        form = await read_form(request)
    except BadRequest as bad:
        return _refused(bad)
    failures = signon.failures.of(place_of(request))
    now = signon.clock.now()
    if failures.empty(now):
        raise Throttled(failures.wait())
    token = form.get("token", "")
    try:
        refreshing = await Secrets(signon.store, signon.clock).find(REFRESH_TOKEN, token)
        if refreshing is not None:
            user = demo_users().get(refreshing["user"])
            if user is not None:
                request.scope[ASKER] = asker_of(user, refreshing["client"])
            await ended(signon, refreshing["family"])
        else:
            verified = await signon.door.revoke(token)
            request.scope[ASKER] = verified.asker
            if isinstance(verified.trusted, Own) and "sid" in verified.claims:
                await ended(signon, verified.asker.session)
    except Refused as refused:
        failures.take(now)
        request.scope[WHY] = refused.why
    except Unreachable:
        raise Problem("issuer-unavailable") from None
    return Unkept(200)


async def read_form(request: Request) -> Form:
    """The fields of a form, each once; raises BadRequest."""
    if request.header(b"content-type").partition(";")[0].strip().lower() != FORM:
        raise BadRequest("invalid_request")
    try:
        pairs = parameters(await request.body(LARGEST))
    except Problem as problem:
        raise BadRequest("invalid_request") from problem
    form = dict(pairs)
    if len(form) != len(pairs):
        raise BadRequest("invalid_request")
    return form


def _refused(bad: BadRequest) -> Response:
    """RFC 6749, 5.2: a word, and nothing of why."""
    return Unkept(bad.status, orjson.dumps({"error": bad.error}), JSON)


Handler = Callable[[SignOn, Services, Request], Awaitable[Response]]
ADDRESSES: Final[dict[str, tuple[tuple[str, ...], Handler]]] = {
    WELL_KNOWN: (("GET", "HEAD"), _configuration),
    OPENID: (("GET", "HEAD"), openid),
    PROTECTED: (("GET", "HEAD"), protected),
    f"{PREFIX}jwks": (("GET", "HEAD"), _jwks),
    f"{PREFIX}token": (("POST",), _token),
    f"{PREFIX}revoke": (("POST",), _revoke),
}
"""Address -> methods and what answers."""
