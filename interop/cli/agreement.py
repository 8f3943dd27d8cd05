"""``interop agreement``: agreements between organisations, in a running engine."""

from __future__ import annotations

from typing import Any

from interop.cli.governed import ask, call
from interop.cli.options import Engine
from interop.cli.shown import json_line, moment, remark, say, several
from interop.clock import SystemClock, instant
from interop.fhir.rows import EARLIEST, LATEST
from interop.policy.agreements import WRITTEN, agreements
from interop.policy.facts import Agreement

COLUMNS = ("status", "source", "partner", "purposes", "start", "end")


def sign(
    engine: Engine, source: str, *, partner: str, purposes: list[str], start: str, end: str, status: str, as_json: bool
) -> int:
    """Begin, change or end an agreement; 1 where it could not be."""
    said = call(
        engine,
        "$agreement",
        ("source", "valueString", source),
        ("partner", "valueString", partner),
        *(("purpose", "valueCode", purpose) for purpose in purposes),
        ("start", "valueDateTime", start),
        ("end", "valueDateTime", end),
        ("status", "valueCode", status),
    )
    if said is None:
        return 1
    made_now, made = said
    if as_json:
        json_line(made)
    else:
        for each in _read(made):
            say(_line(each))
    if status == "withdrawn" and made_now == 201:
        remark("There was no such agreement here; one that a feed brings is ended with it.")
    return 0


def show(engine: Engine, *, as_json: bool) -> int:
    """List the agreements; 1 where that could not be."""
    following: str | None = "Contract?_count=200"
    found: list[Agreement] = []
    while following:
        said = ask(engine, "GET", following)
        if said is None:
            return 1
        _, page = said
        found += [each for entry in page.get("entry", []) for each in _read(entry["resource"])]
        following = next((link["url"] for link in page.get("link", []) if link["relation"] == "next"), None)
    lines = [_told(each) for each in found]
    if not as_json:
        now = instant(SystemClock().now())
        lines = [line | {name: moment(line[name], now) for name in ("start", "end")} for line in lines]
    several(lines, COLUMNS, as_json=as_json, nothing="There is no agreement. Begin one: interop agreement add SOURCE")
    return 0


def _read(contract: dict[str, Any]) -> tuple[Agreement, ...]:
    """The agreements of a Contract; an organisation that is named by reference alone has the name of the reference."""
    found = agreements(contract, lambda id: (f"Organization/{id}",))
    named = [each for each in found if not each.source.startswith("Organization/")]
    return tuple(named) or found


def _told(each: Agreement) -> dict[str, Any]:
    assert each.status in WRITTEN
    return {
        "contract": each.id,
        "source": each.source,
        "partner": each.partner or "*",
        "purposes": list(each.purposes or ("direct-care",)),
        "start": instant(each.start) if each.start > EARLIEST else "",
        "end": instant(each.end) if each.end < LATEST else "",
        "status": each.status,
    }


def _line(each: Agreement) -> str:
    said = _told(each)
    when = f" from {said['start']}" if said["start"] else ""
    when += f" until {said['end']}" if said["end"] else ""
    return f"{said['status']}: {said['source']} with {said['partner']} for {', '.join(said['purposes'])}{when}"
