"""A new version is matched in memory just where a search of the store finds it."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any as Anything

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from interop.api.searching import Ground, understand
from interop.api.searching.ground import known
from interop.clock import ManualClock
from interop.notify.matching import holds, patients, unmatched, version
from interop.record.indexing import Indexing, indexed
from interop.store.decision import PERMIT_ALL
from interop.store.plan import Search
from interop.store.postgres import PostgresStore
from interop.store.sqlite import SqliteStore
from interop.store.values import Change, Committed, Link, Put, Stored
from interop.store.where import All, Any, Chain, FullText, Has, Ids, Not, Span, Where
from tests.postgres import BOTH, Server
from tests.spec.store.build import T0, put
from tests.spec.store.search_model import TYPES, leaves, links, worlds

ONCE = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
DATABASES = pytest.mark.parametrize("database_of", BOTH)

matchable = leaves.filter(lambda part: not unmatched(part))
trees = st.recursive(
    matchable,
    lambda inner: st.one_of(
        st.builds(All, st.lists(inner, max_size=3).map(tuple)),
        st.builds(Any, st.lists(inner, max_size=3).map(tuple)),
        st.builds(Not, inner),
    ),
    max_leaves=5,
)


@contextmanager
def place(name: str, request: pytest.FixtureRequest) -> Iterator[Path | str]:
    """An empty directory or database."""
    if name == "sqlite":
        with tempfile.TemporaryDirectory() as directory:
            yield Path(directory)
    else:
        server: Server = request.getfixturevalue("postgres")
        with server.database() as url:
            yield url


async def opened(where: Path | str) -> Anything:
    return SqliteStore.open(where) if isinstance(where, Path) else await PostgresStore.open(where, clock=ManualClock())


def groups_of(where: Where | None, persons: dict[str, str]) -> dict[str, frozenset[str]]:
    """Who is one person with those whom a question names."""
    return {
        named: frozenset((named, *(other for other, person in persons.items() if person == persons.get(named, ""))))
        for named in patients(where)
    }


async def found_alike(store: Anything, puts: dict[tuple[str, str], Put], persons: dict[str, str], asked: list[Where]) -> int:
    """Hold every version against every question, in memory and in the store; how many matched."""
    matched = 0
    for where in asked:
        groups = groups_of(where, persons)
        for type_ in TYPES:
            versions = [version(type_, id_, one.stored.updated, one.index) for (of, id_), one in puts.items() if of == type_]
            mine = sorted(one.id for one in versions if holds(where, one, groups))
            theirs = sorted(each.id for each in await store.query(Search(PERMIT_ALL, type_, where, count=100)))
            assert mine == theirs, where
            matched += len(mine)
    return matched


@DATABASES
@settings(max_examples=6, suppress_health_check=ONCE)
@given(world=worlds, persons=links, asked=st.lists(trees, min_size=10, max_size=12))
def test_any_tree_of_conditions_holds_in_memory_where_the_store_finds_it(
    request: pytest.FixtureRequest,
    database_of: str,
    world: list[dict[Anything, Anything]],
    persons: dict[str, str],
    asked: list[Where],
) -> None:
    with place(database_of, request) as where:
        asyncio.run(_worlds(where, world, persons, asked))


@pytest.mark.long
@DATABASES
@settings(max_examples=150, suppress_health_check=ONCE)
@given(world=worlds, persons=links, asked=st.lists(trees, min_size=10, max_size=12))
def test_any_tree_of_conditions_holds_in_memory_where_the_store_finds_it_many_times(
    request: pytest.FixtureRequest,
    database_of: str,
    world: list[dict[Anything, Anything]],
    persons: dict[str, str],
    asked: list[Where],
) -> None:
    with place(database_of, request) as where:
        asyncio.run(_worlds(where, world, persons, asked))


async def _worlds(place: Path | str, world: list[dict[Anything, Anything]], persons: dict[str, str], asked: list[Where]) -> None:
    store = await opened(place)
    present: dict[tuple[str, str], Put] = {}
    for round_ in world:
        change = Change(links=[Link(patient, person, "") for patient, person in persons.items()])
        for (type_, id_), (index, at, source) in round_.items():
            before = present.get((type_, id_))
            words = next((row for row in index if row.kind == "words"), None)
            rows = [
                row
                for row in index
                if (type_ != "Patient" or row.parameter not in ("patient", "subject")) and (row.kind != "words" or row is words)
            ]
            one = put(type_, id_, before.stored.version + 1 if before else 1, *rows, at=T0 + at, source=source)
            present[type_, id_] = one
            change.puts.append(one)
        assert isinstance(await store.commit(change), Committed)
    await found_alike(store, present, persons, asked)
    await store.close()


some = st.sampled_from
codes = st.builds(lambda system, code: {"system": system, "code": code}, some(("urn:x", "urn:y")), some(("a", "b", "A")))
concepts = st.builds(
    lambda coding, text: {"coding": coding, "text": text}, st.lists(codes, min_size=1, max_size=2), some(("Red", "réd fox"))
)
instants = some(("2026-01-01", "2026-01-01T10:00:00Z", "2026-01", "2025-12-31T23:59:59+00:00", "2026-01-02T00:00:00Z"))
people = some(("Patient/a", "Patient/b"))
encounters = st.fixed_dictionaries(
    {
        "resourceType": st.just("Encounter"),
        "status": some(("in-progress", "finished")),
        "class": codes,
        "subject": st.builds(lambda reference: {"reference": reference}, people),
    },
    optional={
        "type": st.lists(concepts, min_size=1, max_size=2),
        "period": st.builds(lambda start: {"start": start}, instants),
        "length": st.builds(
            lambda value: {"value": value, "unit": "min", "system": "http://unitsofmeasure.org", "code": "min"}, some((5, 30, 60.0))
        ),
    },
)
observations = st.fixed_dictionaries(
    {"resourceType": st.just("Observation"), "status": some(("final", "amended")), "code": concepts},
    optional={
        "subject": st.builds(lambda reference: {"reference": reference}, people),
        "effectiveDateTime": instants,
        "valueQuantity": st.builds(
            lambda value, unit: {"value": value, "unit": unit, "system": "http://unitsofmeasure.org", "code": unit},
            some((1, 5.4, 1000, 0.005)),
            some(("g", "mg")),
        ),
    },
)
named = st.fixed_dictionaries(
    {
        "resourceType": st.just("Patient"),
        "name": st.lists(
            st.builds(
                lambda family, given: {"family": family, "given": [given]}, some(("Núñez", "Smith-Jones")), some(("Ann", "BO"))
            ),
            min_size=1,
            max_size=2,
        ),
        "birthDate": some(("1970", "1970-01-01", "1980-02")),
    }
)
QUERIES = {
    "Encounter": (
        "status=in-progress&class=a", "class=urn:x|a", "class=urn:x|", "class:not=a", "type=a,b", "type:text=red",
        "date=2026-01-01",        "date=ge2026-01-01", "date=lt2026-01-01T12:00:00Z", "date:missing=true", "patient=a",
        "patient=Patient/b",        "subject=Patient/a",        "length=gt10", "length=30||min", "length=le1||h", "_id=e1,e2",
        "status:not=finished&patient=a",
    ),
    "Observation": (
        "code=urn:x|a", "code:text=red", "code-value-quantity=a$gt1", "code-value-quantity=urn:x|a$5.4|http://unitsofmeasure.org|g",
        "value-quantity=5.4", "value-quantity=ge1|http://unitsofmeasure.org|g", "value-quantity=eq5|http://unitsofmeasure.org|mg",
        "date=2026-01", "date=sa2025-12-31", "patient:missing=true", "patient=a&status=final", "combo-code=b", "date=ne2026-01-01",
    ),
    "Patient": ("family=nunez", "family:exact=Núñez", "name:contains=ones", "given=an", "birthdate=1970", "birthdate=gt1970-01-01",
                "name=bo"),
}  # fmt: skip


@DATABASES
@settings(max_examples=4, suppress_health_check=ONCE)
@given(resources=st.lists(st.one_of(encounters, observations, named), min_size=6, max_size=24), linked=st.booleans())
def test_what_a_query_of_the_api_finds_is_what_is_matched(
    request: pytest.FixtureRequest, database_of: str, resources: list[dict[str, Anything]], linked: bool
) -> None:
    with place(database_of, request) as where:
        asyncio.run(_queries(where, resources, linked))


async def _queries(place: Path | str, resources: list[dict[str, Anything]], linked: bool) -> None:
    ground, store = Ground(known(Indexing()), "", T0), await opened(place)
    persons = {"a": "p", "b": "p"} if linked else {}
    change, matched = Change(links=[Link(patient, person, "") for patient, person in persons.items()]), 0
    for at, resource in enumerate(resources):
        id_ = f"{resource['resourceType'][:1].lower()}{at}"
        body = orjson.dumps({**resource, "id": id_})
        change.puts.append(Put(Stored(resource["resourceType"], id_, 1, T0 + at, body), indexed(resource)))
    assert isinstance(await store.commit(change), Committed)
    for type_, queries in QUERIES.items():
        for query in queries:
            pairs = [tuple(each.split("=", 1)) for each in query.split("&")]
            where = understand(ground, (type_,), pairs, strict=True).where  # type: ignore[arg-type]
            assert not unmatched(where)
            groups = groups_of(where, persons)
            mine = {
                one.stored.id
                for one in change.puts
                if one.stored.type == type_ and holds(where, version(type_, one.stored.id, one.stored.updated, one.index), groups)
            }
            theirs = {each.id for each in await store.query(Search(PERMIT_ALL, type_, where, count=100))}
            assert mine == theirs, query
            matched += len(mine)
    assert matched
    await store.close()


@pytest.mark.parametrize(
    "where",
    [
        Chain("patient", "Patient", Ids(("a",))),
        Has("List", "item", None),
        FullText("_text", (("fox",),)),
        Span("date", "ap", 1, 2),
        Not(All((Ids(("a",)), Any((Chain("patient", "Patient", Ids(("a",))),))))),
    ],
)
def test_what_depends_on_more_than_the_version_is_named(where: Where) -> None:
    assert unmatched(where)
