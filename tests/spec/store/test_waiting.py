"""Waiting: what is in the journal and has no outcome in the record. After a crash that is what is still to be done."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from interop.store.plan import Feeds, Left, Waiting
from interop.store.sql import ledger
from interop.store.values import Change, FeedCount, Husk, Outcome
from tests.spec.store.build import T0, entry, journal

pytestmark = pytest.mark.anyio


async def finish(store: Any, *messages: int, state: str = "applied") -> None:
    await store.commit(Change(outcomes=[Outcome(message, state, T0 + 1) for message in messages]))


async def waiting(store: Any, after: int = 0, limit: int = 64) -> list[int]:
    return [one.message for one in await store.query(Waiting(after, limit))]


async def test_entries_wait_in_order_with_body_and_keys(store: Any) -> None:
    await journal(store, entry(1, keys=("mrn|1", "mrn|2")), entry(2), entry(3))
    found = await store.query(Waiting(0, 2))
    assert [one.message for one in found] == [1, 2]
    assert found[0].keys == ("mrn|1", "mrn|2")
    assert found[0].body == entry(1).body
    assert await waiting(store, after=2) == [3]


async def test_what_has_an_outcome_does_not_wait(store: Any) -> None:
    await journal(store, *(entry(number) for number in range(1, 6)))
    await finish(store, 2, 4)
    assert await waiting(store) == [1, 3, 5]
    await finish(store, 1, 3, 5, state="shelved")
    assert await waiting(store) == []
    await journal(store, entry(6))
    assert await waiting(store) == [6]


async def test_what_arrived_refused_never_waits(store: Any) -> None:
    await journal(store, entry(1, state="refused", reason="unreadable"), entry(2))
    assert await waiting(store) == [2]


async def test_what_waits_is_found_again_after_a_restart(opener: Any) -> None:
    store = await opener()
    await journal(store, *(entry(number) for number in range(1, 6)))
    await finish(store, 1, 2, 4)
    assert await waiting(store) == [3, 5]
    await store.close()
    assert await waiting(await opener()) == [3, 5]


async def test_a_message_may_be_made_to_wait_again(store: Any) -> None:
    await journal(store, *(entry(number) for number in range(1, 4)))
    await finish(store, 1, 2, 3, state="failed")
    assert await waiting(store) == []
    await finish(store, 2, state="received")
    assert await waiting(store) == [2]
    [line] = await store.query(Feeds())
    assert (line.waiting, line.failed) == (1, 2)


async def test_feeds_are_counted_by_state(store: Any) -> None:
    assert await store.query(Feeds()) == []
    await journal(store, *(entry(number, at=T0 + number) for number in range(1, 6)))
    await journal(store, entry(1, feed="gp", state="refused", at=T0 + 9))
    await finish(store, 1, 2)
    await finish(store, 3, state="failed")
    expected = [
        FeedCount("gp", received=1, waiting=0, applied=0, refused=1, failed=0, shelved=0, oldest_waiting=0, last_received=T0 + 9),
        FeedCount(
            "hospital",
            received=5,
            waiting=2,
            applied=2,
            refused=0,
            failed=1,
            shelved=0,
            oldest_waiting=T0 + 4,
            last_received=T0 + 5,
        ),
    ]
    assert await store.query(Feeds()) == expected
    assert await waiting(store) == [4, 5]
    assert await store.query(Feeds()) == expected


async def test_feed_counts_keep_up_with_what_finishes_and_what_is_tried_again(store: Any) -> None:
    await journal(store, *(entry(number) for number in range(1, 10)))
    for number in range(1, 10):
        await finish(store, number, state="failed" if number % 3 == 0 else "applied")
        assert await waiting(store) == list(range(number + 1, 10))
        [line] = await store.query(Feeds())
        assert (line.applied, line.failed, line.waiting) == (number - number // 3, number // 3, 9 - number)
    await finish(store, 3)
    [line] = await store.query(Feeds())
    assert (line.applied, line.failed, line.waiting) == (7, 2, 0)


async def test_what_waits_is_counted_without_being_read_and_what_is_not_to_be_worked_on_is_named(
    store: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of clients' writes and of what was purged a start has to know each; portions come to the same as the whole."""
    await journal(store, *(entry(number) for number in range(1, 8)), entry(8, state="refused"))
    await journal(store, *(replace(entry(number), adapter=kind) for number, kind in ((9, "api"), (10, "api+author"))))
    await finish(store, 2, 9)
    await store.commit(Change(husks=[Husk(message, keys=False) for message in (2, 4)]))
    adapters = ("api", "api+author")
    assert await store.query(Left(0, adapters)) == [(0, 5, [4, 10])]
    monkeypatch.setattr(ledger, "AT_A_TIME", 3)
    portions, above = [], 0
    while True:
        [(above, count, numbers)] = await store.query(Left(above, adapters))
        portions.append((above, count, numbers))
        if not above:
            break
    assert portions == [(3, 2, []), (6, 2, [4]), (9, 1, []), (0, 0, [10])]
