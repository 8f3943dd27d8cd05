"""``GET /messages/{id}/history``: what happened to a message, as far as the journal holds it, oldest first."""

from __future__ import annotations

from typing import Any, Final

import orjson

from interop.api.services import Services
from interop.apply.journalled import DOWN
from interop.clock import instant
from interop.errors import reasons
from interop.ports import AckState, MessageState, Wait
from interop.store.plan import Browse, Message, Repetitions
from interop.store.values import REPLAY, Entry

PORTIONS: Final = 10
"""Portions of the journal in which replays are looked for."""
REPLAYS: Final = 200
"""Replays that are looked into."""
UNFINISHED: Final = (MessageState.RECEIVED, MessageState.MAPPED, MessageState.HELD)


async def history(services: Services, entry: Entry) -> dict[str, Any]:
    """``events`` (what, and when where that is kept) and ``acknowledgement``: what the sender was told and whether it went out."""
    events: list[dict[str, Any]] = [{"event": "received", "at": instant(entry.received)}]
    events += [{"event": "repeated", "at": instant(each)} for each in await services.store.query(Repetitions(entry.message))]
    if entry.repeats:
        events.append({"event": "same-key", "message": entry.repeats})
    if entry.state not in UNFINISHED:
        said = {"event": entry.state, **({"at": instant(entry.finished)} if entry.finished else {})}
        events.append(said | ({"reason": entry.reason} if entry.reason else {}))
    events += [
        {"event": "replayed", "at": instant(each.received), "message": each.message} for each in await _replays(services, entry)
    ]
    if entry.reason == DOWN:
        events.append({"event": "taken-down", "message": int(entry.detail)})
    events.sort(key=lambda each: each.get("at", "9"))
    return {"message": entry.message, "events": events, "acknowledgement": acknowledgement(services, entry)}


def acknowledgement(services: Services, entry: Entry) -> dict[str, Any]:
    """What the sender is told by the state of the message and the way of its feed; not when: the journal does not hold that."""
    feed = services.feeds.get(entry.feed)
    at_once = feed is None or feed.ack == Wait.JOURNALLED
    known = reasons().get(entry.reason)
    before = entry.state == MessageState.REFUSED and not entry.finished
    open_ = entry.state in UNFINISHED and not at_once
    refused = before or (not at_once and entry.state in (MessageState.REFUSED, MessageState.FAILED, MessageState.SHELVED))
    said: dict[str, Any] = {"state": entry.ack, "told": "nothing" if open_ else "refused" if refused else "accepted"}
    if entry.ack == AckState.FAILED:
        said["told"] = "nothing"
    adapter = services.adapters.get(entry.adapter)
    if adapter is not None and adapter.format == "er7" and said["told"] != "nothing":
        said["code"] = known.original if refused and known is not None else "AA"
    return said


async def _replays(services: Services, entry: Entry) -> list[Entry]:
    """The replays in which the message was told again, of those that are looked into."""
    found: list[Entry] = []
    below = looked = 0
    for _ in range(PORTIONS):
        ((below, some),) = await services.store.query(Browse(feed=REPLAY, before=below, count=REPLAYS - looked))
        for each in some:
            whole = await services.store.query(Message(each.message)) if each.message > entry.message else ()
            found += [one for one in whole if one.adapter == REPLAY and entry.message in orjson.loads(one.body)["messages"]]
        looked += len(some)
        if below <= entry.message or looked >= REPLAYS:
            break
    return found
