"""Persons: Patients that are linked answer for each other; what they are linked to never rewrites what is stored."""

from __future__ import annotations

from typing import Any

import pytest

from interop.store.decision import PERMIT_ALL
from interop.store.plan import Compartment, Group
from interop.store.values import Link
from interop.store.where import All, Chain, Not, Person, Token
from tests.spec.store.build import T0, ids, put, reference, search, token, write

pytestmark = pytest.mark.anyio


@pytest.fixture
async def linked(store: Any) -> Any:
    """a and b are one person, c another; d is linked to nobody. Each has an Encounter, a and b share an Appointment with c."""
    await write(
        store,
        *(put("Patient", name, 1, token("identifier", f"id-{name}"), at=T0 + 1) for name in "abcd"),
        *(
            put(
                "Encounter",
                f"e{name}",
                1,
                reference("subject", f"Patient/{name}"),
                reference("patient", f"Patient/{name}"),
                at=T0 + 2,
            )
            for name in "abcd"
        ),
        put("Appointment", "shared", 1, reference("patient", "Patient/b"), reference("patient", "Patient/c"), at=T0 + 3),
        put("Organization", "o", 1),
        put("RelatedPerson", "r", 1, reference("patient", "Patient/a"), reference("kin", "Patient/a"), at=T0 + 3),
        links=[Link("a", "p1", ""), Link("b", "p1", ""), Link("c", "p2", "")],
    )
    return store


async def test_a_group_is_everyone_of_the_person(linked: Any) -> None:
    assert await linked.query(Group(PERMIT_ALL, "a")) == ["a", "b"]
    assert await linked.query(Group(PERMIT_ALL, "c")) == ["c"]
    assert await linked.query(Group(PERMIT_ALL, "d")) == ["d"]


@pytest.mark.parametrize("parameter", ["patient", "subject"])
async def test_a_person_finds_what_belongs_to_anyone_of_the_group(linked: Any, parameter: str) -> None:
    assert await search(linked, PERMIT_ALL, "Encounter", Person(parameter, ("a",))) == ["ea", "eb"]
    assert await search(linked, PERMIT_ALL, "Encounter", Person(parameter, ("b", "c"))) == ["ea", "eb", "ec"]
    assert await search(linked, PERMIT_ALL, "Encounter", Person(parameter, ("d",))) == ["ed"]
    assert await search(linked, PERMIT_ALL, "Encounter", Person(parameter, ("absent",))) == []
    assert await search(linked, PERMIT_ALL, "Encounter", Person(parameter, ())) == []
    assert await search(linked, PERMIT_ALL, "Encounter", Not(Person(parameter, ("a",)))) == ["ec", "ed"]


async def test_a_person_may_be_named_by_another_parameter(linked: Any) -> None:
    assert await search(linked, PERMIT_ALL, "RelatedPerson", Person("kin", ("b",))) == ["r"]
    assert await search(linked, PERMIT_ALL, "RelatedPerson", Person("kin", ("c",))) == []
    assert await search(linked, PERMIT_ALL, "RelatedPerson", Person("subject", ("a",))) == []


async def test_a_chain_to_a_patient_is_met_by_anyone_of_the_group(linked: Any) -> None:
    """``patient.identifier=`` finds what any source wrote of the person that has the identifier."""
    for one in ("id-a", "id-b"):
        assert await search(linked, PERMIT_ALL, "Encounter", Chain("patient", "Patient", Token("identifier", one))) == ["ea", "eb"]
    assert await search(linked, PERMIT_ALL, "Encounter", Chain("subject", "Patient", Token("identifier", "id-d"))) == ["ed"]
    assert await search(linked, PERMIT_ALL, "RelatedPerson", Chain("kin", "Patient", Token("identifier", "id-b"))) == ["r"]
    both = All((Chain("patient", "Patient", Token("identifier", "id-a")), Chain("patient", "Patient", Token("identifier", "id-c"))))
    assert await search(linked, PERMIT_ALL, "Appointment", both) == ["shared"]


async def test_the_compartment_is_the_group_and_everything_about_it(linked: Any) -> None:
    expected = ["Appointment/shared", "Encounter/ea", "Encounter/eb", "Patient/a", "Patient/b", "RelatedPerson/r"]
    for patient in ("a", "b"):
        found = await linked.query(Compartment(PERMIT_ALL, patient))
        assert [f"{one.type}/{one.id}" for one in found] == expected
    found = await linked.query(Compartment(PERMIT_ALL, "c"))
    assert [f"{one.type}/{one.id}" for one in found] == ["Appointment/shared", "Encounter/ec", "Patient/c"]


async def test_the_compartment_narrows_by_type_and_time_and_pages(linked: Any) -> None:
    assert ids(await linked.query(Compartment(PERMIT_ALL, "a", types=("Patient", "Encounter")))) == ["ea", "eb", "a", "b"]
    assert ids(await linked.query(Compartment(PERMIT_ALL, "a", since=T0 + 3))) == ["shared", "r"]
    first = await linked.query(Compartment(PERMIT_ALL, "a", count=2))
    rest = await linked.query(Compartment(PERMIT_ALL, "a", after=(first[-1].type, first[-1].id)))
    assert ids([*first, *rest]) == ["shared", "ea", "eb", "a", "b", "r"]
    assert ids([one async for one in linked.stream(Compartment(PERMIT_ALL, "a"))]) == ["shared", "ea", "eb", "a", "b", "r"]


async def test_unlinking_takes_the_answer_back(linked: Any) -> None:
    await write(linked, links=[Link("b", "p3", "")])
    assert await search(linked, PERMIT_ALL, "Encounter", Person("patient", ("a",))) == ["ea"]
    assert ids(await linked.query(Compartment(PERMIT_ALL, "b"))) == ["shared", "eb", "b"]


async def test_a_resource_that_moves_to_another_patient_moves_compartment(linked: Any) -> None:
    await write(linked, put("Encounter", "ea", 2, reference("subject", "Patient/d"), reference("patient", "Patient/d")))
    assert await search(linked, PERMIT_ALL, "Encounter", Person("patient", ("a",))) == ["eb"]
    assert await search(linked, PERMIT_ALL, "Encounter", Person("patient", ("d",))) == ["ea", "ed"]
    await write(linked, put("Encounter", "ea", 3))
    assert await search(linked, PERMIT_ALL, "Encounter", Person("", ("d",))) == ["ed"]
