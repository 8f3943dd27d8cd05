"""How the feeds stand, without counting every message every time."""

from __future__ import annotations

from collections.abc import Callable

from interop.store.sql.ledger import JOINED, Tally, feed_counts, merged, tally
from interop.store.sql.statement import Steps
from interop.store.values import RECOUNT, Change, FeedCount

RECOUNTED = "SELECT coalesce(max(turn), 0) FROM news WHERE kind = ?"
FIRST_WAITING = (
    f"SELECT e.message FROM {JOINED} WHERE e.message > ? AND e.state <> 'refused' AND o.message IS NULL ORDER BY e.message LIMIT 1"
)


class FeedCounter:
    """Keeps the count of messages up to the last one before which nothing waits; counts the rest anew. With ``shared`` other
    processes journal and apply too: what is finished, and what is no longer as it was counted, is looked for in the database."""

    def __init__(self, last: Callable[[], int], *, shared: bool = False) -> None:
        self._last, self.shared = last, shared
        self._recounted = 0
        self._kept: Tally = {}
        self._upto = 0
        self._epoch = 0
        self.finished = 0
        """Every message up to this one is finished or was refused."""

    def repeated(self, change: Change) -> bool:
        """Whether the change, not yet committed, holds an outcome of a message that is counted already: it was tried again."""
        return any(outcome.message <= self.finished for outcome in change.outcomes)

    def reset(self, change: Change) -> None:
        """Such a change is on disk: count anew."""
        self._kept, self._upto, self._epoch = {}, 0, self._epoch + 1
        self.finished = min(self.finished, min(outcome.message for outcome in change.outcomes) - 1)

    def count(self) -> Steps[list[FeedCount]]:
        """The lines of all feeds."""
        if self.shared:
            yield from self._follow()
        epoch, upto, kept, finished = self._epoch, self._upto, self._kept, self.finished
        if finished > upto:
            kept = merged(kept, (yield from tally(upto, finished)))
            if epoch == self._epoch:
                self._kept, self._upto = kept, finished
        return feed_counts(merged(kept, (yield from tally(max(upto, finished), self._last()))))

    def _follow(self) -> Steps[None]:
        """Begin anew where any process has changed an outcome that was counted; find how far everything is finished."""
        rows = yield RECOUNTED, (RECOUNT,)
        if rows[0][0] != self._recounted:
            self._recounted = rows[0][0]
            self._kept, self._upto, self.finished, self._epoch = {}, 0, 0, self._epoch + 1
        epoch = self._epoch
        ends = yield "SELECT coalesce(max(message), 0) FROM entry", ()
        rows = yield FIRST_WAITING, (self.finished,)
        if epoch == self._epoch:
            self.finished = max(self.finished, rows[0][0] - 1 if rows else ends[0][0])
