"""What destinations are to be told is in the store with what it follows from, in the order of the commits, once."""

from __future__ import annotations

from typing import Any

import pytest

from interop.store.plan import Deliveries, LastNumber, Queues
from interop.store.values import (
    DROPPED,
    PENDING,
    SENT,
    SHELVED,
    WITHHELD,
    Change,
    Committed,
    Conflict,
    Delivery,
    Mark,
    QueueCount,
    Sweep,
)
from tests.spec.store.build import T0, put

pytestmark = pytest.mark.anyio


def wanted(name: str, destination: str = "gp", made: int = T0) -> Delivery:
    return Delivery(destination, name, "r1", "created", "fhir", made, 7, "Encounter", name, 1)


async def names(store: Any, **asked: Any) -> list[str]:
    return [each.id for each in await store.query(Deliveries(**asked))]


async def test_a_delivery_comes_with_the_change_that_it_follows_from_or_not_at_all(store: Any) -> None:
    await store.commit(Change(puts=[put("Encounter", "a", 1)], deliveries=[wanted("a")]))
    refused = Change(puts=[put("Encounter", "a", 1)], deliveries=[wanted("b")])
    assert isinstance(await store.commit(refused), Conflict)
    [one] = await store.query(Deliveries())
    assert one == wanted("a")._replace(sequence=1)


async def test_deliveries_stand_in_the_order_of_the_commits_across_a_restart(store: Any, opener: Any) -> None:
    await store.commit(Change(deliveries=[wanted("a"), wanted("b", "lab")]))
    await store.commit(Change(deliveries=[wanted("c")]))
    await store.close()
    again = await opener()
    await again.commit(Change(deliveries=[wanted("d")]))
    assert await names(again) == ["a", "b", "c", "d"]
    assert await names(again, destination="gp", after=1, count=1) == ["c"]


async def test_a_change_that_is_made_again_says_nothing_twice(store: Any) -> None:
    await store.commit(Change(deliveries=[wanted("a")]))
    await store.commit(Change(marks=[Mark(1, SENT, 1, 0, "", T0)]))
    assert isinstance(await store.commit(Change(deliveries=[wanted("a"), wanted("b"), wanted("a", "lab")])), Committed)
    assert [(each.id, each.destination, each.state) for each in await store.query(Deliveries())] == [
        ("a", "gp", SENT),
        ("b", "gp", PENDING),
        ("a", "lab", PENDING),
    ]


async def test_what_has_become_of_a_delivery_is_kept_and_counted(store: Any) -> None:
    await store.commit(Change(deliveries=[wanted(name, made=T0 + n) for n, name in enumerate("abcd")]))
    await store.commit(Change(marks=[Mark(1, SENT, 2, 0, "", T0 + 9), Mark(2, SHELVED, 1, 0, "destination-refused", T0 + 9)]))
    [shelved] = await store.query(Deliveries(state=SHELVED))
    assert (shelved.id, shelved.tries, shelved.reason, shelved.changed) == ("b", 1, "destination-refused", T0 + 9)
    assert await store.query(Queues()) == [QueueCount("gp", 2, 1, 1, 0, T0 + 2)]


async def test_what_was_dropped_stays_dropped_whoever_is_still_sending_it(store: Any) -> None:
    await store.commit(Change(deliveries=[wanted("a"), wanted("b", "lab")]))
    await store.commit(Change(sweeps=[Sweep("gp", PENDING, DROPPED, T0)]))
    await store.commit(Change(marks=[Mark(1, SENT, 1, 0, "", T0)]))
    assert await names(store, state=DROPPED) == ["a"]
    assert await names(store, state=PENDING) == ["b"]


@pytest.mark.parametrize("state", [SENT, SHELVED, WITHHELD])
async def test_a_try_that_ends_late_changes_nothing_of_what_does_not_wait_any_more(store: Any, state: str) -> None:
    """Whoever tried has hung, and another has gone on in its place."""
    await store.commit(Change(deliveries=[wanted("a")]))
    await store.commit(Change(marks=[Mark(1, state, 2, 0, "", T0 + 1)]))
    await store.commit(Change(marks=[Mark(1, PENDING, 1, T0 + 9, "destination-busy", T0 + 2)]))
    [one] = await store.query(Deliveries())
    assert (one.state, one.tries, one.changed) == (state, 2, T0 + 1)
    await store.commit(Change(marks=[Mark(1, PENDING, 0, 0, "", T0 + 3, T0 + 3)]))
    [one] = await store.query(Deliveries())
    assert (one.state, one.tries, one.since) == (PENDING, 0, T0 + 3)


async def test_what_was_sent_long_ago_is_cleared_and_its_number_not_used_again(store: Any) -> None:
    await store.commit(Change(deliveries=[wanted("a"), wanted("b")]))
    await store.commit(Change(marks=[Mark(1, SENT, 1, 0, "", T0), Mark(2, SENT, 1, 0, "", T0)]))
    await store.commit(Change(sweeps=[Sweep("gp", SENT, "", T0 + 1)]))
    await store.commit(Change(deliveries=[wanted("c")]))
    assert [(each.id, each.sequence) for each in await store.query(Deliveries())] == [("b", 2), ("c", 3)]


async def test_events_are_numbered_for_each_destination_once_and_without_a_gap_across_a_restart(store: Any, opener: Any) -> None:
    await store.commit(Change(deliveries=[wanted("a"), wanted("b", "lab"), wanted("c"), wanted("d")]))
    await store.commit(Change(numbered=[1, 2]))
    await store.commit(Change(numbered=[1]))
    await store.close()
    again = await opener()
    assert await again.query(LastNumber("gp")) == [1]
    await again.commit(Change(numbered=[4, 3]))
    assert [(each.id, each.number) for each in await again.query(Deliveries("gp", numbers=(1, 9)))] == [
        ("a", 1),
        ("d", 2),
        ("c", 3),
    ]
    assert [each.id for each in await again.query(Deliveries("gp", numbers=(2, 2)))] == ["d"]
    assert (await again.query(LastNumber("lab")), await again.query(LastNumber("nobody"))) == ([1], [0])


async def test_what_is_cleared_away_gives_its_number_to_nothing_else(store: Any) -> None:
    await store.commit(Change(deliveries=[wanted("a"), wanted("b"), wanted("x", "lab")]))
    await store.commit(Change(numbered=[1, 2], marks=[Mark(1, SENT, 1, 0, "", T0), Mark(2, SENT, 1, 0, "", T0)]))
    await store.commit(Change(sweeps=[Sweep("gp", SENT, "", T0 + 9)]))
    assert await names(store, destination="gp") == ["b"]
    await store.commit(Change(deliveries=[wanted("c")]))
    await store.commit(Change(numbered=[4]))
    assert await store.query(LastNumber("gp")) == [3]
