"""Every cell: role, purpose, relationship, consent, label, agreement, expiry. What the engine decides, asked of a real store,
agrees with what a second reading of the requirements says."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from interop.policy.decide import Question, decide
from interop.store.sqlite import SqliteStore
from interop.store.values import Change, Committed
from tests.spec.policy.cells import FACTS, NOW, WORLDS, Cell, askers, record, visible
from tests.spec.policy.oracle import may_see

pytestmark = pytest.mark.anyio
PORTION = 5_000


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Any]:
    opened = SqliteStore.open(tmp_path / "data", costly=10**9)
    yield opened
    await opened.close()


async def filled(store: Any, each: int) -> list[Cell]:
    """The record of so many resources about everyone."""
    said, cells = record(each)
    puts = said + [cell.put() for cell in cells]
    for start in range(0, len(puts), PORTION):
        assert isinstance(await store.commit(Change(puts=puts[start : start + PORTION])), Committed)
    return cells


async def disagreements(store: Any, cells: list[Cell]) -> tuple[list[str], Counter[bool]]:
    """Cells in which engine and oracle differ, and how many each way there are."""
    wrong, counted = [], Counter[bool]()
    for model, world in WORLDS.items():
        for asker, who in askers():
            seen = await visible(store, decide(Question("search-system", asker=asker), FACTS[model], NOW))
            for cell in cells:
                may = may_see(who, cell.thing, world)
                counted[may] += 1
                if may != (f"{cell.thing.type}/{cell.id}" in seen):
                    wrong.append(f"{who} {cell.thing} {model}: {'may' if may else 'may not'}")
    return wrong, counted


@pytest.mark.long
async def test_engine_and_oracle_agree(store: Any) -> None:
    cells = await filled(store, 2)
    wrong, counted = await disagreements(store, cells)
    assert wrong[:5] == []
    assert counted[True] > 10_000
    assert counted[False] > 100_000


@pytest.mark.long
async def test_engine_and_oracle_agree_in_every_cell(store: Any) -> None:
    cells = await filled(store, 40)
    wrong, counted = await disagreements(store, cells)
    assert wrong[:5] == []
    assert counted[True] > 100_000
    assert counted[False] > 1_000_000
