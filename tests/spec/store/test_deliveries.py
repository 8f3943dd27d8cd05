"""What destinations are to be told is in the store with what it follows from, in the order of the commits, once."""

from __future__ import annotations

from typing import Any

import pytest

from interop.store.plan import Deliveries, LastNumber, Queues
from interop.store.values import (
    ACKNOWLEDGED,
    AWAITED,
    DENIED,
    DROPPED,
    MISSING,
    PENDING,
    SENT,
    SHELVED,
    WITHHELD,
    Answered,
    Awaited,
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


async def test_what_no_longer_waits_is_given_no_number(store: Any) -> None:
    await store.commit(Change(deliveries=[wanted("a"), wanted("b")]))
    await store.commit(Change(sweeps=[Sweep("gp", PENDING, DROPPED, T0)]))
    await store.commit(Change(deliveries=[wanted("c")]))
    await store.commit(Change(numbered=[1, 2, 3]))
    assert [(each.id, each.number) for each in await store.query(Deliveries("gp"))] == [("a", 0), ("b", 0), ("c", 1)]


async def test_what_is_cleared_away_gives_its_number_to_nothing_else(store: Any) -> None:
    await store.commit(Change(deliveries=[wanted("a"), wanted("b"), wanted("x", "lab")]))
    await store.commit(Change(numbered=[1, 2]))
    await store.commit(Change(marks=[Mark(1, SENT, 1, 0, "", T0), Mark(2, SENT, 1, 0, "", T0)]))
    await store.commit(Change(sweeps=[Sweep("gp", SENT, "", T0 + 9)]))
    assert await names(store, destination="gp") == ["b"]
    await store.commit(Change(deliveries=[wanted("c")]))
    await store.commit(Change(numbered=[4]))
    assert await store.query(LastNumber("gp")) == [3]


async def test_what_the_other_side_says_later_is_kept_with_the_delivery_once(store: Any) -> None:
    await store.commit(Change(deliveries=[wanted("a"), wanted("b")]))
    await store.commit(Change(awaited=[Awaited(1, "T1", T0 + 50), Awaited(2, "T2", 0)]))
    await store.commit(Change(marks=[Mark(1, SENT, 1, 0, "", T0 + 1), Mark(2, SENT, 1, 0, "", T0 + 2)]))
    [one] = await store.query(Deliveries(tracking="T1"))
    assert (one.id, one.state, one.ack, one.deadline) == ("a", SENT, AWAITED, T0 + 50)
    assert [each.id for each in await store.query(Deliveries(ack=AWAITED))] == ["a"]
    [queue] = await store.query(Queues())
    assert (queue.awaited, queue.gone, queue.missing) == (1, T0 + 1, 0)
    await store.commit(Change(answered=[Answered(1, DENIED, "2200", SHELVED, "destination-refused", T0 + 9)]))
    await store.commit(Change(answered=[Answered(1, ACKNOWLEDGED, "", SENT, "", T0 + 10)]))
    [one] = await store.query(Deliveries(sequence=1))
    assert (one.state, one.ack, one.code, one.reason, one.changed) == (SHELVED, DENIED, "2200", "destination-refused", T0 + 9)
    await store.commit(Change(marks=[Mark(1, PENDING, 0, 0, "", T0 + 11, T0 + 11)]))
    [one] = await store.query(Deliveries(sequence=1))
    assert (one.state, one.ack, one.code, one.tracking) == (PENDING, "", "", ""), "what is said of earlier tries says nothing of it"


async def test_what_is_acknowledged_before_it_is_marked_as_sent_stays_so(store: Any) -> None:
    await store.commit(Change(deliveries=[wanted("a")]))
    await store.commit(Change(awaited=[Awaited(1, "T1", T0 + 50)]))
    await store.commit(Change(answered=[Answered(1, DENIED, "AE", SHELVED, "destination-refused", T0 + 2)]))
    await store.commit(Change(marks=[Mark(1, SENT, 1, 0, "", T0 + 3)]))
    [one] = await store.query(Deliveries())
    assert (one.state, one.ack) == (SHELVED, DENIED)


async def test_what_is_not_acknowledged_in_time_is_found(store: Any) -> None:
    await store.commit(Change(deliveries=[wanted("a"), wanted("b"), wanted("c")]))
    await store.commit(Change(awaited=[Awaited(1, "T1", T0 + 50), Awaited(2, "T2", T0 + 60), Awaited(3, "T3", T0 + 40)]))
    await store.commit(Change(marks=[Mark(number, SENT, 1, 0, "", T0 + number) for number in (1, 2)]))
    assert await names(store, overdue=T0 + 49) == []
    assert await names(store, overdue=T0 + 50) == ["a"]
    await store.commit(Change(answered=[Answered(1, MISSING, "", SENT, "", T0 + 51)]))
    assert await names(store, overdue=T0 + 60) == ["b"]
    [queue] = await store.query(Queues())
    assert (queue.awaited, queue.missing) == (1, 1)
    await store.commit(Change(answered=[Answered(1, ACKNOWLEDGED, "AA", SENT, "", T0 + 70)]))
    [queue] = await store.query(Queues())
    assert (queue.awaited, queue.missing) == (1, 0)
