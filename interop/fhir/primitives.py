"""Primitive datatypes: what JSON a value of each may be (FHIR R4, datatypes, section 2.24.0.1)."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from functools import lru_cache
from math import isfinite
from typing import Any

Test = Callable[[Any], bool]

STRING_LIMIT = 1024 * 1024
"""Characters of a string, markdown or code: "strings SHALL NOT exceed 1MB"."""
NO_OID = "no OID or UUID by its form"
"""What ``fault`` says last of a URI that is none for that reason alone."""
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
_DATE = re.compile(r"(\d{4})(?:-(\d\d)(?:-(\d\d))?)?", re.ASCII)
_CLOCK = r"(?:[01]\d|2[0-3]):[0-5]\d:(?:[0-5]\d|60)(?:\.\d+)?"
_ZONED = re.compile(rf"(\d{{4}})-(\d\d)-(\d\d)T{_CLOCK}(?:Z|[+-](?:(?:0\d|1[0-3]):[0-5]\d|14:00))", re.ASCII)
_UNZONED = re.compile(rf"\d{{4}}-\d\d-\d\dT{_CLOCK}", re.ASCII)
_TIME = re.compile(_CLOCK, re.ASCII)
_CODE = re.compile(r"\S+(?:\s\S+)*")
_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")
_URI = re.compile(r"\S+")
_OID = re.compile(r"urn:oid:[0-2](?:\.(?:0|[1-9]\d*))+", re.ASCII)
_UUID = re.compile(r"urn:uuid:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_BASE64 = re.compile(r"[A-Za-z0-9+/\s]*(?:=\s*){0,2}")
_DIV = re.compile(r"\s*<(?:\w+:)?div[\s>].*</(?:\w+:)?div\s*>\s*|\s*<(?:\w+:)?div(?:\s[^<>]*)?/>\s*", re.DOTALL)


def _text(value: Any) -> bool:
    return (
        isinstance(value, str)
        and bool(value)
        and (value.isprintable() or not _CONTROL.search(value))
        and len(value) <= STRING_LIMIT
    )


def _form(form: re.Pattern[str]) -> Test:
    return lambda value: isinstance(value, str) and form.fullmatch(value) is not None


def _code(value: Any) -> bool:
    return isinstance(value, str) and (value.isalnum() or _CODE.fullmatch(value) is not None) and len(value) <= STRING_LIMIT


def _uri(value: Any) -> bool:
    """A scheme of its own (``oid:``, ``uuid:``) is a mistake for ``urn:``, of which both forms are fixed."""
    if not isinstance(value, str) or not _URI.fullmatch(value):
        return False
    if value.startswith("urn:uuid:"):
        return _UUID.fullmatch(value.partition("#")[0]) is not None
    if value.startswith("urn:oid:"):
        return _OID.fullmatch(value.partition("#")[0]) is not None
    return not value.startswith(("oid:", "uuid:"))


def _day(year: str, month: str | None, day: str | None) -> bool:
    try:
        date(int(year), int(month or 1), int(day or 1))
    except ValueError:
        return False
    return True


@lru_cache(maxsize=16_384)
def _is_date(text: str) -> bool:
    found = _DATE.fullmatch(text)
    return found is not None and _day(*found.groups())


@lru_cache(maxsize=16_384)
def _is_instant(text: str) -> bool:
    found = _ZONED.fullmatch(text)
    return found is not None and _day(*found.groups())


def _date(value: Any) -> bool:
    return isinstance(value, str) and _is_date(value)


def _date_time(value: Any) -> bool:
    return isinstance(value, str) and (_is_date(value) if len(value) <= 10 else _is_instant(value))


def _instant(value: Any) -> bool:
    return isinstance(value, str) and _is_instant(value)


def _boolean(value: Any) -> bool:
    return isinstance(value, bool)


def _whole(least: int) -> Test:
    return lambda value: isinstance(value, int) and not isinstance(value, bool) and least <= value <= 2_147_483_647


def _decimal(value: Any) -> bool:
    if isinstance(value, float):
        return isfinite(value)
    return (isinstance(value, int) and not isinstance(value, bool)) or (isinstance(value, Decimal) and value.is_finite())


def _base64(value: Any) -> bool:
    if not isinstance(value, str) or not _BASE64.fullmatch(value):
        return False
    digits = len("".join(value.split()))
    return digits > 0 and digits % 4 == 0


TESTS: dict[str, Test] = {
    "base64Binary": _base64,
    "boolean": _boolean,
    "canonical": _uri,
    "code": _code,
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
    "uri": _uri,
    "url": _uri,
    "uuid": _form(_UUID),
    "xhtml": _form(_DIV),
}
"""Datatype -> whether a JSON value is of it."""

NUMBERS = frozenset({"decimal", "integer", "positiveInt", "unsignedInt"})


def valid(datatype: str, value: Any) -> bool:
    """Whether a JSON value is of a primitive datatype; raises KeyError for what is no primitive."""
    return TESTS[datatype](value)


def fault(datatype: str, value: Any) -> str:
    """What is wrong with a value that is not valid, in words that do not hold it: ``is no date``."""
    kind = "boolean" if datatype == "boolean" else "number" if datatype in NUMBERS else "string"
    given = _json_type(value)
    if given != kind:
        return f"is {_article(given)}, and a {datatype} is a JSON {kind}"
    if kind == "string":
        return _text_fault(datatype, str(value))
    if datatype == "decimal":
        return "is no finite number"
    return f"is no {datatype}: not whole or out of range"


def _text_fault(datatype: str, text: str) -> str:
    if not text:
        return "must not be empty"
    if datatype in ("string", "markdown"):
        return "is longer than 1 MB" if len(text) > STRING_LIMIT else "has control characters"
    if datatype in ("dateTime", "instant") and _UNZONED.fullmatch(text):
        return f"is no {datatype}: a time needs a zone"
    if datatype == "id":
        return "is no id: " + ("longer than 64 characters" if len(text) > 64 else "other characters than letters, digits, - and .")
    if datatype == "code" and text != text.strip():
        return "is no code: blanks at its start or end"
    if datatype in ("uri", "url", "canonical"):
        return f"is no {datatype}: " + ("has blanks" if not _URI.fullmatch(text) else NO_OID)
    return f"is no {datatype}"


def _json_type(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, (int, float, Decimal)):
        return "number"
    return "string" if isinstance(value, str) else "array" if isinstance(value, list) else "object"


def _article(name: str) -> str:
    return name if name == "null" else f"an {name}" if name[0] in "ao" else f"a {name}"
