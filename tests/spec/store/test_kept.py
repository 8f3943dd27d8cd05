"""Values that sign-on keeps for a while under a name: across restarts, until their time is over."""

from __future__ import annotations

from typing import Any

import pytest

from interop.store.plan import Held
from interop.store.values import Change, Committed, Conflict, Kept, Used
from tests.spec.store.build import T0
from tests.spec.store.conftest import Opener

pytestmark = pytest.mark.anyio
MINUTE = 60_000_000


async def test_a_value_is_kept_until_its_time_is_over(store: Any) -> None:
    assert isinstance(await store.commit(Change(kept=[Kept("code a", "{}", T0 + MINUTE, T0)])), Committed)
    assert await store.query(Held("code a", T0 + MINUTE - 1)) == ["{}"]
    assert await store.query(Held("code a", T0 + MINUTE)) == []
    assert await store.query(Held("code b", T0)) == []


async def test_a_later_value_stands_in_its_place_and_one_without_time_takes_it_away(store: Any) -> None:
    for value, until, found in (("1", MINUTE, ["1"]), ("2", 2 * MINUTE, ["2"]), ("", 0, [])):
        await store.commit(Change(kept=[Kept("session a", value, T0 + until, T0)]))
        assert await store.query(Held("session a", T0)) == found


async def test_a_value_that_is_wanted_only_where_there_is_one_brings_nothing_back(store: Any) -> None:
    first, again, gone = Kept("s", "1", T0 + MINUTE, T0), Kept("s", "2", T0 + MINUTE, T0, True), Kept("s", "", 0, T0)
    for apart in (True, False):
        for kept, found in (
            ((again,), []),
            ((first, again), ["2"]),
            ((first, gone, again), []),
            ((gone, again, first), ["1"]),
            ((again, gone), []),
        ):
            for change in [Change(kept=[each]) for each in kept] if apart else [Change(kept=list(kept))]:
                assert isinstance(await store.commit(change), Committed)
            assert await store.query(Held("s", T0)) == found, (apart, kept)
            await store.commit(Change(kept=[gone]))


async def test_it_is_there_after_a_restart(opener: Opener) -> None:
    store = await opener()
    await store.commit(Change(kept=[Kept("session a", "1", T0 + MINUTE, T0)]))
    await store.close()
    assert await (await opener()).query(Held("session a", T0)) == ["1"]


async def test_nothing_is_kept_beside_a_name_that_was_used_before(store: Any) -> None:
    await store.commit(Change(used=[Used("refresh a", T0 + MINUTE, T0)]))
    again = Change(used=[Used("refresh a", T0 + MINUTE, T0)], kept=[Kept("refresh b", "1", T0 + MINUTE, T0)])
    assert isinstance(await store.commit(again), Conflict)
    assert await store.query(Held("refresh b", T0)) == []
