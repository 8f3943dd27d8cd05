"""What the processes that share a record are to hear of its commits, in the order of the turns."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

from interop.store.plan import NewsSince
from interop.store.sql.dialect import Dialect
from interop.store.sql.statement import Steps, padded
from interop.store.values import NEWS, Change, Conflict, News

KEPT = 20_000
"""Turns for which news are kept; whoever is further behind reads all anew."""
PORTION = 256
SINCE = "SELECT t.number, n.kind, n.id FROM turn t LEFT JOIN news n ON n.turn > ?"
BINDING = "SELECT coalesce(max(turn), 0) FROM news WHERE turn > ? AND binds = 1"


def since(plan: NewsSince) -> Steps[list[tuple[int, str, str]]]:
    """As the plan says."""
    rows = yield SINCE, (plan.turn,)
    return [(number, kind or "", id_ or "") for number, kind, id_ in rows]


def binding(changes: Sequence[Change]) -> Steps[int]:
    """The last turn with news that bind, of those that not all who made these changes have heard of; 0 for none."""
    known = min((change.known for change in changes if change.known >= 0), default=-1)
    if known < 0:
        return 0
    rows = yield BINDING, (known,)
    return int(rows[0][0])


def unheard(change: Change, bound: int) -> Conflict | None:
    """Whether whoever made a change has not heard of the turn up to which news bind."""
    return Conflict(NEWS, "", change.known, bound) if 0 <= change.known < bound else None


def write(news: Sequence[News], dialect: Dialect) -> Steps[None]:
    """News of the turn at hand. What is older than ``KEPT`` goes now and then."""
    said = [(kind, id_, "1" if binds else "") for kind, id_, binds in dict.fromkeys(news)]
    for start in range(0, len(said), PORTION):
        some = padded(said[start : start + PORTION], said[start])
        yield (
            f"{dialect.wanted(('kind', 'id', 'binds'), len(some))} INSERT INTO news (turn, kind, id, binds) "
            "SELECT t.number, w.kind, w.id, CASE WHEN w.binds = '' THEN 0 ELSE 1 END FROM wanted w CROSS JOIN turn t WHERE 1 = 1 "
            "ON CONFLICT DO NOTHING",
            list(chain.from_iterable(some)),
        )
    if said:
        yield "DELETE FROM news WHERE turn < (SELECT number FROM turn WHERE number % 64 = 0) - ?", (KEPT,)
