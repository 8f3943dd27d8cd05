"""Every read of resources carries a Decision, and its predicate is part of the one query."""

from __future__ import annotations

from typing import Any as Anything

import pytest

from interop.fhir.rows import IndexRow
from interop.store.decision import Decision
from interop.store.plan import Compartment, Count, History, Read, ReadVersion, Search, Several
from interop.store.values import Link, Put
from interop.store.where import About, All, Any, Chain, Has, Ids, Not, Person, Present, Token, Types, Where
from tests.spec.store.build import T0, date, ids, put, reference, token, write

pytestmark = pytest.mark.anyio


def only(where: Where) -> Decision:
    return Decision("row", where)


@pytest.fixture
async def two(store: Anything) -> Anything:
    """Two people, each with an open and a restricted Encounter, in two versions."""
    for version in (1, 2):
        await write(
            store,
            *(put("Patient", name, version, token("identifier", name), at=T0 + version) for name in ("ann", "bob")),
            *(
                put(
                    "Encounter",
                    f"{label}-{name}",
                    version,
                    reference("patient", f"Patient/{name}"),
                    token("_security", label),
                    at=T0 + version,
                )
                for name in ("ann", "bob")
                for label in ("open", "restricted")
            ),
            links=[Link("ann", "p1", ""), Link("bob", "p2", "")],
        )
    return store


UNRESTRICTED = only(Not(Token("_security", "restricted")))
ANN = only(Person("", ("ann",)))
EITHER = only(Any((Ids(("open-bob",)), Person("", ("ann",)))))


@pytest.mark.parametrize(
    ("decision", "seen"),
    [
        (UNRESTRICTED, {"open-ann", "open-bob"}),
        (ANN, {"open-ann", "restricted-ann"}),
        (EITHER, {"open-ann", "restricted-ann", "open-bob"}),
        (only(Token("_security", "absent")), set()),
    ],
)
async def test_it_narrows_every_way_of_reading(two: Anything, decision: Decision, seen: set[str]) -> None:
    encounters = [f"{label}-{name}" for name in ("ann", "bob") for label in ("open", "restricted")]
    assert {id_ for id_ in encounters if await two.query(Read(decision, "Encounter", id_))} == seen
    assert {id_ for id_ in encounters if await two.query(ReadVersion(decision, "Encounter", id_, 1))} == seen
    assert {id_ for id_ in encounters if await two.query(History(decision, "Encounter", id_))} == seen
    assert sorted(ids(await two.query(History(decision, "Encounter", None)))) == sorted([*seen, *seen])
    everything = await two.query(History(decision, None, None))
    assert {one.id for one in everything if one.type == "Encounter"} == seen
    assert set(ids(await two.query(Search(decision, "Encounter")))) == seen
    assert set(ids(await two.query(Search(decision, "Encounter", Token("_security", "open"))))) == {i for i in seen if "open" in i}
    assert await two.query(Count(decision, "Encounter")) == [len(seen)]
    keys = tuple(("Encounter", id_) for id_ in encounters)
    assert set(ids(await two.query(Several(decision, keys)))) == seen
    assert set(ids(await two.query(Search(decision, "", Types(("Encounter",)))))) == seen
    assert await two.query(Count(decision, "", Types(("Encounter",)))) == [len(seen)]
    assert set(ids(await two.query(Search(decision, "Encounter", None, (("_security", True),))))) == seen
    assert set(ids(await two.query(Search(decision, "Encounter", Not(Present("absent")), count=len(seen) or 1)))) == seen
    assert set(ids(await two.query(History(decision, "Encounter", None, at=(T0 + 2, T0 + 3))))) == seen
    found = await two.query(Compartment(decision, "bob", types=("Encounter",)))
    assert set(ids(found)) == {id_ for id_ in seen if "bob" in id_}


async def test_a_chain_does_not_pass_through_what_is_held_back(two: Anything) -> None:
    """Else a search would tell what the hidden resource holds."""
    chain = Chain("patient", "Patient", Token("identifier", "bob"))
    not_bob = only(Not(Token("identifier", "bob")))
    assert ids(await two.query(Search(not_bob, "Encounter", chain))) == []
    assert ids(await two.query(Search(UNRESTRICTED, "Encounter", chain))) == ["open-bob"]


async def test_what_is_held_back_does_not_find_what_it_refers_to(two: Anything) -> None:
    """The reverse of a chain would tell the same."""
    restricted = Has("Encounter", "patient", Token("_security", "restricted"))
    assert ids(await two.query(Search(only(Any((Ids(("ann", "bob")), Token("_security", "open")))), "Patient", restricted))) == []
    both = only(Any((Ids(("ann", "bob")), Token("_security", "restricted"))))
    assert ids(await two.query(Search(both, "Patient", restricted))) == ["ann", "bob"]
    assert ids(await two.query(Search(both, "Patient", All((Ids(("ann",)), restricted))))) == ["ann"]
    assert await two.query(Count(both, "Patient", Has("Encounter", "patient", None))) == [2]
    assert await two.query(Count(only(Ids(("ann", "bob"))), "Patient", Has("Encounter", "patient", None))) == [0]


async def test_a_chain_of_two_steps_does_not_pass_through_what_is_held_back(two: Anything) -> None:
    await write(two, put("Observation", "o", 1, reference("encounter", "Encounter/restricted-ann")))
    chain = Chain("encounter", "Encounter", Chain("patient", "Patient", Token("identifier", "ann")))
    assert ids(await two.query(Search(UNRESTRICTED, "Observation", chain))) == []
    assert ids(await two.query(Search(only(Not(Token("_security", "open"))), "Observation", chain))) == ["o"]


async def test_a_deletion_is_seen_by_those_who_could_see_the_person(two: Anything) -> None:
    await write(two, put("Encounter", "open-ann", 3, deleted=True))
    [gone] = await two.query(Read(ANN, "Encounter", "open-ann"))
    assert gone.deleted
    assert await two.query(Read(only(Person("", ("bob",))), "Encounter", "open-ann")) == []


@pytest.mark.parametrize("held", [Any((About("care", ("ods:RXX",), T0), Ids(()))), About("care", ("ods:RXX",), T0)])
@pytest.mark.parametrize("seen", [{"ann", "bob", "cyd"}, {"ann", "bob"}, {"cyd"}, set()])
@pytest.mark.parametrize("sort", [(), (("date", True),), (("_lastUpdated", False), ("date", False))])
async def test_pages_of_what_many_have_hold_what_is_seen_in_order(
    store: Anything, held: Where, seen: set[str], sort: tuple[tuple[str, bool], ...]
) -> None:
    people, some = ("ann", "bob", "cyd"), list[Put]()
    for n in range(60):
        name = people[(n // 7) % 3]
        rows = (reference("patient", f"Patient/{name}"), token("code", "many"), date("date", T0 + n % 11, T0 + n % 11 + 1))
        some.append(put("Observation", f"o{n * 37 % 60:02}", 1, *rows, at=T0 + n % 13))
    about = [
        put("CareTeam", name, 1, reference("patient", f"Patient/{name}"), IndexRow("care", "access", "ods:RXX", 0, 2 * T0))
        for name in seen
    ]
    await write(store, *(put("Patient", name, 1) for name in people), *some, *about)
    everything = await store.query(Search(only(All(())), "Observation", Token("code", "many"), sort, 99))
    wanted = [one.id for one in everything if one.subject in seen]
    for count in (1, 2, 5, 20):
        found, cursor = list[str](), None
        while page := await store.query(Search(only(held), "Observation", Token("code", "many"), sort, count, cursor)):
            found += ids(page[:count])
            cursor = (*page[count - 1].sort, page[count - 1].id) if len(page) > count else None
            if cursor is None:
                break
        assert found == wanted
