"""The journal: every message as it came, numbered, never lost, never altered."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from interop.store.plan import Everything, Message, Messages
from interop.store.values import Change, Outcome, Put
from tests.spec.store.build import T0, entry, journal, put

pytestmark = pytest.mark.anyio


async def test_numbers_ascend_in_the_order_handed_over(store: Any) -> None:
    first = await journal(store, entry(1), entry(2))
    second = await journal(store, entry(3))
    assert [one.message for one in [*first, *second]] == [1, 2, 3]


async def test_numbers_go_on_after_a_restart(opener: Any) -> None:
    store = await opener()
    await journal(store, entry(1), entry(2))
    await store.close()
    assert [one.message for one in await journal(await opener(), entry(3))] == [3]


async def test_a_message_is_kept_byte_for_byte_with_all_that_was_said_of_it(store: Any) -> None:
    body = bytes(range(256)) * 3
    given = entry(1, feed="gp", keys=("nhs|9990000018", "mrn|A1", "nhs|9990000018"), at=T0 + 5)
    given.body = body
    [committed] = await journal(store, given)
    [kept] = await store.query(Message(committed.message))
    assert (kept.body, kept.size) == (body, len(body))
    assert (kept.feed, kept.adapter, kept.received, kept.control_id, kept.type) == ("gp", "hl7v2", T0 + 5, "1", "ADT^A01")
    assert (kept.keys, kept.duplicate, kept.digest) == (given.keys, given.duplicate, given.digest)
    assert (kept.state, kept.ack, kept.finished) == ("received", "pending", 0)


async def test_an_unknown_number_is_an_empty_answer(store: Any) -> None:
    assert await store.query(Message(7)) == []


async def test_what_arrives_refused_is_kept_with_its_reason(store: Any) -> None:
    refused = entry(1, duplicate="", state="refused", reason="truncated", detail="no end block", where="MSH-1")
    [committed] = await journal(store, refused)
    [kept] = await store.query(Message(committed.message))
    assert (kept.state, kept.reason, kept.detail, kept.where) == ("refused", "truncated", "no end block", "MSH-1")


async def test_the_state_of_the_acknowledgement_is_an_axis_of_its_own(store: Any) -> None:
    await journal(store, entry(1), entry(2), entry(3))
    await store.commit(Change(acks=[(1, "sent"), (2, "failed"), (1, "sent")]))
    assert [(one.ack, one.state) for one in await store.query(Messages())] == [
        ("pending", "received"),
        ("failed", "received"),
        ("sent", "received"),
    ]


async def test_an_outcome_tells_what_became_of_a_message(store: Any) -> None:
    await journal(store, entry(1), entry(2))
    await store.commit(
        Change(
            outcomes=[
                Outcome(1, "applied", T0 + 9, carried=40, lost=2),
                Outcome(2, "failed", T0 + 9, "mapping-fault", "E12", "PV1-7"),
            ]
        )
    )
    [applied], [failed] = await store.query(Message(1)), await store.query(Message(2))
    assert (applied.state, applied.finished, applied.carried, applied.lost) == ("applied", T0 + 9, 40, 2)
    assert (failed.state, failed.reason, failed.detail, failed.where) == ("failed", "mapping-fault", "E12", "PV1-7")


async def test_messages_are_listed_newest_first_without_bodies(store: Any) -> None:
    await journal(store, *(entry(number, feed="gp" if number % 2 else "hospital") for number in range(1, 8)))
    await store.commit(Change(outcomes=[Outcome(3, "applied", T0)]))
    listed = await store.query(Messages(count=3))
    assert [one.message for one in listed] == [7, 6, 5]
    assert {one.body for one in listed} == {b""}
    assert all(one.size for one in listed)
    assert [one.message for one in await store.query(Messages(before=5, count=2))] == [4, 3]
    assert [one.message for one in await store.query(Messages(feed="gp"))] == [7, 5, 3, 1]
    assert [one.message for one in await store.query(Messages(state="applied"))] == [3]
    assert [one.message for one in await store.query(Messages(control_id="6"))] == [6]


async def test_everything_streams_in_order_for_a_rebuild(store: Any) -> None:
    await journal(store, *(entry(number, keys=(f"mrn|{number}",)) for number in range(1, 200)))
    await store.commit(Change(outcomes=[Outcome(1, "applied", T0)]))
    streamed = [one async for one in store.stream(Everything(after=2))]
    assert [one.message for one in streamed] == list(range(3, 200))
    assert streamed[-1].keys == ("mrn|199",)
    assert streamed[-1].body


async def test_a_change_holds_journal_or_record_never_both(store: Any) -> None:
    mixed: list[Put] = [put("Patient", "a")]
    with pytest.raises(AssertionError):
        await store.commit(Change(entries=[entry(1)], puts=mixed))


async def test_nothing_is_done_for_an_empty_change(store: Any) -> None:
    before = store.counters.groups
    await store.commit(Change())
    assert store.counters.groups == before


async def test_a_caller_that_gives_up_does_not_undo_the_entry(store: Any) -> None:
    task = asyncio.create_task(journal(store, entry(1)))
    await asyncio.sleep(0)
    task.cancel()
    await journal(store, entry(2))
    assert [one.control_id for one in await store.query(Messages())] == ["2", "1"]
