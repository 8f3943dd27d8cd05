"""What is asked of the numbers of events costs the same however many events are kept."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest

from interop.store.plan import Deliveries, LastNumber
from interop.store.sql.deliveries import CLEAR, NUMBER, deliveries, last_number
from interop.store.sqlite import SqliteStore
from interop.store.values import SENT, SWEPT, Change, Mark, Sweep
from tests.spec.store.build import T0
from tests.spec.store.test_deliveries import wanted

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("statement", "parameters"),
    [
        next(last_number(LastNumber("gp"))),
        next(deliveries(Deliveries("gp", numbers=(1, 9)))),
        (NUMBER, (1, "pending")),
        (CLEAR, ("gp", "sent", 1, "gp")),
    ],
)
async def test_numbers_are_found_by_their_index(tmp_path: Path, statement: str, parameters: Any) -> None:
    await SqliteStore.open(tmp_path / "data").close()
    with sqlite3.connect(tmp_path / "data" / "record.sqlite") as database:
        plan = [row[3] for row in database.execute(f"EXPLAIN QUERY PLAN {statement}", parameters)]
    assert any("INDEX delivery_number (destination=?" in line for line in plan), plan
    assert not any(line.startswith("SCAN d") or ("CORRELATED" in line and statement == CLEAR) for line in plan), plan


async def test_what_was_sent_long_ago_is_cleared_in_portions(store: Any) -> None:
    more = SWEPT + 5
    await store.commit(Change(deliveries=[wanted(f"e{n}") for n in range(more)]))
    await store.commit(Change(marks=[Mark(n + 1, SENT, 1, 0, "", T0) for n in range(more)]))
    for left in (5, 1):
        await store.commit(Change(sweeps=[Sweep("gp", SENT, "", T0 + 1)]))
        assert len(await store.query(Deliveries(count=more))) == left
