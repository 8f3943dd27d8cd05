"""Points in time as the formats write them, to integers: microseconds since 1970-01-01T00:00:00Z.

For ordering only: a partial time counts as its first instant. Times without an offset are local to Europe/London; the hour
that occurs twice in autumn is taken as its first occurrence.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

LONDON = ZoneInfo("Europe/London")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
HOUR = 3_600_000_000
MINUTE = 60_000_000
SECOND = 1_000_000
_HL7 = re.compile(r"(\d{4}(?:\d\d){0,3})(?:(\d\d)(?:(\d\d)(?:\.(\d{1,6})\d*)?)?)?(?:([+-])(\d\d)(\d\d)?)?", re.ASCII)
_ISO = re.compile(
    r"(\d{4})(?:-(\d\d)(?:-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,6})\d*)?)?)?)?)?(?:(Z)|([+-])(\d\d):?(\d\d))?", re.ASCII
)


@lru_cache(maxsize=4096)
def _hour(digits: str, local: bool) -> int | None:
    """The instant at which the year, month, day and hour of ``digits`` (4, 6, 8 or 10) begin; None if there is none."""
    try:
        year, month, day, hour = int(digits[:4]), int(digits[4:6] or 1), int(digits[6:8] or 1), int(digits[8:10] or 0)
        start = datetime(year, month, day, hour, tzinfo=LONDON if local else UTC)
    except ValueError:
        return None
    return (start.astimezone(UTC) - EPOCH) // timedelta(microseconds=1)


def hl7_instant(text: str) -> int | None:
    """The instant of a TS, ``YYYY[MM[DD[HH[MM[SS[.S...]]]]]][+/-ZZ[ZZ]]`` (HL7 v2.4 2.9.47; HL7 v3 TS); None for anything else."""
    found = _HL7.fullmatch(text)
    if found is None:
        return None
    whole, minute, second, fraction, sign, offset, rest = found.groups()
    if len(whole) < 10 and minute is not None:
        return None
    start = _hour(whole, sign is None)
    if start is None:
        return None
    if minute is not None:
        if minute > "59":
            return None
        start += int(minute) * MINUTE
        if second is not None:
            if second > "60":
                return None
            start += int(second) * SECOND
            if fraction is not None:
                start += int(fraction.ljust(6, "0"))
    if sign is not None:
        shift = int(offset) * HOUR + int(rest or 0) * MINUTE
        start += shift if sign == "-" else -shift
    return start


def iso_instant(text: str) -> int | None:
    """The instant of an ISO 8601 date or time, whole or partial (XML Schema, FHIR ``dateTime``); None for anything else."""
    found = _ISO.fullmatch(text)
    if found is None:
        return None
    year, month, day, hour, minute, second, fraction, zulu, sign, offset, rest = found.groups()
    zone = "+0000" if zulu else f"{sign}{offset}{rest}" if sign else ""
    clock = f"{hour}{minute}{second or '00'}" if hour else ""
    return hl7_instant(f"{year}{month or ''}{day or ''}{clock}{'.' + fraction if fraction else ''}{zone}")
