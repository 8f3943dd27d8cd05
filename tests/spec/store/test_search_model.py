"""Any tree of conditions finds what a plain reading of its meaning finds, in memory, one resource after the other."""

from __future__ import annotations

import asyncio
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any as Anything

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from interop.fhir.rows import IndexRow
from interop.store.decision import PERMIT_ALL, Decision
from interop.store.plan import Count, Search, Several
from interop.store.sql import searching
from interop.store.sqlite import SqliteStore
from interop.store.values import Change, Committed, Link
from interop.store.where import Where
from tests.spec.store.build import T0, ids, put
from tests.spec.store.search_model import TYPES, Model, links, sorts, trees, worlds


async def judge(
    directory: Path,
    world: list[dict[Anything, Anything]],
    persons: dict[str, str],
    asked: list[Where],
    guard: Where | None,
    sort: tuple[tuple[str, bool], ...],
) -> None:
    store = SqliteStore.open(directory)
    model = Model(persons)
    for round_ in world:
        change = Change(links=[Link(patient, person, "") for patient, person in persons.items()])
        for (type_, id_), (index, at, source) in round_.items():
            before = model.present.get((type_, id_))
            version = before.stored.version + 1 if before else 1
            words = next((row for row in index if row.kind == "words"), None)
            clean: list[IndexRow] = [
                row
                for row in index
                if (type_ != "Patient" or row.parameter not in ("patient", "subject")) and (row.kind != "words" or row is words)
            ]
            change.puts.append(put(type_, id_, version, *clean, at=T0 + at, source=source))
        for one in sorted(change.puts, key=lambda one: (one.stored.type, one.stored.id)):
            model.take(one)  # those of one commit come to be in the order of their ids
        assert isinstance(await store.commit(change), Committed)
    model.guard = guard
    decision = PERMIT_ALL if guard is None else Decision("guard", guard)
    for where in asked:
        for type_ in TYPES:
            expected = model.find(type_, where)
            assert ids(await store.query(Search(decision, type_, where))) == expected
            assert await store.query(Count(decision, type_, where)) == [len(expected)]
            in_order = model.order(type_, expected, sort) if sort else expected
            assert await paged(store, Search(decision, type_, where, sort, 1)) == in_order
        found = await store.query(Search(decision, "", where, count=40))
        assert [(one.type, one.id) for one in found] == [
            (type_, id_) for type_ in sorted(TYPES) for id_ in model.find(type_, where)
        ]
        seen = await store.query(Several(decision, tuple(model.present)))
        assert {(one.type, one.id) for one in seen} == {key for key, one in model.present.items() if model.allows(one)}
    await store.close()


async def paged(store: SqliteStore, plan: Search) -> list[str]:
    """The ids of a search, a page after the other."""
    found: list[str] = []
    while True:
        page = await store.query(plan)
        found += ids(page[: plan.count])
        if len(page) <= plan.count:
            return found
        plan = replace(plan, after=(*page[plan.count - 1].sort, page[plan.count - 1].id))


asked = st.lists(trees, min_size=1, max_size=6)


@pytest.fixture(autouse=True)
def walked(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """Small worlds are searched as large ones are: a part of which there are three rows leaves many; or each is listed."""
    if request.param:
        glance, many = request.param
        monkeypatch.setattr(searching, "GLANCE", glance)
        monkeypatch.setattr(searching, "MANY", many)


WAYS = pytest.mark.parametrize("walked", [None, (2, 3), (1, 1_000)], indirect=True, ids=["gathered", "walked", "listed"])
ONCE = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]


@WAYS
@settings(max_examples=15, suppress_health_check=ONCE)
@given(worlds, links, asked, st.none() | trees, sorts)
def test_search_finds_what_the_model_finds(
    world: list[dict[Anything, Anything]],
    persons: dict[str, str],
    asked: list[Where],
    guard: Where | None,
    sort: tuple[tuple[str, bool], ...],
) -> None:
    with tempfile.TemporaryDirectory() as directory:
        asyncio.run(judge(Path(directory), world, persons, asked, guard, sort))


@pytest.mark.long
@WAYS
@settings(max_examples=150, suppress_health_check=ONCE)
@given(worlds, links, asked, st.none() | trees, sorts)
def test_search_finds_what_the_model_finds_many_times(
    world: list[dict[Anything, Anything]],
    persons: dict[str, str],
    asked: list[Where],
    guard: Where | None,
    sort: tuple[tuple[str, bool], ...],
) -> None:
    with tempfile.TemporaryDirectory() as directory:
        asyncio.run(judge(Path(directory), world, persons, asked, guard, sort))
