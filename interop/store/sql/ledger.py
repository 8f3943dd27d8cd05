"""Reads of the journal with what became of each message."""

from __future__ import annotations

from typing import Any

from interop.store.plan import Coverage, Everything, Left, Message, Messages, Replayable, Unfinished, Waiting
from interop.store.sql.statement import Steps, marks, padded
from interop.store.values import REPLAY, TAKEDOWN, Entry, FeedCount, LossCount

STATE = "CASE WHEN e.state = 'refused' THEN 'refused' ELSE coalesce(o.state, e.state) END"
FACTS = (
    f"e.message, e.feed, e.adapter, e.received, e.control_id, e.type, e.duplicate, e.digest, {STATE} AS state, e.ack, "
    "CASE WHEN coalesce(o.reason, '') <> '' THEN o.reason ELSE e.reason END AS reason, "
    "CASE WHEN coalesce(o.reason, '') <> '' THEN o.detail ELSE e.detail END AS detail, "
    "CASE WHEN coalesce(o.reason, '') <> '' THEN o.place ELSE e.place END AS place, "
    "coalesce(o.time, 0) AS finished, e.size, e.repeats, coalesce(o.carried, 0) AS carried, coalesce(o.lost, 0) AS lost, "
    "coalesce(o.retracted, 0) AS retracted"
)
JOINED = "entry e LEFT JOIN outcome o ON o.message = e.message"
WAITING = (
    f"SELECT {FACTS}, b.body FROM {JOINED} CROSS JOIN body b WHERE e.message > :after AND e.state <> 'refused' "
    "AND o.message IS NULL AND b.message = e.message ORDER BY e.message LIMIT :limit"
)
ALL = (
    f"SELECT {FACTS}, b.body FROM {JOINED} CROSS JOIN body b WHERE e.message > :after AND b.message = e.message "
    "ORDER BY e.message LIMIT :limit"
)


def entry_of(row: tuple[Any, ...], body: bytes = b"") -> Entry:
    """An entry from its ``FACTS``."""
    message, feed, adapter, received, control_id, type_, duplicate, digest, state, ack, reason, detail, place = row[:13]
    finished, size, repeats, carried, lost, retracted = row[13:19]
    return Entry(message, feed, adapter, received, control_id, type_, body, (), duplicate, bytes(digest), state, ack, reason,
                 detail, place, finished, size, repeats, carried, lost, retracted)  # fmt: skip


def _with_keys(entries: list[Entry]) -> Steps[list[Entry]]:
    keys: dict[int, list[str]] = {}
    numbers = [entry.message for entry in entries]
    for start in range(0, len(numbers), 256):
        some = padded(numbers[start : start + 256], 0)
        rows = yield f"SELECT message, key FROM journal_key WHERE message IN ({marks(len(some))}) ORDER BY message, place", some
        for message, key in rows:
            keys.setdefault(message, []).append(key)
    for entry in entries:
        entry.keys = tuple(keys.get(entry.message, ()))
    return entries


def waiting(plan: Waiting) -> Steps[list[Entry]]:
    rows = yield WAITING, {"after": plan.after, "limit": plan.limit}
    return (yield from _with_keys([entry_of(row, bytes(row[19])) for row in rows]))


def unfinished(plan: Unfinished) -> Steps[list[Entry]]:
    rows = yield (
        f"SELECT {FACTS}, b.body FROM {JOINED} CROSS JOIN body b WHERE e.message > ? AND e.state <> 'refused' "
        f"AND e.adapter IN ({marks(len(plan.adapters))}) AND o.message IS NULL AND b.message = e.message ORDER BY e.message",
        (plan.after, *plan.adapters),
    )
    return [entry_of(row, bytes(row[19])) for row in rows]


def left(plan: Left) -> Steps[list[tuple[int, int, list[int]]]]:
    """Facts and bytes are apart: of the body only its length is asked for, and that only of what has one."""
    ends = yield "SELECT coalesce(max(message), 0) FROM entry", ()
    upto = min(plan.after + AT_A_TIME, ends[0][0])
    waits = f"FROM {JOINED} WHERE e.message > ? AND e.message <= ? AND e.state <> 'refused' AND o.message IS NULL"
    counted = yield f"SELECT count(*) {waits}", (plan.after, upto)
    found = yield (
        f"SELECT e.message {waits} AND (e.adapter IN ({marks(len(plan.adapters))}) OR (e.size > 0 AND EXISTS "
        "(SELECT 1 FROM body b WHERE b.message = e.message AND length(b.body) = 0))) ORDER BY e.message",
        (plan.after, upto, *plan.adapters),
    )
    numbers = [message for (message,) in found]
    return [(upto if upto < ends[0][0] else 0, counted[0][0] - len(numbers), numbers)]


def everything(plan: Everything, limit: int) -> Steps[list[Entry]]:
    """The next ``limit`` entries."""
    rows = yield ALL, {"after": plan.after, "limit": limit}
    return (yield from _with_keys([entry_of(row, bytes(row[19])) for row in rows]))


def message(plan: Message) -> Steps[list[Entry]]:
    rows = yield (
        f"SELECT {FACTS}, b.body FROM {JOINED} CROSS JOIN body b WHERE e.message = :message AND b.message = e.message",
        {"message": plan.message},
    )
    return (yield from _with_keys([entry_of(row, bytes(row[19])) for row in rows]))


def messages(plan: Messages) -> Steps[list[Entry]]:
    text, parameters = f"SELECT {FACTS} FROM {JOINED} WHERE 1 = 1", dict[str, Any](count=plan.count)
    for name, column in (("feed", "e.feed"), ("control_id", "e.control_id"), ("state", STATE)):
        if value := getattr(plan, name):
            text += f" AND {column} = :{name}"
            parameters[name] = value
    if plan.before:
        text += " AND e.message < :before"
        parameters["before"] = plan.before
    rows = yield f"{text} ORDER BY e.message DESC LIMIT :count", parameters
    return [entry_of(row) for row in rows]


NOT_REPLAYED = f"('api', 'api+author', '{TAKEDOWN}', '{REPLAY}')"
"""Adapters of entries that the engine itself has made."""
AT_A_TIME = 100_000
"""Messages that are gone through in one read."""


def replayable(plan: Replayable) -> Steps[list[tuple[int, list[int]]]]:
    """No index knows most of these filters: the journal is gone through, so many messages at a time."""
    ends = yield "SELECT coalesce(max(message), 0) FROM entry", ()
    last = min(plan.upto or ends[0][0], ends[0][0])
    upto = min(plan.after + AT_A_TIME, last)
    reason = "CASE WHEN coalesce(o.reason, '') <> '' THEN o.reason ELSE e.reason END"
    text = (
        f"SELECT e.message FROM entry e JOIN outcome o ON o.message = e.message WHERE e.message > :after AND e.message <= :upto "
        f"AND e.state <> 'refused' AND o.reason <> 'taken-down' AND e.adapter NOT IN {NOT_REPLAYED}"
    )
    parameters: dict[str, Any] = {"after": plan.after, "upto": upto, "count": plan.count}
    filters = (("feed", "e.feed"), ("type", "e.type"), ("state", "o.state"), ("reason", reason), ("control_id", "e.control_id"))
    for name, column in filters:
        if value := getattr(plan, name):
            text += f" AND {column} = :{name}"
            parameters[name] = value
    for name, does in (("since", ">="), ("until", "<")):
        if value := getattr(plan, name):
            text += f" AND e.received {does} :{name}"
            parameters[name] = value
    rows = yield f"{text} ORDER BY e.message LIMIT :count", parameters
    numbers = [message for (message,) in rows]
    above = numbers[-1] if len(numbers) == plan.count else upto
    return [(above if above < last else 0, numbers)]


def coverage(plan: Coverage) -> Steps[list[LossCount]]:
    text = "SELECT feed, type, path, reason, mapping, count FROM loss"
    order = " ORDER BY feed, type, path, reason, mapping"
    if not plan.feed:
        rows = yield text + order, ()
    else:
        rows = yield f"{text} WHERE feed = :feed{order}", {"feed": plan.feed}
    return [LossCount(*row) for row in rows]


Tally = dict[tuple[str, str], tuple[int, int, int]]
"""By feed and state: how many, first and last received."""


def tally(low: int, high: int) -> Steps[Tally]:
    """Count the messages after ``low`` up to ``high``."""
    rows = yield (
        f"SELECT e.feed, {STATE} AS state, count(*), min(e.received), max(e.received) FROM {JOINED} "
        "WHERE e.message > :low AND e.message <= :high GROUP BY 1, 2",
        {"low": low, "high": high},
    )
    return {(feed, state): (number, first, last) for feed, state, number, first, last in rows}


def merged(one: Tally, other: Tally) -> Tally:
    """Two tallies of different messages as one."""
    result = dict(one)
    for key, (number, first, last) in other.items():
        had = result.get(key)
        result[key] = (had[0] + number, min(had[1], first), max(had[2], last)) if had else (number, first, last)
    return result


def feed_counts(counted: Tally) -> list[FeedCount]:
    """A line for each feed. What is received, mapped or held is waiting."""
    lines = []
    for feed in sorted({feed for feed, _ in counted}):
        states = {state: line for (named, state), line in counted.items() if named == feed}
        open_ = [line for state, line in states.items() if state in {"received", "mapped", "held"}]
        lines.append(
            FeedCount(
                feed=feed,
                received=sum(number for number, _, _ in states.values()),
                waiting=sum(number for number, _, _ in open_),
                applied=states.get("applied", (0, 0, 0))[0],
                refused=states.get("refused", (0, 0, 0))[0],
                failed=states.get("failed", (0, 0, 0))[0],
                shelved=states.get("shelved", (0, 0, 0))[0],
                oldest_waiting=min((first for _, first, _ in open_), default=0),
                last_received=max(last for _, _, last in states.values()),
                incomplete_since=states.get("shelved", (0, 0, 0))[1],
                held=states.get("held", (0, 0, 0))[0],
            )
        )
    return lines
