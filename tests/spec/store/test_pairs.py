"""Pairs of Patients: what sources, people and comparisons say of two stands in one row, and none of them overwrites another."""

from __future__ import annotations

from typing import Any

import pytest

from interop.store.plan import Pairs, Persons, Undecided
from interop.store.values import Change, Committed, Link, Pair

pytestmark = pytest.mark.anyio


async def say(store: Any, *pairs: Pair, links: tuple[Link, ...] = ()) -> None:
    assert isinstance(await store.commit(Change(pairs=list(pairs), links=list(links))), Committed)


def proposed(a: str, b: str, weight: float, why: str = "likeness") -> Pair:
    return Pair(a, b, None, None, why, weight, 0.5, "birth:exact", 7)


async def test_what_is_not_said_of_a_pair_stays_as_it_was(store: Any) -> None:
    await say(store, proposed("a", "b", 3.5))
    await say(store, Pair("a", "b", tie="merge"))
    await say(store, Pair("a", "b", decision="apart"), Pair("b", "c", decision="same"))
    assert await store.query(Pairs(("a",))) == [Pair("a", "b", "merge", "apart", "likeness", 3.5, 0.5, "birth:exact", 7)]
    await say(store, Pair("a", "b", decision=""), proposed("a", "b", 4.25, "number"))
    assert await store.query(Pairs(("a",))) == [Pair("a", "b", "merge", "", "number", 4.25, 0.5, "birth:exact", 7)]
    assert {(each.a, each.b) for each in await store.query(Pairs(("b", "x")))} == {("a", "b"), ("b", "c")}
    assert await store.query(Pairs(("x",))) == []


async def test_of_two_words_on_one_pair_in_a_change_the_later_stands(store: Any) -> None:
    await say(store, Pair("a", "b", tie="link"), Pair("a", "b", tie=""), Pair("a", "b", decision="same"))
    assert await store.query(Pairs(("b",))) == [Pair("a", "b", "", "same", "", 0.0, 0.0, "", 0)]


async def test_undecided_pairs_come_by_weight_and_page_without_a_gap(store: Any) -> None:
    pairs = [proposed(f"a{number}", f"b{number}", number // 2 + 0.1) for number in range(9)]
    await say(store, *pairs)
    expected = sorted((-each.weight, each.a, each.b) for each in pairs if each.weight is not None)
    found: list[Pair] = []
    after = None
    while page := await store.query(Undecided(2, after)):
        found += page
        after = (page[-1].weight, page[-1].a, page[-1].b)
    assert [(-each.weight, each.a, each.b) for each in found if each.weight is not None] == expected


async def test_what_is_decided_linked_or_without_a_reason_waits_for_nobody(store: Any) -> None:
    await say(store, *(proposed(a, b, 1.0) for a, b in ("ab", "bc", "cd", "de")))
    await say(store, Pair("a", "b", decision="apart"), Pair("b", "c", why=""), links=(Link("c", "p", ""), Link("d", "p", "")))
    assert [(each.a, each.b) for each in await store.query(Undecided())] == [("d", "e")]
    await say(store, links=(Link("d", "d", ""),))
    assert [(each.a, each.b) for each in await store.query(Undecided())] == [("c", "d"), ("d", "e")]


async def test_persons_are_told_with_everyone_who_is_one_with_them(store: Any) -> None:
    await say(store, links=(Link("a", "p", "x"), Link("b", "p", ""), Link("c", "q", "")))
    assert sorted(await store.query(Persons(("a", "z")))) == [("a", "p", "x"), ("b", "p", "")]
    assert sorted(await store.query(Persons(("b", "a")))) == [("a", "p", "x"), ("b", "p", "")]
