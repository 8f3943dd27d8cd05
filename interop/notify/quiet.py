"""``mappings/rules/quiet.csv``: when people are not to be told, in local time (Europe/London).

| column | says |
|---|---|
| ``to``, ``channel`` | ``person`` or ``professional``; ``sms`` or ``email``: one row of each two at most |
| ``from``, ``until`` | ``HH:MM``; over midnight where it ends before it begins |
| ``urgent`` | what is urgent ``passes`` or ``waits`` |
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Final, NamedTuple

from interop.formats.instants import EPOCH, LONDON
from interop.notify.messages import AUDIENCES, CHANNELS, TellingRefused, rows

FILE: Final = "quiet.csv"
COLUMNS: Final = ("id", "to", "channel", "from", "until", "urgent", "why")
PASSES, WAITS = "passes", "waits"
DAY: Final = timedelta(days=1)
_TIME: Final = re.compile(r"([01]\d|2[0-3]):([0-5]\d)")


class Quiet(NamedTuple):
    """Hours of the wall clock; ``start`` and ``end`` as (hour, minute)."""

    start: tuple[int, int]
    end: tuple[int, int]
    passes: bool

    def until(self, now: int, urgent: bool) -> int:
        """The instant until which nothing goes out; 0 where it may go out now."""
        if urgent and self.passes:
            return 0
        day = (EPOCH + timedelta(microseconds=now)).astimezone(LONDON).date()
        for begun in (day - DAY, day):
            ended = begun + DAY if self.end <= self.start else begun
            start, end = min(_instants(begun, self.start)), max(_instants(ended, self.end))
            if start <= now < end:
                return end
        return 0


def _instants(day: date, clock: tuple[int, int]) -> list[int]:
    """When the wall clock says so, in microseconds: twice in autumn; what spring leaves out by the time before and after."""
    times = (datetime(day.year, day.month, day.day, *clock, tzinfo=LONDON, fold=fold) for fold in (0, 1))
    return [(each.astimezone(UTC) - EPOCH) // timedelta(microseconds=1) for each in times]


def read_quiet(ours: Iterable[str], site: Iterable[str] = ()) -> Mapping[tuple[str, str], Quiet]:
    """The hours by audience and channel; rows of a site replace ours by their id. Raises TellingRefused."""
    refusals: list[str] = []
    made: dict[tuple[str, str], Quiet] = {}
    for id, row in rows(FILE, COLUMNS, ours, site).items():
        key, times = (row["to"], row["channel"]), [_TIME.fullmatch(row[name]) for name in ("from", "until")]
        start, end = times
        if key[0] not in AUDIENCES or key[1] not in CHANNELS:
            refusals.append(f"{FILE}, row {id}: to is one of {', '.join(AUDIENCES)}, channel one of {', '.join(CHANNELS)}")
        elif key in made:
            refusals.append(f"{FILE}, row {id}: another row is about the same")
        elif start is None or end is None or start[0] == end[0]:
            refusals.append(f"{FILE}, row {id}: from and until are two times of a day, HH:MM")
        elif row["urgent"] not in (PASSES, WAITS):
            refusals.append(f"{FILE}, row {id}: urgent is {PASSES} or {WAITS}")
        else:
            made[key] = Quiet((int(start[1]), int(start[2])), (int(end[1]), int(end[2])), row["urgent"] == PASSES)
    if refusals:
        raise TellingRefused("\n".join(refusals))
    return made
