"""Several processes write to one database: each commit takes its turn, and knows what those before it have left."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from random import Random

import asyncpg
import pytest

from interop.errors import Problem
from interop.store.decision import PERMIT_ALL, Decision
from interop.store.plan import Deliveries, Everything, Feeds, Heads, Read, Search, Turn, Waiting
from interop.store.postgres import PostgresStore, store
from interop.store.postgres.connection import JOURNAL, RECORD, WRITING, connect
from interop.store.values import TAKEDOWN, Change, Committed, Conflict, Delivery, Entry, Outcome, taken_down
from interop.store.where import Sources, Token
from tests.postgres import Server, cut
from tests.spec.store.build import T0, clash, entry, journal, put, search, token, write

pytestmark = pytest.mark.anyio
Open = Callable[..., Awaitable[PostgresStore]]


@pytest.fixture
async def opener(database: str) -> AsyncIterator[Open]:
    opened: list[PostgresStore] = []

    async def open_store(**options: object) -> PostgresStore:
        opened.append(await PostgresStore.open(database, **options))  # type: ignore[arg-type]
        return opened[-1]

    yield open_store
    for one in opened:
        await one.close()


@pytest.fixture
async def both(opener: Open) -> tuple[PostgresStore, PostgresStore]:
    """Two that share a database, as two processes do."""
    return await opener(), await opener()


async def asked(url: str, sql: str) -> list[tuple[object, ...]]:
    connection = await asyncpg.connect(url)
    try:
        return [tuple(row) for row in await connection.fetch(sql)]
    finally:
        await connection.close()


def told(destination: str, id_: str) -> Delivery:
    return Delivery(destination, id_, "r", "created", "fhir", T0)


async def test_messages_are_numbered_without_gap_whoever_takes_them_in(both: tuple[PostgresStore, PostgresStore]) -> None:
    one, other = both
    found = [(await journal(each, entry(number)))[0].message for number, each in enumerate((one, other, other, one, one, other), 1)]
    assert found == [1, 2, 3, 4, 5, 6]


async def test_a_message_that_is_sent_to_another_process_again_is_known(both: tuple[PostgresStore, PostgresStore]) -> None:
    one, other = both
    await journal(one, entry(1))
    [again] = await journal(other, entry(1))
    assert (again.message, again.repeats) == (0, 1)
    [wrong] = await journal(other, entry(1, content="OBX"))
    assert (wrong.message, wrong.reason) == (2, "wrong-content")


async def test_what_one_process_took_down_stays_down_in_the_other(both: tuple[PostgresStore, PostgresStore]) -> None:
    one, other = both
    [first] = await journal(one, entry(1))
    await journal(other, entry(2))
    down = Entry(0, TAKEDOWN, TAKEDOWN, T0, "", "takedown message 1", b"{}")
    down.duplicate, down.digest = taken_down(first.feed, first.duplicate), first.digest
    await journal(one, down)
    year = 365 * 24 * 3600 * 1_000_000
    [again] = await journal(other, entry(1, at=T0 + year))
    assert (again.message, again.repeats) == (0, 1)


async def test_a_change_that_expects_what_another_process_has_replaced_is_a_conflict(
    both: tuple[PostgresStore, PostgresStore],
) -> None:
    one, other = both
    await write(one, put("Patient", "a", 1))
    await write(other, put("Patient", "a", 2))
    assert await clash(one, Change(puts=[put("Patient", "a", 2)])) == Conflict("Patient", "a", 1, 2)
    assert await clash(one, Change(expect={("Patient", "a"): 1}, puts=[put("Patient", "b")])) == Conflict("Patient", "a", 1, 2)


async def test_resources_and_deliveries_of_two_processes_never_have_one_number(
    database: str, both: tuple[PostgresStore, PostgresStore]
) -> None:
    for number in range(12):
        await write(both[number % 2], put("Patient", f"p{number}"), deliveries=[told("d", f"{number}")])
    assert await clash(both[0], Change(puts=[put("Patient", "x", 5)], deliveries=[told("d", "x")]))
    await write(both[1], put("Patient", "y"), deliveries=[told("d", "y")])
    assert [each.id for each in await both[0].query(Deliveries())] == [*(str(number) for number in range(12)), "y"]
    rows = await asked(database, "SELECT count(*), count(DISTINCT rid) FROM record.resource")
    assert rows == [(13, 13)]


async def test_a_name_that_one_process_has_learnt_is_used_by_the_other(both: tuple[PostgresStore, PostgresStore]) -> None:
    one, other = both
    assert await search(other, PERMIT_ALL, "Encounter", Token("class", "IMP", "urn:new")) == []
    await write(one, put("Encounter", "e", 1, token("class", "IMP", "urn:new")))
    assert await search(other, PERMIT_ALL, "Encounter", Token("class", "IMP", "urn:new")) == ["e"]
    await write(other, put("Encounter", "f", 1, token("class", "IMP", "urn:new")))
    for each in both:
        assert await search(each, PERMIT_ALL, "Encounter", Token("class", "IMP", "urn:new")) == ["e", "f"]


async def test_organisations_that_one_process_has_learnt_hold_in_the_other(both: tuple[PostgresStore, PostgresStore]) -> None:
    one, other = both
    seen = Decision("of these", Sources(("A", "B")))
    await write(one, put("Patient", "a", 1, source="A"))
    assert await search(other, seen, "Patient") == []
    await other.query(Turn())
    assert await search(other, seen, "Patient") == ["a"]
    await write(other, put("Patient", "b", 1, source="B"), put("Patient", "c", 1, source="C"))
    assert [head.source for head in await one.query(Heads((("Patient", "c"),)))] == ["C"]
    await one.query(Turn())
    assert await search(one, seen, "Patient") == ["a", "b"]


async def test_a_number_of_organisations_that_was_given_up_opens_nothing_to_those_whom_it_names_later(
    both: tuple[PostgresStore, PostgresStore],
) -> None:
    one, other = both
    seen = Decision("of A", Sources(("A",)))
    await write(one, put("Patient", "o", 1, source="O"))
    with pytest.raises(Problem):  # the number is given, and the rest of the change is not taken
        await one.commit(Change(puts=[put("Patient", "a", 1, source="A"), put("Patient", "b", 1, at="never")]))  # type: ignore[arg-type]
    assert await search(one, seen, "Patient") == []
    await write(other, put("Patient", "c", 1, source="C"))
    await one.query(Turn())
    assert await search(one, seen, "Patient") == []
    assert [each.source for each in await one.query(Read(PERMIT_ALL, "Patient", "c"))] == ["C"]
    await write(one, put("Patient", "a", 1, source="A"))
    await other.query(Turn())
    for each in both:
        assert await search(each, seen, "Patient") == ["a"]


async def test_the_turn_counts_the_commits_of_all(both: tuple[PostgresStore, PostgresStore]) -> None:
    one, other = both
    [before] = await one.query(Turn())
    await write(one, put("Patient", "a"))
    await write(other, put("Patient", "b"))
    await journal(other, entry(1))
    assert await one.query(Turn()) == await other.query(Turn()) == [before + 2]


async def test_feeds_are_counted_with_what_other_processes_have_done(both: tuple[PostgresStore, PostgresStore]) -> None:
    one, other = both

    async def counts(each: PostgresStore) -> list[tuple[int, int, int, int]]:
        return [(feed.received, feed.waiting, feed.applied, feed.failed) for feed in await each.query(Feeds())]

    await journal(one, *(entry(number) for number in range(1, 5)))
    assert await counts(other) == [(4, 4, 0, 0)]
    await one.commit(Change(outcomes=[Outcome(number, "applied", T0) for number in (1, 2)] + [Outcome(3, "failed", T0)]))
    for each in both:
        assert await counts(each) == [(4, 1, 2, 1)]
    await journal(other, entry(5))
    await other.commit(Change(outcomes=[Outcome(3, "received", T0), Outcome(4, "applied", T0)]))
    for each in both:
        assert await counts(each) == [(5, 2, 3, 0)]
    assert [each.message for each in await one.query(Waiting(0))] == [3, 5]
    await one.commit(Change(outcomes=[Outcome(3, "applied", T0)]))
    for each in both:
        assert await counts(each) == [(5, 1, 4, 0)]


async def test_where_nobody_else_writes_a_turn_costs_no_statement_more(opener: Open) -> None:
    one = await opener()
    await write(one, put("Patient", "a"))
    counted = []
    for version in (2, 3):
        before = one.counters.statements
        await write(one, put("Patient", "a", version))
        counted.append(one.counters.statements - before)
    other = await opener()
    await write(other, put("Patient", "b"))
    before = one.counters.statements
    await write(one, put("Patient", "a", 4))
    assert counted[0] == counted[1]
    assert one.counters.statements - before == counted[0] + 4


@pytest.mark.parametrize("name", [JOURNAL, RECORD])
async def test_who_is_killed_in_its_turn_lets_the_others_go_on(
    database: str, postgres: Server, both: tuple[PostgresStore, PostgresStore], name: str
) -> None:
    await journal(both[0], entry(1))
    await write(both[0], put("Patient", "a"))
    hung = await connect(database, WRITING | {"idle_in_transaction_session_timeout": "0"}, path=name)  # it is killed, not cut off
    await hung.execute("BEGIN; UPDATE turn SET number = number + 1")
    waiting = asyncio.create_task(journal(both[1], entry(2)) if name == JOURNAL else write(both[1], put("Patient", "b")))
    while not await asked(database, "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'"):
        assert not waiting.done()
    hung.terminate()
    async with asyncio.timeout(20):
        await waiting
    assert await search(both[0], PERMIT_ALL, "Patient") == (["a"] if name == JOURNAL else ["a", "b"])


@pytest.mark.long
async def test_who_hangs_in_its_turn_is_cut_off(
    database: str, both: tuple[PostgresStore, PostgresStore], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()  # here somebody hangs
    hung = await connect(database, WRITING, path=RECORD)
    await hung.execute("BEGIN; UPDATE turn SET number = number + 1")
    async with asyncio.timeout(20):  # far less than whoever waits for a turn waits
        await write(both[0], put("Patient", "a"))
    with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError)):
        await hung.execute("COMMIT")


@pytest.mark.parametrize("seed", range(3))
async def test_any_interleaving_of_two_processes_leaves_what_one_would(
    database: str, postgres: Server, opener: Open, seed: int
) -> None:
    """Both halves, new names and organisations, changes that conflict, connections that are cut in the middle."""
    random = Random(seed)
    stores = [await opener(), await opener()]
    versions: dict[str, int] = {}
    sent: list[int] = []

    async def taking(each: PostgresStore, number: int) -> None:
        if (await journal(each, entry(number)))[0].message:
            sent.append(number)

    async def writing(each: PostgresStore, id_: str, code: str) -> None:
        while True:
            heads = await each.query(Heads((("Patient", id_),)))
            version = heads[0].version + 1 if heads else 1
            change = Change(
                puts=[put("Patient", id_, version, token("identifier", code, f"urn:{code}"), source=f"ORG{code}")],
                deliveries=[told("d", f"{id_}/{version}")],
            )
            await asyncio.sleep(0)
            if isinstance(await each.commit(change), Committed):
                versions[id_] = versions.get(id_, 0) + 1
                return

    async def cutting() -> None:
        await cut(postgres.url(), f"FROM pg_stat_activity WHERE application_name = 'interop' AND random() < {random.random()}")

    for _ in range(12):
        work: list[Awaitable[None]] = []
        for _ in range(random.randrange(1, 12)):
            each = random.choice(stores)
            kind = random.randrange(2)
            work.append(
                taking(each, random.randrange(1, 40))
                if kind
                else writing(each, f"p{random.randrange(6)}", str(random.randrange(20)))
            )
        await asyncio.gather(*work)
        if random.random() < 0.3:
            await cutting()
            for each in stores:  # the next commit may find its connection cut
                for change in (Change(acks=[(0, "sent")]), Change(meta=[("x", "y")])):
                    for _ in range(2):
                        with suppress(Problem):
                            await each.commit(change)
                            break
    there = [one async for one in stores[0].stream(Everything())]
    assert [one.message for one in there] == list(range(1, len(there) + 1))
    assert sorted(int(one.control_id) for one in there) == sorted(sent) == sorted(set(sent))
    for each in stores:
        await each.query(Turn())
        heads = {
            head.id: (head.version, head.source) for head in await each.query(Heads(tuple(("Patient", id_) for id_ in versions)))
        }
        assert {id_: version for id_, (version, _) in heads.items()} == versions
        for id_, (_, source) in heads.items():
            code = source.removeprefix("ORG")
            assert id_ in await search(each, PERMIT_ALL, "Patient", Token("identifier", code, f"urn:{code}"))
            assert id_ in await search(each, Decision("its own", Sources((source,))), "Patient")
            assert id_ not in await search(each, Decision("others'", Sources((f"{source}0",))), "Patient")
    sequences = await asked(database, "SELECT count(*), count(DISTINCT sequence), count(DISTINCT id) FROM record.delivery")
    assert sequences == [(sum(versions.values()),) * 3]


async def test_processes_that_start_at_once_make_the_schema_once(empty_database: str) -> None:
    found = await asyncio.gather(*(PostgresStore.open(empty_database) for _ in range(4)))
    try:
        for number, each in enumerate(found):
            await journal(each, entry(number))
    finally:
        for each in found:
            await each.close()
    rows = await asked(empty_database, "SELECT count(*), count(DISTINCT number) FROM record.migration")
    assert rows[0][0] == rows[0][1]


async def test_what_each_does_once_at_its_start_it_does_alone(opener: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    one, other = await opener(), await opener()
    order: list[str] = []

    async def start(each: PostgresStore, name: str) -> None:
        async with each.starting():
            order.append(name)
            await each.query(Search(PERMIT_ALL, "Patient"))
            order.append(name)

    await asyncio.gather(start(one, "one"), start(other, "other"))
    assert order in (["one", "one", "other", "other"], ["other", "other", "one", "one"])
    monkeypatch.setattr(store, "WAIT", 0.1)
    async with one.starting():
        with pytest.raises(BlockingIOError):
            async with other.starting():
                pass
