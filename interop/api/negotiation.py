"""What the client sends, wants back and insists on: media types, ``Prefer``, conditional headers."""

from __future__ import annotations

import re
from email.utils import formatdate, parsedate_to_datetime
from functools import lru_cache
from typing import NamedTuple

from interop.errors import Problem

_FHIR = ("application/fhir+json", "application/json", "text/json", "json", "application/json+fhir")
_VERSIONS = ("4.0", "4.0.1")
_ANY = ("*/*", "application/*")
_ETAG = re.compile(r'(?:W/)?"([^"]*)"')


class Prefer(NamedTuple):
    """The preferences that are looked at (RFC 7240; FHIR R4 http, 3.1.0.1.8 and search, 3.1.1.2): '' where not given."""

    answer: str
    strict: bool


def acceptable(accept: str, format_: str) -> None:
    """Raise Problem ``not-acceptable`` where neither ``_format`` nor, without it, ``Accept`` takes JSON of FHIR R4."""
    if not _takes_json(format_ or accept, bool(format_)):
        raise Problem("not-acceptable")


@lru_cache(maxsize=512)
def _takes_json(wanted: str, parameter: bool) -> bool:
    if not wanted:
        return True
    for part in wanted.lower().replace(" json", "+json").split(","):
        kind, *rest = (one.strip() for one in part.split(";"))
        said = dict(one.split("=", 1) for one in rest if "=" in one)
        if _weight(said.get("q", "1")) == 0 or said.get("fhirversion", "4.0") not in _VERSIONS:
            continue
        if kind in _FHIR or (kind in _ANY and not parameter):
            return True
    return False


def _weight(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0


@lru_cache(maxsize=512)
def is_fhir_json(content_type: str) -> bool:
    """Whether a body of that Content-Type is read: JSON of FHIR R4 in UTF-8."""
    kind, *rest = (one.strip() for one in content_type.lower().split(";"))
    said = {name.strip(): value.strip().strip('"') for name, _, value in (one.partition("=") for one in rest)}
    return kind in _FHIR[:3] and said.get("charset", "utf-8") in ("utf-8", "utf8") and said.get("fhirversion", "4.0") in _VERSIONS


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


def if_match(header: str) -> int | None:
    """The version that ``If-Match`` insists on; None where nothing is. Raises Problem ``bad-parameter``."""
    if not header:
        return None
    found = _ETAG.fullmatch(header)
    if found is None or not found[1].isascii() or not found[1].isdigit() or len(found[1]) > 18:
        raise Problem("bad-parameter", where="If-Match", detail='one version is wanted, such as W/"3"')
    return int(found[1])


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
