"""Writing the record: expectations, versions, index rows, contributions, links, outcomes."""

from __future__ import annotations

from collections.abc import Sequence

from interop.store.sql import again, news
from interop.store.sql.deliveries import Outbox
from interop.store.sql.dialect import Dialect
from interop.store.sql.expecting import concerned, put_key, unmet, used_before
from interop.store.sql.facts import had_outcome, spent, write_facts
from interop.store.sql.names import Names
from interop.store.sql.statement import Steps
from interop.store.sql.versions import VersionWriter
from interop.store.sql.writer import Result
from interop.store.values import NAMES, RECOUNT, Change, Committed, News

PARTS = ("puts", "reindexed", "states", "withheld", "links", "link_events", "pairs", "outcomes", "losses", "snapshots", "tables",
         "meta", "used", "kept", "deliveries", "awaited", "marks", "answered", "sweeps", "numbered", "news")  # fmt: skip
"""What a Change says of the record, beside what it expects."""


class RecordWriter:
    """Writes record changes, a group within a transaction; a change that conflicts leaves no trace. ``shared``: other processes
    write too, and are told news."""

    def __init__(self, dialect: Dialect, names: Names, *, shared: bool = False) -> None:
        self._dialect = dialect
        self._names = names
        self._shared = shared
        self._versions = VersionWriter(dialect, names)
        self._outbox = Outbox()
        self._put = 0
        self.puts = 0
        """Versions written since the start."""

    def load(self) -> Steps[None]:
        yield from self._versions.load()
        yield from self._names.load()
        yield from self._outbox.load()

    @property
    def last(self) -> int:
        """The number given last."""
        return self._versions.last

    def write(self, changes: Sequence[Change]) -> Steps[list[Result]]:
        """Judge each change by what those before it leave, then write all that hold as if they were one: the number of
        statements does not grow with the number of changes."""
        keys = {key: None for change in changes for key in concerned(change)}
        present = yield from self._versions.present(list(keys))
        versions = {key: one.version for key, one in present.items()}
        wanted = [each for change in changes for each in change.used]
        used = (yield from spent([each.name for each in wanted], min(each.time for each in wanted))) if wanted else set()
        bound = (yield from news.binding(changes)) if self._shared else 0
        results: list[Result] = []
        good: list[Change] = []
        for change in changes:
            conflict = news.unheard(change, bound) or unmet(change, versions) or used_before(change, used)
            if conflict is None:
                used.update(each.name for each in change.used)
                versions.update((put_key(put), put.stored.version) for put in change.puts)
                good.append(change)
            results.append(Committed() if conflict is None else conflict)
        if any(map(again.asks, good)):
            left = yield from again.taken_back(good)
            good = [change for change, _ in left]
            for result, (_, messages) in zip((one for one in results if isinstance(one, Committed)), left, strict=True):
                result.again = messages
        if good:
            whole = good[0] if len(good) == 1 else _together(good)
            yield from self._versions.write(whole, present)
            recount = self._shared and (yield from had_outcome(whole))
            yield from write_facts(whole)
            yield from self._outbox.write(whole)
            if self._shared:
                said = [*whole.news, *([News(NAMES)] if self._names.fresh else []), *([News(RECOUNT)] if recount else [])]
                yield from news.write(said, self._dialect)
                yield from again.write_again(whole)
            self._put = len(whole.puts)
        return results

    def settle(self) -> None:
        self.puts += self._put
        self._put = 0
        self._names.settle()
        self._versions.settle()

    def abandon(self) -> None:
        self._put = 0
        self._names.abandon()
        self._versions.abandon()


def _together(changes: Sequence[Change]) -> Change:
    """Changes as one. Of two values for one thing the later stands, as it does within a change."""
    whole = Change()
    for change in changes:
        for part in PARTS:
            getattr(whole, part).extend(getattr(change, part))
    return whole
