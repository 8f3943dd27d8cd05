"""Names that may be used once: kept in the record, across restarts, until they mean nothing any more."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from interop.store.plan import Spent
from interop.store.values import Change, Committed, Conflict, Used
from tests.spec.store.build import T0, put
from tests.spec.store.conftest import Opener

pytestmark = pytest.mark.anyio
MINUTE = 60_000_000


async def test_a_name_is_used_once(store: Any) -> None:
    assert isinstance(await store.commit(Change(used=[Used("assertion a", T0 + MINUTE, T0)])), Committed)
    again = await store.commit(Change(used=[Used("assertion a", T0 + MINUTE, T0 + 1)]))
    assert again == Conflict("used", "assertion a", 0, 1)
    assert isinstance(await store.commit(Change(used=[Used("assertion b", T0 + MINUTE, T0 + 1)])), Committed)


async def test_of_many_that_use_it_at_once_one_does(store: Any) -> None:
    results = await asyncio.gather(*(store.commit(Change(used=[Used("code", T0 + MINUTE, T0)])) for _ in range(20)))
    assert sum(isinstance(each, Committed) for each in results) == 1


async def test_twice_in_one_change_is_a_conflict_and_nothing_of_it_stands(store: Any) -> None:
    twice = [Used("code", T0 + MINUTE, T0), Used("code", T0 + MINUTE, T0)]
    assert isinstance(await store.commit(Change(puts=[put("Patient", "a")], used=twice)), Conflict)
    assert await store.query(Spent("code", T0)) == []


async def test_a_used_name_conflicts_after_a_restart(opener: Opener) -> None:
    store = await opener()
    await store.commit(Change(used=[Used("code", T0 + MINUTE, T0)]))
    await store.close()
    assert isinstance(await (await opener()).commit(Change(used=[Used("code", T0 + MINUTE, T0)])), Conflict)


async def test_it_is_forgotten_when_it_means_nothing_any_more(store: Any) -> None:
    await store.commit(Change(used=[Used("code", T0 + MINUTE, T0)]))
    later = T0 + MINUTE
    assert await store.query(Spent("code", later)) == []
    assert isinstance(await store.commit(Change(used=[Used("code", later + MINUTE, later)])), Committed)


async def test_those_that_begin_alike_are_listed(store: Any) -> None:
    names = ["withdrawn a", "withdrawn b", "assertion a", "withdrawo"]
    await store.commit(Change(used=[Used(name, T0 + MINUTE, T0) for name in names]))
    assert sorted(await store.query(Spent("withdrawn ", T0))) == [("withdrawn a", T0 + MINUTE), ("withdrawn b", T0 + MINUTE)]
