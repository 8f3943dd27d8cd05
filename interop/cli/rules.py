"""``interop rules``: do the tables of rules hold, and what would they have done."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

from interop.api.delivering.acting import RULES
from interop.app.acting import tables_of
from interop.app.rules_tried import tried
from interop.app.settings import OURS, Settings
from interop.cli.progress import progress
from interop.cli.shown import one, remark, several, wrong
from interop.clock import SystemClock
from interop.errors import Problem
from interop.rules.tables import age


def check(site: Path | None, *, as_json: bool) -> int:
    """1 where a row is refused, each with its reason on standard error."""
    try:
        tables = tables_of(_site(site), SystemClock().now())
    except ValueError as refused:
        for reason in str(refused).splitlines():
            wrong(json.dumps({"refused": reason}) if as_json else reason)
        return 1
    counts = {"events": len(tables.events), "rules": len(tables.rules), "words": len(tables.codes)}
    one(counts, ", ".join(f"{count} {name}" for name, count in counts.items()), as_json=as_json)
    return 0


def try_(
    site: Path | None, last: str, data: Path, database: str | None, feeds: Path | None, test_numbers: bool, *, as_json: bool
) -> int:
    """A line for each rule that would have had anything to do; 1 where a row is refused or there is no record."""
    try:
        since = SystemClock().now() - age(last)
        settings = Settings(data=data, database=database, feeds=feeds, test_numbers=test_numbers)
        with progress("trying"):
            count, told = asyncio.run(tried(settings, _site(site), RULES, since))
    except (ValueError, OSError, Problem) as error:
        return wrong(error, 1)
    lines = [{"rule": rule, "result": result, "count": told[rule, result]} for rule, result in sorted(told)]
    several(lines, ("rule", "result", "count"), as_json=as_json)
    remark(f"{count} versions looked at since {last} ago; nothing was written.")
    return 0


def _site(said: Path | None) -> Path | None:
    return None if said is None or said == Path(OURS) else said
