"""Who may see what, asked of the record: what is said about the people of a resource, and which organisations contributed to it."""

from __future__ import annotations

from typing import Any as Anything

import pytest

from interop.fhir.rows import IndexRow
from interop.store.decision import PERMIT_ALL, Decision
from interop.store.plan import Count, Heads, History, Read, ReadVersion, Search, Several
from interop.store.values import Change, Link, Reindexed
from interop.store.where import About, All, Not, Person, Sources, Where
from tests.spec.store.build import T0, put, reference, search, write

pytestmark = pytest.mark.anyio
NOW = T0


def access(parameter: str, code: str, low: int = 0, high: int = 2 * T0) -> IndexRow:
    return IndexRow(parameter, "access", code, low, high)


def of(patient: str) -> IndexRow:
    return reference("patient", f"Patient/{patient}")


def about(parameter: str, *codes: str, every: bool = True, now: int = NOW) -> About:
    return About(parameter, codes, now, every)


async def observations(store: Anything, where: Where) -> list[str]:
    """What a search finds and, each read by itself, a read: they must agree."""
    found = await search(store, PERMIT_ALL, "Observation", where)
    everything = await search(store, PERMIT_ALL, "Observation")
    decision = Decision("row", where)
    assert [one for one in everything if await store.query(Read(decision, "Observation", one))] == found
    assert await search(store, decision, "Observation") == found
    assert await store.query(Count(decision, "Observation")) == [len(found)]
    assert (
        sorted(one.id for one in await store.query(Several(decision, tuple(("Observation", one) for one in everything)))) == found
    )
    assert sorted(one.id for one in await store.query(Search(decision, "", None, count=99)) if one.type == "Observation") == found
    return found


@pytest.fixture
async def people(store: Anything) -> Anything:
    """a and b are one person, c another, d linked to nobody; each has an Observation. b is cared for by RXX, d by RYY."""
    await write(
        store,
        *(put("Patient", name) for name in "abcd"),
        *(put("Observation", f"o{name}", 1, of(name)) for name in "abcd"),
        put("Observation", "nobody"),
        put("CareTeam", "tb", 1, of("b"), access("care", "ods:RXX")),
        put("CareTeam", "td", 1, of("d"), access("care", "ods:RYY")),
        links=[Link("a", "p1", ""), Link("b", "p1", ""), Link("c", "p2", "")],
    )
    return store


async def test_what_is_said_about_one_patient_counts_for_everyone_linked(people: Anything) -> None:
    assert await observations(people, about("care", "ods:RXX")) == ["oa", "ob"]
    assert await observations(people, about("care", "ods:RYY", "user:x")) == ["od"]
    assert await observations(people, about("care", "ods:RXX", "ods:RYY", "user:x")) == ["oa", "ob", "od"]
    assert await observations(people, about("care")) == ["oa", "ob", "od"]
    assert await observations(people, about("care", every=False)) == ["oa", "ob", "od"]
    assert await observations(people, about("care", "ods:RZZ")) == []
    assert await observations(people, about("never said", "ods:RXX")) == []
    assert await search(people, PERMIT_ALL, "Patient", about("care", "ods:RXX")) == ["a", "b"]


async def test_it_follows_the_links(people: Anything) -> None:
    await write(people, links=[Link("b", "p2", "")])
    assert await observations(people, about("care", "ods:RXX")) == ["ob", "oc"]
    await write(people, links=[Link("b", "p9", "")])
    assert await observations(people, about("care", "ods:RXX")) == ["ob"]


async def test_a_resource_about_nobody_has_nobody_about_whom_something_is_said(people: Anything) -> None:
    await write(people, put("CareTeam", "t", 1, access("care", "ods:RXX")))
    assert "nobody" not in await observations(people, about("care", "ods:RXX"))
    assert "nobody" not in await observations(people, about("care", every=False))
    assert "nobody" in await observations(people, Not(about("care")))


@pytest.mark.parametrize(("now", "found"), [(9, []), (10, ["oc"]), (19, ["oc"]), (20, [])])
async def test_it_counts_from_low_until_before_high(people: Anything, now: int, found: list[str]) -> None:
    await write(people, put("Consent", "c", 1, of("c"), access("consent", "given", 10, 20)))
    assert await observations(people, about("consent", "given", now=now)) == found


async def test_a_version_that_says_otherwise_takes_the_place_of_what_was_said(people: Anything) -> None:
    await write(people, put("CareTeam", "tb", 2, of("b"), access("care", "ods:RZZ")))
    assert await observations(people, about("care", "ods:RXX")) == []
    assert await observations(people, about("care", "ods:RZZ")) == ["oa", "ob"]
    await write(people, put("CareTeam", "tb", 3, of("b"), access("care", "ods:RZZ", 0, NOW)))
    assert await observations(people, about("care", "ods:RZZ")) == []


async def test_it_goes_where_the_resource_goes(people: Anything) -> None:
    """What says it may move to another Patient, to nobody and back, and be deleted."""
    await write(people, put("CareTeam", "tb", 2, of("c"), access("care", "ods:RXX")))
    assert await observations(people, about("care", "ods:RXX")) == ["oc"]
    await write(people, put("CareTeam", "tb", 3, access("care", "ods:RXX")))
    assert await observations(people, about("care", "ods:RXX")) == []
    await write(people, put("CareTeam", "tb", 4, of("d"), access("care", "ods:RXX")))
    assert await observations(people, about("care", "ods:RXX")) == ["od"]
    rows = [of("a"), access("care", "ods:RXX")]
    await people.commit(Change(reindexed=[Reindexed("CareTeam", "tb", 4, rows)]))
    assert await observations(people, about("care", "ods:RXX")) == ["oa", "ob"]
    await write(people, put("CareTeam", "tb", 5, deleted=True))
    assert await observations(people, about("care", "ods:RXX")) == []
    await write(people, put("CareTeam", "tb", 6, of("b"), access("care", "ods:RXX")))
    assert await observations(people, about("care", "ods:RXX")) == ["oa", "ob"]


@pytest.mark.parametrize(
    "other", [of("c"), reference("actor", "Patient/c"), reference("participant", "Patient/c"), reference("subject", "Patient/c")]
)
async def test_a_resource_about_several_is_judged_by_each(people: Anything, other: IndexRow) -> None:
    """Whatever parameter names them: whoever the resource refers to is somebody whom it tells of."""
    await write(people, put("Observation", "both", 1, of("a"), other))
    assert await observations(people, about("care", "ods:RXX")) == ["oa", "ob"]
    assert await observations(people, about("care", "ods:RXX", every=False)) == ["both", "oa", "ob"]
    assert "both" not in await observations(people, Not(about("care", "ods:RXX", every=False)))
    await write(people, put("Consent", "c", 1, of("c"), access("consent", "refused")))
    assert await observations(people, about("consent", "refused", every=False)) == ["both", "oc"]
    assert await observations(people, about("consent", "refused")) == ["oc"]
    await write(people, put("CareTeam", "tc", 1, of("c"), access("care", "ods:RXX")))
    assert await observations(people, about("care", "ods:RXX")) == ["both", "oa", "ob", "oc"]
    await write(people, put("Observation", "both", 2, of("a")))
    assert await observations(people, about("consent", "refused", every=False)) == ["oc"]


async def test_who_is_linked_with_the_subject_is_nobody_else(people: Anything) -> None:
    await write(
        people, put("Observation", "both", 1, of("a"), reference("performer", "Patient/b"), reference("focus", "Patient/a"))
    )
    assert await observations(people, about("care", "ods:RXX")) == ["both", "oa", "ob"]


async def test_a_resource_that_only_refers_to_a_patient_is_held_back_where_that_one_is(people: Anything) -> None:
    """It has no subject: nothing is given on its account, but what is refused is refused."""
    await write(people, put("Observation", "list", 1, reference("item", "Patient/b")))
    assert await observations(people, about("care", "ods:RXX")) == ["oa", "ob"]
    assert await observations(people, about("care", "ods:RXX", every=False)) == ["list", "oa", "ob"]


async def test_the_organisations_that_contributed_are_all_among_those_named(store: Anything) -> None:
    await write(
        store,
        put("Observation", "both", source="RXX,RYY"),
        put("Observation", "none"),
        put("Observation", "x", source="RXX"),
        put("Observation", "y", source="RYY"),
    )
    assert await observations(store, Sources(("RXX",))) == ["none", "x"]
    assert await observations(store, Sources(("RYY", "RXX", "RZZ"))) == ["both", "none", "x", "y"]
    assert await observations(store, Sources(("RXX,RYY", "R"))) == ["none"]
    assert await observations(store, Sources(())) == ["none"]
    assert await observations(store, Not(Sources(("RXX",)))) == ["both", "y"]
    await write(store, put("Observation", "x", 2, source="RYY"), put("Observation", "z", source="RZZ"))
    assert await observations(store, Sources(("RXX",))) == ["none"]
    assert await observations(store, Sources(("RZZ",))) == ["none", "z"]


async def test_what_a_failed_change_would_have_contributed_is_unknown(store: Anything, opener: Anything) -> None:
    """Its number is never that of another."""
    bad = put("Observation", "bad", source="RXX")
    bad.index = [IndexRow("date", "date", "not", "numbers"), IndexRow("x", "number", "n", "n")]
    with pytest.raises(Exception):  # noqa: B017
        await store.commit(Change(puts=[bad]))
    await write(store, put("Observation", "y", source="RYY"))
    await write(store, put("Observation", "x", source="RXX"))
    assert await observations(store, Sources(("RXX",))) == ["x"]
    assert await observations(store, Sources(("RYY",))) == ["y"]


async def test_reads_tell_whose_a_resource_is_and_who_contributed(store: Anything) -> None:
    await write(store, put("Observation", "o", 1, of("a"), source="RXX"), put("Patient", "a", source="RYY"))
    await write(store, put("Observation", "o", 2, of("b"), source="RXX,RYY"))
    [one] = await store.query(Read(PERMIT_ALL, "Observation", "o"))
    assert (one.source, one.subject) == ("RXX,RYY", "b")
    for found in (
        await store.query(Search(PERMIT_ALL, "Observation", Person("patient", ("b",)))),
        await store.query(Several(PERMIT_ALL, (("Observation", "o"),))),
        await store.query(ReadVersion(PERMIT_ALL, "Observation", "o", 2)),
        await store.query(Heads((("Observation", "o"),))),
    ):
        assert [each.source for each in found] == ["RXX,RYY"]
    [before] = await store.query(ReadVersion(PERMIT_ALL, "Observation", "o", 1))
    assert (before.source, before.subject) == ("RXX", "a")
    history = await store.query(History(PERMIT_ALL, None, None))
    assert {(each.type, each.version, each.source, each.subject) for each in history} == {
        ("Observation", 2, "RXX,RYY", "b"),
        ("Observation", 1, "RXX", "a"),
        ("Patient", 1, "RYY", "a"),
    }
    await write(store, put("Observation", "o", 3, deleted=True, source="RXX"))
    [gone] = await store.query(Read(PERMIT_ALL, "Observation", "o"))
    assert (gone.deleted, gone.source, gone.subject) == (True, "RXX,RYY", "b")


async def test_who_contributed_is_known_after_a_restart(opener: Anything) -> None:
    store = await opener()
    await write(store, put("Observation", "x", source="RXX"), put("Observation", "y", source="RYY"))
    await store.close()
    again = await opener()
    assert await observations(again, Sources(("RYY",))) == ["y"]
    await write(again, put("Observation", "z", source="RZZ"))
    assert await observations(again, All((Sources(("RZZ", "RXX")), Not(Sources(("RXX",)))))) == ["z"]


async def test_a_process_that_only_reads_learns_who_contributed(opener: Anything) -> None:
    writer = await opener()
    await write(writer, put("Observation", "x", source="RXX"))
    reader = await opener(read_only=True)
    assert await observations(reader, Sources(("RXX",))) == ["x"]
    await write(writer, put("Observation", "y", source="RYY"))
    [one] = await reader.query(Read(PERMIT_ALL, "Observation", "y"))
    assert one.source == "RYY"
    await write(writer, put("Observation", "z", source="RXX,RYY"))
    assert await observations(reader, Sources(("RXX", "RYY"))) == ["x", "y", "z"]


async def test_a_count_is_that_of_the_time_it_is_asked_for(store: Anything) -> None:
    """However often, in whatever order, while nothing is written; and what is written counts from then on."""
    await write(
        store,
        *(put("Patient", name) for name in "abc"),
        *(put("Observation", f"o{name}", 1, of(name)) for name in "abc"),
        put("Consent", "ca", 1, of("a"), access("consent", "given", T0 + 10, T0 + 20)),
        put("Consent", "cb", 1, of("b"), access("consent", "given", T0 + 15, T0 + 30)),
    )

    async def counted(now: int) -> int:
        predicate = All((Sources(()), about("consent", "given", now=T0 + now)))
        return int((await store.query(Count(Decision("row", predicate), "Observation")))[0])

    expected = {0: 0, 9: 0, 10: 1, 14: 1, 15: 2, 19: 2, 20: 1, 29: 1, 30: 0, 99: 0}
    order = [*expected, *reversed(expected), 12, 11, 12, 17, 25, 10]
    for at in order:
        told = max(known for known in expected if known <= at)
        assert [await counted(at), await counted(at)] == [expected[told]] * 2, at
    await write(store, put("Consent", "cc", 1, of("c"), access("consent", "given", T0, T0 + 12)))
    assert [await counted(at) for at in (9, 11, 9, 12, 17, 9)] == [1, 2, 1, 1, 2, 1]
    await write(store, links=[Link("a", "p1", ""), Link("b", "p1", "")])
    assert [await counted(at) for at in (9, 11, 17)] == [1, 3, 2]
    await write(store, meta=[("a name", "a value")])
    assert [await counted(at) for at in (9, 11, 17)] == [1, 3, 2]
    await store.commit(Change(reindexed=[Reindexed("Consent", "cc", 1, [])]))
    assert [await counted(at) for at in (9, 11, 17)] == [0, 2, 2]
