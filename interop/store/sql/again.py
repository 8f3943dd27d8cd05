"""Taking back what became of a message that did not reach the record: it is worked on once more.

It is asked for by an outcome of the state ``received``, and judged within the transaction: meanwhile the message may have been
taken down, or applied.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from interop.store.sql.statement import ABSENT, Steps, insert, marks, padded
from interop.store.values import Change

WAITS_AGAIN: Final = "received"
"""An outcome of this state takes the message's outcome away."""
BACK: Final = (
    "SELECT message FROM outcome WHERE state IN ('refused', 'failed', 'shelved') AND reason <> 'taken-down' AND message IN (%s)"
)


def asks(change: Change) -> bool:
    """Whether a change is to take outcomes back."""
    return any(outcome.state == WAITS_AGAIN for outcome in change.outcomes)


def taken_back(changes: Sequence[Change]) -> Steps[list[tuple[Change, list[int]]]]:
    """Changes of one transaction without what would take back an outcome that stands; of each the messages that wait again."""
    asked = list({one.message: None for change in changes for one in change.outcomes if one.state == WAITS_AGAIN})
    may: set[int] = set()
    for start in range(0, len(asked), 256):
        some = padded(asked[start : start + 256], 0)
        may.update(message for (message,) in (yield BACK % marks(len(some)), some))
    found = []
    for change in changes:
        outcomes = [one for one in change.outcomes if one.state != WAITS_AGAIN or one.message in may]
        may.difference_update(one.message for one in change.outcomes)
        found.append((replace(change, outcomes=outcomes), [one.message for one in outcomes if one.state == WAITS_AGAIN]))
    return found


def write_again(change: Change) -> Steps[None]:
    """Where several processes share the store: messages that wait again are to be claimed by somebody."""
    rows = [(one.message,) for one in change.outcomes if one.state == WAITS_AGAIN]
    yield from insert("again (message)", list(dict.fromkeys(rows)), ABSENT)
