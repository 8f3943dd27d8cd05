"""What destinations are to be told."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Deliveries:
    """What destinations are to be told, oldest first -> [Delivery]; destination, state, tracking and acknowledgement '' = any;
    ``after`` a sequence; ``sequence`` 0 = any, else that one; ``numbers``: only events of these numbers, both included, by their
    numbers; ``overdue``: sent, and the acknowledgement of the other side was to come by then (microseconds), 0 = any; ``due``: to
    be tried by then (microseconds), 0 = any."""

    destination: str = ""
    state: str = ""
    after: int = 0
    count: int = 50
    sequence: int = 0
    numbers: tuple[int, int] | None = None
    tracking: str = ""
    ack: str = ""
    overdue: int = 0
    due: int = 0


@dataclass(frozen=True, slots=True)
class LastNumber:
    """The number that an event of a Subscription was given last -> [int]; 0 = none was."""

    destination: str


@dataclass(frozen=True, slots=True)
class Queues:
    """A line for each destination that was ever to be told anything that is still kept -> [QueueCount]."""


OutboxPlan = Deliveries | LastNumber | Queues
