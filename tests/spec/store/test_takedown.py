"""What a takedown asks of the store and takes out of it."""

from __future__ import annotations

from typing import Any

import pytest

from interop.apply.scanning import made_by, sharing_with
from interop.store.decision import PERMIT_ALL
from interop.store.plan import Heads, History, ReadVersion, Versions
from interop.store.sql import taken
from interop.store.values import Change, ContributionState, Entry, Outcome, Put, Stored, Withheld

pytestmark = pytest.mark.anyio
T0 = 1_767_225_600_000_000


def entry(number: int, *keys: str) -> Entry:
    return Entry(0, "pas", "hl7v2", T0 + number, f"C{number}", "ADT^A08", b"x", keys, f"C{number}", bytes([number]))


def put(id_: str, version: int, message: int) -> Put:
    body = b'{"resourceType":"Basic","id":"%b"}' % id_.encode()
    return Put(Stored("Basic", id_, version, T0 + version, body, owner="pas", message=message), [])


@pytest.mark.parametrize("portion", [1, 2, 100_000])
async def test_the_record_and_the_journal_are_gone_through_in_portions(
    store: Any, portion: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(taken, "AT_A_TIME", portion)
    await store.commit(Change(entries=[entry(1, "a", "b"), entry(2, "c"), entry(3, "b"), entry(4, "a", "c")]))
    await store.commit(Change(puts=[put("x", 1, 1), put("y", 1, 1)]))
    await store.commit(Change(puts=[put("x", 2, 2), put("z", 1, 2)]))
    assert await made_by(store, 1) == [("Basic", "x"), ("Basic", "y")]
    assert await made_by(store, 2) == [("Basic", "x"), ("Basic", "z")]
    assert await made_by(store, 3) == []
    assert [await sharing_with(store, number) for number in (1, 2, 3)] == [{3, 4}, {4}, {1}]


async def test_withheld_versions_are_in_no_answer_and_the_others_are(store: Any) -> None:
    await store.commit(Change(entries=[entry(number) for number in range(1, 5)]))
    for version in range(1, 5):
        await store.commit(Change(puts=[put("x", version, version)]))
    await store.commit(Change(withheld=[Withheld("Basic", "x", 2, 3)]))
    found = [bool(await store.query(ReadVersion(PERMIT_ALL, "Basic", "x", version))) for version in range(1, 6)]
    assert found == [True, False, False, True, False]
    assert [one.version for one in await store.query(History(PERMIT_ALL, "Basic", "x"))] == [4, 1]
    assert [(version, message) for _, _, version, message, _ in await store.query(Versions((("Basic", "x"),)))] == [(1, 1), (4, 4)]


async def test_what_is_not_said_any_more_is_as_if_it_never_was(store: Any) -> None:
    said = ContributionState("Basic", "x", "pas", "A01", b'{"r":{}}')
    await store.commit(Change(entries=[entry(1)]))
    await store.commit(Change(puts=[put("x", 1, 1)], states=[said], outcomes=[Outcome(1, "applied", T0)]))
    assert (await store.query(Heads((("Basic", "x"),))))[0].contributions == {("pas", "A01"): b'{"r":{}}'}
    said.state = b""
    await store.commit(Change(states=[said]))
    assert (await store.query(Heads((("Basic", "x"),))))[0].contributions == {}


async def test_what_was_taken_down_is_a_repeat_whenever_it_comes(store: Any) -> None:
    again = "pas\x1fC1"
    takedown = Entry(0, "takedown", "takedown", T0, "", "takedown 1", b"{}", duplicate=again, digest=bytes([1]))
    await store.commit(Change(entries=[entry(1), takedown]))
    late = entry(1)
    late.received += 400 * 24 * 3600 * 1_000_000
    other = entry(1)
    other.received, other.digest = late.received, b"other"
    await store.commit(Change(entries=[late, other]))
    assert [(one.message, one.repeats) for one in (late, other)] == [(0, 1), (3, 0)]
