"""What a privacy officer has to look at: rows of ``tables/privacy.csv`` held against rows of the audit. Pure."""

from __future__ import annotations

import csv
from functools import cache
from importlib.resources import files
from typing import Final, NamedTuple

from interop.audit.row import CHANGE, NOTICE, READ, Row

BREAK_GLASS: Final = "break-glass"
SELF_CLAIMED: Final = "self-claimed"
OWN: Final = "own-relationship"
"""Somebody is involved in a person's care, or for longer, by what they or their organisation wrote themselves."""
OPENED: Final = "consent-opened"
"""Somebody else has recorded as given what the person had refused or withdrawn, or has named who acts for the person."""
SAME_SURNAME: Final = "same-surname"
CONTENT: Final = "message-content"
"""Somebody who runs the engine has opened what a message says (row of kind read)."""
UNUSUAL_VOLUME: Final = "unusual-volume"
TAKEDOWN: Final = "takedown"
"""Somebody has seen what was about another person and has been taken down (row of kind notice, its id the takedown's number)."""
SUBSCRIBER: Final = "subscriber"
"""The role of a Subscription that is to be told."""
HOUR: Final = 3_600_000_000
OUTCOMES: Final = ("justified", "not-justified", "follow-up")
"""What a privacy officer may find; ``follow-up`` keeps the item in the officer's hands and out of the queue of what nobody saw."""


class Rule(NamedTuple):
    """A row of the table: ``role`` ``*`` = every other; ``limit`` persons in an hour; ``alert``: somebody is told at once."""

    rule: str
    role: str
    limit: int
    alert: bool
    why: str


@cache
def rules() -> tuple[Rule, ...]:
    """The rows of the table."""
    text = files("interop.audit").joinpath("tables/privacy.csv").read_text("utf-8")
    rows = list(csv.reader(text.splitlines()))[1:]
    return tuple(Rule(rule, role, int(limit or 0), alert == "yes", why) for rule, role, limit, alert, why in rows)


@cache
def limit(role: str) -> int:
    """How many persons' records a user of a role may read in an hour before it is unusual; 0 for however many."""
    found = {each.role: each.limit for each in rules() if each.rule == UNUSUAL_VOLUME}
    return found.get(role, found.get("*", 0))


@cache
def alerting() -> tuple[str, ...]:
    """The rules of which somebody is told at once."""
    return tuple(dict.fromkeys(each.rule for each in rules() if each.alert))


def of_row(row: Row) -> str:
    """The rule that a row alone falls under; '' for none. A change counts from its attempt on: what follows may be lost."""
    if row.kind in (CHANGE, READ):
        return str(row.more.get("mark", ""))
    if row.kind == NOTICE:
        return str(row.more.get("rule", ""))
    return ""


class Volume:
    """Counts whose records users have read, by the hour of the clock."""

    def __init__(self) -> None:
        self._hour = 0
        self._seen: dict[str, set[str]] = {}
        self._told: set[str] = set()

    def known(self, user: str, hour: int) -> bool:
        """Whether a user has been counted in this hour."""
        return hour == self._hour and user in self._seen

    def begin(self, user: str, hour: int, seen: set[str], role: str) -> None:
        """What a user had read in this hour before now: of one who was over the limit it is known."""
        if hour != self._hour:
            self._hour, self._seen, self._told = hour, {}, set()
        self._seen[user] = seen
        if 0 < limit(role) < len(seen):
            self._told.add(user)

    def over(self, row: Row) -> bool:
        """Take in a read; whether it is the one that is over the limit."""
        most = limit(row.who.role)
        seen = self._seen.get(row.who.user)
        if seen is None or row.kind != READ or not most:
            return False
        seen.update(row.patients)
        if len(seen) <= most or row.who.user in self._told:
            return False
        self._told.add(row.who.user)
        return True
