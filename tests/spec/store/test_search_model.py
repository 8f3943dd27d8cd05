"""Any tree of conditions finds what a plain reading of its meaning finds, in memory, one resource after the other."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path
from typing import Any as Anything

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from interop.store.decision import PERMIT_ALL, Decision
from interop.store.plan import Count, Search
from interop.store.sqlite import SqliteStore
from interop.store.values import Change, Committed, IndexRow, Link, Put
from interop.store.where import All, Any, Chain, Ids, Not, Person, Reference, Span, Text, Token, Updated, Where
from tests.spec.store.build import T0, date, ids, put, reference, text, token

TYPES = ("Patient", "Encounter", "Observation")
NAMES = tuple("abcd")
CODES, SYSTEMS, WORDS = ("1", "2"), ("", "urn:x"), ("an", "ann", "bo")
PREFIXES = ("eq", "ne", "gt", "lt", "ge", "le", "sa", "eb")

some = st.sampled_from
targets = st.builds(lambda t, n: f"{t}/{n}", some(TYPES), some(NAMES))
rows = st.one_of(
    st.builds(token, some(("code", "identifier")), some(CODES), some(SYSTEMS)),
    st.builds(text, st.just("name"), some(WORDS)),
    st.builds(reference, some(("patient", "subject", "encounter")), targets),
    st.builds(lambda low, size: date("date", low, low + size), st.integers(0, 6), st.integers(1, 3)),
)
puts = st.dictionaries(st.tuples(some(TYPES), some(NAMES)), st.tuples(st.lists(rows, max_size=5), st.integers(0, 5)), max_size=10)
worlds = st.lists(puts, min_size=1, max_size=3)
links = st.dictionaries(some(NAMES), some(("p", "q")), max_size=4)

leaves: st.SearchStrategy[Where] = st.one_of(
    st.builds(Token, some(("code", "identifier")), some((*CODES, None)), some((*SYSTEMS, None))),
    st.builds(Text, st.just("name"), some(("a", "an", "n", "ann")), some(("starts", "equals", "contains"))),
    st.builds(Reference, some(("patient", "subject", "encounter")), st.lists(targets, max_size=2).map(tuple)),
    st.builds(lambda p, low, size: Span("date", p, low, low + size), some(PREFIXES), st.integers(0, 6), st.integers(1, 3)),
    st.builds(Ids, st.lists(some(NAMES), max_size=2).map(tuple)),
    st.builds(lambda p, low: Updated(p, T0 + low, T0 + low + 2), some(PREFIXES), st.integers(0, 5)),
    st.builds(Person, some(("patient", "subject", "encounter", "")), st.lists(some(NAMES), max_size=2).map(tuple)),
)
trees = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.builds(All, st.lists(inner, max_size=3).map(tuple)),
        st.builds(Any, st.lists(inner, max_size=3).map(tuple)),
        st.builds(Not, inner),
        st.builds(Chain, some(("patient", "subject", "encounter")), some(TYPES), inner),
    ),
    max_leaves=5,
)


class Model:
    """What the store should hold, as dictionaries."""

    def __init__(self, persons: dict[str, str]) -> None:
        self.persons = persons
        self.present: dict[tuple[str, str], Put] = {}
        self.guard: Where | None = None

    def group(self, patients: tuple[str, ...]) -> set[str]:
        named = {self.persons[one] for one in patients if one in self.persons}
        return set(patients) | {patient for patient, person in self.persons.items() if person in named}

    def refers(self, one: Put, parameter: str, targets: set[str]) -> bool:
        parameters = (parameter,) if parameter else ("patient", "subject")
        if not parameter and one.stored.type == "Patient" and f"Patient/{one.stored.id}" in targets:
            return True
        return any(row.parameter in parameters and row.kind == "reference" and row.a in targets for row in one.index)

    def holds(self, where: Where, one: Put) -> bool:
        match where:
            case All(parts):
                return all(self.holds(part, one) for part in parts)
            case Any(parts):
                return any(self.holds(part, one) for part in parts)
            case Not(part):
                return not self.holds(part, one)
            case Ids(named):
                return one.stored.id in named
            case Updated(prefix, low, high):
                return compares(prefix, one.stored.updated, one.stored.updated + 1, low, high)
            case Token(parameter, code, system):
                return any(r.parameter == parameter and code in (None, r.b) and system in (None, r.a) for r in one.index)
            case Text(parameter, value, match):
                found = [row.a for row in one.index if row.parameter == parameter]
                if match == "contains":
                    return any(value in had for had in found)
                return any(had == value if match == "equals" else had.startswith(value) for had in found)
            case Span(parameter, prefix, low, high):
                return any(compares(prefix, row.a, row.b, low, high) for row in one.index if row.parameter == parameter)
            case Reference(parameter, targets):
                return self.refers(one, parameter, set(targets))
            case Person(parameter, patients):
                return self.refers(one, parameter, {f"Patient/{patient}" for patient in self.group(patients)})
            case Chain(parameter, target, inner):
                met = {put_.stored.id for (type_, _), put_ in self.present.items() if type_ == target and self.passes(inner, put_)}
                reached = self.group(tuple(met)) if target == "Patient" else met
                return self.refers(one, parameter, {f"{target}/{id_}" for id_ in reached})

    def passes(self, inner: Where, one: Put) -> bool:
        return self.holds(inner, one) and (self.guard is None or self.holds(self.guard, one))

    def find(self, type_: str, where: Where) -> list[str]:
        return sorted(id_ for (t, id_), one in self.present.items() if t == type_ and self.passes(where, one))


def compares(prefix: str, low: int, high: int, asked_low: int, asked_high: int) -> bool:
    """A target from ``low`` to ``high`` against what is asked (3.1.1.4.7), by the sets of instants that they are."""
    within = asked_low <= low and high <= asked_high
    return {
        "eq": within,
        "ne": not within,
        "gt": high > asked_high,
        "lt": low < asked_low,
        "ge": high > asked_high or within,
        "le": low < asked_low or within,
        "sa": low >= asked_high,
        "eb": high <= asked_low,
    }[prefix]


async def judge(
    directory: Path, world: list[dict[Anything, Anything]], persons: dict[str, str], asked: list[Where], guard: Where | None
) -> None:
    store = SqliteStore.open(directory)
    model = Model(persons)
    for round_ in world:
        change = Change(links=[Link(patient, person, "") for patient, person in persons.items()])
        for (type_, id_), (index, at) in round_.items():
            before = model.present.get((type_, id_))
            version = before.stored.version + 1 if before else 1
            clean: list[IndexRow] = [row for row in index if type_ != "Patient" or row.parameter not in ("patient", "subject")]
            one = put(type_, id_, version, *clean, at=T0 + at)
            model.present[type_, id_] = one
            change.puts.append(one)
        assert isinstance(await store.commit(change), Committed)
    model.guard = guard
    decision = PERMIT_ALL if guard is None else Decision("guard", guard)
    for where in asked:
        for type_ in TYPES:
            expected = model.find(type_, where)
            assert ids(await store.query(Search(decision, type_, where))) == expected
            assert await store.query(Count(decision, type_, where)) == [len(expected)]
    await store.close()


asked = st.lists(trees, min_size=1, max_size=6)


@settings(max_examples=20)
@given(worlds, links, asked, st.none() | leaves)
def test_search_finds_what_the_model_finds(
    world: list[dict[Anything, Anything]], persons: dict[str, str], asked: list[Where], guard: Where | None
) -> None:
    with tempfile.TemporaryDirectory() as directory:
        asyncio.run(judge(Path(directory), world, persons, asked, guard))


@pytest.mark.long
@settings(max_examples=500)
@given(worlds, links, asked, st.none() | leaves)
def test_search_finds_what_the_model_finds_many_times(
    world: list[dict[Anything, Anything]], persons: dict[str, str], asked: list[Where], guard: Where | None
) -> None:
    with tempfile.TemporaryDirectory() as directory:
        asyncio.run(judge(Path(directory), world, persons, asked, guard))
