"""What whoever pulls a source says of it: ``POST /ingest/{feed}?source=down`` or ``well``, without a message.

A source that is pulled cannot be told from one that has nothing new, unless whoever asks it tells. It is kept in the record's
store, so that it stands across a restart and for every engine of one record, until the source is said to be well or sends.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple

from interop.api.services import Services
from interop.errors import Problem
from interop.store.plan import Feeds, Held
from interop.store.values import Change, FeedCount, Kept, News

DOWN: Final = "down"
WELL: Final = "well"
STATES: Final = (DOWN, WELL)
NAME: Final = "feed-health "
"""Begins the names under which the store keeps what is said."""
TOLD: Final = "feed-health"
"""The kind of the News that something was said of a source."""
LONG: Final = 10 * 365 * 86_400_000_000
"""Microseconds: what nobody takes back."""


class Told(NamedTuple):
    """``down`` since the first time that it was said, or ``well`` at the last; microseconds."""

    state: str
    since: int


async def tell(services: Services, feed: str, state: str) -> None:
    """Keep what is said of a feed's source. Raises Problem ``bad-parameter``."""
    if state not in STATES:
        raise Problem("bad-parameter", where="source", detail=f"one of {', '.join(STATES)} is wanted")
    now = services.clock.now()
    before = (await said(services, (feed,))).get(feed)
    if state == DOWN and before is not None and before.state == DOWN and await _last(services, feed) <= before.since:
        return  # it still is
    await services.store.commit(Change(kept=[Kept(NAME + feed, f"{state} {now}", now + LONG, now)], news=[News(TOLD)]))
    services.look_again()


async def _last(services: Services, feed: str) -> int:
    """When anything was last received under a feed; 0 for never."""
    counts: list[FeedCount] = await services.store.query(Feeds())
    return max((each.last_received for each in counts if each.feed == feed), default=0)


async def said(services: Services, feeds: Iterable[str]) -> dict[str, Told]:
    """What was last said of the sources of these feeds."""
    found: dict[str, Told] = {}
    for feed in feeds:
        for value in await services.store.query(Held(NAME + feed, services.clock.now())):
            state, _, since = value.partition(" ")
            found[feed] = Told(state, int(since))
    return found
