"""What is watched of a process: what ``/metrics`` gives beside what the store counts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Final, NamedTuple

from interop.policy.asker import NOBODY
from interop.policy.decide import Policy, Question, decide
from interop.policy.facts import Facts
from interop.policy.tables import tables
from interop.store.decision import PERMIT_ALL, Decision
from interop.store.sql.figures import Figures
from interop.watching import Histogram

OTHER: Final = "other"
"""What a label says in place of what is not ours: nothing that a client sends becomes one."""
METHODS: Final = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"))
ROOM: Final = 2_000
"""Rules that are counted apart."""
Ack = tuple[str, str]
"""A feed and what is waited for."""


class AuditFigures(NamedTuple):
    """Rows written, those not on disk, syncs, rows that the index lacks, seconds since a checkpoint where rows came since."""

    rows: int = 0
    unsynced: int = 0
    syncs: int = 0
    behind: int = 0
    unsigned: float = 0.0


class MapperFigures(NamedTuple):
    """Mapper processes wanted and at work, seconds they have worked, batches."""

    wanted: int
    busy: int
    seconds: float
    batches: int


class ClockFigures(NamedTuple):
    """Clocks that run by name and state, and the steps that this process has taken by name and kind."""

    running: Mapping[tuple[str, str], int]
    steps: Mapping[tuple[str, str], int]


class Decisions:
    """Decides by ``policy`` and counts: by rule and whether it was refused."""

    __slots__ = ("counts", "policy")

    def __init__(self, policy: Policy = decide) -> None:
        self.policy = policy
        self.counts: dict[tuple[str, bool], int] = {}

    def __call__(self, question: Question, facts: Facts, now: int) -> Decision:
        """The Decision."""
        made = self.policy(question, facts, now)
        key, counts = (made.rule, made.refusal != ""), self.counts
        try:
            counts[key] += 1
        except KeyError:
            key = key if len(counts) < ROOM else (OTHER, key[1])
            counts[key] = counts.get(key, 0) + 1
        return made


@cache
def _words() -> frozenset[str]:
    known = tables()
    words = {*known.roles, *known.purposes, *known.classes, *known.operations, *known.types.values()}
    return frozenset(words | {"write", "scope", "anyone", "capabilities", "nobody", PERMIT_ALL.rule, NOBODY.role})


def rule_label(rule: str) -> str:
    """A rule as a label: each part of it is a word of policy's tables, or ``other``."""
    words = _words()
    return "/".join(part if part in words else OTHER for part in rule.split("/"))


@dataclass(slots=True)
class Watched:
    """Where figures come from; what is None is not there. ``declared`` are the feeds that may be named by a label, None = all."""

    store: Callable[[], Awaitable[Figures]] | None = None
    audit: Callable[[], Awaitable[AuditFigures]] | None = None
    mappers: Callable[[], MapperFigures] | None = None
    acknowledgements: dict[Ack, Histogram] = field(default_factory=dict)
    applied: dict[str, Histogram] = field(default_factory=dict)
    """Seconds from receipt to record by feed."""
    seats: Callable[[], Mapping[str, bool]] | None = None
    """Which seats of what one process does at a time this one has, of those that it may have."""
    spans: Callable[[], Mapping[str, int]] | None = None
    rules: Callable[[], Mapping[tuple[str, str], int]] | None = None
    """What came of the rules since the start, by rule and result; None where there are none."""
    clocks: Callable[[], ClockFigures] | None = None
    declared: Callable[[], Collection[str]] | None = None
    build: Mapping[str, str] = field(default_factory=dict)
    """What runs: ``version``, ``python``, ``store``, ``name``, ``roles``."""
    requests: defaultdict[str, Histogram] = field(default_factory=lambda: defaultdict(Histogram))
    """Seconds of answers by part of the API."""
    decisions: Decisions = field(default_factory=Decisions)
