"""``interop worklist``: who is on a list of a running engine, and why."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

from interop.cli.governed import ask
from interop.cli.options import Engine
from interop.cli.shown import cut, json_line, moment, remark, table
from interop.clock import SystemClock, instant

EXTENSION = "urn:interop:extension:worklist-"
NONE = "Nobody is on it, of those whom who asks may see."
PAGE = 500
COLUMNS = ("rank", "patient", "why", "due", "minutes left", "state")
Json = dict[str, Any]


def worklist(engine: Engine, name: str, organization: str, most: int, *, as_json: bool) -> int:
    """A line for each person in the order of the list; 1 where the engine does not tell."""
    asked = {"name": name, "_count": str(min(most, PAGE)), **({"organization": organization} if organization else {})}
    address, total = f"$worklist?{urlencode(asked)}", 0
    found: list[Json] = []
    while address and len(found) < most:
        answer = ask(engine, "GET", address)
        if answer is None:
            return 1
        bundle = answer[1]
        total = bundle.get("total", 0)
        found += list(_lines(bundle))[: most - len(found)]
        address = next((each["url"] for each in bundle.get("link", ()) if each["relation"] == "next"), "")
    if as_json:
        for line in found:
            json_line(line)
    elif found:
        now = instant(SystemClock().now())
        table(COLUMNS, [_row(line, now) for line in found])
    else:
        remark(NONE)
    if total > len(found):
        cut(len(found), total, "--most shows more.")
    return 0


def _lines(bundle: Json) -> Iterator[Json]:
    listed = next(each["resource"] for each in bundle["entry"] if each["resource"]["resourceType"] == "List")
    for entry in listed.get("entry", ()):
        said = {each["url"].removeprefix(EXTENSION): each for each in entry["extension"]}
        clock = {each["url"]: next(value for name, value in each.items() if name != "url") for each in _parts(said.get("clock"))}
        yield {
            "rank": said["rank"]["valuePositiveInt"],
            "patient": entry["item"]["reference"],
            "points": said["points"]["valueUnsignedInt"],
            "why": entry["flag"]["text"],
            **clock,
        }


def _parts(extension: Json | None) -> list[Json]:
    found: list[Json] = extension.get("extension", []) if extension is not None else []
    return found


def _row(line: Json, now: str) -> tuple[object, ...]:
    clock = (moment(line["due"], now), line["minutesLeft"], line["state"]) if "due" in line else ("", "", "")
    return line["rank"], line["patient"], line["why"], *clock
