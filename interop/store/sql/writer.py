"""What a committer runs: a group of changes in one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from interop.store.sql.statement import Steps
from interop.store.values import Change, Committed, Conflict

Result = Committed | Conflict


class Writer(Protocol):
    """Writes one of the two halves of the store. After ``write`` comes ``settle`` (on disk) or ``abandon`` (rolled back)."""

    def load(self) -> Steps[None]:
        """Read what it keeps in memory; once that is known, what others have written since. Not while it writes."""
        ...

    def write(self, changes: Sequence[Change]) -> Steps[list[Result]]:
        """One result for each change."""
        ...

    def settle(self) -> None: ...

    def abandon(self) -> None: ...
