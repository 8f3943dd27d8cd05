"""``interop rules``: do the tables of rules hold, and what would they have done."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

from interop.api.delivering.acting import RULES
from interop.app.acting import tables_of
from interop.app.rules_tried import tried
from interop.app.settings import OURS, Settings
from interop.clock import SystemClock
from interop.errors import Problem
from interop.rules.tables import age


def check(site: Path | None, *, as_json: bool) -> int:
    """1 where a row is refused, each with its reason on standard error."""
    try:
        tables = tables_of(_site(site), SystemClock().now())
    except ValueError as refused:
        for reason in str(refused).splitlines():
            print(json.dumps({"refused": reason}) if as_json else reason, file=sys.stderr)
        return 1
    counts = {"events": len(tables.events), "rules": len(tables.rules), "words": len(tables.codes)}
    print(json.dumps(counts) if as_json else ", ".join(f"{count} {name}" for name, count in counts.items()))
    return 0


def try_(
    site: Path | None, last: str, data: Path, database: str | None, feeds: Path | None, test_numbers: bool, *, as_json: bool
) -> int:
    """A line for each rule that would have had anything to do; 1 where a row is refused or there is no record."""
    try:
        since = SystemClock().now() - age(last)
        settings = Settings(data=data, database=database, feeds=feeds, test_numbers=test_numbers)
        count, told = asyncio.run(tried(settings, _site(site), RULES, since))
    except (ValueError, OSError, Problem) as error:
        print(str(error), file=sys.stderr)
        return 1
    for rule, result in sorted(told):
        one = {"rule": rule, "result": result, "count": told[rule, result]}
        print(json.dumps(one) if as_json else f"{rule}  {result}  {told[rule, result]}")
    if not as_json:
        print(f"{count} versions looked at since {last} ago; nothing was written.")
    return 0


def _site(said: Path | None) -> Path | None:
    return None if said is None or said == Path(OURS) else said
