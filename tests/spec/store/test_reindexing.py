"""Index rows of a present version anew: what a search finds changes, the resource and its versions do not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any as Anything

import pytest

from interop.store.decision import PERMIT_ALL
from interop.store.plan import Count, History, Read, Search
from interop.store.values import Change, Committed, Reindexed
from interop.store.where import Any, Person, Text, Token
from tests.spec.store.build import ids, put, reference, search, text, token, write

pytestmark = pytest.mark.anyio


async def test_the_rows_are_those_given_and_nothing_else_changes(store: Anything) -> None:
    await write(store, put("Encounter", "a", 1, token("status", "planned"), text("name", "old"), reference("patient", "Patient/p")))
    [before] = await store.query(Read(PERMIT_ALL, "Encounter", "a"))
    new = [token("status", "planned"), text("name", "new"), reference("patient", "Patient/q")]
    assert isinstance(await store.commit(Change(reindexed=[Reindexed("Encounter", "a", 1, new)])), Committed)
    assert await store.query(Read(PERMIT_ALL, "Encounter", "a")) == [replace(before, subject="q")]
    assert len(await store.query(History(PERMIT_ALL, "Encounter", "a"))) == 1
    assert await search(store, PERMIT_ALL, "Encounter", Text("name", "new")) == ["a"]
    assert await search(store, PERMIT_ALL, "Encounter", Token("status", "planned")) == ["a"]
    assert await search(store, PERMIT_ALL, "Encounter", Any((Text("name", "old"), Person("patient", ("p",))))) == []
    assert await search(store, PERMIT_ALL, "Encounter", Person("patient", ("q",))) == ["a"]


async def test_rows_of_a_version_that_is_not_the_present_one_are_passed_over(store: Anything) -> None:
    await write(store, put("Encounter", "a", 1, text("name", "one")))
    await write(store, put("Encounter", "a", 2, text("name", "two")), put("Encounter", "b", 1, text("name", "one")))
    await write(store, put("Encounter", "b", 2, deleted=True))
    late = [Reindexed("Encounter", name, version, [text("name", "late")]) for name, version in (("a", 1), ("b", 2), ("c", 1))]
    assert isinstance(await store.commit(Change(reindexed=late)), Committed)
    assert await search(store, PERMIT_ALL, "Encounter", Text("name", "late")) == []
    assert await store.query(Count(PERMIT_ALL, "Encounter", Text("name", "late"))) == [0]
    assert await search(store, PERMIT_ALL, "Encounter", Text("name", "two")) == ["a"]


async def test_a_new_version_of_the_same_change_goes_before(store: Anything) -> None:
    await write(store, put("Encounter", "a", 1, text("name", "one")))
    change = Change(puts=[put("Encounter", "a", 2, text("name", "two"))], reindexed=[Reindexed("Encounter", "a", 1, [])])
    assert isinstance(await store.commit(change), Committed)
    assert ids(await store.query(Search(PERMIT_ALL, "Encounter", Text("name", "two")))) == ["a"]
