"""``interop deliveries``: the queues of a running engine."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote, urlencode

from interop.cli.governed import ask
from interop.cli.options import Engine
from interop.cli.shown import cut, json_line, moment, one, plain, remark, several, table
from interop.clock import SystemClock, instant

MISSING = "interop deliveries queues lists the destinations, interop deliveries list DESTINATION what is for one."
COLUMNS = ("destination", "kind", "state", "waiting", "oldest", "sent", "shelved", "withheld", "awaited", "since", "missing")
LISTED = ("delivery", "made", "event", "type", "state", "tries")
MOST = 1_000
"""Deliveries of one answer."""
DONE = {"pause": "Nothing more is sent to {}; what is due waits.", "resume": "What waits for {} is sent."}


def queues(engine: Engine, *, as_json: bool) -> int:
    """A line for each destination; 1 where the engine does not tell."""
    said = _ask(engine, "GET", "")
    if said is None:
        return 1
    lines = said["destinations"]
    if not as_json:
        now = instant(SystemClock().now())
        lines = [_named(line, now) for line in lines]
    several(lines, COLUMNS, as_json=as_json, nothing="Nothing goes out: name destinations with interop serve --destinations.")
    return 0


def listed(engine: Engine, destination: str, *, state: str, acknowledgement: str, after: int, count: int, as_json: bool) -> int:
    """A line for each delivery, with what to do where one was not taken."""
    asked = {"state": state, "acknowledgement": acknowledgement, "after": after, "count": min(count + 1, MOST)}
    said = _ask(engine, "GET", f"{quote(destination, safe='')}?{urlencode(asked)}")
    if said is None:
        return 1
    more, lines = len(said["deliveries"]) > count, said["deliveries"][:count]
    if as_json:
        for line in lines:
            json_line(line)
    elif lines:
        now = instant(SystemClock().now())
        rows = [[moment(line["made"], now) if name == "made" else line.get(name, "") for name in LISTED] for line in lines]
        table(LISTED, rows, notes=[f"{line['delivery']}: {note}" for line in lines if (note := _note(line))])
    else:
        remark("There is no such delivery.")
    if more:
        cut(len(lines), _counted(engine, destination, state) if not (acknowledgement or after) else None,
            f"--after {lines[-1]['delivery']} goes on, --count shows more at once.")  # fmt: skip
    return 0


def _named(line: dict[str, Any], now: str) -> dict[str, Any]:
    """As operators call the columns."""
    times = {"oldest": line.get("oldest", ""), "since": line.get("awaitedSince", "")}
    return line | {"waiting": line["pending"]} | {name: moment(time, now) for name, time in times.items()}


def _counted(engine: Engine, destination: str, state: str) -> int | None:
    """How many there are in a state, where that is counted."""
    said = _ask(engine, "GET", "") if state else None
    lines = said["destinations"] if said is not None else []
    return next((line.get(state) for line in lines if line["destination"] == destination), None)


def _note(line: dict[str, Any]) -> str:
    """What is to be known or done of a delivery."""
    said = [f"{line['sentence']} {line['action']}"] if "sentence" in line else []
    said += [_acknowledged(line["acknowledgement"])] if "acknowledgement" in line else []
    said += [f"Next try {line['next']}."] if "next" in line else []
    return " ".join(said)


def _acknowledged(said: dict[str, Any]) -> str:
    """What the other side said, by its own code."""
    code = f" ({said['code']})" if "code" in said else ""
    until = f" until {said['until']}" if "until" in said else ""
    return f"Acknowledgement: {said['state']}{code}{until}."


def act(engine: Engine, destination: str, action: str, *, delivery: int = 0, as_json: bool) -> int:
    """Pause, resume or resend."""
    query = f"?delivery={delivery}" if delivery else ""
    said = _ask(engine, "POST", f"{quote(destination, safe='')}/{action}{query}")
    if said is None:
        return 1
    resent = f"{said.get('resent')} of {plain(destination)} are tried again."
    one(said, resent if action == "resend" else DONE[action].format(plain(destination)), as_json=as_json)
    return 0


def _ask(engine: Engine, method: str, address: str) -> dict[str, Any] | None:
    found = ask(engine, method, f"{engine.url.rstrip('/')}/deliveries/{address}", missing=MISSING)
    return found[1] if found is not None else None
