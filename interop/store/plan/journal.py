"""Messages of the journal, for who works them off or tells them again."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Message:
    """One journal entry with its states -> [Entry] or []."""

    message: int


@dataclass(frozen=True, slots=True)
class Waiting:
    """Journal entries after ``after`` with no outcome yet, in order -> [Entry], at most ``limit``."""

    after: int
    limit: int = 64


@dataclass(frozen=True, slots=True)
class Unfinished:
    """Journal entries after ``after`` of these adapters with no outcome yet, in order -> [Entry]."""

    after: int
    adapters: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Left:
    """What of a portion of the journal after ``after`` has no outcome -> [(above, count, [message])]: how many messages are to be
    worked on, and by number what is not: entries of these adapters, and those whose content has been purged. ``above`` is that of
    the next portion, 0 after the last. No content is read."""

    after: int
    adapters: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Replayable:
    """Messages of feeds that have an outcome, after ``after`` and up to ``upto`` -> [(above, [number])], in order, at most
    ``count``: those of one portion of the journal; ``above`` is where the next begins, 0 after the last.

    Filters '' = any; ``since`` and ``until`` microseconds of when they were received, ``until`` exclusive, 0 = any. What was
    refused before it was journalled as good, taken down, or written by the API is none of them."""

    feed: str = ""
    type: str = ""
    state: str = ""
    reason: str = ""
    control_id: str = ""
    since: int = 0
    until: int = 0
    after: int = 0
    upto: int = 0
    count: int = 200


@dataclass(frozen=True, slots=True)
class Everything:
    """For ``stream``: every journal entry in order -> Entry. For rebuild."""

    after: int = 0


JournalPlan = Message | Waiting | Unfinished | Left | Replayable | Everything
