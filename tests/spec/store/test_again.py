"""Taking back what became of a message: only where it did not reach the record and was not taken down, and once."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from interop.store.plan import Message
from interop.store.values import Change, Committed, Outcome
from tests.spec.store.build import T0, entry, journal

pytestmark = pytest.mark.anyio


async def taken_back(store: Any, *messages: int) -> list[int]:
    done = await store.commit(Change(outcomes=[Outcome(message, "received", T0 + 1) for message in messages]))
    assert isinstance(done, Committed)
    return done.again


async def states(store: Any, *messages: int) -> list[str]:
    return [one.state for message in messages for one in await store.query(Message(message))]


async def test_what_was_refused_has_failed_or_was_shelved_waits_again_and_nothing_else_does(store: Any) -> None:
    became = ["refused", "failed", "shelved", "held", "applied"]
    await journal(store, *(entry(number) for number in range(1, 7)))
    await store.commit(Change(outcomes=[Outcome(message, state, T0) for message, state in enumerate(became, 1)]))
    assert await taken_back(store, *range(1, 7)) == [1, 2, 3]
    assert await states(store, *range(1, 7)) == ["received"] * 3 + ["held", "applied", "received"]
    assert await taken_back(store, *range(1, 7)) == []


@pytest.mark.parametrize("state", ["refused", "failed", "shelved", "applied"])
async def test_what_was_taken_down_stays_down(store: Any, state: str) -> None:
    await journal(store, entry(1))
    await store.commit(Change(outcomes=[Outcome(1, state, T0, "taken-down", "2")]))
    assert await taken_back(store, 1) == []
    assert [(one.state, one.reason) for one in await store.query(Message(1))] == [(state, "taken-down")]


@pytest.mark.parametrize(("state", "reason"), [("shelved", "taken-down"), ("applied", "")])
async def test_what_becomes_of_it_in_the_same_transaction_and_before_stays(store: Any, state: str, reason: str) -> None:
    await journal(store, entry(1))
    await store.commit(Change(outcomes=[Outcome(1, "shelved", T0, "fault")]))
    _, back = await asyncio.gather(store.commit(Change(outcomes=[Outcome(1, state, T0, reason)])), taken_back(store, 1))
    assert back == []
    assert await states(store, 1) == [state]


async def test_of_two_that_ask_at_once_one_has_taken_it_back(store: Any) -> None:
    await journal(store, entry(1))
    await store.commit(Change(outcomes=[Outcome(1, "failed", T0)]))
    assert sorted(await asyncio.gather(*(taken_back(store, 1) for _ in range(2)))) == [[], [1]]
    assert await states(store, 1) == ["received"]
