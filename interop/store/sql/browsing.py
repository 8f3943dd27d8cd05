"""Looking through the journal from its end: no index knows most filters, so it is gone through, so many messages at a time."""

from __future__ import annotations

from typing import Any

from interop.store.plan import Browse, Browsed, Repetitions
from interop.store.sql.ledger import AT_A_TIME, FACTS, JOINED, STATE, entry_of
from interop.store.sql.statement import Steps
from interop.store.values import Entry

REASON = "CASE WHEN coalesce(o.reason, '') <> '' THEN o.reason ELSE e.reason END"


def browse(plan: Browse) -> Steps[list[tuple[int, list[Entry]]]]:
    below, where, parameters = yield from _portion(plan)
    rows = yield f"SELECT {FACTS} FROM {JOINED} WHERE {where} ORDER BY e.message DESC LIMIT :count", parameters
    found = [entry_of(row) for row in rows]
    return [(found[-1].message if len(found) == plan.count and found[-1].message > 1 else below, found)]


def browsed(plan: Browsed) -> Steps[list[tuple[int, int]]]:
    below, where, parameters = yield from _portion(plan.of)
    del parameters["count"]
    rows = yield f"SELECT count(*) FROM {JOINED} WHERE {where}", parameters
    return [(below, rows[0][0])]


def shelf() -> Steps[list[tuple[str, str, str, int, int, int]]]:
    """What was applied is passed over by its outcome alone."""
    rows = yield (
        "SELECT e.feed, o.state, o.reason, count(*), min(e.received), max(e.received) FROM outcome o CROSS JOIN entry e "
        "WHERE o.state IN ('refused', 'failed', 'shelved', 'held') AND o.reason <> 'taken-down' AND e.message = o.message "
        "GROUP BY 1, 2, 3 ORDER BY 1, 2, 3",
        (),
    )
    return [(feed, state, reason, number, first, last) for feed, state, reason, number, first, last in rows]


def repetitions(plan: Repetitions) -> Steps[list[int]]:
    rows = yield (
        "SELECT received FROM repetition WHERE message = :message ORDER BY repetition LIMIT :count",
        {"message": plan.message, "count": plan.count},
    )
    return [received for (received,) in rows]


def _portion(plan: Browse) -> Steps[tuple[int, str, dict[str, Any]]]:
    """Where the next portion begins, what is asked of this one, and with which parameters."""
    ends = yield "SELECT coalesce(max(message), 0) FROM entry", ()
    before = min(plan.before or ends[0][0] + 1, ends[0][0] + 1)
    low = max(before - AT_A_TIME, 1)
    text, parameters = "e.message < :before AND e.message >= :low", dict[str, Any](before=before, low=low, count=plan.count)
    for name, column in (("feed", "e.feed"), ("type", "e.type"), ("state", STATE), ("control_id", "e.control_id")):
        if value := getattr(plan, name):
            text += f" AND {column} = :{name}"
            parameters[name] = value
    if plan.reasons:
        text += f" AND {REASON} IN ({', '.join(f':reason{place}' for place, _ in enumerate(plan.reasons))})"
        parameters |= {f"reason{place}": reason for place, reason in enumerate(plan.reasons)}
    for name, does in (("since", ">="), ("until", "<")):
        if value := getattr(plan, name):
            text += f" AND e.received {does} :{name}"
            parameters[name] = value
    return low if low > 1 else 0, text, parameters
