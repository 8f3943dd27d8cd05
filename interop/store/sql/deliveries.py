"""The outbox: what destinations are to be told, written with what it follows from."""

from __future__ import annotations

from typing import Any

from interop.store.plan import Deliveries, LastNumber
from interop.store.sql.statement import Steps, insert
from interop.store.values import (
    ACKNOWLEDGED,
    AWAITED,
    DENIED,
    DROPPED,
    MISSING,
    PASSED,
    PENDING,
    SENT,
    SHELVED,
    SWEPT,
    WITHHELD,
    Change,
    Delivery,
    QueueCount,
)

OPEN = f"state = '{SENT}' AND ack IN ('{AWAITED}', '{PASSED}') AND deadline > 0"
"""Sent, and the destination's own acknowledgement is to come."""
COLUMNS = (
    "destination, id, route, event, format, made, message, type, resource, version, concerns, state, tries, due, reason, changed, "
    "since, number, tracking, ack, code, deadline"
)
HEAD = f"delivery (sequence, {COLUMNS})"
ALREADY = "ON CONFLICT (destination, id) DO NOTHING"
"""A change that is made again from the journal says what it has said."""
MARK = "UPDATE delivery SET state = ?, tries = ?, due = ?, reason = ?, changed = ? WHERE sequence = ? AND state = ?"
AGAIN = (
    "UPDATE delivery SET state = ?, tries = ?, due = ?, reason = ?, changed = ?, since = ?, tracking = '', ack = '', "
    "code = '', deadline = 0 WHERE sequence = ? AND state <> ?"
)
"""It has no name until it is about to go: what is said of its earlier tries says nothing of the next."""
MOVE = (
    "UPDATE delivery SET state = ?, tries = 0, due = 0, reason = '', changed = ?, since = ?, tracking = '', ack = '', code = '', "
    "deadline = 0 WHERE destination = ? AND state = ?"
)
STAY = "UPDATE delivery SET tries = 0, due = 0, reason = '', changed = ?, since = ? WHERE destination = ? AND state = ?"
"""One of these may be on its way."""
AWAIT = "UPDATE delivery SET tracking = ?, ack = ?, code = '', deadline = ? WHERE sequence = ? AND state = ? AND ack IN ('', ?)"
ANSWER = (
    "UPDATE delivery SET ack = ?, code = ?, state = ?, reason = ?, changed = ? WHERE sequence = ? AND tracking <> '' "
    "AND ack NOT IN (?, ?)"
)
PASS = (
    "UPDATE delivery SET ack = CASE WHEN deadline > 0 THEN ? ELSE ack END, code = ?, state = ?, reason = ?, changed = ? "
    "WHERE sequence = ? AND tracking <> '' AND ack NOT IN (?, ?, ?)"
)
"""Somebody on the way has it: where nothing more is due that is all, and what has been missed stays so."""
MISS = f"UPDATE delivery SET ack = ?, code = ?, state = ?, reason = ?, changed = ? WHERE sequence = ? AND {OPEN}"
HIGHEST = "coalesce((SELECT max(o.number) FROM delivery AS o WHERE o.destination = {} AND o.number > 0), 0)"
"""The highest number of a destination: the end of an index, which holds what has one."""
CLEAR = (
    "DELETE FROM delivery WHERE sequence IN (SELECT sequence FROM delivery WHERE destination = ? AND state = ? AND changed < ? "
    "AND sequence < (SELECT max(sequence) FROM delivery) "
    f"AND (number = 0 OR number < {HIGHEST.format('?')}) ORDER BY sequence LIMIT {SWEPT})"
)
"""The last one stays: numbers are given from there, those of events too."""
NUMBER = (
    f"UPDATE delivery SET number = 1 + {HIGHEST.format('delivery.destination')} WHERE sequence = ? AND number = 0 AND state = ?"
)


class Outbox:
    """Numbers deliveries in the order in which their changes are written."""

    def __init__(self) -> None:
        self._next = 1

    def load(self) -> Steps[None]:
        rows = yield "SELECT coalesce(max(sequence), 0) FROM delivery", ()
        self._next = max(self._next, rows[0][0] + 1)

    def write(self, change: Change) -> Steps[None]:
        """The deliveries of a change, and what has become of earlier ones. A try counts for what still waits: what was dropped was
        sent while nobody wanted it any more, and of what another process has sent its late failure says nothing."""
        rows: list[tuple[Any, ...]] = []
        for each in change.deliveries:
            rows.append((self._next, *each[:-1]))
            self._next += 1
        yield from insert(HEAD, rows, ALREADY)
        for one in change.awaited:
            yield AWAIT, (one.tracking, AWAITED if one.deadline else "", one.deadline, one.sequence, PENDING, AWAITED)
        for mark in change.marks:
            told = mark.state, mark.tries, mark.due, mark.reason, mark.changed
            if mark.since:
                yield AGAIN, (*told, mark.since, mark.sequence, DROPPED)
            else:
                yield MARK, (*told, mark.sequence, PENDING)
        for sequence in change.numbered:
            yield NUMBER, (sequence, PENDING)
        for said in change.answered:
            if said.ack == MISSING:
                yield MISS, (*said[1:], said.sequence)
            elif said.ack == PASSED:
                yield PASS, (*said[1:], said.sequence, ACKNOWLEDGED, DENIED, MISSING)
            else:
                yield ANSWER, (*said[1:], said.sequence, ACKNOWLEDGED, DENIED)
        for sweep in change.sweeps:
            if sweep.to == sweep.state:
                yield STAY, (sweep.before, sweep.before, sweep.destination, sweep.state)
            elif sweep.to:
                yield MOVE, (sweep.to, sweep.before, sweep.before, sweep.destination, sweep.state)
            else:
                yield CLEAR, (sweep.destination, sweep.state, sweep.before, sweep.destination)


def deliveries(plan: Deliveries) -> Steps[list[Delivery]]:
    """As the plan says."""
    text, parameters = f"SELECT {COLUMNS}, sequence FROM delivery WHERE sequence > :after", dict[str, Any](after=plan.after)
    parameters["count"] = plan.count
    for name in ("destination", "state", "sequence", "tracking", "ack"):
        if value := getattr(plan, name):
            text += f" AND {name} = :{name}"
            parameters[name] = value
    if plan.tracking:
        text += " AND tracking <> ''"
    if plan.overdue:
        text += f" AND {OPEN} AND deadline <= :overdue"
        parameters["overdue"] = plan.overdue
    if plan.due:
        text += " AND due <= :due"
        parameters["due"] = plan.due
    if plan.numbers is not None:
        text += " AND number > 0 AND number BETWEEN :low AND :high"
        parameters["low"], parameters["high"] = plan.numbers
    rows = yield f"{text} ORDER BY {'sequence' if plan.numbers is None else 'number'} LIMIT :count", parameters
    return [Delivery(*row) for row in rows]


def last_number(plan: LastNumber) -> Steps[list[int]]:
    """As the plan says."""
    rows = yield f"SELECT {HIGHEST.format(':destination')}", {"destination": plan.destination}
    return [rows[0][0]]


def queues() -> Steps[list[QueueCount]]:
    """Counts by destination."""
    rows = yield "SELECT destination, state, count(*), min(made) FROM delivery GROUP BY destination, state", ()
    acks = yield f"SELECT destination, count(*), min(changed) FROM delivery WHERE {OPEN} GROUP BY destination", ()
    late = yield "SELECT destination, count(*) FROM delivery WHERE ack = ? GROUP BY destination", (MISSING,)
    open_ = {destination: (number, first) for destination, number, first in acks}
    missing: dict[str, int] = dict(late)
    counts = {(destination, state): (number, oldest) for destination, state, number, oldest in rows}
    found = []
    for destination in sorted({destination for destination, _ in counts}):
        pending, sent, shelved, withheld = (
            counts.get((destination, state), (0, 0)) for state in (PENDING, SENT, SHELVED, WITHHELD)
        )
        told = *open_.get(destination, (0, 0)), missing.get(destination, 0)
        found.append(QueueCount(destination, pending[0], sent[0], shelved[0], withheld[0], pending[1], *told))
    return found
