"""``interop clocks``: the clocks of a running engine, and how often they were met."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

from interop.cli.governed import ask, call
from interop.cli.options import Engine
from interop.cli.shown import json_line, moment, remark, table
from interop.clock import SystemClock, instant

CODES = "urn:interop:codes:clock"
COUNTED = ("met", "early", "breached", "running", "not-needed", "cancelled")
NONE = "There is no such clock: rules begin them, with interop serve --rules."


def listed(engine: Engine, *, open_only: bool, clock: str, as_json: bool) -> int:
    """A line for each clock, those that are due first at the top; 1 where the engine does not tell."""
    asked = {"code": f"{CODES}|{clock}", "_count": "500", **({"status": "in-progress"} if open_only else {})}
    tasks: list[dict[str, Any]] = []
    for page in _pages(engine, f"Task?{urlencode(asked)}"):
        if page is None:
            return 1
        tasks += [entry["resource"] for entry in page.get("entry", ()) if entry.get("search", {}).get("mode") == "match"]
    lines = sorted(map(_line, tasks), key=lambda line: (line["due"], line["task"]))
    if as_json:
        for line in lines:
            json_line(line)
    elif lines:
        now = instant(SystemClock().now())
        rows = [(moment(line["due"], now), line["clock"], line["state"], line["patient"], f"Task/{line['task']}") for line in lines]
        table(("due", "clock", "state", "patient", "task"), rows)
    else:
        remark(NONE)
    return 0


def measures(engine: Engine, start: str, end: str, *, clock: str, as_json: bool) -> int:
    """A line for each clock with its counts; 1 where the engine does not tell."""
    said = [("start", "valueDate", start), ("end", "valueDate", end), ("clock", "valueCode", clock)]
    answer = call(engine, "$clock-measures", *said, missing=NONE)
    if answer is None:
        return 1
    lines = [
        {part["name"]: next(value for name, value in part.items() if name != "name") for part in each["part"]}
        for each in answer[1].get("parameter", ())
        if each["name"] == "clock"
    ]
    if as_json:
        for line in lines:
            json_line(line)
    elif lines:
        rows = [(line["name"], _share(line), *(line.get(name) or "" for name in COUNTED), _median(line)) for line in lines]
        table(("clock", "in time", *COUNTED, "half within"), rows)
    else:
        remark("No clock began in that period.")
    return 0


def _share(line: dict[str, Any]) -> str:
    return f"{line['share']:.1%}" if "share" in line else "none known yet"


def _median(line: dict[str, Any]) -> str:
    return f"{line['median']:g} minutes" if "median" in line else ""


def _pages(engine: Engine, address: str) -> Iterator[dict[str, Any] | None]:
    while address:
        answer = ask(engine, "GET", address, missing=NONE)
        yield answer[1] if answer is not None else None
        links = answer[1].get("link", ()) if answer is not None else ()
        address = next((link["url"] for link in links if link["relation"] == "next"), "")


def _line(task: dict[str, Any]) -> dict[str, Any]:
    coding: dict[str, Any] = next((each for each in task["code"]["coding"] if each.get("system") == CODES), {})
    state = task.get("businessStatus", {}).get("coding", [{}])[0].get("code", task.get("status", ""))
    period = task.get("executionPeriod", {})
    return {
        "task": task["id"],
        "clock": coding.get("code", ""),
        "patient": task.get("for", {}).get("reference", ""),
        "state": state,
        "start": period.get("start", ""),
        "due": task.get("restriction", {}).get("period", {}).get("end", ""),
        **({"end": period["end"]} if "end" in period else {}),
    }
