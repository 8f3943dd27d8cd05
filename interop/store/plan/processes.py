"""What processes that share the store hear and work on."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Turn:
    """The number of the record's last commit, of whatever process -> [int]; what is kept of its dictionaries is brought up to that.
    Where one process alone writes nothing is counted: always the same number."""


@dataclass(frozen=True, slots=True)
class NewsSince:
    """The number of the record's last commit, with the news of each after ``turn`` -> [(number, kind, id)]; where there are none
    [(number, '', '')]."""

    turn: int


@dataclass(frozen=True, slots=True)
class OpenClaims:
    """The claims that are open, where several processes work the journal off -> [(Claim, worker, gone)], in the order in which they
    are to be applied; ``gone``: it is another worker's, which is no longer there. Empty where one process has the store."""

    worker: int


@dataclass(frozen=True, slots=True)
class Claimable:
    """The first message that nobody may have claimed, or 1 where one is to be claimed once more; 0 where there is none -> [int].
    Where several processes share the store."""


@dataclass(frozen=True, slots=True)
class ClaimEntries:
    """The messages of a claim that are still to be worked on, in order -> [Entry]. Where several processes share the store."""

    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Backlog:
    """About how many messages have no outcome, at least as many as there are -> [int]; 0 is exact. Where several processes share
    the store."""


@dataclass(frozen=True, slots=True)
class Outcomes:
    """What became of these messages -> [Outcome]; those without one are left out. Where several processes share the store."""

    messages: tuple[int, ...]


ProcessPlan = Turn | NewsSince | OpenClaims | Claimable | ClaimEntries | Backlog | Outcomes
