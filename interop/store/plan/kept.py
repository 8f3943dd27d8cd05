"""What is kept under a name: mapping tables, single use, values."""

from __future__ import annotations

from dataclasses import dataclass

FEEDS_REFUSED = "feeds file refused"
"""The name of the ``Meta`` that says why the feeds file that is there does not count; '' where it does."""

STOPPED = "stopped "
"""Begins the name of the ``Meta`` that holds the message for which a feed stands still; '' once it goes on."""


@dataclass(frozen=True, slots=True)
class Tables:
    """Mapping tables by digest, as they were kept with ``Change.tables`` -> [bytes] or []."""

    digest: str


@dataclass(frozen=True, slots=True)
class KeptTables:
    """The mapping tables that are kept -> [(digest, first, content)]: when they were first used (microseconds, 0 where nobody
    knows), in that order."""


@dataclass(frozen=True, slots=True)
class Spent:
    """The names kept with ``Change.used`` that begin so and are kept beyond ``now`` (microseconds) -> [(name, until)]."""

    prefix: str
    now: int


@dataclass(frozen=True, slots=True)
class Held:
    """What ``Change.kept`` holds under a name beyond ``now`` (microseconds) -> [value] or []."""

    name: str
    now: int


@dataclass(frozen=True, slots=True)
class Meta:
    """A value kept with ``Change.meta`` -> [str] or []."""

    name: str


@dataclass(frozen=True, slots=True)
class Noted:
    """The values kept with ``Change.meta`` whose names begin so -> [(name, value)]."""

    prefix: str


KeptPlan = Tables | KeptTables | Spent | Held | Meta | Noted
