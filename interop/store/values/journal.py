"""Messages of the journal: entries, what became of them, how feeds stand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

TAKEDOWN = "takedown"
"""The feed of takedowns in the journal, and the adapter of those that take down what a feed sent."""

REPLAY = "replay"
"""The feed and adapter of replays in the journal."""


def taken_down(feed: str, key: str) -> str:
    """The duplicate key of a takedown of a message that a feed sent under its own; '' where that had none."""
    return f"{feed}\x1f{key}" if key else ""


@dataclass(slots=True)
class Entry:
    """A message in the journal. Times are microseconds; ``state`` and ``ack`` as in ``interop.ports``."""

    message: int
    feed: str
    adapter: str
    received: int
    control_id: str
    type: str
    body: bytes
    keys: tuple[str, ...] = ()
    duplicate: str = ""
    digest: bytes = b""
    state: str = "received"
    ack: str = "pending"
    reason: str = ""
    detail: str = ""
    where: str = ""
    finished: int = 0
    size: int = 0
    repeats: int = 0
    carried: int = 0
    lost: int = 0
    retracted: int = 0


@dataclass(slots=True)
class Outcome:
    """What became of a message. ``received`` takes back that it was refused, has failed or was shelved, and nothing else: what is
    in the record, and what was taken down, stays so."""

    message: int
    state: str
    time: int
    reason: str = ""
    detail: str = ""
    where: str = ""
    carried: int = 0
    lost: int = 0
    retracted: int = 0


class Husk(NamedTuple):
    """The content of a message is to go: number, feed, times, states and digest stay, and with ``keys`` whom it was about."""

    message: int
    keys: bool


class FeedCount(NamedTuple):
    """How a feed stands: counts by state, times of the oldest waiting, of the last received and of the oldest that is shelved and
    so is lacking in the record (0 = none). ``held``: how many of those ``waiting`` do so because it stands still."""

    feed: str
    received: int
    waiting: int
    applied: int
    refused: int
    failed: int
    shelved: int
    oldest_waiting: int
    last_received: int
    incomplete_since: int = 0
    held: int = 0


class LossCount(NamedTuple):
    """How often a source field of a feed's message type was met and not carried; reason '' = carried."""

    feed: str
    type: str
    path: str
    reason: str
    row: str
    count: int  # type: ignore[assignment]
