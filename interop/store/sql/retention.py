"""What may be disposed of: content of messages that are done with, versions long replaced, what one source alone said."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from interop.store.plan import Disposable, Replaced, Sourced
from interop.store.sql.statement import Steps, marks, padded, rounded
from interop.store.values import REPLAY, TAKEDOWN, Husk, Withheld

FOLLOWS: Final = "Subscription"
AT_A_TIME: Final = 50_000
"""Messages or resources that are gone through in one read."""


def disposable(plan: Disposable) -> Steps[list[tuple[int, list[tuple[int, int, bytes]]]]]:
    """A portion of the journal; the content itself is not read. What asks the engine to tell again stays, so does what is held back
    and is still to be applied, and what says who follows something (the entry of the present version of a Subscription): it is
    read at each start."""
    ends = yield "SELECT coalesce(max(message), 0) FROM entry", ()
    upto = plan.above + AT_A_TIME
    said: dict[str, Any] = {"above": plan.above, "upto": upto, "before": plan.before, "count": plan.count}
    of = ""
    if plan.feeds:
        said |= {f"feed{number}": feed for number, feed in enumerate(plan.feeds)}
        of = f" AND e.feed IN ({', '.join(f':feed{number}' for number in range(len(plan.feeds)))})"
    rows = yield (
        "SELECT e.message, e.size, e.digest FROM entry e LEFT JOIN outcome o ON o.message = e.message CROSS JOIN body b "
        "WHERE e.message > :above AND e.message <= :upto AND e.received < :before "
        "AND (e.state = 'refused' OR (o.message IS NOT NULL AND o.state <> 'held')) "
        f"AND e.feed NOT IN ('{TAKEDOWN}', '{REPLAY}'){of} "
        f"AND e.message NOT IN (SELECT r.message FROM resource r WHERE r.type = '{FOLLOWS}' AND r.deleted = 0) "
        "AND b.message = e.message AND length(b.body) > 0 ORDER BY e.message LIMIT :count",
        said,
    )
    last = rows[-1][0] if len(rows) == plan.count else upto
    return [(last if last < ends[0][0] else 0, [(message, size, bytes(digest)) for message, size, digest in rows])]


def emptied() -> Steps[list[int]]:
    """Goes through the journal once."""
    rows = yield (
        "SELECT count(*) FROM body b CROSS JOIN entry e WHERE length(b.body) = 0 AND e.message = b.message AND e.size > 0",
        (),
    )
    return [rows[0][0]]


def replaced(plan: Replaced) -> Steps[list[tuple[int, list[Withheld]]]]:
    """A portion of the record: of each resource all versions before the one that was present at ``before``."""
    upto = plan.above + AT_A_TIME
    rows = yield (
        "SELECT r.rid, r.type, r.id, min(v.version), max(v.version) FROM resource r CROSS JOIN version v "
        "WHERE r.rid > :above AND r.rid <= :upto AND v.rid = r.rid AND v.version < CASE WHEN r.updated < :before THEN r.version "
        "ELSE coalesce((SELECT max(w.version) FROM version w WHERE w.rid = r.rid AND w.updated < :before), 0) END "
        "GROUP BY r.rid, r.type, r.id ORDER BY r.rid LIMIT :count",
        {"above": plan.above, "upto": upto, "before": plan.before, "count": plan.count},
    )
    ends = yield "SELECT coalesce(max(rid), 0) FROM resource", ()
    last = rows[-1][0] if len(rows) == plan.count else upto
    return [(last if last < ends[0][0] else 0, [Withheld(*row[1:]) for row in rows])]


def sourced(plan: Sourced) -> Steps[list[tuple[int, list[tuple[str, str]]]]]:
    """A portion of the record: what comes of this source alone and still says anything."""
    upto = plan.above + AT_A_TIME
    rows = yield (
        "SELECT r.rid, r.type, r.id FROM contributors c CROSS JOIN resource r WHERE c.names = :source AND r.source = c.number "
        "AND r.rid > :above AND r.rid <= :upto AND (r.deleted = 0 OR EXISTS (SELECT 1 FROM version v WHERE v.rid = r.rid) "
        "OR EXISTS (SELECT 1 FROM contribution o WHERE o.rid = r.rid)) ORDER BY r.rid LIMIT :count",
        {"source": plan.source, "above": plan.above, "upto": upto, "count": plan.count},
    )
    ends = yield "SELECT coalesce(max(rid), 0) FROM resource", ()
    last = rows[-1][0] if len(rows) == plan.count else upto
    return [(last if last < ends[0][0] else 0, [(type_, id_) for _, type_, id_ in rows])]


def empty(husks: Sequence[Husk]) -> Steps[None]:
    """Take the content of messages away, and of those without ``keys`` whom they were about."""
    for start in range(0, len(husks), 256):
        some = [husk.message for husk in husks[start : start + 256]]
        wanted = padded(some, 0)
        yield f"UPDATE body SET body = ? WHERE message IN ({marks(rounded(len(some)))})", [b"", *wanted]
        if gone := [husk.message for husk in husks[start : start + 256] if not husk.keys]:
            yield f"DELETE FROM journal_key WHERE message IN ({marks(rounded(len(gone)))})", padded(gone, 0)
