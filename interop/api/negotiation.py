"""What the client prefers and insists on: ``Prefer``, conditional headers."""

from __future__ import annotations

import re
from email.utils import formatdate, parsedate_to_datetime
from functools import lru_cache
from typing import NamedTuple

from interop.errors import Problem

_ETAG = re.compile(r'(?:W/)?"([^"]*)"')


class Prefer(NamedTuple):
    """The preferences that are looked at (RFC 7240; FHIR R4 http, 3.1.0.1.8 and search, 3.1.1.2): '' where not given."""

    answer: str
    strict: bool


@lru_cache(maxsize=512)
def prefer(header: str) -> Prefer:
    """What a ``Prefer`` header says; what is not known is passed over."""
    said: dict[str, str] = {}
    for part in re.split(r"[,;]", header):
        name, _, value = part.partition("=")
        said.setdefault(name.strip().lower(), value.strip().strip('"'))
    answer = said.get("return", "")
    return Prefer(answer if answer in ("minimal", "representation", "OperationOutcome") else "", said.get("handling") == "strict")


def etag(version: int) -> bytes:
    """The entity tag of a version (FHIR R4 http, 3.1.0.5)."""
    return b'W/"%d"' % version


def if_match(header: str | None) -> tuple[int, ...] | None:
    """The versions one of which ``If-Match`` insists on, () for ``*``: any that is there (RFC 9110, 13.1.1); None where it is not
    there. An empty one insists on nothing that could be held, and is refused. Raises Problem ``bad-parameter``."""
    if header is None or header.strip() == "*":
        return None if header is None else ()
    found = [_ETAG.fullmatch(each.strip()) for each in header.split(",")]
    said = [each[1] for each in found if each is not None and each[1].isascii() and each[1].isdigit() and len(each[1]) <= 18]
    if len(said) < len(found):
        raise Problem("bad-parameter", where="If-Match", detail='a version is wanted, such as W/"3"')
    return tuple(map(int, said))


def unchanged(version: int, updated: int, none_match: str, modified_since: str) -> bool:
    """Whether the client has this version already (RFC 9110, 13.1.2 and 13.1.3): ``updated`` in microseconds."""
    if none_match:
        return none_match == "*" or str(version) in _ETAG.findall(none_match)
    if modified_since:
        try:
            return updated // 1_000_000 <= parsedate_to_datetime(modified_since).timestamp()
        except (ValueError, TypeError, OverflowError):
            return False
    return False


@lru_cache(maxsize=4096)
def http_date(seconds: int) -> bytes:
    """An HTTP date (RFC 9110, 5.6.7)."""
    return formatdate(seconds, usegmt=True).encode("ascii")
