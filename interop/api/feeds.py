"""``/feeds/``: how each feed stands, for who runs the engine; nothing of it is about a person.

| request | gives |
|---|---|
| GET ``/feeds/`` | a line for each feed: counts by state, since when it is silent, what waits longest |
| GET ``/feeds/NAME/coverage`` | which source fields were met and are not carried, how often, and why |
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import orjson

from interop.api.asgi import JSON, Request, Response
from interop.api.feed_health import DOWN, Told, said
from interop.api.parts import check
from interop.api.problems import json_error, not_allowed
from interop.api.services import Services
from interop.clock import MICROSECONDS, instant
from interop.errors import Problem
from interop.ports import Feed
from interop.store.plan import Coverage, Feeds
from interop.store.values import FeedCount, LossCount

PREFIX: Final = "/feeds/"


async def answer(services: Services, request: Request) -> Response:
    """Raises Problem ``forbidden``, ``not-found``."""
    if request.method not in ("GET", "HEAD"):
        return json_error(*not_allowed(("GET", "HEAD")))
    check(services, request, "feeds")
    name, _, view = request.path[len(PREFIX) :].partition("/")
    if not name:
        return _json(await standing(services))
    if view != "coverage":
        raise Problem("not-found")
    counts: list[LossCount] = await services.store.query(Coverage(name))
    if not counts and name not in services.feeds and all(each.feed != name for each in await services.store.query(Feeds())):
        raise Problem("not-found")
    return _json({"feed": name, **coverage(counts)})


async def standing(services: Services) -> dict[str, Any]:
    """How all of them stand now."""
    counted: dict[str, FeedCount] = {each.feed: each for each in await services.store.query(Feeds())}
    names = sorted(services.feeds.keys() | counted.keys())
    told = await said(services, names)
    now, stale, known = services.clock.now(), services.stale_after, services.feeds
    feeds = [describe(name, counted.get(name) or _none(name), known, told.get(name), now, stale) for name in names]
    return {"time": instant(now), "feeds": feeds}


def _none(name: str) -> FeedCount:
    return FeedCount(name, 0, 0, 0, 0, 0, 0, 0, 0)


def describe(
    name: str, count: FeedCount, feeds: Mapping[str, Feed], told: Told | None, now: int, stale_after: int
) -> dict[str, Any]:
    """One feed. ``state`` is the one word that an operator looks for: down, held, shelved, waiting, stale, quiet or well."""
    feed = feeds.get(name)
    line: dict[str, Any] = {
        "feed": name,
        "description": feed.description if feed is not None else "",
        "adapter": feed.adapter if feed is not None else "",
        "declared": feed is not None,
        **{each: getattr(count, each) for each in ("received", "waiting", "held", "applied", "refused", "failed", "shelved")},
    }
    for field, at in (("oldestWaiting", count.oldest_waiting), ("lastReceived", count.last_received)):
        if at:
            line[field] = instant(at)
    if count.last_received:
        line["silentSeconds"] = max(0, now - count.last_received) // MICROSECONDS
    if count.incomplete_since:
        line["incompleteSince"] = instant(count.incomplete_since)
    down = told is not None and told.state == DOWN
    if told is not None and down:
        line["downSince"] = instant(told.since)
    stale = bool(stale_after and count.last_received and now - count.last_received > stale_after)
    line["state"] = _state(count, down=down, stale=stale)
    return line


def _state(count: FeedCount, *, down: bool, stale: bool) -> str:
    if down:
        return "down"
    if count.held:
        return "held"
    if count.shelved or count.failed:
        return "shelved"
    if count.waiting:
        return "waiting"
    return "stale" if stale else "well" if count.received else "quiet"


def coverage(counts: list[LossCount]) -> dict[str, Any]:
    """Each field that was met and is not carried, with why, most often met first; ``count`` of them all."""
    lost = sorted(counts, key=lambda each: (-each.count, each.type, each.path))
    return {
        "count": sum(each.count for each in lost),
        "lost": [
            {"type": each.type, "path": each.path, "reason": each.reason, "row": each.row, "count": each.count} for each in lost
        ],
    }


def _json(said: dict[str, Any]) -> Response:
    return Response(200, orjson.dumps(said), JSON)
