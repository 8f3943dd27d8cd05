"""What a takedown asks of the store, and what it takes away for good."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import chain

from interop.store.plan import Made, Sharing, Versions
from interop.store.sql.dialect import Dialect
from interop.store.sql.statement import Steps, marks, padded
from interop.store.values import Withheld

PORTION = 256
AT_A_TIME = 100_000
"""Resources or messages that are gone through in one read."""


def versions(plan: Versions, dialect: Dialect) -> Steps[list[tuple[str, str, int, int, str]]]:
    """Every version of these resources, in order."""
    found: list[tuple[str, str, int, int, str]] = []
    keys = list(dict.fromkeys(plan.resources))
    for start in range(0, len(keys), PORTION):
        some = padded(keys[start : start + PORTION], ("", ""))
        rows = yield (
            f"{dialect.wanted(('type', 'id'), len(some))} SELECT r.type, r.id, r.version, r.message, r.subject "
            "FROM wanted w CROSS JOIN resource r WHERE r.type = w.type AND r.id = w.id AND r.version > 0 "
            "UNION ALL SELECT r.type, r.id, v.version, v.message, v.subject "
            "FROM wanted w CROSS JOIN resource r CROSS JOIN version v WHERE r.type = w.type AND r.id = w.id AND v.rid = r.rid",
            list(chain.from_iterable(some)),
        )
        found += [(type_, id_, version, message, subject) for type_, id_, version, message, subject in rows]
    return sorted(found)


def made(plan: Made) -> Steps[list[tuple[int, list[tuple[str, str]]]]]:
    """No index tells this: the record is gone through, which is rare enough, so many resources at a time."""
    messages = padded(plan.messages, -1)
    within = f"message IN ({marks(len(messages))}) AND rid > ? AND rid <= ?"
    asked = [*messages, plan.above, plan.above + AT_A_TIME]
    rows = yield (
        f"SELECT type, id FROM resource WHERE {within} "
        f"UNION SELECT r.type, r.id FROM resource r WHERE r.rid IN (SELECT rid FROM version WHERE {within})",
        asked + asked,
    )
    ends = yield "SELECT coalesce(max(rid), 0) FROM resource", ()
    return [(_next(plan.above, ends[0][0]), sorted((type_, id_) for type_, id_ in rows))]


def sharing(plan: Sharing) -> Steps[list[tuple[int, list[int]]]]:
    """No index of the keys is kept for this: it would be written with every message."""
    messages = padded(plan.messages, -1)
    rows = yield (
        "SELECT DISTINCT message FROM journal_key WHERE message > ? AND message <= ? "
        f"AND key IN (SELECT key FROM journal_key WHERE message IN ({marks(len(messages))}))",
        [plan.above, plan.above + AT_A_TIME, *messages],
    )
    ends = yield "SELECT coalesce(max(message), 0) FROM entry", ()
    return [(_next(plan.above, ends[0][0]), sorted(message for (message,) in rows))]


def _next(above: int, last: int) -> int:
    return above + AT_A_TIME if above + AT_A_TIME < last else 0


def withhold(withheld: Iterable[Withheld], number: Callable[[tuple[str, str]], int]) -> Steps[None]:
    """Take earlier versions out of the record, with what is told of who could see them."""
    for one in withheld:
        for table in ("version", "index_version"):
            yield (
                f"DELETE FROM {table} WHERE rid = ? AND version >= ? AND version <= ?",
                (number((one.type, one.id)), one.first, one.last),
            )


def unsay(contributions: Iterable[tuple[int, str, str]]) -> Steps[None]:
    """Forget what was said (number of the resource, feed, event)."""
    for contribution in contributions:
        yield "DELETE FROM contribution WHERE rid = ? AND feed = ? AND event = ?", contribution
