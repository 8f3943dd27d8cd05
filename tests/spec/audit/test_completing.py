"""What the audit lacks of the journal another process gives to it: never what it had, and no longer keeps."""

from __future__ import annotations

from pathlib import Path

import pytest

from interop.app.audited import Audited
from interop.audit.disposal import due, remove
from interop.audit.log import AuditLog
from interop.audit.row import MESSAGE
from interop.clock import ManualClock
from interop.store.sqlite import SqliteStore
from interop.store.sqlite.audit_index import Wanted
from tests.spec.audit.conftest import KEY
from tests.spec.store.build import entry, journal

pytestmark = pytest.mark.anyio
YEAR = 365 * 24 * 3600


async def test_messages_of_parts_that_are_no_longer_kept_are_not_told_again(tmp_path: Path, clock: ManualClock) -> None:
    """The index is made anew after a restore: it has nothing of what was disposed of."""
    directory, elsewhere = tmp_path / "audit", tmp_path / "elsewhere"
    store = SqliteStore.open(tmp_path / "data", clock=clock)
    log = AuditLog.open(directory, elsewhere, KEY, clock, background=False)
    for one in await journal(store, *(entry(number, at=clock.now()) for number in range(5))):
        log.write(MESSAGE, more={"messages": [one.message]})
    log.close()
    clock.advance(2 * YEAR)
    log = AuditLog.open(directory, elsewhere, KEY, clock, background=False)
    (late,) = await journal(store, entry(9, at=clock.now()))
    for chain, part in list(due(directory, elsewhere, KEY, clock.now() - YEAR * 1_000_000)):
        remove(directory, elsewhere, KEY, chain, part, clock.now())
    audited = Audited(log, {}, store, shared=True)
    assert await audited.complete(0, clock.now() + 1) == late.message
    audited.trail.catch_up()
    told = [row.more["messages"] for _, row in audited.trail.find(Wanted(kinds=(MESSAGE,)))]
    assert told == [[late.message]]
    await audited.stop()
    await store.close()
