"""The transforms that ``using`` may name: typed pure functions from source text to the value of a FHIR primitive.

Each is registered for the primitive types it gives; None means that the text cannot be read so (a loss, ``unreadable``).
"""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from collections.abc import Callable
from html import escape as html_escape
from typing import Any, TypeVar

from interop.ids import NhsNumber
from interop.mapping import numbers, times

STRINGS = ("string", "markdown", "code", "id", "uri", "url", "canonical", "uuid", "oid")

Transform = Callable[[str], Any]
F = TypeVar("F", bound=Transform)
"""Source text to value, None where it cannot be read."""

REGISTRY: dict[tuple[str, str], Transform] = {
    ("hl7time", "dateTime"): times.hl7_datetime,
    ("hl7time", "date"): times.hl7_date,
    ("hl7time", "instant"): times.hl7_instant,
    ("hl7time", "time"): times.hl7_clock,
    ("isotime", "dateTime"): times.iso_datetime,
    ("isotime", "date"): times.iso_date,
    ("isotime", "instant"): times.iso_instant,
    ("isotime", "time"): times.iso_clock,
    ("number", "decimal"): numbers.decimal,
    ("number", "integer"): numbers.integer,
    ("number", "unsignedInt"): numbers.unsigned,
    ("number", "positiveInt"): numbers.positive,
}
"""(name, FHIR primitive) -> function, those of this module registered below; what depends on the sender, a node or several values
is named next."""

OF_SENDER = {"system": ("uri",), "codesystem": ("uri",)}
OF_NODE = {"parttime": ("date", "dateTime"), "narrative": ("string", "markdown"), "xhtml": ("xhtml",)}
OF_PAIR = {
    "minutes": ("positiveInt",),
    "plusduration": ("instant", "dateTime"),
    "daytime": ("instant", "dateTime"),
    "partdate": ("date", "dateTime"),
}
SEVERAL = {"daytime": (2, 3), "minutes": (1, 2), "plusduration": (2, 3)}
"""How many values a transform of ``OF_PAIR`` takes, where not two."""
OF_MANY = {"join": ("string", "markdown"), "lines": ("string", "markdown"), "textdata": ("base64Binary",)}


def transform(name: str, *types: str) -> Callable[[F], F]:
    """Register a function for these primitive types."""

    def register(function: F) -> F:
        for kind in types:
            REGISTRY[name, kind] = function
        return function

    return register


def gives(name: str) -> frozenset[str]:
    """The primitive types that a transform gives; empty for a name that there is not."""
    own = frozenset(kind for key, kind in REGISTRY if key == name)
    return (
        own
        | frozenset(OF_SENDER.get(name, ()))
        | frozenset(OF_NODE.get(name, ()))
        | frozenset(OF_MANY.get(name, OF_PAIR.get(name, ())))
    )


@transform("", *STRINGS)
@transform("text", *STRINGS)
def text(value: str) -> str | None:
    """The text as it stands."""
    return value if value.strip() else None


_CODE = re.compile(r"\S+( \S+)*")
REGISTRY["", "code"] = REGISTRY["text", "code"] = lambda value: value if _CODE.fullmatch(value) else None
_URI = re.compile(r"\S+")
for _kind in ("uri", "url", "canonical"):
    REGISTRY["", _kind] = REGISTRY["text", _kind] = lambda value: value if _URI.fullmatch(value) else None
_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")
REGISTRY["", "id"] = REGISTRY["text", "id"] = lambda value: value if _ID.fullmatch(value) else None


@transform("boolean", "boolean")
def boolean(value: str) -> bool | None:
    """Y N, true false, 1 0, yes no."""
    plain = value.strip().lower()
    return True if plain in ("y", "yes", "true", "1") else False if plain in ("n", "no", "false", "0") else None


@transform("nhsnumber", "string")
def nhs_number(value: str) -> str | None:
    """An NHS number without blanks; what has no ten digits is kept as it is, so that it can be seen."""
    return NhsNumber.read(value) or text(value)


@transform("upper", *STRINGS)
def upper(value: str) -> str | None:
    """Capital letters."""
    return text(value.upper())


@transform("lower", *STRINGS)
def lower(value: str) -> str | None:
    """Small letters."""
    return text(value.lower())


@transform("title", "string")
def title(value: str) -> str | None:
    """Each word with a capital."""
    return text(value.title())


@transform("url", "uri", "url")
def url(value: str) -> str | None:
    """A URL without blanks."""
    return re.sub(r"\s+", "", value) or None


_SCHEME = re.compile(r"^(?:tel|mailto|fax|textphone|x-text-fax):\s*", re.IGNORECASE)
_BLANKS = re.compile(r"\s+")
_POSTCODE = re.compile(r"[A-Z]{1,2}\d[A-Z\d]?\d[A-Z]{2}")


@transform("phone", "string")
def phone(value: str) -> str | None:
    """A telecom value without its scheme."""
    return text(_SCHEME.sub("", value.strip()) if ":" in value else value.strip())


@transform("postcode", "string")
def postcode(value: str) -> str | None:
    """A UK postcode in its two parts; anything else as it stands."""
    plain = _BLANKS.sub("", value.upper())
    if _POSTCODE.fullmatch(plain):
        return f"{plain[:-3]} {plain[-3:]}"
    return text(value)


@transform("uuid", "uri", "url", "string")
def uuid(value: str) -> str | None:
    """A UUID as ``urn:uuid:``."""
    plain = value.strip().strip("{}").lower()
    return f"urn:uuid:{plain}" if re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", plain) else None


@transform("base64", "base64Binary")
def base64(value: str) -> str | None:
    """Base64 without blanks."""
    plain = re.sub(r"\s+", "", value)
    try:
        b64decode(plain, validate=True)
    except ValueError:
        return None
    return plain or None


@transform("hex", "base64Binary")
def hexadecimal(value: str) -> str | None:
    """Bytes in hexadecimal (HL7 v2 ED.4 ``Hex``)."""
    try:
        return b64encode(bytes.fromhex(value)).decode("ascii") or None
    except ValueError:
        return None


def text_data(plain: str) -> str:
    """Text as the base64 of its UTF-8."""
    return b64encode(plain.encode()).decode("ascii")


def as_xhtml(plain: str) -> str:
    """Text as a FHIR narrative ``div``, line ends as ``br``."""
    lines = "<br/>".join(html_escape(line, quote=False) for line in plain.splitlines())
    return f'<div xmlns="http://www.w3.org/1999/xhtml">{lines}</div>'
