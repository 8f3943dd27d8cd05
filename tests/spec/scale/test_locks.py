"""Two processes that write to one thing do so one after the other, and what one has left undone the other finishes."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from random import Random
from typing import Any

import pytest

from interop.app.engine import Engine
from interop.apply.asked import NO_AUTHOR
from interop.apply.finishing import UNSEEN
from interop.apply.locks import Locks, LocksLost, held
from interop.apply.withdrawn import Why
from interop.apply.writes import Left
from interop.errors import Problem
from interop.ports import MessageState
from interop.store.plan import Message, Messages
from interop.store.postgres import PostgresStore
from interop.store.postgres.locks import HOLDER, SILENT, STRIPES, AdvisoryLocks, stripe
from interop.store.values import LOCK, Change, Committed, Conflict, Entry
from tests.places import ROOT
from tests.postgres import cut
from tests.spec.api.bundles import entry, post, statuses
from tests.spec.api.conftest import Client
from tests.spec.identity.test_decisions import admission, applied, call, ids, persons
from tests.spec.identity.test_queue import merge, queue
from tests.spec.scale.dying import LEFT
from tests.spec.scale.test_workers import Silently

pytestmark = pytest.mark.anyio
KEY = ("Basic", "x")


def locks(store: PostgresStore) -> AdvisoryLocks:
    assert isinstance(store.locks, AdvisoryLocks)
    return store.locks


async def end(database: str, holder: int) -> None:
    """The connection of a holder ends, as if its process had."""
    assert await cut(database, "FROM pg_locks WHERE locktype = 'advisory' AND classid = $1 AND objid = $2", HOLDER, holder)


def ends_before(writes: Any, method: str, database: str, then: Callable[..., Awaitable[None]] | None = None) -> None:
    """Let the connection that holds the names of whatever ``writes`` does end once, before it goes on with one of its steps; and
    ``then``, of what that step is about, be done."""
    step, done = getattr(writes, method), list[int]()

    async def ended(*asked: Any) -> Any:
        if not done:
            done.append(held())
            await end(database, held())
            if then is not None:
                await then(*asked)
        return await step(*asked)

    setattr(writes, method, ended)


async def journalled(engine: Engine, content: str) -> Entry:
    """A write of Basic/x in the journal, not applied."""
    body = b'{"resourceType":"Basic","id":"x","code":{"text":"%b"}}' % content.encode()
    entry = Entry(0, "api", "api", engine.workshop.clock.now(), "", "PUT Basic/x", body)
    await engine.workshop.store.commit(Change(entries=[entry]))
    (found,) = await engine.workshop.store.query(Messages(feed="api"))
    return (await engine.workshop.store.query(Message(found.message)))[0]  # type: ignore[no-any-return]


@pytest.fixture
async def stores(database: str) -> Any:
    made = [await PostgresStore.open(database) for _ in range(2)]
    yield made
    for each in made:
        await each.close()


class TestNames:
    async def test_one_holds_a_name_at_a_time_of_whatever_process(self, stores: list[PostgresStore]) -> None:
        random, inside, most = Random(7), dict[tuple[str, str], int](), 0
        names = [("Patient", str(number)) for number in range(6)] + [("?Patient", "a"), ("+Patient", "b"), ("", "links")]
        ways = [Locks(locks(store)) for store in stores]

        async def work(way: Locks, wanted: list[tuple[str, str]]) -> None:
            nonlocal most
            async with way.hold(wanted):
                for name in wanted:
                    inside[name] = inside.get(name, 0) + 1
                    most = max(most, inside[name])
                await asyncio.sleep(0)
                for name in wanted:
                    inside[name] -= 1

        asked = [work(ways[number % 2], random.sample(names, random.randint(1, 4))) for number in range(120)]
        async with asyncio.timeout(60):
            await asyncio.gather(*asked)
        assert most == 1
        assert not any(inside.values())

    async def test_who_has_waited_goes_before_who_comes_back(self, stores: list[PostgresStore]) -> None:
        """One process would have it again at once for ever."""
        one, other = (locks(store) for store in stores)
        turns, came_back = list[str](), asyncio.Event()
        first, then = one._round, other._round

        async def once() -> None:
            async with Locks(other).hold([KEY]):
                turns.append("once")

        async def tries_first(connection: Any) -> None:
            """Whoever comes back tries at once, and if it has it not waits for the other."""
            await first(connection)
            if one._taking:
                came_back.set()
                await asyncio.wait((waiting,))

        async def tries_then(connection: Any) -> None:
            await came_back.wait()
            await then(connection)

        async with asyncio.timeout(60):
            async with Locks(one).hold([KEY]):
                waiting = asyncio.create_task(once())
                while not other._waiting:
                    await asyncio.sleep(0)
                one._round, other._round = tries_first, tries_then  # type: ignore[method-assign]
            async with Locks(one).hold([KEY]):
                turns.append("again")
                came_back.set()
            await waiting
        assert turns == ["once", "again"]

    async def test_what_nobody_waits_for_any_more_is_not_kept(self, stores: list[PostgresStore]) -> None:
        one, other = (locks(store) for store in stores)
        first = await one.take([KEY])
        waiting = asyncio.create_task(other.take([("Basic", "a"), KEY]))
        while not other._waiting:
            await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        one.give([KEY], first)
        async with asyncio.timeout(20):
            await one.take([KEY, ("Basic", "a")])

    async def test_a_transaction_of_any_size_finds_room(self, stores: list[PostgresStore]) -> None:
        names = [("Patient", str(number)) for number in range(5_000)]
        async with asyncio.timeout(20), Locks(locks(stores[0])).hold(names):
            assert len({stripe(name) for name in names}) <= STRIPES


class TestWhoHasLostThem:
    async def test_commits_nothing_to_the_journal_nor_to_the_record(self, database: str, stores: list[PostgresStore]) -> None:
        async with Locks(locks(stores[0])).hold([KEY]):
            holder = held()
            entry = Entry(0, "api", "api", 1, "", "PUT Basic/x", b"{}")
            assert isinstance(await stores[0].commit(Change(entries=[entry], held=holder)), Committed)
            await end(database, holder)
            for change in (Change(entries=[entry]), Change(meta=[("a", "b")])):
                change.held = holder
                found = await stores[0].commit(change)
                assert isinstance(found, Conflict)
                assert found.type == LOCK
            assert isinstance(await stores[0].commit(Change(meta=[("a", "c")])), Committed)
        async with asyncio.timeout(20), Locks(locks(stores[1])).hold([KEY]):
            assert held() not in (0, holder)

    async def test_a_group_is_judged_change_by_change(self, database: str, stores: list[PostgresStore]) -> None:
        async with Locks(locks(stores[0])).hold([KEY]):
            lost = held()
            await end(database, lost)
        async with Locks(locks(stores[0])).hold([KEY]):
            good = held()
            told = [Change(meta=[(str(number), "")], held=lost if number % 2 else good) for number in range(6)]
            found = await asyncio.gather(*(stores[0].commit(change) for change in told))
        assert [isinstance(each, Committed) for each in found] == [True, False] * 3

    async def test_keeps_criteria_until_its_commit_has_ended(
        self, database: str, two: list[Engine], clients: list[Client], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Its names go between the question whether it has them and the end of the commit: who has them next finds what it made."""
        journal = two[0].workshop.store._halves[0]  # type: ignore[attr-defined]
        written, asked, others = journal._written, {"if_none_exist": "identifier=urn:test|1"}, list[Any]()
        beyond = locks(two[1].workshop.store)

        async def ended(*group: Any, **how: Any) -> Any:
            done = await written(*group, **how)
            if not others:
                await end(database, group[1][0].held)
                others.append(asyncio.create_task(clients[1].post(LEFT, **asked)))
                while not (beyond._waiting or others[0].done()):
                    await asyncio.sleep(0)
            return done

        monkeypatch.setattr(journal, "_written", ended)
        async with asyncio.timeout(30):
            first = await clients[0].post(LEFT, **asked)
            second = await others[0]
        assert sorted((first.status_code, second.status_code)) == [200, 201]
        assert len(await clients[0].ids("/fhir/Basic")) == 1

    async def test_begins_again_where_nothing_was_journalled(self, database: str, two: list[Engine], clients: list[Client]) -> None:
        ends_before(two[0].workshop.writes.settling, "heads", database)
        assert (await clients[0].put({"resourceType": "Basic", "id": "x", "code": {"text": "a"}})).status_code == 201
        assert len(await two[0].workshop.store.query(Messages(feed="api"))) == 1

    async def test_begins_a_transaction_again_as_it_was_sent(self, database: str, two: list[Engine], clients: list[Client]) -> None:
        """What it makes has other ids then, to which its references lead."""
        ends_before(two[0].workshop.writes.settling, "journal", database)
        basic = {
            "resourceType": "Basic",
            "code": {"text": "a"},
            "subject": {"reference": "urn:uuid:6f1c2a5e-0000-4000-8000-000000000009"},
        }
        group = {"resourceType": "Group", "type": "person", "actual": False}
        answer = await post(
            clients[0],
            "transaction",
            entry("POST", "Basic", basic),
            entry("POST", "Group", group, basic["subject"]["reference"]),
        )
        assert statuses(answer) == ["201", "201"]
        (made,) = await clients[1].ids("/fhir/Group")
        (told,) = await clients[1].ids("/fhir/Basic")
        assert (await clients[1].get(f"/fhir/{told}")).json()["subject"]["reference"] == made

    @pytest.mark.parametrize("overtaken", [False, True])
    async def test_what_was_journalled_is_done_once_or_refused(
        self, database: str, two: list[Engine], clients: list[Client], overtaken: bool
    ) -> None:
        """Whoever has the name meanwhile may write: then the client is told that it was not done."""

        async def overtake(*_: object) -> None:
            if overtaken:
                other = await clients[1].put({"resourceType": "Basic", "id": "x", "code": {"text": "other"}})
                assert other.status_code == 200

        assert (await clients[0].put({"resourceType": "Basic", "id": "x", "code": {"text": "before"}})).status_code == 201
        ends_before(two[0].workshop.writes.settling, "settled", database, overtake)
        answer = await clients[0].put({"resourceType": "Basic", "id": "x", "code": {"text": "mine"}}, if_match='W/"1"')
        assert answer.status_code == (412 if overtaken else 200)
        for each in clients:
            found = (await each.get("/fhir/Basic/x")).json()
            assert found["code"]["text"] == ("other" if overtaken else "mine")
            assert found["meta"]["versionId"] == "2"

    @pytest.mark.parametrize("overtaken", [False, True])
    async def test_what_another_has_finished_is_told_as_it_was_done(
        self, database: str, two: list[Engine], clients: list[Client], overtaken: bool
    ) -> None:
        """With the version that it made, though there is another by then; or that it was refused."""

        async def finish(entry: Entry, *_: object) -> None:
            if overtaken:
                other = await clients[1].put({"resourceType": "Basic", "id": "x", "code": {"text": "other"}})
                assert other.status_code == 201
            await two[1].workshop.writes.finish(entry)
            assert (await clients[1].send("DELETE", "/fhir/Basic/x")).status_code == 204

        ends_before(two[0].workshop.writes.settling, "settled", database, finish)
        answer = await clients[0].put({"resourceType": "Basic", "id": "x", "code": {"text": "mine"}})
        if overtaken:
            assert answer.status_code == 412
        else:
            assert (answer.status_code, answer.headers["etag"]) == (201, 'W/"1"')
            assert answer.json()["code"]["text"] == "mine"

    async def test_a_takedown_that_was_journalled_is_done(self, database: str, two: list[Engine], clients: list[Client]) -> None:
        writes, lost = two[0].workshop.writes, list[int]()

        async def note(*_: object) -> None:
            lost.append(held())

        assert (await clients[0].put({"resourceType": "Basic", "id": "x", "code": {"text": "wrong"}})).status_code == 201
        ends_before(writes.settling, "settled", database, note)
        message, _ = await writes.take_down([KEY], Why(0, "wrong", 0), NO_AUTHOR, Silently(), [])
        assert lost
        (found,) = await two[1].workshop.store.query(Message(message))
        assert found.state == MessageState.APPLIED
        assert (await clients[1].get("/fhir/Basic/x/_history/1")).status_code != 200

    async def test_what_was_passed_by_is_refused_by_whoever_looks_without_its_names(
        self, two: list[Engine], clients: list[Client]
    ) -> None:
        """A process has ended, its client has written again: nobody waits for a slow one that settles what was left."""
        left = await journalled(two[0], "left")
        assert (await clients[1].put({"resourceType": "Basic", "id": "x", "code": {"text": "again"}})).status_code == 201
        async with asyncio.timeout(20), Locks(two[0].workshop.store.locks).hold([KEY]):
            await two[1].workshop.writes.finish(left)
        (found,) = await two[0].workshop.store.query(Message(left.message))
        assert (found.state, found.reason) == (MessageState.REFUSED, "stale-version")
        assert (await clients[0].get("/fhir/Basic/x")).json()["code"]["text"] == "again"

    async def test_who_starts_waits_for_no_write_of_a_process_that_lives(self, two: list[Engine]) -> None:
        left = await journalled(two[0], "at work")
        async with asyncio.timeout(20), Locks(two[0].workshop.store.locks).hold([KEY]):
            await two[1].workshop._look_over()
            (found,) = await two[0].workshop.store.query(Message(left.message))
            assert found.state == MessageState.RECEIVED

    @pytest.mark.long
    async def test_who_hangs_has_lost_them_after_some_seconds(self, stores: list[PostgresStore]) -> None:
        """It says nothing any more, though its connection is there."""
        hangs = locks(stores[0])
        holder = await hangs.take([KEY])
        await hangs._working.stop()
        async with asyncio.timeout(2 * SILENT), Locks(locks(stores[1])).hold([KEY]):
            found = await stores[0].commit(Change(meta=[("a", "b")], held=holder))
        assert isinstance(found, Conflict)


class TestUpToWhenTheRecordIsComplete:
    async def test_one_who_writes_alone_knows(self, two: list[Engine], clients: list[Client]) -> None:
        await clients[0].put({"resourceType": "Basic", "id": "x", "code": {"text": "a"}})
        clock, writes = two[0].workshop.clock, two[0].workshop.writes
        before = clock.now()
        assert before <= await writes.complete() <= clock.now()

    async def test_what_another_has_journalled_and_not_applied_is_not_passed(
        self, two: list[Engine], clients: list[Client]
    ) -> None:
        one, other = (each.workshop.writes for each in two)
        settled, stalled, go_on = one.settling.settled, asyncio.Event(), asyncio.Event()

        async def stall(*asked: Any) -> Change:
            stalled.set()
            await go_on.wait()
            return await settled(*asked)

        one.settling.settled = stall  # type: ignore[method-assign]
        write = asyncio.create_task(clients[0].put({"resourceType": "Basic", "id": "x", "code": {"text": "a"}}))
        await stalled.wait()
        (left,) = await other.left()
        assert await other.complete() < left.received
        go_on.set()
        assert (await write).status_code == 201
        assert await other.complete() <= two[1].workshop.clock.now() - UNSEEN
        assert await other.left() == []


class TestClientsOfTwoProcesses:
    async def test_no_update_is_lost(self, clients: list[Client]) -> None:
        """Each adds one to what it has read, if that is still there."""
        said: dict[str, Any] = {"resourceType": "Basic", "id": "x", "code": {"text": "0"}}
        await clients[0].put(said)
        told: list[int] = []

        async def add(number: int) -> None:
            random = Random(number)
            for _ in range(4):
                reader, writer = random.choice(clients), random.choice(clients)
                found = (await reader.get("/fhir/Basic/x")).json()
                more = {**said, "code": {"text": str(int(found["code"]["text"]) + 1)}}
                answer = await writer.put(more, if_match=f'W/"{found["meta"]["versionId"]}"')
                told.append(answer.status_code)

        await asyncio.gather(*(add(number) for number in range(8)))
        assert set(told) == {200, 412}
        for each in clients:
            found = (await each.get("/fhir/Basic/x")).json()
            assert found["code"]["text"] == str(told.count(200))
            assert found["meta"]["versionId"] == str(told.count(200) + 1)

    async def test_one_of_two_updates_of_one_version_is_done(self, clients: list[Client]) -> None:
        for number in range(5):
            said = {"resourceType": "Basic", "id": f"x{number}", "code": {"text": "0"}}
            await clients[0].put(said)
            found = await asyncio.gather(*(each.put({**said, "language": "en"}, if_match='W/"1"') for each in clients))
            assert sorted(each.status_code for each in found) == [200, 412]

    async def test_a_conditional_create_makes_one(self, clients: list[Client]) -> None:
        asked = {"if_none_exist": "identifier=urn:test|1"}
        found = await asyncio.gather(*(clients[number % 2].post(LEFT, **asked) for number in range(10)))
        assert sorted(each.status_code for each in found) == [200] * 9 + [201]
        assert len(await clients[0].ids("/fhir/Basic")) == 1


@pytest.mark.long
async def test_links_that_two_processes_make_at_once_are_made_of_each_other(two: list[Engine], clients: list[Client]) -> None:
    """Whoever computed links of what was stored before would leave two persons of one."""
    one, other = (each.http for each in clients)
    names = [f"L{number}" for number in range(6)]
    given = ("MARY", "MOLLY", "MAY", "ANNE", "JANE", "RUTH")
    for number, name in enumerate(names):
        await applied((one, other)[number % 2], admission(name, given=given[number], number=""))
    patients = await ids(one, *names)
    assert len(patients) == 6
    pairs = [(patients[number], patients[number + 1]) for number in range(5)]
    answers = await asyncio.gather(*(call((one, other)[number % 2], "link", *pair) for number, pair in enumerate(pairs)))
    assert {each.status_code for each in answers} == {200}
    for http in (one, other):
        assert await persons(http, *names) == dict.fromkeys(names, 6)


@pytest.mark.long
@pytest.mark.parametrize("id_", ["x", "-"])
async def test_what_a_killed_process_has_journalled_another_finishes(
    database: str, two: list[Engine], clients: list[Client], id_: str
) -> None:
    """Who asks for the same by criteria meanwhile finds it."""
    dying = await asyncio.create_subprocess_exec(sys.executable, "-m", "tests.spec.scale.dying", database, id_, cwd=ROOT)
    assert await dying.wait() == -9
    store = two[0].workshop.store
    (left,) = await store.query(Messages(feed="api"))
    if id_ == "-":
        found = await asyncio.gather(*(each.post(LEFT, if_none_exist="identifier=urn:test|1") for each in clients))
        assert [each.status_code for each in found] == [200, 200]
        assert len(await clients[0].ids("/fhir/Basic")) == 1
    async with asyncio.timeout(20):
        while (await store.query(Message(left.message)))[0].state != MessageState.APPLIED:
            await asyncio.sleep(0.05)
    for each in clients:
        assert len(await each.ids("/fhir/Basic")) == 1
    assert await two[1].workshop.writes.left() == []


def test_failures_of_locks_are_no_answers() -> None:
    """Neither reaches a client: both are dealt with where they arise."""
    assert not issubclass(LocksLost, Problem)
    assert not issubclass(Left, Problem)


@pytest.mark.long
async def test_a_pair_of_which_another_process_takes_a_decision_back_is_asked_about_again(
    two: list[Engine], clients: list[Client]
) -> None:
    """Who compares has compared them before, and neither was written since."""
    one, other = (each.http for each in clients)
    names = ["L1", "L2", "L3"]
    await applied(one, *(admission(name, given, "", given) for name, given in zip(names, ("MARY", "JOAN", "ZELDA"), strict=True)))
    await applied(one, merge(("L1", "MARY", "MARY"), "L2", 10), merge(("L3", "ZELDA", "ZELDA"), "L2", 11))
    patients = await ids(one, *names)
    while not any(each.workshop.identity_queue.compared for each in two):
        await asyncio.sleep(0.01)
    (seated,) = [each for each in two if each.workshop.identity_queue.compared]
    asks, decides = (one, other) if seated is two[0] else (other, one)
    asked = await queue(seated, asks)
    assert len(asked) == 2
    for survivor in (patients[0], patients[2]):
        assert (await call(decides, "unlink", patients[1], survivor)).status_code == 200
        assert await persons(asks, *names) != dict.fromkeys(names, 1)
        assert await queue(seated, asks) == []
        assert (await call(decides, "identity-undo", patients[1], survivor)).status_code == 200
        assert await persons(asks, *names) == dict.fromkeys(names, 1)
        assert {frozenset(sides) for sides, _ in await queue(seated, asks)} == {frozenset(sides) for sides, _ in asked}
