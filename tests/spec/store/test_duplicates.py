"""The same message twice is once: one duplicate key and one content within the feed's window."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from interop.store.plan import Message, Messages, Waiting
from tests.spec.store.build import DAY, T0, entry, journal

pytestmark = pytest.mark.anyio


async def test_a_repeat_is_not_added_and_names_the_first(store: Any) -> None:
    [first] = await journal(store, entry(1))
    [again] = await journal(store, entry(1, at=T0 + 60_000_000))
    assert (again.message, again.repeats) == (0, first.message)
    assert len(await store.query(Messages())) == 1


async def test_two_equal_entries_of_one_change_are_a_message_and_its_repeat(store: Any) -> None:
    first, again, other = await journal(store, entry(1), entry(1), entry(2))
    assert (first.message, first.repeats) == (1, 0)
    assert (again.message, again.repeats) == (0, 1)
    assert other.message == 2


async def test_two_equal_entries_of_one_group_are_a_message_and_its_repeat(store: Any) -> None:
    answers = await asyncio.gather(*(journal(store, entry(1)) for _ in range(5)))
    assert store.counters.journal_groups == 1
    assert sorted((one.message, one.repeats) for [one] in answers) == [(0, 1)] * 4 + [(1, 0)]


async def test_a_repeat_is_known_after_a_restart(opener: Any) -> None:
    store = await opener()
    await journal(store, entry(1))
    await store.close()
    [again] = await journal(await opener(), entry(1))
    assert again.repeats == 1


async def test_feeds_do_not_share_keys(store: Any) -> None:
    await journal(store, entry(1, feed="hospital"))
    [other] = await journal(store, entry(1, feed="ambulance"))
    assert (other.message, other.repeats) == (2, 0)


async def test_what_has_no_key_is_never_a_repeat(store: Any) -> None:
    first, second = await journal(store, entry(1, duplicate=""), entry(1, duplicate=""))
    assert (first.message, second.message) == (1, 2)


async def test_the_window_is_seven_days(store: Any) -> None:
    await journal(store, entry(1, at=T0))
    [within] = await journal(store, entry(1, at=T0 + 7 * DAY))
    [after] = await journal(store, entry(1, at=T0 + 7 * DAY + 1))
    assert within.repeats == 1
    assert (after.message, after.repeats) == (2, 0)


async def test_a_feed_may_have_a_window_of_its_own(opener: Any) -> None:
    store = await opener(windows={"hospital": 1_000_000})
    await journal(store, entry(1), entry(1, feed="gp"))
    hospital, gp = await journal(store, entry(1, at=T0 + 2_000_000), entry(1, feed="gp", at=T0 + 2_000_000))
    assert (hospital.repeats, gp.repeats) == (0, 2)


async def test_each_window_holds_for_its_own_feed_within_one_change(opener: Any) -> None:
    store = await opener(windows={"short": DAY, "long": 30 * DAY})
    await journal(store, entry(1, feed="short"), entry(1, feed="long"))
    short, long = await journal(store, entry(1, feed="short", at=T0 + 10 * DAY), entry(1, feed="long", at=T0 + 10 * DAY))
    assert (short.repeats, long.repeats) == (0, 2)


async def test_other_content_under_a_known_key_is_accepted_and_told(store: Any) -> None:
    await journal(store, entry(1))
    [other] = await journal(store, entry(1, content="PID|1"))
    assert (other.message, other.repeats, other.state, other.reason) == (2, 1, "received", "wrong-content")
    assert [one.message for one in await store.query(Waiting(0))] == [1, 2]


async def test_other_content_under_a_known_key_is_refused_where_the_feed_says_so(opener: Any) -> None:
    store = await opener(on_wrong_content={"hospital": "refuse"})
    await journal(store, entry(1), entry(1, feed="gp"))
    refused, accepted = await journal(store, entry(1, content="PID|1"), entry(1, feed="gp", content="PID|1"))
    assert (refused.state, refused.reason, refused.repeats) == ("refused", "wrong-content", 1)
    assert (accepted.state, accepted.reason) == ("received", "wrong-content")
    assert [one.message for one in await store.query(Waiting(0))] == [1, 2, 4]
    [kept] = await store.query(Message(3))
    assert (kept.state, kept.repeats, kept.body) == ("refused", 1, refused.body)


async def test_a_repeat_of_either_content_names_the_message_of_that_content(store: Any) -> None:
    await journal(store, entry(1), entry(1, content="PID|1"))
    first, second = await journal(store, entry(1), entry(1, content="PID|1"))
    assert (first.repeats, second.repeats) == (1, 2)
    assert (first.message, second.message) == (0, 0)


async def test_what_was_refused_on_arrival_may_be_sent_again(store: Any) -> None:
    await journal(store, entry(1, state="refused", reason="unknown-trigger"))
    [again] = await journal(store, entry(1))
    assert (again.message, again.repeats, again.state) == (2, 0, "received")
