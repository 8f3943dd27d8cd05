"""What feeds have said: what a resource is folded from, and their snapshots."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple


@dataclass(slots=True)
class Head:
    """A resource as the fold sees it: present version (0 = none yet), the message that made it, and its contributions by (feed,
    event); ``source`` as in Stored."""

    type: str
    id: str
    version: int
    owner: str
    body: bytes
    deleted: bool
    contributions: dict[tuple[str, str], bytes] = field(default_factory=dict)
    message: int = 0
    source: str = ""


@dataclass(slots=True)
class ContributionState:
    """What one feed's events of one kind say of a resource (see ``interop.record.fold``); replaces the one before. ``state`` b'':
    nothing any more, as if nothing had been said."""

    type: str
    id: str
    feed: str
    event: str
    state: bytes


class Snapshot(NamedTuple):
    """The latest complete snapshot that a feed has sent of a scope, by the order of the message (``interop.ports.Order``)."""

    feed: str
    scope: str
    time: int
    version: int
    tie: str
    message: int
