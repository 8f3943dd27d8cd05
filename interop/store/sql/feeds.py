"""How the feeds stand, without counting every message every time."""

from __future__ import annotations

from collections.abc import Callable

from interop.store.sql.ledger import Tally, feed_counts, merged, tally
from interop.store.sql.statement import Steps
from interop.store.values import Change, FeedCount


class FeedCounter:
    """Keeps the count of messages up to the last one before which nothing waits; counts the rest anew."""

    def __init__(self, last: Callable[[], int]) -> None:
        self._last = last
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
        epoch, upto, kept, finished = self._epoch, self._upto, self._kept, self.finished
        if finished > upto:
            kept = merged(kept, (yield from tally(upto, finished)))
            if epoch == self._epoch:
                self._kept, self._upto = kept, finished
        return feed_counts(merged(kept, (yield from tally(max(upto, finished), self._last()))))
