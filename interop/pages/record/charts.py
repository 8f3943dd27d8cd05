"""Small charts of a series of results, drawn at the server: places and words of what stands in them. Pure.

One unit an axis. A comparator is drawn as such, what is no number is a gap, and what is void is not drawn.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final

from interop.pages.record.readings import Range

WIDTH: Final = 320
HEIGHT: Final = 120
LEFT, RIGHT, TOP, BOTTOM = 48, 12, 10, 22
"""Margins: numbers at the left, dates below."""
INSET: Final = 8
"""So far the first and the last value stand from the edge."""
MOST: Final = 60
"""Values that one chart shows: the latest."""


@dataclass(frozen=True, slots=True)
class Value:
    """One of a series: ``at`` in seconds since 1970; ``number`` None for a gap; ``flag`` as of a Reading."""

    at: float
    day: str
    number: Decimal | None
    words: str
    unit: str = ""
    comparator: str = ""
    flag: str = ""
    range: Range | None = None


@dataclass(frozen=True, slots=True)
class Point:
    """``kind``: ``in``, ``high``, ``low`` or ``abnormal``, each a shape of its own; ``arrow`` is ``up`` or ``down`` for a
    comparator: the true value lies there."""

    x: float
    y: float
    kind: str
    arrow: str
    words: str


@dataclass(frozen=True, slots=True)
class Band:
    """A reference range while it holds."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Tick:
    """A number at the left."""

    y: float
    words: str


@dataclass(frozen=True, slots=True)
class Chart:
    """Values of one unit. ``lines`` are points of polylines: a gap begins a new one. ``words`` say what is drawn."""

    unit: str
    points: tuple[Point, ...]
    lines: tuple[str, ...]
    bands: tuple[Band, ...]
    ticks: tuple[Tick, ...]
    first: str
    last: str
    words: str
    width: int = WIDTH
    height: int = HEIGHT


def charts(values: Iterable[Value]) -> list[Chart]:
    """A chart for each unit in which there are at least two numbers, the unit of the latest first."""
    ordered = sorted(values, key=lambda each: each.at)[-MOST:]
    units = dict.fromkeys(each.unit for each in reversed(ordered) if each.number is not None)
    made = (_drawn(unit, [each for each in ordered if each.number is None or each.unit == unit]) for unit in units)
    return [each for each in made if each is not None]


def _drawn(unit: str, values: Sequence[Value]) -> Chart | None:
    try:
        return _chart(unit, values)
    except ArithmeticError:  # numbers beyond all measure, 1E+999999, stand in the table alone
        return None


def _chart(unit: str, values: Sequence[Value]) -> Chart | None:
    numbers = [each for each in values if each.number is not None]
    if len(numbers) < 2:
        return None
    span = _span(numbers)
    begin, end = numbers[0].at, numbers[-1].at
    plot = WIDTH - LEFT - RIGHT - 2 * INSET

    def x(at: float) -> float:
        return round(LEFT + INSET + plot * ((at - begin) / (end - begin) if end > begin else 0.5), 1)

    def y(number: Decimal) -> float:
        low, high = span
        return round(TOP + (HEIGHT - TOP - BOTTOM) * float((high - number) / (high - low)), 1)

    points = tuple(
        Point(x(each.at), y(each.number), each.flag if each.flag in ("high", "low", "abnormal") else "in", _arrow(each.comparator),
              f"{each.day}: {each.words}")
        for each in numbers if each.number is not None
    )  # fmt: skip
    lines = tuple(" ".join(f"{x(each.at)},{y(each.number)}" for each in run if each.number is not None) for run in _runs(values))
    ticks = tuple(Tick(y(each), str(each)) for each in _ticks(numbers, span))
    said = f"{len(numbers)} values from {numbers[0].day} to {numbers[-1].day}, oldest first: {', '.join(e.words for e in numbers)}"
    return Chart(unit, points, lines, _bands(numbers, x, y, span), ticks, numbers[0].day, numbers[-1].day, said)


def _span(numbers: Sequence[Value]) -> tuple[Decimal, Decimal]:
    """What the axis reaches over: all values and ranges, with a tenth of room; never nothing."""
    held = [each.number for each in numbers if each.number is not None]
    for each in numbers:
        held += [one for one in (each.range.low, each.range.high) if one is not None] if each.range is not None else []
    low, high = min(held), max(held)
    room = (high - low) / 10 if high > low else abs(high) / 10 or Decimal(1)
    arrows = {_arrow(each.comparator) for each in numbers}
    return Decimal(low - room * (3 if "down" in arrows else 1)), Decimal(high + room * (3 if "up" in arrows else 1))


def _bands(
    numbers: Sequence[Value], x: Callable[[float], float], y: Callable[[Decimal], float], span: tuple[Decimal, Decimal]
) -> tuple[Band, ...]:
    """Each range from its value to the next, the first from the edge and the last to the other: ranges of equal limits are one."""
    found: list[Band] = []
    before: tuple[Decimal, Decimal] | None = None
    for at, each in enumerate(numbers):
        low = each.range.low if each.range is not None else None
        high = each.range.high if each.range is not None else None
        if low is None and high is None:
            before = None
            continue
        limits = (span[0] if low is None else low, span[1] if high is None else high)
        left = LEFT if at == 0 else x(each.at)
        right = WIDTH - RIGHT if at == len(numbers) - 1 else x(numbers[at + 1].at)
        if limits == before:
            last = found.pop()
            found.append(Band(last.x, last.y, round(right - last.x, 1), last.height))
        else:
            top = y(limits[1])
            found.append(Band(left, top, round(right - left, 1), round(y(limits[0]) - top, 1)))
        before = limits
    return tuple(found)


def _runs(values: Sequence[Value]) -> list[list[Value]]:
    """Values between gaps, those of at least two."""
    runs: list[list[Value]] = [[]]
    for each in values:
        if each.number is None or each.comparator:
            runs.append([])
        else:
            runs[-1].append(each)
    return [run for run in runs if len(run) > 1]


def _ticks(numbers: Sequence[Value], span: tuple[Decimal, Decimal]) -> list[Decimal]:
    """The limits of the latest range, else the least and the greatest value; the latter too where they are beyond it."""
    held = [each.number for each in numbers if each.number is not None]
    last = numbers[-1].range
    limits = [each for each in (last.low, last.high) if each is not None] if last is not None else []
    wanted = sorted({*limits, min(held), max(held)})
    apart = (span[1] - span[0]) / 7
    kept: list[Decimal] = list(dict.fromkeys(sorted(limits)))
    for each in wanted:
        if all(abs(each - one) >= apart for one in kept):
            kept.append(each)
    return sorted(kept)


def _arrow(comparator: str) -> str:
    return {"<": "down", "<=": "down", ">": "up", ">=": "up"}.get(comparator, "")


def seconds(said: str) -> float | None:
    """A FHIR dateTime in seconds since 1970, None where it cannot be read; without a time of day its first second."""
    try:
        at = datetime.fromisoformat(said if len(said) > 7 else f"{said}-01-01"[:10] if len(said) == 4 else f"{said}-01")
    except ValueError:
        return None
    return at.timestamp() if at.tzinfo is not None else datetime.fromisoformat(f"{at.isoformat()}+00:00").timestamp()
