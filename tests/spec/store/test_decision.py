"""Every read of resources carries a Decision, and its predicate is part of the one query."""

from __future__ import annotations

from typing import Any as Anything

import pytest

from interop.store.decision import Decision
from interop.store.plan import Compartment, Count, History, Read, ReadVersion, Search
from interop.store.values import Link
from interop.store.where import Any, Chain, Ids, Not, Person, Token, Where
from tests.spec.store.build import T0, ids, put, reference, token, write

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
    found = await two.query(Compartment(decision, "bob", types=("Encounter",)))
    assert set(ids(found)) == {id_ for id_ in seen if "bob" in id_}


async def test_a_chain_does_not_pass_through_what_is_held_back(two: Anything) -> None:
    """Else a search would tell what the hidden resource holds."""
    chain = Chain("patient", "Patient", Token("identifier", "bob"))
    not_bob = only(Not(Token("identifier", "bob")))
    assert ids(await two.query(Search(not_bob, "Encounter", chain))) == []
    assert ids(await two.query(Search(UNRESTRICTED, "Encounter", chain))) == ["open-bob"]


async def test_a_deletion_is_seen_by_those_who_could_see_the_person(two: Anything) -> None:
    await write(two, put("Encounter", "open-ann", 3, deleted=True))
    [gone] = await two.query(Read(ANN, "Encounter", "open-ann"))
    assert gone.deleted
    assert await two.query(Read(only(Person("", ("bob",))), "Encounter", "open-ann")) == []
