"""Persons: which source Patients are one person. Links alone change, and who came first does not matter."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from interop.apply.mapping_work import Piece, Yield
from interop.apply.persons import Linker
from interop.clock import ManualClock
from interop.fhir.rows import IndexRow
from interop.identity.linking import number_of
from interop.ids import NHS_NUMBER
from interop.store.decision import PERMIT_ALL
from interop.store.plan import Group
from interop.store.sqlite import SqliteStore
from interop.store.values import Change, Committed, Link, LinkEvent
from tests.spec.store.build import T0, put

pytestmark = pytest.mark.anyio

MARY = "9990000018|1941-03-17|ashdown|mary|f|v"
ANN = "9990000018|1970-01-01|brook|ann|f|v"
NUMBER = "9990000018|||||v"


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    opened = SqliteStore.open(tmp_path / "data", clock=ManualClock())
    yield opened
    await opened.close()


class Record:
    """A record into which messages come one by one."""

    def __init__(self, store: Any) -> None:
        self.store = store
        self.messages = 0
        self.versions: dict[str, int] = {}
        self.events: list[LinkEvent] = []

    async def tell(
        self, *patients: tuple[str, str], merge: tuple[str, str] | None = None, pairs: dict[tuple[str, str], bool] | None = None
    ) -> list[Link]:
        """A message that writes these Patients (id, identity), merges one into another, or links (true) or unlinks two."""
        self.messages += 1
        pieces = [Piece("Patient", name, "pas", "", "upsert", "", b"", identity=identity) for name, identity in patients]
        made = Yield(self.messages, "pas", "ADT^A01", pieces=pieces, relinks=[(*merge, False)] if merge else [])
        linker = Linker(self.store)
        await linker.load([made], {name for name, _ in patients} | {name for pair in pairs or {} for name in pair})
        for name, identity in patients:
            linker.seen(name, identity, self.messages, T0)
        if merge:
            linker.relink(*merge, self.messages, T0)
        for pair, linked in (pairs or {}).items():
            linker.pair(*pair, linked, self.messages, T0)
        links, events, pairs = await linker.settled()
        self.events += events
        puts = []
        for name, identity in patients:
            rows = [IndexRow("identifier", "token", NHS_NUMBER, number_of(identity))] if identity else []
            self.versions[name] = self.versions.get(name, 0) + 1
            puts.append(put("Patient", name, self.versions[name], *rows, at=T0 + self.messages))
        assert isinstance(await self.store.commit(Change(puts=puts, links=links, link_events=events, pairs=pairs)), Committed)
        return links

    async def groups(self) -> set[frozenset[str]]:
        """Who is with whom."""
        return {frozenset(await self.store.query(Group(PERMIT_ALL, name))) for name in self.versions}


def groups(*names: str) -> set[frozenset[str]]:
    return {frozenset(group) for group in names}


async def test_a_patient_begins_as_its_own_person(store: Any) -> None:
    record = Record(store)
    assert await record.tell(("a", MARY)) == [Link("a", "a", MARY)]
    assert record.events == []


async def test_who_shares_an_identity_is_one_person(store: Any) -> None:
    record = Record(store)
    await record.tell(("a", MARY))
    await record.tell(("b", MARY))
    assert await record.groups() == groups("ab")
    assert [(event.patient, event.why) for event in record.events] == [("b", "identity")]


async def test_who_shares_only_the_number_is_not(store: Any) -> None:
    """Another birth date or name: a mistyped number links nobody."""
    record = Record(store)
    await record.tell(("a", MARY))
    await record.tell(("b", ANN))
    await record.tell(("c", "9990000018|1941-03-18|ashdown"))
    assert await record.groups() == groups("a", "b", "c")


async def test_twins_with_numbers_of_their_own_are_two(store: Any) -> None:
    record = Record(store)
    await record.tell(("a", "9990000018|2020-05-05|ashdown"), ("b", "9990000026|2020-05-05|ashdown"))
    assert await record.groups() == groups("a", "b")


async def test_without_an_identity_nobody_is_linked(store: Any) -> None:
    record = Record(store)
    await record.tell(("a", ""), ("b", ""))
    assert await record.groups() == groups("a", "b")


async def test_a_patient_that_is_told_again_keeps_its_person(store: Any) -> None:
    record = Record(store)
    await record.tell(("a", MARY))
    await record.tell(("b", MARY))
    before = len(record.events)
    await record.tell(("b", MARY))
    await record.tell(("a", MARY))
    assert await record.groups() == groups("ab")
    assert len(record.events) == before


async def test_a_patient_that_gets_its_number_later_is_linked_then(store: Any) -> None:
    record = Record(store)
    await record.tell(("a", MARY))
    await record.tell(("b", ""))
    assert await record.groups() == groups("a", "b")
    await record.tell(("b", MARY))
    assert await record.groups() == groups("ab")


async def test_a_merge_moves_the_whole_group(store: Any) -> None:
    """ADT A40: whoever was with the one is with the other from then on."""
    record = Record(store)
    for name, identity in (("a", MARY), ("b", MARY), ("c", ANN), ("d", ANN)):
        await record.tell((name, identity))
    await record.tell(merge=("a", "c"))
    assert await record.groups() == groups("abcd")
    assert [(event.patient, event.why) for event in record.events] == [
        ("b", "identity"),
        ("d", "identity"),
        ("c", "merge"),
        ("d", "merge"),
    ]


async def test_a_merge_that_is_told_twice_is_one(store: Any) -> None:
    record = Record(store)
    await record.tell(("a", ""), ("b", ""))
    await record.tell(merge=("a", "b"))
    await record.tell(merge=("a", "b"))
    assert await record.groups() == groups("ab")
    assert len(record.events) == 1


async def test_merges_chain(store: Any) -> None:
    record = Record(store)
    await record.tell(("a", ""), ("b", ""), ("c", ""))
    await record.tell(merge=("a", "b"))
    await record.tell(merge=("b", "c"))
    assert await record.groups() == groups("abc")


@pytest.mark.parametrize("order", list(itertools.permutations(range(4))), ids=lambda order: "".join(map(str, order)))
async def test_who_is_with_whom_does_not_depend_on_who_came_first(store: Any, order: tuple[int, ...]) -> None:
    record = Record(store)
    told = [("a", MARY), ("b", MARY), ("c", ANN), ("d", "")]
    for place in order:
        await record.tell(told[place])
    await record.tell(merge=("d", "a"))
    assert await record.groups() == groups("abd", "c")


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))), ids=lambda order: "".join(map(str, order)))
async def test_a_verified_number_alone_follows_its_one_holder(store: Any, order: tuple[int, ...]) -> None:
    """And nobody where two identities hold the number."""
    record = Record(store)
    told = [("a", MARY), ("n", NUMBER), ("c", ANN)]
    for place in order:
        await record.tell(told[place])
    assert await record.groups() == groups("a", "n", "c")


async def test_a_number_alone_is_with_its_holder(store: Any) -> None:
    record = Record(store)
    await record.tell(("n", NUMBER))
    await record.tell(("a", MARY))
    assert await record.groups() == groups("an")


async def test_undoing_a_link_leaves_what_agrees_in_identity(store: Any) -> None:
    """ADT A37 undoes what A24 did, no more: a and b have one identity, c was linked with b."""
    record = Record(store)
    await record.tell(("a", MARY), ("b", MARY), ("c", ANN))
    await record.tell(pairs={("c", "b"): True})
    assert await record.groups() == groups("abc")
    await record.tell(pairs={("c", "b"): False, ("a", "b"): False})
    assert await record.groups() == groups("ab", "c")
    assert {event.why for event in record.events} == {"identity", "link", "unlink"}
