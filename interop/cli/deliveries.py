"""``interop deliveries``: the queues of a running engine."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote, urlencode

from interop.cli.governed import Engine, ask
from interop.cli.shown import plain

MISSING = "interop deliveries queues lists the destinations, interop deliveries list DESTINATION what is for one."
DONE = {"pause": "Nothing more is sent to {}; what is due waits.", "resume": "What waits for {} is sent."}


def queues(engine: Engine, *, as_json: bool) -> int:
    """A line for each destination; 1 where the engine does not tell."""
    said = _ask(engine, "GET", "")
    if said is None:
        return 1
    lines = said["destinations"]
    if as_json:
        for line in lines:
            print(json.dumps(line))
    elif not lines:
        print("Nothing goes out: name destinations with interop serve --destinations.")
    for line in () if as_json else lines:
        oldest = f", oldest of {line['oldest']}" if "oldest" in line else ""
        print(
            f"{plain(line['destination'])}  {line.get('kind', '-')}  {line['state']}: {line['pending']} waiting{oldest}, "
            f"{line['sent']} sent, {line['shelved']} on the shelf, {line['withheld']} withheld{_awaited(line)}"
        )
    return 0


def listed(engine: Engine, destination: str, *, state: str, acknowledgement: str, after: int, count: int, as_json: bool) -> int:
    """A line for each delivery, with what to do where one was not taken."""
    asked = urlencode({"state": state, "acknowledgement": acknowledgement, "after": after, "count": count})
    said = _ask(engine, "GET", f"{quote(destination, safe='')}?{asked}")
    if said is None:
        return 1
    for line in said["deliveries"]:
        if as_json:
            print(json.dumps(line))
            continue
        what = line.get("type", "")
        print(f"{line['delivery']}  {line['made']}  {line['event']} {plain(what)}  {line['state']} after {line['tries']} tries")
        if "acknowledgement" in line:
            print(f"    {_acknowledged(line['acknowledgement'])}")
        if "sentence" in line:
            print(f"    {line['sentence']} {line['action']}")
        if "next" in line:
            print(f"    Next try {line['next']}.")
    if not said["deliveries"] and not as_json:
        print("There is no such delivery.")
    return 0


def _awaited(line: dict[str, Any]) -> str:
    """How many are not acknowledged."""
    if not (line.get("awaited") or line.get("missing")):
        return ""
    since = f" since {line['awaitedSince']}" if "awaitedSince" in line else ""
    return f"; {line['awaited']} to be acknowledged{since}, {line['missing']} not in time"


def _acknowledged(said: dict[str, Any]) -> str:
    """What the other side said, by its own code."""
    code = f" ({plain(said['code'])})" if "code" in said else ""
    until = f" until {said['until']}" if "until" in said else ""
    return f"Acknowledgement: {said['state']}{code}{until}."


def act(engine: Engine, destination: str, action: str, *, delivery: int = 0, as_json: bool) -> int:
    """Pause, resume or resend."""
    query = f"?delivery={delivery}" if delivery else ""
    said = _ask(engine, "POST", f"{quote(destination, safe='')}/{action}{query}")
    if said is None:
        return 1
    if as_json:
        print(json.dumps(said))
    elif action == "resend":
        print(f"{said['resent']} of {plain(destination)} are tried again.")
    else:
        print(DONE[action].format(plain(destination)))
    return 0


def _ask(engine: Engine, method: str, address: str) -> dict[str, Any] | None:
    found = ask(engine, method, f"{engine.url.rstrip('/')}/deliveries/{address}", missing=MISSING)
    return found[1] if found is not None else None
