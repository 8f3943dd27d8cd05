"""A topic of what somebody becomes is told when they come to be it, and not again while they are."""

from __future__ import annotations

from typing import Any

import pytest

from interop.api.delivering.watched import watched
from interop.api.searching.ground import known
from interop.apply.routing import Router
from interop.clock import ManualClock
from interop.notify.routes import CREATED, UPDATED, Route
from interop.record.indexing import Indexing, indexed
from interop.store.values import Change, Put
from tests.spec.store.build import put
from tests.spec.store.conftest import opener as opener
from tests.spec.store.conftest import place as place
from tests.spec.store.conftest import store as store

pytestmark = pytest.mark.anyio


def version(number: int, status: str) -> Put:
    resource = {"resourceType": "Encounter", "id": "e", "status": status, "class": {"code": "IMP"}}
    made = put("Encounter", "e", number)
    return Put(made.stored, indexed(resource))


def router(store: Any) -> Router:
    where = watched(known(Indexing()), "Encounter", "status=in-progress", ManualClock().now())
    made = Router(store, ManualClock())
    made.subscribe("s", Route("s", "d", "fhir", frozenset((CREATED, UPDATED)), type="Encounter", where=where, became=where))
    return made


@pytest.mark.parametrize(
    ("statuses", "told"),
    [
        (["in-progress"], [1]),
        (["planned", "in-progress", "in-progress", "finished", "in-progress"], [2, 5]),
        (["finished", "planned"], []),
    ],
)
@pytest.mark.parametrize("together", [False, True])
async def test_each_time_that_it_comes_to_be_so(store: Any, statuses: list[str], told: list[int], together: bool) -> None:
    made, deliveries = router(store), list[int]()
    versions = [version(number, status) for number, status in enumerate(statuses, 1)]
    for puts in [versions] if together else [[each] for each in versions]:
        change = Change(puts=puts)
        await made.route(change)
        deliveries += [each.version for each in change.deliveries]
        if not together:
            await store.commit(change)
    assert deliveries == told
