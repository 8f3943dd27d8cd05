"""Every precision of a date asked for against every precision of a date recorded, by the ranges of the standard's own table of
prefixes (FHIR R4 search, 3.1.1.4.5 and 3.1.1.4.7)."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

import pytest

from interop.store.sqlite import SqliteStore
from tests.spec.api.conftest import Client
from tests.spec.api.searches import LOINC, check, coded, observation, record

pytestmark = pytest.mark.anyio

Range = tuple[datetime, datetime]
FORM = re.compile(r"(\d{4})-?(\d\d)?-?(\d\d)?(?:T(\d\d):(\d\d)(?::(\d\d)(\.\d+)?)?)?(Z|[+-]\d\d:\d\d)?")
DATES = ["2020", "2020-02", "2020-02-29", "2020-02-29T23:59:59Z", "2020-02-29T23:59:59.999Z", "2020-03-01T00:00:00Z",
         "2020-03-01T00:30:00+01:00", "2020-02-29T23:30:00-01:00", "2016-12-31T23:59:60Z", "1999-12-31", "2021"]  # fmt: skip
PERIODS: list[tuple[str | None, str | None]] = [
    ("2020-01-01", "2020-12-31"),
    ("2020-02-29T10:00:00Z", "2020-02-29T11:00:00Z"),
    ("2020-03-01", None),
    (None, "2020-02-28"),
    ("2019", "2021"),
]
ASKED = ["2020", "2020-02", "2020-02-29", "2020-02-29T23:59", "2020-02-29T23:59:59Z", "2020-02-29T23:59:59.9Z", "2020-02-28",
         "2020-03-01T01:30+02:00", "2017-01-01", "2016-12", "2020-12-31", "2019"]  # fmt: skip
FIRST, LAST = datetime.min, datetime.max


def reach(text: str) -> Range:
    """From when until before when a date is, in UTC."""
    found = FORM.fullmatch(text)
    assert found
    year, month, day, hour, minute, second, fraction, zone = found.groups()
    start = datetime(int(year), int(month or 1), int(day or 1), int(hour or 0), int(minute or 0))
    if zone and zone != "Z":
        start -= timedelta(hours=int(zone[:3]), minutes=int(zone[0] + zone[4:]))
    start += timedelta(seconds=float((second or "0") + (fraction or "")))
    if fraction:
        return start, start + timedelta(seconds=10 ** (1 - len(fraction)))
    if hour:
        return start, start + timedelta(seconds=1 if second else 60)
    if day:
        return start, start + timedelta(days=1)
    if month:
        return start, (start + timedelta(days=31)).replace(day=1)
    return start, start.replace(year=start.year + 1)


def meets(prefix: str, asked: Range, value: Range) -> bool:
    """The third column of the table of prefixes."""
    holds = asked[0] <= value[0] and value[1] <= asked[1]
    above, below = value[1] > asked[1], value[0] < asked[0]
    return {
        "eq": holds,
        "ne": not holds,
        "gt": above,
        "lt": below,
        "ge": above or holds,
        "le": below or holds,
        "sa": value[0] >= asked[1],
        "eb": value[1] <= asked[0],
    }[prefix]


async def test_prefixes(client: Client, store: SqliteStore) -> None:
    code = coded(LOINC, "8867-4")
    dates = [observation(f"d{place}", code, effectiveDateTime=date) for place, date in enumerate(DATES)]
    ends = [{name: date for name, date in zip(("start", "end"), period, strict=True) if date} for period in PERIODS]
    periods = [observation(f"p{place}", code, effectivePeriod=period) for place, period in enumerate(ends)]
    await record(store, *dates, *periods)
    values = {f"d{place}": reach(date) for place, date in enumerate(DATES)}
    for place, (start, end) in enumerate(PERIODS):
        values[f"p{place}"] = (reach(start)[0] if start else FIRST, reach(end)[1] if end else LAST)
    await check(
        client,
        {
            f"{prefix}{date}": " ".join(sorted(id for id, value in values.items() if meets(prefix, reach(date), value)))
            for date in ASKED
            for prefix in ("eq", "ne", "gt", "lt", "ge", "le", "sa", "eb")
        },
        "Observation?date=",
    )
