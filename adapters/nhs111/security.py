"""What a request over SOAP claims of its sender, held to what the transport has proved (WS-Security 1.1; ITK 2.2).

Passwords and signatures of a WS-Security header prove nothing here: who sends is proved by the transport. But a header that names
another sender, or that is stale, is refused, so that nothing is taken that its own security header does not cover.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Final

from interop.errors import Problem
from interop.ports import Caller
from interop.ports.feed import contributor

WSSE: Final = "{http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd}"
WSU: Final = "{http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd}"
SKEW: Final = 300
"""Seconds by which clocks may differ (WS-Security UsernameToken Profile 1.1, 3.1)."""
OLDEST: Final = 300
"""Seconds after which a header is stale that does not say when it expires."""
_SAML: Final = ("{urn:oasis:names:tc:SAML:2.0:assertion}", "{urn:oasis:names:tc:SAML:1.0:assertion}")
_ADDRESSES: Final = re.compile(r"urn:nhs-uk:(?:addressing|identity):ods:([A-Za-z0-9]+)(?::.*)?", re.ASCII | re.DOTALL)
_INSTANT: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)?", re.ASCII)


def check_security(root: Any, caller: Caller, now: int) -> None:
    """Judge the WS-Security header of an envelope; one without it passes. ``now`` in microseconds.

    Raises Problem ``bad-value`` for a time that is none, ``stale-security`` outside its times, ``wrong-sender`` where a user name
    or the subject of an assertion is none of the caller's.
    """
    header = root.find("{*}Header")
    for security in header.findall(f"{WSSE}Security") if header is not None else ():
        seconds = now / 1_000_000
        for created, expires in _times(security):
            _within(created, expires, seconds)
        for name in _names(security):
            if not _own(name, caller):
                raise Problem("wrong-sender", where="Header/Security")


def check_distribution(distribution: Any, caller: Caller) -> None:
    """Judge who the distribution envelope says has sent it: its sender's address and audit identities that are of ODS.

    Raises Problem ``wrong-sender`` where one of them is of another organisation than the caller's."""
    header = distribution.find("{*}header")
    places = [("senderAddress", header.findall("{*}senderAddress")), ("auditIdentity", header.findall("{*}auditIdentity/{*}id"))]
    for name, elements in places:
        for element in elements:
            said = (element.get("uri") or "").strip()
            found = _ADDRESSES.fullmatch(said)
            if found is not None and not _of(found[1], caller):
                raise Problem("wrong-sender", where=f"header/{name}")
            if name == "senderAddress" and found is None and said and not _own(said, caller):
                raise Problem("wrong-sender", where=f"header/{name}")


def _times(security: Any) -> Iterator[tuple[str, str]]:
    """Created and expired, of the whole header and of each token in it."""
    for stamp in security.findall(f"{WSU}Timestamp"):
        yield stamp.findtext(f"{WSU}Created") or "", stamp.findtext(f"{WSU}Expires") or ""
    for token in security.findall(f"{WSSE}UsernameToken"):
        yield token.findtext(f"{WSU}Created") or "", ""
    for space in _SAML:
        for conditions in security.findall(f"{space}Assertion/{space}Conditions"):
            yield conditions.get("NotBefore") or "", conditions.get("NotOnOrAfter") or ""


def _within(created: str, expires: str, now: float) -> None:
    begins, ends = _seconds(created), _seconds(expires)
    if begins is not None and begins > now + SKEW:
        raise Problem("stale-security", where="Header/Security", detail="it is of a time to come")
    if ends is None and begins is not None:
        ends = begins + OLDEST
    if ends is not None and ends + SKEW <= now:
        raise Problem("stale-security", where="Header/Security")


def _seconds(said: str) -> float | None:
    """An xsd:dateTime as seconds since the epoch, of UTC where it names no offset; None where there is none."""
    text = said.strip()
    if not text:
        return None
    try:
        if not _INSTANT.fullmatch(text):
            raise ValueError
        whole, _, rest = text.partition(".")
        text = whole + rest.lstrip("0123456789") if rest else text
        instant = datetime.fromisoformat(text)
        return (instant if instant.tzinfo is not None else instant.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        raise Problem("bad-value", where="Header/Security", detail="a time of the security header is none") from None


def _names(security: Any) -> Iterator[str]:
    """Who the tokens say has sent it."""
    for token in security.findall(f"{WSSE}UsernameToken"):
        yield (token.findtext(f"{WSSE}Username") or "").strip()
    for name in (*security.iter(f"{_SAML[0]}NameID"), *security.iter(f"{_SAML[1]}NameIdentifier")):
        yield (name.text or "").strip()


def _own(name: str, caller: Caller) -> bool:
    """Whether a name is one of the caller's: of its program, its organisation, or one that its feed is known by."""
    found = _ADDRESSES.fullmatch(name)
    if found is not None:
        return _of(found[1], caller)
    return bool(name) and (name == caller.client or _of(name, caller))


def _of(name: str, caller: Caller) -> bool:
    return contributor(caller.organisation, caller.names, name) is not None
