"""Looking through the journal: by filter, from its end, a portion at a time; and what the record lacks of it."""

from __future__ import annotations

from typing import Any

import pytest

from interop.store.plan import Browse, Browsed, Repetitions, Shelf
from interop.store.sql import browsing
from interop.store.values import Change, Outcome
from tests.spec.store.build import T0, entry, journal

pytestmark = pytest.mark.anyio


async def listed(store: Any, plan: Browse) -> tuple[int, list[int]]:
    ((below, found),) = await store.query(plan)
    return below, [one.message for one in found]


async def counted(store: Any, plan: Browse) -> tuple[int, int]:
    ((below, number),) = await store.query(Browsed(plan))
    return below, number


async def test_the_newest_come_first_and_a_cursor_goes_on(store: Any) -> None:
    await journal(store, *(entry(number) for number in range(1, 6)))
    assert await listed(store, Browse(count=2)) == (4, [5, 4])
    assert await listed(store, Browse(before=4, count=2)) == (2, [3, 2])
    assert await listed(store, Browse(before=2, count=2)) == (0, [1])
    assert await listed(store, Browse(count=5)) == (0, [5, 4, 3, 2, 1])


async def test_a_portion_is_gone_through_at_a_time(store: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(browsing, "AT_A_TIME", 2)
    await journal(store, entry(1, feed="lab"), *(entry(number) for number in range(2, 6)))
    plan = Browse(feed="lab")
    assert await listed(store, plan) == (4, [])
    assert await counted(store, plan) == (4, 0)
    assert await listed(store, Browse(feed="lab", before=4)) == (2, [])
    assert await listed(store, Browse(feed="lab", before=2)) == (0, [1])
    assert await counted(store, Browse(feed="lab", before=2)) == (0, 1)


async def test_filters_hold_together(store: Any) -> None:
    await journal(store, entry(1, at=T0), entry(2, at=T0 + 10), entry(3, feed="lab", at=T0 + 20), entry(4, at=T0 + 30))
    said = [Outcome(1, "shelved", T0, "stale-version"), Outcome(2, "failed", T0, "mapping-fault"), Outcome(3, "applied", T0)]
    await store.commit(Change(outcomes=said))
    for plan, wanted in (
        (Browse(state="shelved"), [1]),
        (Browse(state="received"), [4]),
        (Browse(reasons=("mapping-fault", "stale-version")), [2, 1]),
        (Browse(since=T0 + 10, until=T0 + 30), [3, 2]),
        (Browse(feed="lab", since=T0 + 10), [3]),
        (Browse(control_id="4"), [4]),
        (Browse(type="ADT^A01", state="applied"), [3]),
        (Browse(type="ADT^A02"), []),
    ):
        assert await listed(store, plan) == (0, wanted), plan
        assert await counted(store, plan) == (0, len(wanted)), plan


async def test_an_empty_journal_has_nothing(store: Any) -> None:
    assert (await listed(store, Browse()), await counted(store, Browse())) == ((0, []), (0, 0))
    assert (await store.query(Shelf()), await store.query(Repetitions(1))) == ([], [])


async def test_the_shelf_is_what_came_and_is_not_in_the_record(store: Any) -> None:
    await journal(store, *(entry(number, at=T0 + number) for number in range(1, 7)))
    said = ("shelved", "stale-version"), ("shelved", "stale-version"), ("failed", "mapping-fault"), ("applied", "")
    outcomes = [Outcome(number, state, T0, reason) for number, (state, reason) in enumerate(said, 1)]
    await store.commit(Change(outcomes=[*outcomes, Outcome(5, "refused", T0, "taken-down", "9")]))
    assert await store.query(Shelf()) == [
        (entry(1).feed, "failed", "mapping-fault", 1, T0 + 3, T0 + 3),
        (entry(1).feed, "shelved", "stale-version", 2, T0 + 1, T0 + 2),
    ]


async def test_when_a_message_came_again_is_known(store: Any) -> None:
    await journal(store, entry(1, duplicate="k", at=T0))
    await journal(store, entry(1, duplicate="k", at=T0 + 5))
    await journal(store, entry(1, duplicate="k", at=T0 + 9))
    assert await store.query(Repetitions(1)) == [T0 + 5, T0 + 9]
