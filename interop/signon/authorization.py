"""What an application asks the authorization endpoint for (RFC 6749, 4.1.1; RFC 7636; SMART App Launch 2.2, 2.0.8)."""

from __future__ import annotations

import hmac
import re
from base64 import urlsafe_b64encode
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from hashlib import sha256
from typing import Any, Final

from interop.policy.scopes import covers, read_scope
from interop.signon.apps import App

_CHALLENGE: Final = re.compile(r"[A-Za-z0-9_-]{43}")
_VERIFIER: Final = re.compile(r"[A-Za-z0-9._~-]{43,128}")
_TEXT: Final = re.compile(r"[ -~]{1,1000}")
SIGNING: Final = ("openid", "fhirUser", "profile", "launch", "launch/patient", "online_access", "offline_access")
"""Scopes that are for no resource."""
KEPT: Final = ("online_access", "offline_access")
"""Those that give a refresh token."""


class BadAuthorization(Exception):
    """``error`` is a word of RFC 6749, 4.1.2.1 or OpenID Connect Core, 3.1.2.6, for the application; ``why`` for the audit."""

    def __init__(self, error: str, why: str) -> None:
        super().__init__(error)
        self.error, self.why = error, why


@dataclass(frozen=True, slots=True)
class Wish:
    """A request that is whole. ``scopes`` are those that can be given, as they were written; ``launch`` the handle of a launch from
    a record system, '' for none."""

    client: str
    address: str
    state: str
    challenge: str
    scopes: tuple[str, ...]
    nonce: str = ""
    launch: str = ""

    @property
    def picks(self) -> bool:
        """Whether a patient is to be chosen before a code is given."""
        return not self.launch and any(each == "launch/patient" or each.startswith("patient/") for each in self.scopes)

    def said(self) -> dict[str, Any]:
        """As it is kept."""
        return asdict(self)


def read_wish(form: Mapping[str, str], app: App, address: str, base: str) -> Wish:
    """The request of an application whose address is proved; ``base`` is the FHIR base. Raises BadAuthorization."""
    if form.get("response_type") != "code":
        raise BadAuthorization("unsupported_response_type" if form.get("response_type") else "invalid_request", "response-type")
    if "request" in form or "request_uri" in form:
        raise BadAuthorization("request_not_supported", "request-object")
    if form.get("response_mode", "query") != "query":
        raise BadAuthorization("invalid_request", "response-mode")
    state, nonce, launch = (form.get(name, "") for name in ("state", "nonce", "launch"))
    if not _TEXT.fullmatch(state) or any(each and not _TEXT.fullmatch(each) for each in (nonce, launch)):
        raise BadAuthorization("invalid_request", "state")
    if form.get("code_challenge_method") != "S256" or not _CHALLENGE.fullmatch(form.get("code_challenge", "")):
        raise BadAuthorization("invalid_request", "challenge")
    if form.get("aud", "").rstrip("/") != base:
        raise BadAuthorization("invalid_request", "audience")
    if form.get("prompt") == "none":
        raise BadAuthorization("login_required", "prompt")
    scopes = grantable(form.get("scope", ""), app)
    if ("launch" in scopes) != bool(launch):
        raise BadAuthorization("invalid_request", "launch")
    return Wish(app.id, address, state, form["code_challenge"], scopes, nonce, launch)


def grantable(scope: str, app: App) -> tuple[str, ...]:
    """The scopes that a person may give the application; what is not known or more than it may have is left out. Raises
    BadAuthorization where nothing is left."""
    asked: Iterable[str] = dict.fromkeys(scope.split()) if len(scope) <= 4_096 else ()
    given = tuple(each for each in asked if each in SIGNING or _may(each, app))
    if not any(each not in KEPT and each != "launch" for each in given):
        raise BadAuthorization("invalid_scope", "scope")
    return given


def _may(text: str, app: App) -> bool:
    scope = read_scope(text)
    return scope is not None and scope.context != "system" and covers(app.scopes, scope)


def challenge(verifier: str) -> str:
    """S256 (RFC 7636, 4.2)."""
    return urlsafe_b64encode(sha256(verifier.encode("ascii")).digest()).rstrip(b"=").decode("ascii")


def proves(verifier: str, challenged: str) -> bool:
    """Whether a verifier is the one that was challenged (RFC 7636, 4.6)."""
    return _VERIFIER.fullmatch(verifier) is not None and hmac.compare_digest(challenge(verifier), challenged)
