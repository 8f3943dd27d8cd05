"""What nobody has ever said before holds from the first time that it is said."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path
from typing import Any as Anything

import pytest

from interop.fhir.rows import IndexRow
from interop.store.decision import Decision
from interop.store.plan import Compartment, Count, History, Read, Search, Several
from interop.store.where import About, All, Not, Sources, Tokens, Where
from tests.spec.store.build import T0, put, reference, token, write

pytestmark = pytest.mark.anyio

OF = reference("patient", "Patient/a")
RESTRICTED = (("urn:labels", "R"), ("urn:others", "X"))
UNLABELLED = All((Sources(()), Not(Tokens("_security", RESTRICTED))))
UNREFUSED = All((Sources(()), Not(About("consent", ("refused",), T0 + 5, every=False))))


async def given(store: Anything, predicate: Where) -> set[str]:
    """The ids of Observations that any read gives."""
    decision = Decision("row", predicate)
    found = [
        *[one for id_ in "xyz" for one in await store.query(Read(decision, "Observation", id_))],
        *await store.query(Several(decision, tuple(("Observation", id_) for id_ in "xyz"))),
        *await store.query(Search(decision, "Observation")),
        *await store.query(Search(decision, "Observation", Sources(()))),
        *await store.query(Compartment(decision, "a", ("Observation",))),
        *await store.query(History(decision, "Observation", None)),
        *await store.query(History(decision, None, None)),
    ]
    named = {one.id for one in found if one.type == "Observation"}
    [counted] = await store.query(Count(decision, "Observation"))
    assert counted == len(named)
    return named


async def test_a_label_is_heeded_by_a_process_that_has_read_before(opener: Anything) -> None:
    writer = await opener()
    await write(writer, put("Patient", "a"), put("Observation", "x", 1, OF))
    reader = await opener(read_only=True)
    assert await given(reader, UNLABELLED) == {"x"}
    await write(writer, put("Observation", "y", 1, OF, token("_security", "R", "urn:labels")))
    assert await given(reader, UNLABELLED) == {"x"}
    await write(writer, put("Observation", "z", 1, OF, token("_security", "X", "urn:others")))
    assert await given(reader, UNLABELLED) == {"x"}
    assert await given(writer, UNLABELLED) == {"x"}


async def test_a_refusal_is_heeded_by_a_process_that_has_read_before(opener: Anything) -> None:
    writer = await opener()
    await write(writer, put("Patient", "a"), put("Observation", "x", 1, OF))
    reader = await opener(read_only=True)
    assert await given(reader, UNREFUSED) == {"x"}
    await write(writer, put("Consent", "c", 1, OF, IndexRow("consent", "access", "refused", T0, T0 + 10)))
    assert await given(reader, UNREFUSED) == set()


async def test_a_label_is_heeded_from_when_it_is_on_disk(place: Path | str, opener: Anything) -> None:
    """Also before the thread that wrote it has told what it is called."""
    if isinstance(place, str):
        pytest.skip("there the loop itself writes")
    store = await opener()
    await write(store, put("Patient", "a"), put("Observation", "x", 1, OF))
    assert await given(store, UNLABELLED) == {"x"}
    written, go, settle = threading.Event(), threading.Event(), store._names.settle

    def settled() -> None:
        written.set()
        assert go.wait(30)
        settle()

    store._names.settle = settled
    writing = asyncio.ensure_future(write(store, put("Observation", "y", 1, OF, token("_security", "R", "urn:labels"))))
    try:
        assert await asyncio.to_thread(written.wait, 30)
        decision = Decision("row", UNLABELLED)
        assert await store.query(Read(decision, "Observation", "y")) == []
        assert [one.id for one in await store.query(Search(decision, "Observation"))] == ["x"]
    finally:
        go.set()
        await writing
