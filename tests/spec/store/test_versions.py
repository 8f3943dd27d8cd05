"""Versions and history (FHIR R4, http.html#history): nothing that was is lost."""

from __future__ import annotations

from typing import Any

import pytest

from interop.store.decision import PERMIT_ALL
from interop.store.plan import Compartment, History, Read, ReadVersion, Search
from interop.store.where import Token
from tests.spec.store.build import T0, ids, put, reference, search, token, write

pytestmark = pytest.mark.anyio


async def test_a_read_gives_the_bytes_that_were_put(store: Any) -> None:
    body = '{"resourceType":"Observation","id":"o","valueQuantity":{"value":72.50}, "note":"é"}'.encode()
    await write(store, put("Observation", "o", body=body, at=T0 + 3, owner="gp", message=7, tables="digest"))
    [one] = await store.query(Read(PERMIT_ALL, "Observation", "o"))
    assert one.body == body
    assert (one.type, one.id, one.version, one.updated, one.deleted) == ("Observation", "o", 1, T0 + 3, False)
    assert (one.owner, one.message, one.tables) == ("gp", 7, "digest")
    assert await store.query(Read(PERMIT_ALL, "Patient", "o")) == []


async def test_each_version_stays_readable(store: Any) -> None:
    for version in (1, 2, 3):
        await write(store, put("Patient", "a", version, at=T0 + version, message=version, owner=f"feed{version}"))
    for version in (1, 2, 3):
        [one] = await store.query(ReadVersion(PERMIT_ALL, "Patient", "a", version))
        assert one.body == put("Patient", "a", version).stored.body
        assert (one.version, one.updated, one.message, one.owner) == (version, T0 + version, version, f"feed{version}")
    assert await store.query(ReadVersion(PERMIT_ALL, "Patient", "a", 4)) == []
    assert await store.query(ReadVersion(PERMIT_ALL, "Patient", "a", 0)) == []


async def test_a_deletion_is_a_version_and_leaves_search(store: Any) -> None:
    await write(store, put("Encounter", "e", 1, token("status", "planned"), reference("patient", "Patient/a")))
    await write(store, put("Encounter", "e", 2, deleted=True))
    [gone] = await store.query(Read(PERMIT_ALL, "Encounter", "e"))
    assert (gone.deleted, gone.version, gone.body) == (True, 2, b"")
    assert await search(store, PERMIT_ALL, "Encounter") == []
    assert await store.query(Compartment(PERMIT_ALL, "a")) == []
    [before] = await store.query(ReadVersion(PERMIT_ALL, "Encounter", "e", 1))
    assert not before.deleted
    await write(store, put("Encounter", "e", 3, token("status", "planned"), reference("patient", "Patient/a")))
    assert await search(store, PERMIT_ALL, "Encounter") == ["e"]
    assert ids(await store.query(Compartment(PERMIT_ALL, "a"))) == ["e"]


async def test_history_of_a_resource_is_newest_first(store: Any) -> None:
    for version in range(1, 6):
        await write(store, put("Patient", "a", version, at=T0 + version, deleted=version == 4))
    await write(store, put("Patient", "b"))
    history = await store.query(History(PERMIT_ALL, "Patient", "a"))
    assert [(one.version, one.deleted) for one in history] == [(5, False), (4, True), (3, False), (2, False), (1, False)]
    assert [one.version for one in await store.query(History(PERMIT_ALL, "Patient", "a", since=T0 + 3))] == [5, 4, 3]


async def test_history_of_type_and_system_goes_on_from_a_cursor(store: Any) -> None:
    """Versions of one instant keep a strict order, so that no page leaves one out or shows it twice."""
    for round_ in range(3):
        await write(
            store,
            *(put("Patient", f"p{n}", round_ + 1, at=T0 + round_) for n in range(5)),
            *(put("Encounter", f"e{n}", round_ + 1, at=T0 + round_) for n in range(5)),
        )
    for type_, total in (("Patient", 15), (None, 30)):
        whole = await store.query(History(PERMIT_ALL, type_, None))
        assert len(whole) == total
        assert [one.updated for one in whole] == sorted((one.updated for one in whole), reverse=True)
        paged, before = [], None
        while page := await store.query(History(PERMIT_ALL, type_, None, count=4, before=before)):
            paged += page
            before = (page[-1].updated, page[-1].type, page[-1].id, page[-1].version)
        assert paged == whole
        assert [one async for one in store.stream(History(PERMIT_ALL, type_, None))] == whole


async def test_search_sees_only_the_present_version(store: Any) -> None:
    await write(store, put("Encounter", "e", 1, token("status", "planned", "urn:s"), token("class", "IMP")))
    await write(store, put("Encounter", "e", 2, token("status", "finished", "urn:s"), token("class", "IMP")))
    assert await search(store, PERMIT_ALL, "Encounter", Token("status", "planned")) == []
    assert await search(store, PERMIT_ALL, "Encounter", Token("status", "finished", "urn:s")) == ["e"]
    assert await search(store, PERMIT_ALL, "Encounter", Token("class", "IMP")) == ["e"]
    [found] = await store.query(Search(PERMIT_ALL, "Encounter"))
    assert found.version == 2


@pytest.mark.parametrize(
    ("at", "versions"),
    [((0, 1), []), ((1, 2), [1]), ((2, 3), [1]), ((3, 4), [2]), ((2, 4), [2, 1]), ((4, 9), [3, 2]), ((5, 6), [3]), ((8, 9), [3])],
)
async def test_what_was_the_present_version_at_a_time(store: Any, at: tuple[int, int], versions: list[int]) -> None:
    """``_at`` (3.1.0.12): of versions made at 1, 3 and 5, those that stood at some time within."""
    for version, made in ((1, 1), (2, 3), (3, 5)):
        await write(store, put("Patient", "a", version, at=T0 + made, deleted=version == 3))
    within = (T0 + at[0], T0 + at[1])
    for of in (("Patient", "a"), ("Patient", None), (None, None)):
        found = await store.query(History(PERMIT_ALL, *of, at=within))
        assert [one.version for one in found] == versions, of
