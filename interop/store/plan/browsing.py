"""The journal looked through: entries by what they are, feeds and what they lack, losses."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Messages:
    """Journal entries, newest first -> [Entry] without bodies; filters '' = any; ``before`` 0 = from the end."""

    feed: str = ""
    state: str = ""
    control_id: str = ""
    before: int = 0
    count: int = 50


@dataclass(frozen=True, slots=True)
class Browse:
    """Journal entries, newest first -> [(below, [Entry])] without bodies, at most ``count``: those of one portion of the journal;
    ``below`` is the ``before`` of the next portion, 0 after the first message.

    Filters '' = any; ``reasons`` () = any; ``since`` and ``until`` as ``Replayable``; ``before`` 0 = from the end."""

    feed: str = ""
    type: str = ""
    state: str = ""
    reasons: tuple[str, ...] = ()
    control_id: str = ""
    since: int = 0
    until: int = 0
    before: int = 0
    count: int = 50


@dataclass(frozen=True, slots=True)
class Browsed:
    """How many entries of one portion of the journal are of a filter -> [(below, number)], as ``Browse``."""

    of: Browse


@dataclass(frozen=True, slots=True)
class Shelf:
    """What feeds have sent and the record lacks, because it was refused once it was journalled, failed, was shelved, or is held ->
    [(feed, state, reason, number, first, last)]: how many messages, and when the first and the last of them came (microseconds).
    What was taken down is none of them."""


@dataclass(frozen=True, slots=True)
class Repetitions:
    """When a message came again, in microseconds -> [received], oldest first, at most ``count``."""

    message: int
    count: int = 100


@dataclass(frozen=True, slots=True)
class Feeds:
    """A line for each feed -> [FeedCount]."""


@dataclass(frozen=True, slots=True)
class Coverage:
    """Loss counts of a feed -> [LossCount]; feed '' = all."""

    feed: str = ""


BrowsingPlan = Messages | Browse | Browsed | Shelf | Repetitions | Feeds | Coverage
