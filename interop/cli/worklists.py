"""``interop worklist``: who is on a list of a running engine, and why."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

from interop.cli.governed import Engine, ask
from interop.cli.shown import plain

EXTENSION = "urn:interop:extension:worklist-"
NONE = "Nobody is on it, of those whom who asks may see."
PAGE = 500
Json = dict[str, Any]


def worklist(engine: Engine, name: str, organization: str, most: int, *, as_json: bool) -> int:
    """A line for each person in the order of the list; 1 where the engine does not tell."""
    asked = {"name": name, "_count": str(min(most, PAGE)), **({"organization": organization} if organization else {})}
    address, left = f"$worklist?{urlencode(asked)}", most
    while address and left > 0:
        answer = ask(engine, "GET", address)
        if answer is None:
            return 1
        bundle = answer[1]
        lines = list(_lines(bundle))[:left]
        for line in lines:
            print(json.dumps(line) if as_json else _shown(line))
        if not bundle.get("total") and not as_json:
            print(NONE)
        left -= len(lines)
        address = next((each["url"] for each in bundle.get("link", ()) if each["relation"] == "next"), "")
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


def _shown(line: Json) -> str:
    clock = f"  due {line['due']} ({line['minutesLeft']} minutes left, {line['state']})" if "due" in line else ""
    return f"{line['rank']}  {plain(line['patient'])}  {plain(line['why'])}{clock}"
