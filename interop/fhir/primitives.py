"""Primitive datatypes: what JSON a value of each may be (FHIR R4, datatypes, section 2.24.0.1)."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from functools import lru_cache
from typing import Any

from interop.fhir.searching.dates import interval

Test = Callable[[Any], bool]

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
_DATE = re.compile(r"\d{4}(?:-\d\d(?:-\d\d)?)?", re.ASCII)
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)", re.ASCII)
_TIME = re.compile(r"(?:[01]\d|2[0-3]):[0-5]\d:(?:[0-5]\d|60)(?:\.\d+)?", re.ASCII)
_CODE = re.compile(r"\S+(?:\s\S+)*")
_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")
_URI = re.compile(r"\S+")
_OID = re.compile(r"urn:oid:[0-2](?:\.(?:0|[1-9]\d*))+", re.ASCII)
_UUID = re.compile(r"urn:uuid:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_BASE64 = re.compile(r"[A-Za-z0-9+/\s]*(?:=\s*){0,2}")
_DIV = re.compile(r"\s*<div[\s>].*</div>\s*", re.DOTALL)


def _text(value: Any) -> bool:
    return isinstance(value, str) and (value.isprintable() or not _CONTROL.search(value)) and bool(value) and not value.isspace()


def _form(form: re.Pattern[str]) -> Test:
    return lambda value: isinstance(value, str) and form.fullmatch(value) is not None


@lru_cache(maxsize=16_384)
def _is_date(text: str) -> bool:
    return _DATE.fullmatch(text) is not None and interval(text) is not None


@lru_cache(maxsize=16_384)
def _is_instant(text: str) -> bool:
    return _INSTANT.fullmatch(text) is not None and interval(text) is not None


def _date(value: Any) -> bool:
    return isinstance(value, str) and _is_date(value)


def _date_time(value: Any) -> bool:
    return isinstance(value, str) and (_is_date(value) or _is_instant(value))


def _instant(value: Any) -> bool:
    return isinstance(value, str) and _is_instant(value)


def _boolean(value: Any) -> bool:
    return isinstance(value, bool)


def _whole(least: int) -> Test:
    return lambda value: isinstance(value, int) and not isinstance(value, bool) and least <= value <= 2_147_483_647


def _decimal(value: Any) -> bool:
    return isinstance(value, (int, float, Decimal)) and not isinstance(value, bool)


def _base64(value: Any) -> bool:
    if not isinstance(value, str) or not _BASE64.fullmatch(value):
        return False
    digits = len("".join(value.split()))
    return digits > 0 and digits % 4 == 0


TESTS: dict[str, Test] = {
    "base64Binary": _base64,
    "boolean": _boolean,
    "canonical": _form(_URI),
    "code": _form(_CODE),
    "date": _date,
    "dateTime": _date_time,
    "decimal": _decimal,
    "id": _form(_ID),
    "instant": _instant,
    "integer": _whole(-2_147_483_648),
    "markdown": _text,
    "oid": _form(_OID),
    "positiveInt": _whole(1),
    "string": _text,
    "time": _form(_TIME),
    "unsignedInt": _whole(0),
    "uri": _form(_URI),
    "url": _form(_URI),
    "uuid": _form(_UUID),
    "xhtml": _form(_DIV),
}
"""Datatype -> whether a JSON value is of it."""


def valid(datatype: str, value: Any) -> bool:
    """Whether a JSON value is of a primitive datatype; raises KeyError for what is no primitive."""
    return TESTS[datatype](value)
