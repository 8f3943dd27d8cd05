"""What a process that has ended did not put down, another puts down for it: the one that has the seat, once."""

from __future__ import annotations

from pathlib import Path

import pytest

from interop.app.audited import Audited
from interop.app.completing import GRACE, Completing
from interop.app.seats import Seated
from interop.audit.log import AuditLog
from interop.audit.row import MESSAGE
from interop.clock import MICROSECONDS, ManualClock
from interop.ports import AckState
from interop.store.postgres import PostgresStore
from interop.store.sqlite.audit_index import Wanted
from interop.store.values import Change, Entry
from tests.spec.audit.conftest import KEY

pytestmark = pytest.mark.anyio


def entry(clock: ManualClock, control: str) -> Entry:
    return Entry(0, "hospital", "hl7v2", clock.now(), control, "ADT^A01", b"MSH", ack=AckState.SENT)


async def test_messages_that_a_process_journalled_when_it_was_killed_are_put_down_once(tmp_path: Path, database: str) -> None:
    clock = ManualClock()
    store = await PostgresStore.open(database, clock=clock)
    open_ = lambda: AuditLog.open(tmp_path / "audit", tmp_path / "elsewhere", KEY, clock, background=False)  # noqa: E731
    one, other = (Audited(open_(), {}, store, shared=True) for _ in range(2))
    seats = [Completing(each, clock) for each in (one, other)]
    entries = [entry(clock, f"m{number}") for number in range(4)]
    await store.commit(Change(entries=entries))
    one.auditing.received(entries[:2])  # and then it was killed
    for each in seats:
        await each.look()
    assert one.trail.index.messages(0) == {1, 2}, "who journals puts it down in a moment"
    clock.advance(GRACE / MICROSECONDS + 1)
    late = entry(clock, "late")
    await store.commit(Change(entries=[late]))
    for each in [*seats, *seats]:
        await each.look()
    assert other.trail.index.messages(0) == {1, 2, 3, 4}
    rows = [row for _, row in other.trail.find(Wanted(kinds=(MESSAGE,)))]
    assert sorted(number for row in rows for number in row.more["messages"]) == [1, 2, 3, 4]
    clock.advance(GRACE / MICROSECONDS + 1)
    await seats[1].look()
    assert other.trail.index.messages(0) == {1, 2, 3, 4, 5}
    for each in (one, other):
        await each.stop()
    await store.close()


async def test_what_is_done_once_goes_on_elsewhere_when_its_process_has_ended(database: str) -> None:
    stores = [await PostgresStore.open(database) for _ in range(2)]
    doing: list[int] = []

    def seated(number: int) -> Seated:
        async def begin() -> None:
            doing.append(number)

        async def end() -> None:
            doing.remove(number)

        return Seated(stores[number].seats, "deliveries", begin, end)

    singles = [seated(0), seated(1)]
    for single in [*singles, *singles]:
        await single.look()
        assert doing == [0]
    await stores[0].close()  # as the system does when the process ends
    await singles[1].look()
    assert 1 in doing
    await singles[1].stop()
    assert doing == [0]
    await stores[1].close()


async def test_what_cannot_be_begun_leaves_its_seat_to_another(database: str) -> None:
    one, other = await PostgresStore.open(database), await PostgresStore.open(database)
    begun: list[str] = []

    async def fails() -> None:
        raise ConnectionError

    async def begins() -> None:
        begun.append("other")

    async def ends() -> None:
        begun.append("ended")

    with pytest.raises(ConnectionError):
        await Seated(one.seats, "folders", fails, ends).look()
    single = Seated(other.seats, "folders", begins, ends)
    await single.look()
    await single.stop()
    assert begun == ["ended", "other", "ended"]
    await one.close()
    await other.close()
