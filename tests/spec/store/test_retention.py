"""What may be disposed of, on both databases: it is found in portions, and what goes leaves the rest as it was."""

from __future__ import annotations

from typing import Any

import pytest

from interop.store.plan import Disposable, Message, Replaced, Sourced, Versions
from interop.store.seam import Store
from interop.store.values import Change, Husk, Outcome, Withheld
from tests.spec.store.build import T0, entry, journal, put, write

pytestmark = pytest.mark.anyio
DAY = 24 * 3600 * 1_000_000


async def every(store: Store, plan: type, *words: Any, count: int = 2) -> list[Any]:
    """All portions of a plan."""
    found, above = [], 0
    while True:
        ((above, some),) = await store.query(plan(*words, above=above, count=count))
        found += some
        if not above:
            return found


async def test_content_of_finished_messages_goes_and_what_they_were_stays(store: Store) -> None:
    await journal(store, *(entry(number) for number in range(1, 7)))
    await store.commit(Change(outcomes=[Outcome(number, "applied", T0) for number in (1, 2, 3, 5)]))
    before = [(await store.query(Message(number)))[0] for number in range(1, 7)]
    late = max(each.received for each in before) + 1
    assert [message for message, _, _ in await every(store, Disposable, late)] == [1, 2, 3, 5]
    assert await every(store, Disposable, min(each.received for each in before)) == []
    assert await every(store, Disposable, late, (before[0].feed,)) == await every(store, Disposable, late)
    assert await every(store, Disposable, late, ("another",)) == []
    await store.commit(Change(husks=[Husk(1, True), Husk(2, False)]))
    assert [message for message, _, _ in await every(store, Disposable, late)] == [3, 5]
    for was in before:
        (now,) = await store.query(Message(was.message))
        gone = was.message in (1, 2)
        assert (now.body == b"") is gone
        assert now.keys == (() if was.message == 2 else was.keys)
        for name in ("feed", "received", "digest", "duplicate", "size", "state", "control_id"):
            assert getattr(now, name) == getattr(was, name)


async def test_a_message_of_which_the_content_is_gone_is_still_known_when_it_comes_again(store: Store) -> None:
    first = entry(1)
    await journal(store, first)
    await store.commit(Change(outcomes=[Outcome(1, "applied", T0)]))
    await store.commit(Change(husks=[Husk(1, False)]))
    again = entry(1)
    await store.commit(Change(entries=[again]))
    assert (again.message, again.repeats) == (0, 1)


async def test_versions_that_were_replaced_before_a_time_are_found_and_the_one_of_that_time_is_not(store: Store) -> None:
    for version in range(1, 6):
        one = put("Patient", "a", version)
        one.stored.updated = T0 + version * DAY
        await write(store, one)
    await write(store, put("Patient", "b"))
    for days, last in ((0, 0), (1, 0), (3, 2), (5, 4), (9, 4)):
        found = await every(store, Replaced, T0 + days * DAY + 1)
        assert found == ([Withheld("Patient", "a", 1, last)] if last else []), days
    await store.commit(Change(withheld=[Withheld("Patient", "a", 1, 3)]))
    assert [version for _, _, version, _, _ in await store.query(Versions((("Patient", "a"),)))] == [4, 5]
    assert await every(store, Replaced, T0 + 9 * DAY) == [Withheld("Patient", "a", 4, 4)]


async def test_what_comes_of_one_source_alone_is_found_until_nothing_is_left_of_it(store: Store) -> None:
    for id_, source in (("a", "RX1"), ("b", "RX1,RX2"), ("c", "RX1"), ("d", "RX2"), ("e", "RX1")):
        one = put("Observation", id_)
        one.stored.source = source
        await write(store, one)
    assert await every(store, Sourced, "RX1") == [("Observation", id_) for id_ in "ace"]
    gone = put("Observation", "c", 2)
    gone.stored.source, gone.stored.deleted, gone.stored.body = "RX1", True, b""
    gone.index.clear()
    await store.commit(Change(puts=[gone], withheld=[Withheld("Observation", "c", 1, 1)]))
    assert await every(store, Sourced, "RX1") == [("Observation", id_) for id_ in "ae"]
