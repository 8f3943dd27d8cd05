"""``interop messages``: the journal read beside a running engine."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from interop.app.belonging import database_of
from interop.app.opening import named, open_store
from interop.cli.hiding import REFUSED, hides_in
from interop.cli.shown import cell, plain
from interop.clock import SystemClock, instant
from interop.errors import Problem, reasons
from interop.store.plan import FEEDS_REFUSED, STOPPED, Feeds, Message, Messages, Meta, Noted, Plan
from interop.store.seam import Store
from interop.store.values import Entry, FeedCount

Hidden = Callable[[Store, Entry], Awaitable[bool]]
BELOW = ("where", "sentence", "action")
RARE = ("retracted", "repeats", "oldest_waiting", "incomplete_since", "stands_still")
"""What few lines have: below them too, so that a line fits a terminal."""
TIMES = ("received", "oldest_waiting", "last_received", "incomplete_since")
LONG = ("feed", "type", "control id")
"""Columns of names, which are folded where a terminal is too narrow."""


def messages(
    data: Path,
    database: str | None = None,
    *,
    feed: str,
    state: str,
    control_id: str,
    count: int,
    feeds: bool,
    body: int,
    as_json: bool,
    whereabouts: bool = False,
) -> int:
    """Print journal entries, feed counts, or one message's bytes; 1 where there is nothing to read, or it is about somebody whose
    whereabouts are hidden and ``whereabouts`` is not said."""
    plan: Plan = Message(body) if body else Feeds() if feeds else Messages(feed, state, control_id, 0, count)
    found = read(data, database, plan, hides_in if body and not whereabouts else None)
    if found is None:
        return 1
    if body:
        if not found:
            print(f"There is no message {body}.", file=sys.stderr)
            return 1
        sys.stdout.buffer.write(found[0].body)
        return 0
    if feeds and (refused := read(data, database, Meta(FEEDS_REFUSED))) and refused[0]:
        print(f"The feeds file that is there is not the one that counts: {refused[0]}. Correct it.", file=sys.stderr)
    noted = (read(data, database, Noted(STOPPED)) or []) if feeds else []
    stopped = {name.removeprefix(STOPPED): int(number) for name, number in noted if number}
    for name, number in stopped.items():
        said = reasons()["feed-stopped"]
        print(f"The feed {name} stands still for message {number}. {said.sentence} {said.action}", file=sys.stderr)
    lines = [_feed(one, stopped.get(one.feed, 0)) if feeds else describe(one) for one in found]
    if as_json:
        for line in lines:
            print(json.dumps(line))
        return 0
    if not lines:
        print("The journal holds no such message.")
        return 0
    _show(lines, instant(SystemClock().now()))
    return 0


def _show(lines: list[dict[str, Any]], now: str) -> None:
    """A line each, of 80 columns where names are short; what an operator has to know and do on a line of its own below it."""
    from rich.console import Console
    from rich.table import Table

    columns = [
        name for name in lines[0] if name not in (*RARE, *BELOW) and any(line.get(name) not in ("", 0, None) for line in lines)
    ]
    table = Table(*columns, box=None, pad_edge=False, padding=(0, 1, 0, 0), collapse_padding=True)
    for column in table.columns:
        column.overflow, column.no_wrap = "fold", column.header not in LONG
    for line in lines:
        table.add_row(*(cell(_cell(name, line.get(name, ""), now)) for name in columns))
    console = Console()
    console.print(table)
    for line in lines:
        counted = [f"{name.replace('_', ' ')} {_cell(name, line[name], now)}" for name in RARE if line.get(name)]
        said = " ".join([f"{', '.join(counted)}."] * bool(counted) + [str(line[name]) for name in BELOW if line.get(name)])
        if said:
            named = line.get("message") or plain(line["feed"])
            console.print(f"{named}: {plain(said)}", soft_wrap=True, highlight=False, markup=False)


def _cell(name: str, value: Any, now: str) -> str:
    """Of a time the second where it is of today (UTC), else the day and the minute."""
    if name not in TIMES or not isinstance(value, str):
        return str(value)
    return value[11:19] if value[:10] == now[:10] else value[:16].replace("T", " ")


def read(data: Path, database: str | None, plan: Plan, hidden: Hidden | None = None) -> list[Any] | None:
    """The answer of the store to a plan; None, with a sentence on standard error, where it cannot be read or is ``hidden``."""

    async def run() -> list[Any] | None:
        store = await open_store(data, database, read_only=True)
        try:
            found = await store.query(plan)
            for each in found if hidden is not None else ():
                if hidden is not None and await hidden(store, each):
                    print(REFUSED.format(what=f"Message {each.message}"), file=sys.stderr)
                    return None
            return found
        finally:
            await store.close()

    try:
        return asyncio.run(run())
    except ValueError as error:
        print(f"--database: {error}", file=sys.stderr)
        return None
    except (OSError, Problem):
        where = named(data, database)
        owner = ""
        with suppress(OSError):
            owner = database_of(data)
        if database is None and owner:
            print(f"The journal of {data} is in the database {owner}: give --database or INTEROP_DATABASE.", file=sys.stderr)
            return None
        own = f"--data {data}, name its directory, or give --database where it is in a database"
        way = own if database is None else f"--database {where}, or name its database"
        print(f"There is no journal in {where}. Start the engine with interop serve {way}.", file=sys.stderr)
        return None


def describe(entry: Entry) -> dict[str, Any]:
    """A journal entry without its body, with what an operator should do."""
    reason = reasons().get(entry.reason)
    return {
        "message": entry.message,
        "received": instant(entry.received),
        "feed": entry.feed,
        "type": entry.type,
        "control id": entry.control_id,
        "state": entry.state,
        "ack": entry.ack,
        "carried": entry.carried,
        "lost": entry.lost,
        "retracted": entry.retracted,
        "where": entry.where,
        "sentence": reason.sentence if reason else "",
        "action": reason.action if reason else "",
        "repeats": entry.repeats,
    }


def _feed(one: FeedCount, stopped: int) -> dict[str, Any]:
    """The counts of a feed; ``stands_still`` is the message for which it does, 0 where it goes on."""
    return {
        **one._asdict(),
        "oldest_waiting": instant(one.oldest_waiting) if one.oldest_waiting else "",
        "last_received": instant(one.last_received) if one.last_received else "",
        "incomplete_since": instant(one.incomplete_since) if one.incomplete_since else "",
        "stands_still": stopped,
    }
