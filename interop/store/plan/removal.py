"""What is to go: by takedown, or because its time is over. The store is gone through in portions."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Versions:
    """For ``(type, id)`` pairs: every version that there is -> [(type, id, version, message, subject)], by type, id and version.

    For the engine's own takedown; returns no resource to anyone."""

    resources: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Made:
    """The resources of which any of these messages has made a version -> [(above, [(type, id)])]: those of one portion of the
    record; ``above`` is that of the next, 0 after the last."""

    messages: tuple[int, ...]
    above: int = 0


@dataclass(frozen=True, slots=True)
class Sharing:
    """The messages that have a patient identifier in common with any of these -> [(above, [number])]: those of one portion of the
    journal, as ``Made``."""

    messages: tuple[int, ...]
    above: int = 0


@dataclass(frozen=True, slots=True)
class Disposable:
    """Messages that have an outcome, or were refused, received before ``before`` (microseconds), of these feeds (() = any), whose
    content is still there -> [(above, [(message, size, digest)])], at most ``count``, as ``Made``. Takedowns and replays never."""

    before: int
    feeds: tuple[str, ...] = ()
    above: int = 0
    count: int = 500


@dataclass(frozen=True, slots=True)
class Emptied:
    """How many messages have no content any more (``Change.husks``) -> [int]."""


@dataclass(frozen=True, slots=True)
class Replaced:
    """Versions that were no longer the present ones at ``before`` (microseconds) -> [(above, [Withheld])], as ``Disposable``."""

    before: int
    above: int = 0
    count: int = 500


@dataclass(frozen=True, slots=True)
class Sourced:
    """What comes of this source (``Stored.source``) and no other -> [(above, [(type, id)])], as ``Disposable``."""

    source: str
    above: int = 0
    count: int = 200


RemovalPlan = Versions | Made | Sharing | Disposable | Emptied | Replaced | Sourced
