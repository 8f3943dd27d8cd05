"""What may not be seen is as if it were not there: each plan answers alike whether it is in the store or not.

A second store is filled without what the reader may not see, as a plain reading of the predicate tells; in place of earlier
versions that may not be seen stand others that may not be seen either.
"""

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
from interop.store.decision import Decision
from interop.store.plan import Coded, Compartment, Count, Group, History, Plan, Read, ReadVersion, Search, Several
from interop.store.sql import searching
from interop.store.sqlite import SqliteStore
from interop.store.values import Change, Committed, Link, Put, Stored
from interop.store.where import All, Any, Not, Token, Types, Where
from tests.spec.store.build import T0, put, reference, token
from tests.spec.store.search_model import CODES, NAMES, SYSTEMS, TYPES, Model, leaves, links, rows, some, sorts, trees

labels = st.builds(token, st.just("_security"), some(("R", "V")), st.just("urn:c"))
told = st.one_of(labels, rows.filter(lambda row: row.kind not in {"access", "measure"}))
"""What resources hold. Quantities in base units are left out: sorts by them go by what kinds of value there are of a parameter."""
written = st.tuples(st.lists(told, max_size=4), st.integers(0, 5), some(("", "x", "y", "x,y")), st.integers(0, 4))
"""Rows, time, source; 0 is a deletion."""
worlds = st.lists(st.dictionaries(st.tuples(some(TYPES), some(NAMES)), written, max_size=8), min_size=1, max_size=4)
saying = st.lists(st.tuples(some(NAMES), some(CODES), st.integers(0, 3)), max_size=4)
judged = st.one_of(leaves, st.builds(Token, st.just("_security"), some(("R", "V")), some(("urn:c", None))))
predicates = st.recursive(
    judged,
    lambda inner: st.one_of(
        st.builds(lambda parts: All(tuple(parts)), st.lists(inner, min_size=1, max_size=3)),
        st.builds(lambda parts: Any(tuple(parts)), st.lists(inner, min_size=1, max_size=3)),
        st.builds(Not, inner),
    ),
    max_leaves=5,
)
CARRIERS = "Consent"
Key = tuple[str, str]


def versions(world: list[dict[Key, Anything]]) -> dict[Key, list[Put]]:
    """The versions of each resource in order."""
    made: dict[Key, list[Put]] = {}
    for number, round_ in enumerate(world):
        for (type_, id_), (index, at, source, there) in round_.items():
            known = made.setdefault((type_, id_), [])
            gone = not there and bool(known) and not known[-1].stored.deleted
            clean = {row.parameter if row.kind == "words" else row: row for row in index}.values()
            of = [row for row in clean if type_ != "Patient" or row.parameter not in ("patient", "subject")]
            more = {"deleted": True} if gone else {"source": source}
            known.append(put(type_, id_, len(known) + 1, *([] if gone else of), at=T0 + 10 * number + at, **more))
    return made


def living(history: list[Put]) -> Put:
    """By what the last of these versions is judged: where it is a deletion, by what was deleted."""
    last, before = history[-1], next(one for one in reversed(history) if not one.stored.deleted)
    return Put(replace(before.stored, updated=last.stored.updated), before.index)


def without(made: dict[Key, list[Put]], model: Model) -> dict[Key, list[Put]]:
    """The same without what may not be seen."""
    left: dict[Key, list[Put]] = {}
    for key, history in made.items():
        if model.allows(living(history)):
            left[key] = [
                one
                if place == len(history) - 1 or model.allows(living(history[: place + 1]))
                else Put(replace(one.stored, body=b"" if one.stored.deleted else b'{"other":1}', told="PUT 299"), one.index)
                for place, one in enumerate(history)
            ]
    return left


async def filled(directory: Path, made: dict[Key, list[Put]], said: list[Put], persons: dict[str, str]) -> SqliteStore:
    store = SqliteStore.open(directory)
    for number in range(max((len(history) for history in made.values()), default=0)):
        puts = [history[number] for history in made.values() if number < len(history)]
        assert isinstance(await store.commit(Change(puts=puts)), Committed)
    more = Change(puts=said, links=[Link(patient, person, "") for patient, person in persons.items()])
    assert isinstance(await store.commit(more), Committed)
    return store


def plans(decision: Decision, asked: list[Where], sort: tuple[tuple[str, bool], ...]) -> list[Plan]:
    """Every way to read."""
    keys = tuple((type_, name) for type_ in (*TYPES, CARRIERS) for name in NAMES)
    found: list[Plan] = [Several(decision, keys), Search(decision, "", None, (), 99), Count(decision, "")]
    for type_, name in keys:
        found += [Read(decision, type_, name), History(decision, type_, name)]
        found += [ReadVersion(decision, type_, name, version) for version in range(1, 5)]
        found += [History(decision, type_, name, at=(T0 + 5, T0 + 12))]
    for type_ in (*TYPES, None):
        found += [History(decision, type_, None), History(decision, type_, None, count=3), History(decision, type_, None, T0 + 11)]
    for patient in ("", *NAMES):
        found += [Compartment(decision, patient), Compartment(decision, patient, count=2), Group(decision, patient or "absent")]
        codes = tuple((system, code) for system in SYSTEMS for code in CODES)
        found += [Coded(decision, patient or "absent", tuple((type_, "code") for type_ in TYPES), codes[:3], ("an",), ("ann",), 2)]
    for where in asked:
        for type_ in TYPES:
            found += [Search(decision, type_, where), Search(decision, type_, where, sort, 1), Count(decision, type_, where)]
        found.append(Search(decision, "", where, (("_lastUpdated", True),), 2))
    return found


async def answers(store: SqliteStore, plan: Plan) -> list[Anything]:
    """All that a plan answers, page after page."""
    found: list[Anything] = await store.query(plan)
    last = found
    while last and isinstance(last[0], Stored) and isinstance(plan, History | Compartment | Coded | Search):
        if isinstance(plan, History):
            end = last[-1]
            plan = replace(plan, before=(end.updated, end.type, end.id, end.version))
        elif isinstance(plan, Compartment | Coded):
            plan = replace(plan, after=(last[-1].type, last[-1].id))
        else:
            if len(last) <= plan.count:
                break
            end = last[plan.count - 1]
            plan = replace(plan, after=(*end.sort, end.id) if plan.type else (*end.sort, end.type, end.id))
        last = await store.query(plan)
        found += [None, *last]
    return found


async def judge(
    directory: Path,
    world: list[dict[Key, Anything]],
    said: list[tuple[str, str, int]],
    persons: dict[str, str],
    predicate: Where,
    asked: list[Where],
    sort: tuple[tuple[str, bool], ...],
) -> None:
    made = versions(world)
    carriers = [
        put(CARRIERS, f"s{n}", 1, reference("patient", f"Patient/{patient}"), IndexRow("care", "access", code, low, low + 3))
        for n, (patient, code, low) in enumerate(said)
    ]
    model = Model(persons)
    for one in [*carriers, *(history[-1] for history in made.values() if not history[-1].stored.deleted)]:
        model.take(one)
    model.guard = All((Types(TYPES), predicate))
    decision = Decision("row", model.guard)
    whole = await filled(directory / "whole", made, carriers, persons)
    part = await filled(directory / "part", without(made, model), carriers, persons)
    for plan in plans(decision, asked, sort):
        assert await answers(whole, plan) == await answers(part, plan), plan
    await whole.close()
    await part.close()


@pytest.fixture(autouse=True)
def walked(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """Small worlds are searched as large ones are: a part of which there are three rows leaves many; or each is listed."""
    if request.param:
        glance, many = request.param
        monkeypatch.setattr(searching, "GLANCE", glance)
        monkeypatch.setattr(searching, "MANY", many)


WAYS = pytest.mark.parametrize("walked", [None, (2, 3), (1, 1_000)], indirect=True, ids=["gathered", "walked", "listed"])
ONCE = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
GENERATED = (worlds, saying, links, predicates, st.lists(trees, min_size=1, max_size=3), sorts)


@WAYS
@settings(max_examples=3, suppress_health_check=ONCE, deadline=None)
@given(*GENERATED)
def test_what_is_hidden_changes_no_answer(
    world: list[dict[Key, Anything]],
    said: list[tuple[str, str, int]],
    persons: dict[str, str],
    predicate: Where,
    asked: list[Where],
    sort: tuple[tuple[str, bool], ...],
) -> None:
    with tempfile.TemporaryDirectory() as directory:
        asyncio.run(judge(Path(directory), world, said, persons, predicate, asked, sort))


@pytest.mark.long
@WAYS
@settings(max_examples=150, suppress_health_check=ONCE, deadline=None)
@given(*GENERATED)
def test_what_is_hidden_changes_no_answer_many_times(
    world: list[dict[Key, Anything]],
    said: list[tuple[str, str, int]],
    persons: dict[str, str],
    predicate: Where,
    asked: list[Where],
    sort: tuple[tuple[str, bool], ...],
) -> None:
    with tempfile.TemporaryDirectory() as directory:
        asyncio.run(judge(Path(directory), world, said, persons, predicate, asked, sort))
