"""Export plans: large blocks out of one state of the record."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from interop.fhir.rows import IndexRow
from interop.store.decision import PERMIT_ALL, Decision
from interop.store.plan import Export, Hiding
from interop.store.seam import Store
from interop.store.values import Block, Link, Put
from interop.store.where import All, Token, Types, Where
from interop.store.where import Any as AnyOf
from tests.spec.store.build import T0, put, reference, token, write

pytestmark = pytest.mark.anyio
LATER = T0 + 1_000_000


def observation(id: str, patient: str, version: int = 1, *, at: int = T0, code: str = "c", also: str = "", **more: Any) -> Put:
    named = "" if not also else f',"performer":[{{"reference":"Patient/{also}"}}]'
    said = f'{{"resourceType":"Observation","id":"{id}","v":{version},"subject":{{"reference":"Patient/{patient}"}}{named}}}'
    index = [reference("patient", f"Patient/{patient}"), reference("subject", f"Patient/{patient}"), token("code", code)]
    return put("Observation", id, version, *index, at=at, body=said.encode(), **more)


def patient(id: str, version: int = 1, **more: Any) -> Put:
    return put("Patient", id, version, body=f'{{"resourceType":"Patient","id":"{id}"}}'.encode(), **more)


async def blocks(store: Store, *types: str | tuple[str, Where], decision: Decision = PERMIT_ALL, **more: Any) -> list[Block]:
    wanted = tuple((each, None) if isinstance(each, str) else each for each in types)
    return [block async for block in store.stream(Export(decision, wanted, **{"until": T0, **more}))]


async def exported(store: Store, *types: Any, **more: Any) -> list[str]:
    """``id/v`` of each resource, in the order given; of what is deleted ``-Type/id``."""
    found = []
    for block in await blocks(store, *types, **more):
        bodies = [orjson.loads(line) for line in block.lines.split(b"\n") if line]
        assert len(block.ids) == len(block.subjects) == len(block.several)
        assert block.deleted or [body["id"] for body in bodies] == block.ids
        found += (
            [f"-{block.type}/{each}" for each in block.ids]
            if block.deleted
            else [f"{body['id']}/{body.get('v', 1)}" for body in bodies]
        )
    return found


async def test_every_resource_of_the_types_comes_once_by_type_and_id(store: Store) -> None:
    await write(store, *(observation(f"o{n:04}", f"p{n % 7}") for n in range(1500)), patient("p1"), put("Location", "l"))
    found = await exported(store, "Observation", "Patient")
    assert found == [*(f"o{n:04}/1" for n in range(1500)), "p1/1"]


async def test_a_block_tells_whose_each_is_and_which_may_name_others(store: Store) -> None:
    await write(store, observation("a", "p1"), observation("b", "p1", also="p2"), patient("p1"))
    first, second = await blocks(store, "Observation", "Patient")
    assert (first.ids, first.subjects, first.several) == (["a", "b"], ["p1", "p1"], [False, True])
    assert (second.ids, second.subjects, second.several) == (["p1"], ["p1"], [False])


async def test_blocks_stay_small_however_large_bodies_are(store: Store) -> None:
    large = b'{"resourceType":"Binary","data":"' + b"A" * 600_000 + b'"}'
    await write(store, *(put("Binary", f"b{n:02}", body=large) for n in range(40)))
    sizes = [len(block.lines) for block in await blocks(store, "Binary")]
    assert sum(sizes) > 40 * 600_000
    assert max(sizes[1:]) < 700_000


async def test_it_is_one_state_though_the_record_changes_meanwhile(store: Store) -> None:
    await write(store, *(observation(f"o{n:04}", "p") for n in range(40)))
    stream = store.stream(Export(PERMIT_ALL, (("Observation", None),), T0))
    found = (await anext(stream)).ids
    await write(store, observation("o0039", "p", 2, at=LATER), observation("o9999", "p", at=LATER))
    async for block in stream:
        assert b'"v":2' not in block.lines
        found += block.ids
    assert found == [f"o{n:04}" for n in range(40)]


async def test_what_changed_since_the_time_of_the_export_is_as_it_was(store: Store) -> None:
    await write(store, observation("kept", "p"), observation("changed", "p"), observation("removed", "p"))
    await write(store, observation("changed", "p", 2, at=LATER), observation("new", "p", at=LATER))
    await write(store, put("Observation", "removed", 2, at=LATER, deleted=True))
    assert sorted(await exported(store, "Observation")) == ["changed/1", "kept/1", "removed/1"]
    assert sorted(await exported(store, "Observation", until=LATER)) == ["changed/2", "kept/1", "new/1"]


async def test_two_exports_in_a_row_leave_no_gap_and_tell_what_was_taken_away(store: Store) -> None:
    await write(store, observation("kept", "p"), observation("changed", "p"), observation("removed", "p"))
    await write(store, observation("changed", "p", 2, at=LATER), observation("new", "p", at=LATER))
    await write(store, put("Observation", "removed", 2, at=LATER, deleted=True))
    later = await exported(store, "Observation", since=T0, until=LATER)
    assert sorted(later) == ["-Observation/removed", "changed/2", "new/1"]


async def test_what_narrows_a_type_narrows_it_alone(store: Store) -> None:
    await write(
        store, observation("a", "p", code="x"), observation("b", "p", code="y"), observation("c", "p", code="z"), patient("p")
    )
    either = AnyOf((Token("code", "x"), Token("code", "z")))
    assert await exported(store, ("Observation", either), "Patient") == ["a/1", "c/1", "p/1"]


async def test_of_people_comes_what_is_about_whoever_is_one_person_with_them(store: Store) -> None:
    await write(store, *(patient(each) for each in ("p1", "p2", "q")), links=[Link("p1", "one", ""), Link("p2", "one", "")])
    await write(store, observation("a", "p1"), observation("b", "p2"), observation("c", "q"), put("Location", "l"))
    assert await exported(store, "Observation", "Patient", "Location", patients=("p1",)) == ["a/1", "b/1", "p1/1", "p2/1"]
    assert await exported(store, "Observation", "Patient", patients=()) == []
    assert await exported(store, "Location", "Observation", personal=True) == ["a/1", "b/1", "c/1"]


async def test_people_in_one_resource_give_it_once_however_many_are_asked_for(store: Store) -> None:
    everyone = tuple(f"p{n:03}" for n in range(200))
    both = reference("patient", "Patient/p000"), reference("patient", "Patient/p199")
    named = b'{"resourceType":"Appointment","id":"a","participant":["Patient/p000","Patient/p199"]}'
    await write(store, *(patient(each) for each in everyone), put("Appointment", "a", 1, *both, body=named))
    found = await exported(store, "Appointment", "Patient", patients=everyone)
    assert sorted(found) == sorted(["a/1", *(f"{each}/1" for each in everyone)])


async def test_the_predicate_is_in_every_statement(store: Store) -> None:
    await write(store, observation("a", "p", code="x"), observation("b", "p", code="y"), patient("p"))
    await write(store, put("Observation", "b", 2, at=LATER, deleted=True), observation("a", "p", 2, code="x", at=LATER))
    seen = Decision("some", All((Types(("Observation",)), Token("code", "x"))))
    assert await exported(store, "Observation", "Patient", decision=seen, until=LATER) == ["a/2"]
    assert await exported(store, "Observation", decision=seen, since=T0, until=LATER) == ["a/2"]  # of "b" it cannot be told
    assert await exported(store, "Observation", decision=Decision("none", AnyOf(()))) == []


async def test_whoever_may_hide_is_found_without_asking_for_each(store: Store) -> None:
    await write(store, *(patient(each) for each in ("p1", "p2", "q", "r")), links=[Link("p1", "one", ""), Link("p2", "one", "")])
    assert await store.query(Hiding("hidden")) == []
    await write(store, put("Patient", "p1", 2, at=LATER, deleted=True))
    assert sorted(await store.query(Hiding("hidden"))) == ["p1", "p2"]
    said = IndexRow("hidden", "access", "hidden", 0, 1 << 61)
    await write(store, put("Patient", "q", 2, reference("link", "Patient/x"), said, at=LATER))
    assert sorted(await store.query(Hiding("hidden"))) == ["p1", "p2", "q"]
