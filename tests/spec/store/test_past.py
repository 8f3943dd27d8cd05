"""Earlier versions and deletions: each is judged by what it was itself, and by what has become of it."""

from __future__ import annotations

from typing import Any as Anything

import pytest

from interop.fhir.rows import IndexRow
from interop.store.decision import PERMIT_ALL, Decision
from interop.store.plan import History, Read, ReadVersion
from interop.store.values import Link, Put
from interop.store.where import (
    About,
    All,
    Any,
    Chain,
    Has,
    Ids,
    Not,
    Person,
    Present,
    Sources,
    Token,
    Tokens,
    Types,
    Updated,
    Where,
)
from tests.spec.store.build import T0, put, reference, token, write

pytestmark = pytest.mark.anyio

RESTRICTED = token("_security", "R", "urn:c")
CARE = About("care", ("ods:RXX",), T0)
REFUSED = About("consent", ("refused",), T0, every=False)
OPEN = Not(Tokens("_security", (("urn:c", "R"), ("urn:c", "V"))))


def of(patient: str, *more: IndexRow, version: int = 1, **told: Anything) -> Put:
    return put("Observation", "o", version, reference("patient", f"Patient/{patient}"), *more, at=T0 + version, **told)


def gone(version: int, **told: Anything) -> Put:
    return put("Observation", "o", version, deleted=True, at=T0 + version, **told)


async def seen(store: Anything, where: Where) -> list[int]:
    """The versions that a history shows. Every other way to a version must agree."""
    decision, last = Decision("row", where), len(await store.query(History(PERMIT_ALL, "Observation", "o")))
    found = [one.version for one in await store.query(History(decision, "Observation", "o"))]
    read = [n for n in range(last, 0, -1) if await store.query(ReadVersion(decision, "Observation", "o", n))]
    assert read == found
    assert [one.version for one in await store.query(History(decision, "Observation", None))] == found
    assert [one.version for one in await store.query(History(decision, None, None)) if one.type == "Observation"] == found
    at = await store.query(History(decision, "Observation", "o", at=(T0, T0 + 99)))
    assert [one.version for one in at] == found
    present = await store.query(Read(decision, "Observation", "o"))
    assert [one.version for one in present] == ([last] if last in found else [])
    return found


@pytest.fixture
async def people(store: Anything) -> Anything:
    """ann and anna are one person, cared for by RXX; bob, who has refused, is not."""
    await write(
        store,
        *(put("Patient", name) for name in ("ann", "anna", "bob")),
        put("CareTeam", "t", 1, reference("patient", "Patient/anna"), IndexRow("care", "access", "ods:RXX", 0, 2 * T0)),
        put("Consent", "c", 1, reference("patient", "Patient/bob"), IndexRow("consent", "access", "refused", 0, 2 * T0)),
        links=[Link("ann", "p1", ""), Link("anna", "p1", ""), Link("bob", "p2", "")],
    )
    return store


async def test_a_label_that_was_lifted_still_holds_the_version_back_that_had_it(people: Anything) -> None:
    await write(people, of("ann"))
    await write(people, of("ann", RESTRICTED, version=2))
    assert await seen(people, OPEN) == []
    await write(people, of("ann", version=3))
    assert await seen(people, OPEN) == [3, 1]
    assert await seen(people, Not(Token("_security", "R"))) == [3, 1]
    assert await seen(people, Token("_security", "R", "urn:c")) == []
    assert await seen(people, Any((OPEN, Token("_security", "R")))) == [3, 2, 1]


async def test_after_a_deletion_what_was_held_back_stays_so(people: Anything) -> None:
    """A deletion has no labels of its own: it tells no more than what was deleted might."""
    await write(people, of("ann", RESTRICTED))
    await write(people, gone(2))
    assert await seen(people, OPEN) == []
    assert await seen(people, All((CARE, OPEN))) == []
    assert await seen(people, CARE) == [2, 1]
    assert await seen(people, Token("_security", "R")) == [2, 1]
    await write(people, of("ann", version=3))
    assert await seen(people, OPEN) == [3]
    await write(people, gone(4))
    assert await seen(people, OPEN) == [4, 3]


async def test_versions_of_before_a_resource_moved_are_those_of_whom_it_was_about(people: Anything) -> None:
    await write(people, of("bob"))
    await write(people, of("ann", version=2))
    assert await seen(people, CARE) == [2]
    assert await seen(people, Person("", ("anna",))) == [2]
    assert await seen(people, Person("patient", ("anna",))) == [2]
    assert await seen(people, Not(REFUSED)) == [2]
    await write(people, of("bob", version=3))
    assert await seen(people, CARE) == []
    assert await seen(people, Not(CARE)) == [3, 1]
    assert await seen(people, Person("", ("ann",))) == []
    await write(people, gone(4))
    assert await seen(people, CARE) == []
    assert await seen(people, Person("", ("bob",))) == [4, 3, 1]


async def test_versions_are_of_those_who_had_contributed_by_then(people: Anything) -> None:
    await write(people, of("ann", source="RXX"))
    await write(people, of("ann", version=2, source="RXX,RYY"))
    assert await seen(people, Sources(("RXX",))) == []
    assert await seen(people, Sources(("RXX", "RYY"))) == [2, 1]
    await write(people, of("ann", version=3, source="RYY"))
    assert await seen(people, Sources(("RYY",))) == [3]
    await write(people, gone(4, source="RZZ"))
    assert await seen(people, Sources(("RYY",))) == []
    assert await seen(people, Sources(("RYY", "RZZ"))) == [4, 3]


async def test_a_deletion_without_a_source_is_of_those_of_what_was_deleted(people: Anything) -> None:
    await write(people, of("ann", source="RXX"))
    await write(people, gone(2))
    assert await seen(people, Sources(("RXX",))) == [2, 1]
    assert await seen(people, Sources(("RYY",))) == []


async def test_a_version_about_several_is_judged_by_each_of_them(people: Anything) -> None:
    await write(people, of("ann", reference("performer", "Patient/bob")))
    await write(people, of("ann", version=2))
    assert await seen(people, CARE) == [2]
    assert await seen(people, Not(REFUSED)) == [2]
    assert await seen(people, Any((CARE, REFUSED))) == [2, 1]
    assert await seen(people, About("care", (), T0, every=False)) == [2, 1]
    await write(people, of("ann", reference("performer", "Patient/bob"), version=3))
    await write(people, gone(4))
    assert await seen(people, CARE) == []
    assert await seen(people, Not(REFUSED)) == []


async def test_several_versions_in_one_change_are_judged_each_by_itself(people: Anything) -> None:
    await write(
        people,
        of("ann", RESTRICTED, source="RXX"),
        of("bob", version=2),
        gone(3),
        of("ann", version=4, source="RYY"),
        of("ann", RESTRICTED, version=5),
        gone(6, source="RYY"),
    )
    assert await seen(people, OPEN) == []
    await write(people, of("ann", version=7))
    assert await seen(people, OPEN) == [7, 4, 3, 2]
    assert await seen(people, CARE) == [7, 6, 5, 4, 1]
    assert await seen(people, All((CARE, OPEN))) == [7, 4]
    assert await seen(people, Sources(())) == [7, 5, 3, 2]


async def test_what_is_not_kept_of_a_version_holds_it_back(people: Anything) -> None:
    """Asked whether or not: of neither it is known."""
    await write(people, of("ann", token("category", "lab"), reference("encounter", "Encounter/e"), version=1))
    await write(people, of("ann", token("category", "lab"), version=2), put("Encounter", "e"))
    for where in (Token("category", "lab"), Present("category"), Has("List", "item", None)):
        assert await seen(people, Any((where, Types(("Observation",))))) == [2, 1]
        assert await seen(people, All((where, Types(("Observation",))))) == ([2] if not isinstance(where, Has) else [])
        assert 1 not in await seen(people, Not(where))
    assert 1 not in await seen(people, Not(Chain("encounter", "Encounter", Ids(("e",)))))
    assert await seen(people, Any((Not(Token("category", "x")), Ids(("o",))))) == [2, 1]


async def test_what_every_version_has_is_asked_of_each(people: Anything) -> None:
    await write(people, of("ann"))
    await write(people, of("ann", version=2))
    assert await seen(people, Types(("Observation", "Patient"))) == [2, 1]
    assert await seen(people, Types(("Patient",))) == []
    assert await seen(people, Ids(("o",))) == [2, 1]
    assert await seen(people, Updated("ge", T0 + 2, T0 + 3)) == [2]
    assert await seen(people, Present("patient")) == [2, 1]
    assert await seen(people, Not(Present("patient"))) == []
    assert await seen(people, Not(Present("subject"))) == [2, 1]


async def test_what_was_about_nobody_was_so_by_each_version(people: Anything) -> None:
    nobody = All((Not(Present("patient")), Not(Present("subject"))))
    await write(people, put("Observation", "o", 1, reference("subject", "Group/g"), at=T0 + 1))
    await write(people, put("Observation", "o", 2, at=T0 + 2))
    assert await seen(people, nobody) == [2]
    await write(people, put("Observation", "o", 3, at=T0 + 3))
    assert await seen(people, nobody) == [3, 2]
    await write(people, gone(4))
    assert await seen(people, nobody) == [4, 3, 2]


async def test_of_versions_that_an_earlier_release_wrote_nothing_is_known(opener: Anything) -> None:
    store = await opener()
    await write(store, of("ann"))
    await write(store, of("ann", version=2))
    [first] = await store.query(ReadVersion(Decision("row", OPEN), "Observation", "o", 1))
    assert first.version == 1
    steps = [("UPDATE version SET known = 0", ()), ("UPDATE resource SET known = 0", ())]
    await forget(store, steps)
    assert await seen(store, OPEN) == [2]
    await write(store, gone(3))
    assert await seen(store, OPEN) == [3, 2]
    await forget(store, steps)
    assert await seen(store, OPEN) == []


async def forget(store: Anything, steps: list[tuple[str, tuple[()]]]) -> None:
    """Bring the store to what a migration leaves."""
    if hasattr(store, "_url"):
        import asyncpg

        connection = await asyncpg.connect(store._url, server_settings={"search_path": "record"})
        for text, _ in steps:
            await connection.execute(text)
        await connection.close()
    else:
        for text, _ in steps:
            store._halves[1].connection.execute(text)
