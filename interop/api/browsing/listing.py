"""``GET /messages/``: messages of the journal, newest first, without what they say; ``/messages/shelf``: what the record lacks.

| parameter | is |
|---|---|
| ``feed``, ``type``, ``control`` | the feed, the type of message, the sender's control id |
| ``state`` | received, mapped, applied, refused, failed, shelved, held |
| ``category``, ``reason`` | of what went wrong: a category or a name of the table of errors |
| ``received`` | when: a date with ``ge``, ``gt``, ``le`` or ``lt``, or what a date covers; may be repeated |
| ``after``, ``count`` | the cursor: those that came before this message; how many |
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any, Final

from interop.api.asgi import Request
from interop.api.searching.dates import span
from interop.api.services import Services
from interop.clock import instant
from interop.errors import Category, Problem, reasons
from interop.ports import MessageState
from interop.store.plan import Browse, Browsed, Feeds, Shelf
from interop.store.values import Entry, FeedCount

USUAL: Final = 50
MOST: Final = 200
"""Messages of one answer."""
PORTIONS: Final = 10
"""Portions of the journal that one request goes through; what lies beyond is for the next."""
PARAMETERS: Final = ("feed", "type", "state", "category", "reason", "control", "received", "after", "count")


COUNTED: Final = ("", MessageState.APPLIED, MessageState.REFUSED, MessageState.FAILED, MessageState.SHELVED, MessageState.HELD)
"""States of which it is known how many messages a feed has; '' = all."""


class Page:
    """``next`` is the cursor of what follows, 0 for nothing; ``total`` how many there are, at least; ``exact``: no more."""

    __slots__ = ("entries", "exact", "next", "total")

    def __init__(self, entries: list[Entry], next: int, total: int, exact: bool) -> None:
        self.entries, self.next, self.total, self.exact = entries, next, total, exact


async def listed(services: Services, request: Request) -> Page:
    """The page that is asked for. Raises Problem ``bad-parameter``."""
    plan = asked(request.query, services.clock.now())
    found: list[Entry] = []
    below = plan.before
    for _ in range(PORTIONS):
        ((below, some),) = await services.store.query(replace(plan, before=below, count=plan.count - len(found)))
        found += some
        if not below or len(found) >= plan.count:
            break
    total, exact = await _total(services, replace(plan, before=0))
    return Page(found, below, max(total, len(found)), exact and total >= len(found))


def asked(query: list[tuple[str, str]], now: int) -> Browse:
    """What the parameters ask for. Raises Problem ``bad-parameter``."""
    said: dict[str, str] = {}
    since = until = 0
    for name, value in query:
        if name not in PARAMETERS or (name in said and name != "received"):
            raise Problem("bad-parameter", where=name if name in PARAMETERS else "", detail=f"there are {', '.join(PARAMETERS)}")
        said[name] = value
        if name == "received":
            low, high = _bounds(value, now)
            since, until = max(since, low), min(until or high, high) if high else until
    state, category, reason = said.get("state", ""), said.get("category", ""), said.get("reason", "")
    if state and state not in set(MessageState):
        raise Problem("bad-parameter", where="state", detail=", ".join(MessageState))
    if category and category not in set(Category):
        raise Problem("bad-parameter", where="category", detail=", ".join(Category))
    if reason and (reason not in reasons() or (category and reason not in _of(category))):
        raise Problem("bad-parameter", where="reason", detail="it is a name of the table of errors")
    wanted = (reason,) if reason else _of(category) if category else ()
    count = max(1, min(_number(said, "count") or USUAL, MOST))
    return Browse(said.get("feed", ""), said.get("type", ""), state, wanted, said.get("control", ""), since, until,
                  _number(said, "after"), count)  # fmt: skip


@cache
def _of(category: str) -> tuple[str, ...]:
    return tuple(sorted(name for name, each in reasons().items() if each.category == category))


def _bounds(value: str, now: int) -> tuple[int, int]:
    """From when until when, exclusive; 0 = any."""
    prefix, low, high = span("received", value, now)
    match prefix:
        case "eq":
            return low, high
        case "ge":
            return low, 0
        case "gt" | "sa":
            return high, 0
        case "le":
            return 0, high
        case "lt" | "eb":
            return 0, low
    raise Problem("bad-parameter", where="received", detail="say ge, gt, le or lt, or a date alone")


def _number(said: dict[str, str], name: str) -> int:
    text = said.get(name, "0")
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise Problem("bad-parameter", where=name, detail="a number is wanted")
    return int(text)


async def _total(services: Services, plan: Browse) -> tuple[int, bool]:
    """How many there are, and whether that is all: of feeds and states it is counted already, else what the newest portion of the
    journal holds."""
    if plan.state in COUNTED and plan == Browse(plan.feed, state=plan.state, count=plan.count):
        counts: list[FeedCount] = await services.store.query(Feeds())
        return sum(getattr(each, plan.state or "received") for each in counts if plan.feed in ("", each.feed)), True
    ((below, total),) = await services.store.query(Browsed(plan))
    return total, not below


def told(page: Page, describe: Any) -> dict[str, Any]:
    """A page as JSON."""
    said: dict[str, Any] = {"messages": [describe(each) for each in page.entries], "total": page.total, "exact": page.exact}
    return said | ({"next": page.next} if page.next else {})


async def shelf(services: Services) -> dict[str, Any]:
    """What the record lacks of what feeds have sent, by feed, state and reason, with the one thing to do about it."""
    said = []
    for feed, state, reason, number, first, last in await services.store.query(Shelf()):
        one = {
            "feed": feed,
            "state": state,
            "reason": reason,
            "messages": number,
            "oldest": instant(first),
            "newest": instant(last),
        }
        if (known := reasons().get(reason)) is not None:
            one |= {"category": known.category.value, "sentence": known.sentence, "action": known.action, "retry": known.retry}
        said.append(one)
    return {"shelf": said}
