"""What a profile says of a value itself: fixed and pattern values, ranges, lengths (FHIR R4, ElementDefinition)."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from interop.fhir.canonicals import UCUM
from interop.fhir.findings import ERROR, Finding, Findings, at
from interop.fhir.searching.dates import interval
from interop.fhir.shapes import Json
from interop.fhir.ucum import canonical
from interop.fhir.validation.profiles.run import Found

Test = Callable[[Any], bool]
_MONTHS = {"a": 12, "mo": 1}
_SECONDS = {"wk": 604_800, "d": 86_400, "h": 3_600, "min": 60, "s": 1}
"""Units of time of UCUM: those of the calendar, and those that are always as long."""


def same(one: Any, other: Any) -> bool:
    """Deep equality of JSON: a number by its value, never a boolean for a number."""
    if isinstance(one, dict):
        return isinstance(other, dict) and one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list):
        return isinstance(other, list) and len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, (int, float, Decimal)):
        return isinstance(other, (int, float, Decimal)) and number(one) == number(other)
    return bool(one == other)


def within(pattern: Any, value: Any) -> bool:
    """Whether a value holds a pattern: what the pattern names is there, each item of an array somewhere in the array."""
    if isinstance(pattern, dict):
        return isinstance(value, dict) and all(key in value and within(each, value[key]) for key, each in pattern.items())
    if isinstance(pattern, list):
        return isinstance(value, list) and all(any(within(each, one) for one in value) for each in pattern)
    return same(pattern, value)


def number(value: Any) -> Decimal:
    """A number of JSON as it is compared."""
    return value if isinstance(value, Decimal) else Decimal(str(value))


def fixed(expected: Any, value: Any) -> Found:
    """Findings where ``value`` is not exactly ``expected``, at the elements that differ."""
    if same(expected, value):
        return None
    if isinstance(expected, dict) and isinstance(value, dict):
        found: Findings = []
        for key in (*expected, *(each for each in value if each not in expected)):
            if key not in value:
                found += [_wrong(key, "must be there: the value is fixed by the profile")]
            elif key not in expected:
                found += [_wrong(key, "must not be there: the value is fixed by the profile")]
            else:
                found += at(key, fixed(expected[key], value[key]) or ())
        return found
    return [_wrong("", "is not the value that the profile fixes")]


def pattern(expected: Any, value: Any) -> Found:
    """Findings where ``value`` does not hold ``expected``, at the elements that differ."""
    if within(expected, value):
        return None
    if isinstance(expected, dict) and isinstance(value, dict):
        found: Findings = []
        for key, each in expected.items():
            found += (
                [_wrong(key, "must be there: the profile's pattern has it")]
                if key not in value
                else at(key, pattern(each, value[key]) or ())
            )
        return found
    return [_wrong("", "does not hold the profile's pattern")]


def _wrong(expression: str, message: str) -> Finding:
    return Finding(ERROR, expression, "value", message, "fixed")


def longest(limit: int) -> Callable[[Any], Found]:
    """At most ``limit`` characters."""

    def rule(value: Any) -> Found:
        if isinstance(value, str) and len(value) > limit:
            return [Finding(ERROR, "", "too-long", f"is longer than {limit} characters", "value")]
        return None

    return rule


def bounded(least: Any, most: Any) -> Callable[[Any], Found]:
    """Not below ``least`` nor above ``most`` (None: no bound): numbers, dates and times, quantities of one unit.

    What cannot be compared (another unit, dates of another precision that overlap) is left alone.
    """

    relative = isinstance(least, dict) or isinstance(most, dict)

    def rule(value: Any) -> Found:
        if relative and isinstance(value, str):
            return _in_time(value, least, most)
        if least is not None and _order(value, least) < 0:
            return [Finding(ERROR, "", "value", "is below the least value of the profile", "value")]
        if most is not None and _order(value, most) > 0:
            return [Finding(ERROR, "", "value", "is above the greatest value of the profile", "value")]
        return None

    return rule


def _in_time(value: str, least: Any, most: Any) -> Found:
    """A date or time against limits that are durations: ``least`` is taken from the present moment, ``most`` added to it."""
    now = datetime.now(UTC)
    before, after = (_order(value, least) if isinstance(least, str) else 0), (_order(value, most) if isinstance(most, str) else 0)
    if isinstance(least, dict) and (limit := _moved(now, least, -1)):
        before = _order(value, limit)
    if isinstance(most, dict) and (limit := _moved(now, most, 1)):
        after = _order(value, limit)
    if before < 0:
        return [Finding(ERROR, "", "value", "is longer ago than the profile allows", "value")]
    return [Finding(ERROR, "", "value", "is further ahead than the profile allows", "value")] if after > 0 else None


def _moved(moment: datetime, duration: Json, sign: int) -> str:
    """A moment moved by a duration, '' where it is of no unit of time or leads out of the calendar."""
    number_, unit = duration.get("value"), duration.get("code")
    if not isinstance(number_, (int, float, Decimal)) or isinstance(number_, bool) or not isinstance(unit, str):
        return ""
    try:
        if unit in _MONTHS:
            months = moment.year * 12 + moment.month - 1 + sign * int(number_ * _MONTHS[unit])
            first = moment.replace(year=months // 12, month=months % 12 + 1, day=1)
            moved = min(first + timedelta(days=moment.day - 1), _month_end(first))
        elif unit in _SECONDS:
            moved = moment + sign * timedelta(seconds=float(number_) * _SECONDS[unit])
        else:
            return ""
    except (ValueError, OverflowError):
        return ""
    return moved.isoformat()


def _month_end(first: datetime) -> datetime:
    return first + timedelta(days=monthrange(first.year, first.month)[1] - 1)


def _order(one: Any, other: Any) -> int:
    """-1, 0 or 1; 0 also where the two cannot be compared."""
    if isinstance(one, dict) and isinstance(other, dict):
        pair = _quantities(one, other)
        return _order(*pair) if pair else 0
    if isinstance(one, bool) or isinstance(other, bool):
        return 0
    if isinstance(one, (int, float, Decimal)) and isinstance(other, (int, float, Decimal)):
        first, second = number(one), number(other)
        return (first > second) - (first < second)
    if isinstance(one, str) and isinstance(other, str):
        if ":" in other[:3]:
            return (one > other) - (one < other)
        before, after = interval(one), interval(other)
        if before and after:
            return -1 if before[1] <= after[0] else 1 if before[0] >= after[1] and before != after else 0
    return 0


def _quantities(one: Json, other: Json) -> tuple[Any, Any] | None:
    """The values of two quantities in one unit, None where there is none."""
    unit = "code" if "code" in other else "unit"
    if one.get("system") != other.get("system"):
        return None
    if one.get(unit) == other.get(unit):
        return one.get("value"), other.get("value")
    codes = one.get("code"), other.get("code")
    numbers = one.get("value"), other.get("value")
    if other.get("system") != UCUM or not all(isinstance(each, str) for each in codes):
        return None
    if not all(isinstance(each, (int, float, Decimal)) and not isinstance(each, bool) for each in numbers):
        return None
    here, there = (canonical(number(value), str(code)) for value, code in zip(numbers, codes, strict=True))
    return (here[0], there[0]) if here and there and here[1] == there[1] else None
