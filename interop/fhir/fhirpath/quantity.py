"""System.Quantity: a number with a UCUM unit or a calendar duration (N1 2.0.0, quantity)."""

from __future__ import annotations

from decimal import Context, Decimal
from typing import NamedTuple

from interop.fhir.ucum import canonical

_WORDS = ("year", "month", "week", "day", "hour", "minute", "second", "millisecond")
CALENDAR: dict[str, str] = dict(
    pair
    for word, code in zip(_WORDS, ("a", "mo", "wk", "d", "h", "min", "s", "ms"), strict=True)
    for pair in ((word, code), (word + "s", code))
)
"""Words of calendar durations, in singular and plural, and the UCUM code of each."""
_ROUNDED = Context(prec=28)
_INEXACT = frozenset(("year", "years", "month", "months"))
_BY_CODE = dict(zip(("wk", "d", "h", "min", "s", "ms"), ("week", "day", "hour", "minute", "second", "millisecond"), strict=True))


class Quantity(NamedTuple):
    """A number and the UCUM code of its unit; ``word`` is the calendar word it was written with, '' for none."""

    value: Decimal
    unit: str
    word: str = ""

    def __str__(self) -> str:
        return f"{self.value:f} {self.word}" if self.word else f"{self.value:f} '{self.unit}'"


def scaled(one: Quantity, other: Quantity, *, exact: bool) -> tuple[Decimal, Decimal] | None:
    """Both numbers in one unit, or None where the units differ in kind or are not known.

    With ``exact`` a calendar year or month is not UCUM's year or month of seconds.
    """
    if one.unit == other.unit:
        mixed = (one.word in _INEXACT) != (other.word in _INEXACT)
        return None if exact and mixed else (one.value, other.value)
    if exact and (one.word in _INEXACT) != (other.word in _INEXACT):
        return None
    here, there = canonical(one.value, one.unit), canonical(other.value, other.unit)
    if here is None or there is None or here[1] != there[1]:
        return None
    return _ROUNDED.plus(here[0]), _ROUNDED.plus(there[0])


def key(quantity: Quantity) -> tuple[object, ...]:
    """What equal quantities share: a plain number has the key of that number."""
    found = canonical(quantity.value, quantity.unit)
    inexact = quantity.word in _INEXACT
    if found is None or inexact:
        return (quantity.value, quantity.unit, inexact)
    value = _ROUNDED.plus(found[0])
    return (False, value) if found[1] == "1" else (value, found[1], inexact)


def calendar_unit(quantity: Quantity) -> str:
    """The calendar unit to move a date by: its word's, or that of an exact UCUM code; '' for another unit."""
    word = quantity.word or (quantity.unit if quantity.unit in CALENDAR else "")
    return word.removesuffix("s") if word else _BY_CODE.get(quantity.unit, "")
