"""The transforms that ``using`` may name: typed pure functions from source text to the value of a FHIR primitive.

Each is registered for the primitive types it gives; None means that the text cannot be read so (a loss, ``unreadable``).
"""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from collections.abc import Callable
from datetime import date, datetime, timedelta
from functools import lru_cache
from html import escape as html_escape
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from interop.formats.json import MAGNITUDE, Number
from interop.ids import NhsNumber

LONDON = ZoneInfo("Europe/London")
STRINGS = ("string", "markdown", "code", "id", "uri", "url", "canonical", "uuid", "oid")

Transform = Callable[[str], Any]
F = TypeVar("F", bound=Transform)
"""Source text to value, None where it cannot be read."""

REGISTRY: dict[tuple[str, str], Transform] = {}
"""(name, FHIR primitive) -> function; what depends on the sender, a node or several values is named below."""

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


_HL7_TIME = re.compile(r"(\d{4})(\d\d)?(\d\d)?(?:(\d\d)(\d\d)(\d\d)?(\.\d+)?|(\d\d))?([+-]\d\d(?:\d\d)?|Z)?", re.ASCII)


@lru_cache(maxsize=8_192)
def hl7_parts(value: str) -> tuple[str, str, str] | None:
    """An HL7 time as (date in its precision, time ``HH:MM:SS[.f]`` or '', offset or ''); None where it is none."""
    found = _HL7_TIME.fullmatch(value.strip())
    if not found:
        return None
    year, month, day, hour, minute, second, fraction, lone, offset = found.groups()
    hour = hour or lone
    try:
        whole = datetime(int(year), int(month or 1), int(day or 1), int(hour or 0), int(minute or 0), min(int(second or 0), 59))
    except ValueError:
        return None
    if not month:
        return year, "", ""
    if not day:
        return f"{year}-{month}", "", ""
    if hour is None:
        return f"{year}-{month}-{day}", "", ""
    if offset and offset != "Z":
        offset = f"{offset[:3]}:{offset[3:] or '00'}" if offset.strip("+-0") else "Z"
    return f"{year}-{month}-{day}", f"{hour}:{minute or '00'}:{second or '00'}{fraction or ''}", offset or london_offset(whole)


_WHOLE_HOURS = 1900
"""From then on the clocks have changed at whole hours."""


def london_offset(local: datetime) -> str:
    """The offset of Europe/London at a local time, ``+01:00`` or ``+00:00``; the earlier one in the hour that occurs twice."""
    if local.year >= _WHOLE_HOURS:
        return _offset_of_hour(local.year, local.month, local.day, local.hour)
    return _offset(local)


@lru_cache(maxsize=8_192)
def _offset_of_hour(year: int, month: int, day: int, hour: int) -> str:
    return _offset(datetime(year, month, day, hour))


def _offset(local: datetime) -> str:
    shift = local.replace(tzinfo=LONDON).utcoffset()
    minutes = int(shift.total_seconds()) // 60 if shift else 0
    return f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}"


@transform("hl7time", "dateTime")
def hl7_datetime(value: str) -> str | None:
    """HL7 v2 TS/DTM or v3 TS as dateTime in the precision given (HL7 v2.4, 2.9.47)."""
    parts = hl7_parts(value)
    return parts and (f"{parts[0]}T{parts[1]}{parts[2]}" if parts[1] else parts[0])


@transform("hl7time", "date")
def hl7_date(value: str) -> str | None:
    """The same, its date alone."""
    parts = hl7_parts(value)
    return parts and parts[0]


@transform("hl7time", "instant")
def hl7_instant(value: str) -> str | None:
    """The same as instant; a time of lower precision than the minute cannot be one."""
    parts = hl7_parts(value)
    return f"{parts[0]}T{parts[1]}{parts[2]}" if parts and parts[1] else None


@transform("hl7time", "time")
def hl7_clock(value: str) -> str | None:
    """The time of day of an HL7 time, or HHMM[SS] alone."""
    alone = re.fullmatch(r"(\d\d)(\d\d)(\d\d)?", value, re.ASCII)
    if alone:
        return f"{alone[1]}:{alone[2]}:{alone[3] or '00'}" if alone[1] < "24" and alone[2] < "60" else None
    parts = hl7_parts(value)
    return (parts and parts[1]) or None


_SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}
_DURATION = re.compile(r"([smhdwSMHDW]?)(\d{1,6})", re.ASCII)


def duration(value: str, unit: str = "") -> timedelta | None:
    """A length of time: a whole number and its unit (``min``, ``Hours``, ``sec`` …, by its first letter), or both in one as in HL7
    v2 TQ.3 (``M30``); None where it cannot be read, also without a unit: nothing says what it counts."""
    found = _DURATION.fullmatch(value.strip())
    if not found or unit.strip()[:2].lower() == "mo":
        return None
    seconds = _SECONDS.get((found[1] or unit.strip()[:1]).lower())
    return timedelta(seconds=int(found[2]) * seconds) if seconds else None


def plus_duration(value: str, length: str, unit: str = "") -> str | None:
    """An HL7 time so much later, as instant; None where either cannot be read, the time has no hour, or that is after the year
    9999."""
    start, shift = hl7_instant(value), duration(length, unit)
    try:
        return (datetime.fromisoformat(start) + shift).isoformat() if start and shift is not None else None
    except OverflowError:
        return None


def day_time(day: str, clock: str, minutes: str = "") -> str | None:
    """A date (ISO 8601, a time in it set aside) and a time of day in Europe/London as one, so many minutes later where they are
    given; without a time the date alone. None where they cannot be read."""
    if not clock:
        return iso_date(day)
    start = iso_datetime(f"{day[:10]}T{clock}")
    if not minutes or start is None:
        return start
    shift = unsigned(minutes)
    if shift is None or "T" not in start:
        return None
    return (datetime.fromisoformat(start) + timedelta(minutes=shift)).astimezone(LONDON).isoformat()


_ISO = re.compile(r"(\d{4})(?:-(\d\d)(?:-(\d\d)(?:[T ](\d\d:\d\d)(:\d\d)?(\.\d+)?(Z|[+-]\d\d:?\d\d)?)?)?)?", re.ASCII)


@lru_cache(maxsize=8_192)
def iso_parts(value: str) -> tuple[str, str, str] | None:
    """An ISO 8601 time as (date, time or '', offset or ''); None where it is none. Without an offset it is Europe/London."""
    found = _ISO.fullmatch(value.strip())
    if not found:
        return None
    year, month, day, clock, second, fraction, offset = found.groups()
    try:
        date(int(year), int(month or 1), int(day or 1))
        if not clock:
            return "-".join(part for part in (year, month, day) if part), "", ""
        whole = datetime.fromisoformat(f"{year}-{month}-{day}T{clock}{second or ':00'}")
    except ValueError:
        return None
    if offset and offset != "Z" and ":" not in offset:
        offset = f"{offset[:3]}:{offset[3:]}"
    return f"{year}-{month}-{day}", f"{clock}{second or ':00'}{fraction or ''}", offset or london_offset(whole)


@transform("isotime", "dateTime")
def iso_datetime(value: str) -> str | None:
    """ISO 8601 as dateTime."""
    parts = iso_parts(value)
    return parts and (f"{parts[0]}T{parts[1]}{parts[2]}" if parts[1] else parts[0])


@transform("isotime", "date")
def iso_date(value: str) -> str | None:
    """ISO 8601 as date."""
    parts = iso_parts(value)
    return parts and parts[0]


@transform("isotime", "instant")
def iso_instant(value: str) -> str | None:
    """ISO 8601 as instant."""
    parts = iso_parts(value)
    return f"{parts[0]}T{parts[1]}{parts[2]}" if parts and parts[1] else None


@transform("isotime", "time")
def iso_clock(value: str) -> str | None:
    """``HH:MM[:SS]`` as time."""
    found = re.fullmatch(r"([01]\d|2[0-3]):([0-5]\d)(:[0-5]\d)?", value.strip(), re.ASCII)
    return f"{found[1]}:{found[2]}{found[3] or ':00'}" if found else None


def part_time(precision: str, value: str) -> str | None:
    """A padded time cut to its precision, ``U Y YM YMD YMDT`` (EMIS OpenHR ``datepart``); U is unknown: nothing."""
    parts = iso_parts(value)
    if parts is None or precision == "U":
        return None
    cut = {"Y": 4, "YM": 7, "YMD": 10}.get(precision)
    if cut:
        return parts[0][:cut]
    return f"{parts[0]}T{parts[1]}{parts[2]}" if parts[1] else parts[0]


_PLAIN = re.compile(r"-?(?:0|[1-9]\d{0,17})(?:\.\d{1,17})?", re.ASCII)
_DECIMAL = re.compile(r"[+-]?(\d+)(\.\d+)?([eE][+-]?\d+)?", re.ASCII)


@transform("number", "decimal")
@lru_cache(maxsize=4_096)
def decimal(value: str) -> Number | None:
    """A decimal with its digits as they were written (FHIR R4, datatype decimal: precision counts); none beyond what JSON is
    read back with here."""
    if _PLAIN.fullmatch(value):
        return Number(value)
    plain = value.strip()
    found = _DECIMAL.fullmatch(plain)
    if not found:
        return None
    sign = "-" if plain.startswith("-") else ""
    if len(found[3] or "") > len(str(MAGNITUDE)) + 2:
        return None
    number = Number(sign + (found[1].lstrip("0") or "0") + (found[2] or "") + (found[3] or ""))
    return number if abs(number.adjusted()) <= MAGNITUDE else None


@transform("number", "integer")
def integer(value: str) -> int | None:
    """A whole number."""
    return int(value) if re.fullmatch(r"\s*[+-]?\d{1,10}\s*", value) else None


@transform("number", "unsignedInt")
def unsigned(value: str) -> int | None:
    """A whole number from 0."""
    return int(value) if re.fullmatch(r"\s*\d{1,10}\s*", value) else None


@transform("number", "positiveInt")
def positive(value: str) -> int | None:
    """A whole number from 1."""
    number = unsigned(value)
    return number or None


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
