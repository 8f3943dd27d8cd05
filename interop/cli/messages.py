"""``interop messages``: the journal read beside a running engine."""

from __future__ import annotations

import asyncio
import base64
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from interop.app.belonging import database_of
from interop.app.opening import named, open_store
from interop.cli.hiding import REFUSED, hides_in
from interop.cli.shown import cut, json_line, moment, remark, table, wrong
from interop.clock import SystemClock, instant
from interop.errors import Problem, reasons
from interop.store.plan import FEEDS_REFUSED, STOPPED, Feeds, Message, Messages, Meta, Noted, Plan
from interop.store.seam import Store
from interop.store.values import Entry, FeedCount

Hidden = Callable[[Store, Entry], Awaitable[bool]]
BELOW = ("where", "sentence", "action")
RARE = ("retracted", "repeats", "oldest_waiting", "incomplete_since", "stands_still")
"""What few lines have: below them too, so that a line fits a terminal."""
COUNTED = ("applied", "refused", "failed", "shelved", "held")
"""States of which the messages of a feed are counted."""
TIMES = ("received", "oldest_waiting", "last_received", "incomplete_since")


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
    plan: Plan = Message(body) if body else Feeds() if feeds else Messages(feed, state, control_id, 0, count + 1)
    found = read(data, database, plan, hides_in if body and not whereabouts else None)
    if found is None:
        return 1
    if body:
        if not found:
            return wrong(f"There is no message {body}: interop messages lists them.", 1)
        if as_json:
            json_line({**describe(found[0]), "body": base64.b64encode(found[0].body).decode("ascii")})
        else:
            sys.stdout.buffer.write(found[0].body)
        return 0
    if feeds and (refused := read(data, database, Meta(FEEDS_REFUSED))) and refused[0]:
        remark(f"The feeds file that is there is not the one that counts: {refused[0]}. Correct it.")
    noted = (read(data, database, Noted(STOPPED)) or []) if feeds else []
    stopped = {name.removeprefix(STOPPED): int(number) for name, number in noted if number}
    for name, number in stopped.items():
        said = reasons()["feed-stopped"]
        remark(f"The feed {name} stands still for message {number}. {said.sentence} {said.action}")
    more = not feeds and len(found) > count
    lines = [_feed(one, stopped.get(one.feed, 0)) if feeds else describe(one) for one in (found[:count] if more else found)]
    if as_json:
        for line in lines:
            json_line(line)
    elif lines:
        _show(lines, instant(SystemClock().now()))
    else:
        remark("The journal holds no such message.")
    if more:
        cut(count, _counted(data, database, feed, state, control_id, found[0].message), "--count shows more, newest first.")
    return 0


def _counted(data: Path, database: str | None, feed: str, state: str, control_id: str, newest: int) -> int | None:
    """How many messages there are of a filter, where that is counted: they are numbered without a gap."""
    if not (feed or state or control_id):
        return newest
    if control_id or state not in ("", *COUNTED):
        return None
    found: list[FeedCount] = read(data, database, Feeds()) or []
    return sum(int(getattr(each, state or "received")) for each in found if feed in ("", each.feed))


def _show(lines: list[dict[str, Any]], now: str) -> None:
    """A line each, of 80 columns where names are short; what an operator has to know and do on a line of its own below it."""
    columns = [
        name for name in lines[0] if name not in (*RARE, *BELOW) and any(line.get(name) not in ("", 0, None) for line in lines)
    ]
    rows = [[_cell(name, line.get(name, ""), now) for name in columns] for line in lines]
    table([name.replace("_", " ") for name in columns], rows, notes=[note for line in lines if (note := _note(line, now))])


def _note(line: dict[str, Any], now: str) -> str:
    counted = [f"{name.replace('_', ' ')} {_cell(name, line[name], now)}" for name in RARE if line.get(name)]
    said = " ".join([f"{', '.join(counted)}."] * bool(counted) + [str(line[name]) for name in BELOW if line.get(name)])
    return f"{line.get('message') or line['feed']}: {said}" if said else ""


def _cell(name: str, value: Any, now: str) -> Any:
    return moment(value, now) if name in TIMES and isinstance(value, str) else value


def read(data: Path, database: str | None, plan: Plan, hidden: Hidden | None = None) -> list[Any] | None:
    """The answer of the store to a plan; None, with a sentence on standard error, where it cannot be read or is ``hidden``."""

    async def run() -> list[Any] | None:
        store = await open_store(data, database, read_only=True)
        try:
            found = await store.query(plan)
            for each in found if hidden is not None else ():
                if hidden is not None and await hidden(store, each):
                    wrong(REFUSED.format(what=f"Message {each.message}"))
                    return None
            return found
        finally:
            await store.close()

    try:
        return asyncio.run(run())
    except ValueError as error:
        wrong(f"--database: {error}")
        return None
    except (OSError, Problem):
        where = named(data, database)
        owner = ""
        with suppress(OSError):
            owner = database_of(data)
        if database is None and owner:
            wrong(f"The journal of {data} is in the database {owner}: give --database or INTEROP_DATABASE.")
            return None
        own = f"--data {data}, name its directory, or give --database where it is in a database"
        way = own if database is None else f"--database {where}, or name its database"
        wrong(f"There is no journal in {where}. Start the engine with interop serve {way}.")
        return None


def describe(entry: Entry) -> dict[str, Any]:
    """A journal entry without its body, with what an operator should do."""
    reason = reasons().get(entry.reason)
    return {
        "message": entry.message,
        "received": instant(entry.received),
        "feed": entry.feed,
        "type": entry.type,
        "control_id": entry.control_id,
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
