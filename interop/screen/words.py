"""Words of dates, numbers and names as clinical systems of the NHS show them (NHS Common User Interface: date display, NHS number
display, patient banner)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from markupsafe import Markup

MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
LONG_MONTHS: Final = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
UNKNOWN: Final = "Not known"
_INSTANT: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d)")
LONDON: Final = ZoneInfo("Europe/London")
"""Times are shown as the clock on an English wall says."""


def nhs_number(said: str | None) -> str:
    """Ten digits in groups of 3, 3 and 4; anything else as it is."""
    digits = (said or "").replace(" ", "")
    return f"{digits[:3]} {digits[3:6]} {digits[6:]}" if len(digits) == 10 and digits.isdigit() else said or UNKNOWN


def day(said: str | None) -> str:
    """A FHIR date or dateTime as 27-Mar-1980, as precise as it is: Mar-1980, 1980."""
    if not said:
        return UNKNOWN
    if "T" in said and (at := _local(said)) is not None:
        said = at.date().isoformat()
    parts = said.partition("T")[0].split("-")
    try:
        return "-".join([*parts[2:], *([MONTHS[int(parts[1]) - 1]] if len(parts) > 1 else []), parts[0]])
    except (ValueError, IndexError):
        return said


def moment(said: str | None) -> str:
    """A FHIR dateTime or instant as 27-Mar-1980 15:43; without a time of day as ``day``."""
    at = _local(said) if said and "T" in said else None
    return day(said) if at is None else f"{day(at.date().isoformat())} {at:%H:%M}"


def clock(said: str | None) -> str:
    """The time of day of a FHIR dateTime or instant, 15:43; '' where it has none."""
    at = _local(said) if said and "T" in said else None
    return "" if at is None else f"{at:%H:%M}"


def long_day(said: str | None) -> str:
    """A FHIR date or dateTime for who is no member of staff: 27 March 1980, as precise as it is: March 1980, 1980 (NHS content
    style)."""
    if not said:
        return UNKNOWN
    if "T" in said and (at := _local(said)) is not None:
        said = at.date().isoformat()
    parts = said.partition("T")[0].split("-")
    try:
        month = [LONG_MONTHS[int(parts[1]) - 1]] if len(parts) > 1 else []
        return " ".join([*(str(int(each)) for each in parts[2:]), *month, parts[0]])
    except (ValueError, IndexError):
        return said


def spoken_clock(said: str | None) -> str:
    """The time of day of a dateTime or instant as it is said (NHS content style): 6:30pm, 9am, midday; '' where it has none."""
    at = _local(said) if said and "T" in said else None
    if at is None:
        return ""
    if at.minute == 0 and at.hour in (0, 12):
        return "midday" if at.hour else "midnight"
    minute = f":{at:%M}" if at.minute else ""
    return f"{at.hour % 12 or 12}{minute}{'am' if at.hour < 12 else 'pm'}"


def long_moment(said: str | None) -> str:
    """A FHIR dateTime or instant for who is no member of staff: 27 March 1980 at 3:43pm; without a time of day as ``long_day``."""
    at = spoken_clock(said)
    return f"{long_day(said)} at {at}" if at else long_day(said)


def weekday(said: str | None) -> str:
    """The day of the week of a FHIR date or dateTime, Monday; '' where it is not known to the day."""
    try:
        at = _local(said) if said and "T" in said else datetime.fromisoformat(said or "")
    except ValueError:
        return ""
    return f"{at:%A}" if at is not None and len(said or "") >= 10 else ""


def age(born: str | None, today: date) -> int | None:
    """Whole years; None where the date of birth is not known to the day."""
    try:
        birth = date.fromisoformat(born or "")
    except ValueError:
        return None
    return today.year - birth.year - ((today.month, today.day) < (birth.month, birth.day))


def name(patient: Mapping[str, Any]) -> str:
    """FAMILY, Given (Title): the official name of a Patient, else the usual, else the first."""
    names = [each for each in patient.get("name", ()) if isinstance(each, dict)]
    ranked = sorted(names, key=lambda each: {"official": 0, "usual": 1}.get(str(each.get("use")), 2))
    if not ranked:
        return UNKNOWN
    said = ranked[0]
    family, given = str(said.get("family") or "").upper(), proper(" ".join(str(each) for each in said.get("given", ()) if each))
    title = proper(" ".join(str(each) for each in said.get("prefix", ()) if each))
    told = ", ".join(each for each in (family, given) if each) or str(said.get("text") or UNKNOWN)
    return f"{told} ({title})" if title else told


def proper(said: str) -> str:
    """Given names and titles that a system writes in capitals alone, with capitals where they begin: William Arthur."""
    return said.title() if said.isupper() and len(said) > 1 else said


def tel(said: str) -> str:
    """A number as a ``tel:`` link has it (RFC 3966), '' for what is none."""
    digits = re.sub(r"[^0-9+]", "", said.partition("x")[0])
    return digits if re.fullmatch(r"\+?[0-9]{3,15}", digits) else ""


def rung(said: str, classes: str = "") -> str:
    """A telephone number as a link that rings it; what is none as the words that it is: a source does not say what else a telephone
    does."""
    number = tel(said)
    kind = Markup(' class="{}"').format(classes) if classes else ""
    return Markup('<a{} href="tel:{}">{}</a>').format(kind, number, said) if number else said


def spoken(said: str) -> str:
    """A sentence of the API in which an instant stands as the clock on an English wall tells it."""
    return _INSTANT.sub(lambda found: moment(found[0]), said)


def count(number: int, one: str, many: str = "") -> str:
    """1 message, 2 messages, 12,000 messages."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def _local(said: str) -> datetime | None:
    try:
        at = datetime.fromisoformat(said)
        return (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(LONDON)
    except (ValueError, OverflowError):  # 0001-01-01T00:00:00Z is what some programs write for no time
        return None
