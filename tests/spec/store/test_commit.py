"""Commit: all of a change or nothing, expectations checked in the same transaction, many changes to a sync."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from interop.errors import Problem
from interop.store.decision import PERMIT_ALL
from interop.store.plan import (
    Claims,
    Coverage,
    Group,
    Heads,
    History,
    LinkHistory,
    Messages,
    Meta,
    Persons,
    Read,
    ReadVersion,
    Tables,
)
from interop.store.values import (
    Change,
    Committed,
    Conflict,
    ContributionState,
    Link,
    LinkEvent,
    LossCount,
    Outcome,
)
from tests.spec.store.build import T0, clash, entry, journal, put, search, token, write

pytestmark = pytest.mark.anyio


async def test_a_new_resource_is_version_1(store: Any) -> None:
    await write(store, put("Patient", "a"))
    [head] = await store.query(Heads((("Patient", "a"),)))
    assert (head.version, head.deleted) == (1, False)


@pytest.mark.parametrize(("present", "version"), [(0, 2), (0, 0), (1, 1), (1, 3), (2, 2)])
async def test_a_version_that_does_not_follow_the_present_one_conflicts(store: Any, present: int, version: int) -> None:
    for number in range(1, present + 1):
        await write(store, put("Patient", "a", number))
    conflict = await clash(store, Change(puts=[put("Patient", "a", version)]))
    assert conflict == Conflict("Patient", "a", version - 1, present)


async def test_an_expectation_holds_of_a_resource_that_is_not_written(store: Any) -> None:
    await write(store, put("Patient", "a"))
    change = Change(expect={("Patient", "a"): 1, ("Patient", "b"): 0}, puts=[put("Encounter", "e")])
    assert isinstance(await store.commit(change), Committed)
    await write(store, put("Patient", "a", 2))
    change = Change(expect={("Patient", "a"): 1}, puts=[put("Encounter", "f")])
    assert await clash(store, change) == Conflict("Patient", "a", 1, 2)


async def test_a_conflict_leaves_no_trace(store: Any) -> None:
    await write(store, put("Patient", "a"))
    change = Change(
        puts=[put("Patient", "new", 1, token("gender", "female")), put("Patient", "a", 7)],
        states=[ContributionState("Patient", "new", "gp", "plan", b"{}")],
        links=[Link("new", "p", "")],
        link_events=[LinkEvent("new", "", "p", "first", 1, T0)],
        outcomes=[Outcome(1, "applied", T0)],
        losses=[LossCount("gp", "openhr", "event/x", "unmapped", "", 1)],
        tables=[("d", b"t", 1)],
        meta=[("m", "v")],
    )
    await clash(store, change)
    assert await store.query(Read(PERMIT_ALL, "Patient", "new")) == []
    assert await store.query(Heads((("Patient", "new"),))) == []
    assert await store.query(Persons(("new",))) == []
    assert await store.query(LinkHistory("new")) == []
    assert await store.query(Coverage()) == []
    assert await store.query(Tables("d")) == []
    assert await store.query(Meta("m")) == []
    assert store.counters.conflicts == 1


async def test_of_changes_committed_together_only_the_one_in_conflict_is_left_out(store: Any) -> None:
    changes = [Change(puts=[put("Patient", name)]) for name in ("a", "b", "a", "c")]
    results = await asyncio.gather(*(store.commit(change) for change in changes))
    assert store.counters.record_groups == 1
    assert [isinstance(result, Committed) for result in results] == [True, True, False, True]
    assert results[2] == Conflict("Patient", "a", 0, 1)
    assert await search(store, PERMIT_ALL, "Patient") == ["a", "b", "c"]


async def test_of_changes_committed_together_one_that_no_column_takes_fails_alone(store: Any) -> None:
    bad = Change(puts=[put("Patient", "bad", owner=object())])
    results = await asyncio.gather(
        store.commit(Change(puts=[put("Patient", "a")])), store.commit(bad), store.commit(Change(puts=[put("Patient", "b")])),
        return_exceptions=True,
    )  # fmt: skip
    assert [type(result).__name__ for result in results] == ["Committed", "Problem", "Committed"]
    assert await search(store, PERMIT_ALL, "Patient") == ["a", "b"]


async def test_versions_made_by_one_change_follow_each_other(store: Any) -> None:
    await write(store, put("Patient", "a", 1), put("Patient", "a", 2, token("gender", "male")), put("Patient", "b", 1))
    await write(store, put("Patient", "a", 3, token("gender", "female")), put("Patient", "a", 4, token("gender", "other")))
    [head] = await store.query(Heads((("Patient", "a"),)))
    assert head.version == 4
    assert [one.version for one in await store.query(History(PERMIT_ALL, "Patient", "a"))] == [4, 3, 2, 1]
    for version in range(1, 5):
        [one] = await store.query(ReadVersion(PERMIT_ALL, "Patient", "a", version))
        assert one.body == put("Patient", "a", version).stored.body


async def test_the_last_contribution_of_a_feed_and_event_stands(store: Any) -> None:
    await write(store, put("Patient", "a"), states=[ContributionState("Patient", "a", "gp", "record", b"1")])
    await write(
        store,
        states=[
            ContributionState("Patient", "a", "gp", "record", b"2"),
            ContributionState("Patient", "a", "gp", "record", b"3"),
            ContributionState("Patient", "a", "gp", "plan", b"4"),
            ContributionState("Patient", "a", "hospital", "record", b"5"),
        ],
    )
    [head] = await store.query(Heads((("Patient", "a"),)))
    assert head.version == 1
    assert head.contributions == {("gp", "record"): b"3", ("gp", "plan"): b"4", ("hospital", "record"): b"5"}


async def test_contributions_may_come_before_any_version(store: Any) -> None:
    await write(store, states=[ContributionState("Encounter", "e", "hospital", "A11", b"cancelled")])
    [head] = await store.query(Heads((("Encounter", "e"),)))
    assert (head.version, head.contributions) == (0, {("hospital", "A11"): b"cancelled"})
    assert await store.query(Read(PERMIT_ALL, "Encounter", "e")) == []
    assert await search(store, PERMIT_ALL, "Encounter") == []
    await write(store, put("Encounter", "e"), expect={("Encounter", "e"): 0})
    [head] = await store.query(Heads((("Encounter", "e"),)))
    assert (head.version, len(head.contributions)) == (1, 1)


async def test_heads_of_many_resources_come_in_one_answer(store: Any) -> None:
    names = [f"p{number}" for number in range(600)]
    await write(store, *(put("Patient", name) for name in names))
    heads = await store.query(Heads(tuple(("Patient", name) for name in [*names, "absent", names[0]])))
    assert sorted(head.id for head in heads) == sorted(names)


async def test_loss_counts_add_up(store: Any) -> None:
    await write(
        store,
        losses=[LossCount("gp", "openhr", "event/x", "unmapped", "", 2), LossCount("gp", "openhr", "event/x", "unmapped", "", 1)],
    )
    await write(
        store,
        losses=[LossCount("gp", "openhr", "event/x", "unmapped", "", 4), LossCount("hospital", "ADT^A01", "PID-3", "", "E1", 1)],
    )
    assert await store.query(Coverage("gp")) == [LossCount("gp", "openhr", "event/x", "unmapped", "", 7)]
    assert len(await store.query(Coverage())) == 2


async def test_tables_are_kept_once_by_digest_and_meta_is_replaced(store: Any) -> None:
    await write(store, tables=[("d", b"one", 1)], meta=[("epoch", "1")])
    await write(store, tables=[("d", b"one", 1)], meta=[("epoch", "2")])
    assert await store.query(Tables("d")) == [b"one"]
    assert await store.query(Meta("epoch")) == ["2"]
    assert await store.query(Meta("absent")) == []


async def test_links_name_the_person_and_keep_the_identity_where_none_is_given(store: Any) -> None:
    system = "https://fhir.nhs.uk/Id/nhs-number"
    await write(store, *(put("Patient", name, 1, token("identifier", "9990000018", system)) for name in "ab"))
    await write(store, put("Patient", "c", 1, token("identifier", "9990000018", "urn:other")))
    await write(store, links=[Link("a", "p", "smith|1950"), Link("b", "q", "")])
    await write(store, links=[Link("a", "p2", "")], link_events=[LinkEvent("a", "p", "p2", "verified", 4, T0)])
    assert sorted(await store.query(Persons(("a", "b", "absent")))) == [("a", "p2", "smith|1950"), ("b", "q", "")]
    claims = await store.query(Claims(((system, "9990000018"), ("urn:unknown", "1"))))
    assert sorted(claims) == [("a", "p2", "smith|1950"), ("b", "q", "")]
    assert await store.query(LinkHistory("a")) == [LinkEvent("a", "p", "p2", "verified", 4, T0)]
    assert await store.query(Group(PERMIT_ALL, "absent")) == ["absent"]


async def test_a_thousand_messages_of_sixteen_senders_take_few_syncs(store: Any) -> None:
    """Group commit: what is handed over while the last transaction is synced is the next one."""
    numbers = iter(range(1_000))

    async def sender() -> None:
        for number in numbers:
            await journal(store, entry(number))

    await asyncio.gather(*(sender() for _ in range(16)))
    counters = store.counters
    assert (counters.entries, counters.commits) == (1_000, 1_000)
    assert counters.journal_groups <= 126
    assert counters.statements <= 10 * counters.journal_groups


async def test_a_change_of_many_resources_takes_few_statements(store: Any) -> None:
    puts = [put("Patient", f"p{n}", 1, token("identifier", str(n), "urn:x"), token("gender", "female")) for n in range(256)]
    await write(store, *puts)
    before = store.counters.statements
    await write(store, *(put("Patient", f"q{n}", 1, *puts[n].index) for n in range(256)))
    assert store.counters.statements - before <= 8
    before = store.counters.statements
    await write(store, *(put("Patient", f"q{n}", 2, *puts[n].index) for n in range(256)))
    assert store.counters.statements - before <= 6, "index rows that stay as they are are not written again"


async def test_what_is_asked_while_the_store_closes_is_answered_or_refused(store: Any) -> None:
    """Nothing is read by a connection that is being closed."""
    await write(store, put("Patient", "a"))
    plans = (Read(PERMIT_ALL, "Patient", "a"), Heads((("Patient", "a"),)), Messages(count=1))
    found = [await store.query(plan) for plan in plans]
    closing = asyncio.create_task(store.close())
    refusals: list[str] = []
    while not closing.done():
        for plan, before in zip(plans, found, strict=True):
            try:
                assert await store.query(plan) == before
            except Problem as problem:
                refusals.append(problem.reason.name)
        await asyncio.sleep(0)
    for plan in plans:
        with pytest.raises(Problem, match="stopping"):
            await store.query(plan)
    assert set(refusals) <= {"stopping"}
