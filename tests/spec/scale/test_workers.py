"""Several workers on one database: each message is applied once, in the journal's order, whoever of them ends when."""

from __future__ import annotations

import asyncio
import os
import random
import signal
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import asyncpg
import httpx
import pytest

from interop.app.engine import Engine
from interop.apply import claims
from interop.apply.asked import NO_AUTHOR
from interop.apply.claims import ANY, Claimed, Deposed, SharedClaims
from interop.errors import Problem
from interop.ports import MessageState, Silent
from interop.ports.signals import APPLIED
from interop.store.decision import PERMIT_ALL
from interop.store.plan import Backlog, Claimable, ClaimEntries, History, Message, OpenClaims
from interop.store.postgres import PostgresStore
from interop.store.seats import number
from interop.store.values import Change, Claiming, Committed, Conflict, Entry, Outcome
from tests.failures import failing
from tests.spec.durability.load import push, traffic
from tests.spec.durability.process import Served
from tests.spec.durability.state import differences, journal, prepare, record
from tests.spec.durability.test_postgresql import as_files, rebuilt
from tests.spec.engine.messages import adt
from tests.spec.engine.running import client
from tests.spec.scale.side_by_side import UNFINISHED, processes
from tests.spec.store.build import entry
from tests.spec.store.build import journal as put_in

pytestmark = pytest.mark.anyio
MANY = 2_000
KILLED = 3
SETTLING = 600.0
"""Seconds in which killed workers and those after them have applied everything."""


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def stores(database: str) -> AsyncIterator[list[PostgresStore]]:
    opened = [await PostgresStore.open(database) for _ in range(2)]
    yield opened
    for each in opened:
        await each.close()


class Silently:
    """An audit that keeps nothing."""

    async def take_down(self, entry: Entry, keys: object, patients: object) -> None:
        """Nothing."""

    async def replay(self, entry: Entry, differences: object, patients: object) -> None:
        """Nothing."""

    def journalled(self, entry: Entry) -> None:
        """Nothing."""


def claims_of(store: PostgresStore) -> SharedClaims:
    return SharedClaims(store, store.seats, Silent())


def messages(taken: list[Claimed]) -> list[list[int]]:
    return [[each.message for each in claimed.entries] for claimed in taken]


async def turned(claims: SharedClaims, claimed: Claimed) -> list[Claimed]:
    """Wait for a turn; what is to be done before is done at once."""
    before = []
    async for each in claims.turn(claimed):
        before += [*await turned(claims, each), each]
        await claims.close(each)
    return before


async def test_what_is_claimed_is_applied_when_all_before_it_is(stores: list[PostgresStore]) -> None:
    one, other = map(claims_of, stores)
    await put_in(stores[0], *(entry(each) for each in range(1, 4)))
    (first,) = await one.take()
    await put_in(stores[0], *(entry(each) for each in range(4, 6)))
    (second,) = await other.take()
    assert messages([first, second]) == [[1, 2, 3], [4, 5]]
    assert await one.take() == []
    waiting = asyncio.create_task(turned(other, second))
    assert await turned(one, first) == []
    assert not waiting.done()
    await one.close(first)
    assert await waiting == []
    assert not await one.idle()
    await other.close(second)
    assert await one.idle()


class Telling(Silent):
    """Signals that reach another worker at once."""

    wait = 0.5

    def __init__(self) -> None:
        self.to: SharedClaims | None = None

    def tell(self, kind: str, word: str = "") -> None:
        if kind == APPLIED and self.to is not None:
            self.to.applied()


async def test_who_is_told_that_something_was_applied_looks_whose_turn_it_is(
    stores: list[PostgresStore], monkeypatch: pytest.MonkeyPatch
) -> None:
    """And not every few milliseconds."""
    monkeypatch.setattr("interop.apply.claims.TOLD", 3600.0)
    telling = Telling()
    one, other = (SharedClaims(store, store.seats, telling) for store in stores)
    telling.to = other
    await put_in(stores[0], *(entry(each) for each in range(1, 4)))
    (first,) = await one.take()
    await put_in(stores[0], *(entry(each) for each in range(4, 6)))
    (second,) = await other.take()
    looked = stores[1].counters.near
    waiting = asyncio.create_task(turned(other, second))
    while stores[1].counters.near == looked:
        await asyncio.sleep(0)
    assert await turned(one, first) == []
    assert not waiting.done()
    await one.close(first)
    async with asyncio.timeout(20):
        assert await waiting == []


async def test_who_has_no_tables_yet_leaves_what_waits_to_others_while_there_are_any(
    stores: list[PostgresStore], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it claimed everything later would wait behind."""
    monkeypatch.setattr(claims, "LEFT", 0.2)
    prepared = False
    one, other = claims_of(stores[0]), SharedClaims(stores[1], stores[1].seats, Silent(), lambda: prepared)
    await put_in(stores[0], *(entry(each) for each in range(1, 4)))
    for number_ in range(4, 8):
        assert await other.take() == []
        (taken,) = await one.take()
        await one.close(taken)
        await put_in(stores[0], entry(number_))
    async with asyncio.timeout(20):
        while not (left := await other.take()):  # there is nobody else any more
            await asyncio.sleep(0.05)
    assert messages(left) == [[7]]
    await put_in(stores[0], entry(8))
    prepared = True
    assert messages(await other.take()) == [[8]]


async def test_who_waits_behind_a_worker_that_is_gone_does_its_work_first(stores: list[PostgresStore]) -> None:
    one, other = map(claims_of, stores)
    await put_in(stores[0], *(entry(each) for each in range(1, 4)))
    (left,) = await one.take()
    await put_in(stores[0], *(entry(each) for each in range(4, 6)))
    (second,) = await other.take()
    await stores[0].seats.leave(one._seat)
    assert messages(await turned(other, second)) == [[1, 2, 3]]
    with pytest.raises(Deposed):
        await turned(one, left)
    one.drop(left)
    await other.close(second)
    assert await stores[0].query(Backlog()) == [0]


async def test_a_claim_whose_answer_was_lost_is_known_again(stores: list[PostgresStore]) -> None:
    claims = claims_of(stores[0])
    assert await claims.take() == []  # it has its seat
    await put_in(stores[0], *(entry(each) for each in range(1, 4)))
    done = await stores[0].commit(Change(claiming=Claiming(number(claims._seat), 1, 2)))
    assert isinstance(done, Committed)
    (adopted,) = await claims.take()
    (following,) = await claims.take()
    assert messages([adopted, following]) == [[1, 2], [3]]
    assert await turned(claims, adopted) == []


class Flickering:
    """A store that fails its next question of a kind."""

    def __init__(self, store: PostgresStore, kind: type) -> None:
        self._store, self._kind, self.fails = store, kind, False
        self.asked = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def query(self, plan: Any) -> list[Any]:
        if isinstance(plan, self._kind):
            self.asked += 1
            if self.fails:
                self.fails = False
                raise Problem("journal-unavailable")
        return await self._store.query(plan)


@pytest.mark.parametrize("kind", [ClaimEntries, Change])
async def test_a_claim_that_was_taken_over_without_an_answer_is_done_before_what_waits_behind_it(
    stores: list[PostgresStore], kind: type, monkeypatch: pytest.MonkeyPatch
) -> None:
    flickering = Flickering(stores[1], kind)
    one, other = claims_of(stores[0]), SharedClaims(flickering, stores[1].seats, Silent())
    await put_in(stores[0], *(entry(each) for each in range(1, 4)))
    (left,) = await one.take()
    await put_in(stores[0], *(entry(each) for each in range(4, 6)))
    (second,) = await other.take()
    await stores[0].seats.leave(one._seat)
    flickering.fails = True
    if kind is Change:
        committed = stores[1].commit

        async def unanswered(change: Change) -> Committed | Conflict:
            await committed(change)
            monkeypatch.undo()
            raise Problem("journal-unavailable")

        monkeypatch.setattr(stores[1], "commit", unanswered)
    with pytest.raises(Problem):
        await turned(other, second)
    await put_in(stores[0], entry(6))
    (third,) = await other.take()
    assert messages([third]) == [[6]]
    assert messages(await turned(other, second)) == [[1, 2, 3]]
    await other.close(second)
    assert await turned(other, third) == []
    await other.close(third)
    with pytest.raises(Deposed):
        await turned(one, left)
    assert await stores[0].query(Backlog()) == [0]


async def test_who_cannot_take_over_what_is_before_it_waits_between_two_looks(
    stores: list[PostgresStore], monkeypatch: pytest.MonkeyPatch
) -> None:
    counting = Flickering(stores[1], OpenClaims)
    one, other = claims_of(stores[0]), SharedClaims(counting, stores[1].seats, Silent())
    await put_in(stores[0], *(entry(each) for each in range(1, 4)))
    await one.take()
    await put_in(stores[0], *(entry(each) for each in range(4, 6)))
    (second,) = await other.take()
    await stores[0].seats.leave(one._seat)
    seated, pauses, looks = False, [], counting.asked

    async def take(name: str) -> bool:
        return seated

    async def pause(seconds: float) -> None:
        nonlocal seated
        pauses.append(seconds)
        seated = len(pauses) == 3

    monkeypatch.setattr(stores[1].seats, "take", take)
    monkeypatch.setattr(claims, "asyncio", SimpleNamespace(sleep=pause, get_running_loop=asyncio.get_running_loop))
    other._sure_until = 0.0
    assert messages(await turned(other, second)) == [[1, 2, 3]]
    assert pauses == [claims.TURN] * 3
    assert counting.asked - looks <= 6


async def versions(engine: Engine, http: httpx.AsyncClient) -> list[tuple[int, str]]:
    """Message and family name of each version of the only Patient, oldest first."""
    (found,) = (await http.get("/fhir/Patient")).json()["entry"]
    kept = await engine.workshop.store.query(History(PERMIT_ALL, "Patient", found["resource"]["id"]))
    return [(each.message, each.body.partition(b'"family":"')[2].partition(b'"')[0].decode()) for each in reversed(kept)]


async def test_a_message_is_not_applied_before_an_earlier_one_that_another_has(tmp_path: Path, database: str) -> None:
    """The first is held by a worker that does nothing, and then is gone."""
    async with processes(tmp_path / "data", database, "ingest", "worker", "worker", "api") as (taking, *workers, api):
        hung = await PostgresStore.open(database)
        async with client(taking) as inlet, client(api) as http:
            for each in workers:
                await each.workshop.dispatcher.stop()
            assert (await inlet.post("/ingest/hl7v2", content=adt("A01", "C1", family="FIRST"))).status_code == 202
            assert await hung.seats.take("worker hung")
            await hung.commit(Change(claiming=Claiming(number("worker hung"), 1, 64, ANY)))
            for each in workers:
                await each.workshop.dispatcher.start()
            later = adt("A08", "C2", family="SECOND", at="20260106100000")
            waiting = asyncio.create_task(inlet.post("/ingest/hl7v2?wait=applied", content=later))
            async with asyncio.timeout(20):
                while len(await hung.query(OPEN)) < 2:  # another has claimed the second
                    await asyncio.sleep(0)
            assert (await http.get("/fhir/Patient")).json()["total"] == 0
            assert not waiting.done()
            await hung.close()
            answer = await waiting
            assert (answer.status_code, answer.json()["state"]) == (200, "applied")
            assert [name for _, name in await versions(api, http)] == ["FIRST", "SECOND"]


async def test_what_is_asked_for_in_one_process_is_done_by_another_and_told_by_the_first(tmp_path: Path, database: str) -> None:
    async with processes(tmp_path / "data", database, "ingest,api", "worker") as (asking, _), client(asking) as http:
        for number in (1, 2):
            sent = adt("A08", f"C{number}", family=f"NAME{number}", at=f"2026010{number}100000")
            assert (await http.post("/ingest/hl7v2?wait=applied", content=sent)).json()["state"] == "applied"
        number, removal = await asking.workshop.takedowns.ask(2, "wrong", NO_AUTHOR, Silently())
        assert number == 3
        assert {one.type for one in removal.taken} >= {"Patient"}
        assert [name for _, name in await versions(asking, http)][-1] == "NAME1"
        number, replayed = await asking.workshop.replays.ask([1], NO_AUTHOR, Silently(), resume="hl7v2")
        assert number == 4
        assert (replayed.messages, replayed.differences) == (1, [])


@failing(
    "worker",
    "takedown",
    seen="the takedown waits in its place, and what was sent again meanwhile behind it",
    recovered="another worker does it, and leaves alone what it took down",
)
async def test_what_another_has_claimed_once_more_is_not_applied_after_its_takedown(tmp_path: Path, database: str) -> None:
    """The takedown is that of a worker that is gone; the message did not reach the record and was sent again."""
    async with processes(tmp_path / "data", database, "ingest,api", "worker") as (asking, worker), client(asking) as http:
        await worker.workshop.dispatcher.stop()
        body, store = adt("A01", "C1", family="WRONG"), asking.workshop.store
        assert (await http.post("/ingest/hl7v2", content=body)).status_code == 202
        await store.commit(Change(outcomes=[Outcome(1, MessageState.SHELVED, 1, "fault")]))
        takedown = asyncio.create_task(asking.workshop.takedowns.ask(1, "wrong", NO_AUTHOR, Silently()))
        while not asking.workshop.takedowns.awaited():
            await asyncio.sleep(0)
        gone = await PostgresStore.open(database)
        assert await gone.seats.take("worker gone")
        await gone.commit(Change(claiming=Claiming(number("worker gone"), 1, 64)))
        again = asyncio.create_task(http.post("/ingest/hl7v2?wait=applied", content=body))
        async with asyncio.timeout(20):
            while not (await gone.query(Claimable()))[0]:
                await asyncio.sleep(0)
            await worker.workshop.dispatcher.start()
            while len(await gone.query(OPEN)) < 2:  # it has claimed what was sent again
                await asyncio.sleep(0)
            assert not takedown.done()
            await gone.close()
            done, _ = await takedown
            assert (await again).status_code == 409
            while await store.query(OPEN):
                await asyncio.sleep(0)
        (found,) = await store.query(Message(1))
        assert (done, found.state, found.reason) == (2, "refused", "taken-down")
        assert (await http.get("/fhir/Patient")).json()["total"] == 0


@pytest.mark.long
@pytest.mark.timeout(900)
@failing("worker", "applying", seen="its claims wait", recovered="another worker takes over what it had claimed, in its place")
async def test_workers_are_killed_and_the_record_is_the_one_that_one_would_make(database: str, tmp_path: Path) -> None:
    data, bodies, acknowledged = prepare(tmp_path / "data"), traffic(41, MANY), set[str]()
    chance = random.Random(7)
    connection = await asyncpg.connect(database)
    started: list[Served] = []

    async def worker() -> Served:
        made = Served(data, "--database", database, "--roles", "worker", "--name", f"w{len(started)}")
        started.append(made)
        return await made.__aenter__()

    try:
        async with Served(data, "--database", database, "--roles", "ingest", "--name", "in", mappers=0) as taking:
            await push(taking.mllp, bodies.values(), acknowledged)
            assert acknowledged == set(bodies)
            alive = list(await asyncio.gather(worker(), worker()))
            async with asyncio.timeout(SETTLING):
                for killed in range(1, KILLED + 1):
                    while await connection.fetchval(UNFINISHED) > MANY - killed * MANY // (KILLED + 1):
                        await asyncio.sleep(0.02)
                    one = alive.pop(chance.randrange(len(alive)))
                    one.kill()
                    assert await one.ended() == -signal.SIGKILL
                    alive.append(await worker())
                while await connection.fetchval(UNFINISHED):
                    await asyncio.sleep(0.05)
            for each in (*alive, taking):
                each.terminate()
                assert await each.ended() == 0
                assert b"Traceback" not in each.errors
        assert await connection.fetchval("SELECT count(*) FROM record.claim") == 0
    finally:
        await connection.close()
        for each in started:
            await each.__aexit__(None, None, None)
    copy = await as_files(database, tmp_path / "copy")
    assert sorted(journal(copy).controls) == sorted(bodies)
    assert set(journal(copy).states.values()) == {"applied"}
    await rebuilt("--data", str(data), "--database", database, "--into", str(tmp_path / "alone"))
    assert differences(record(tmp_path / "alone"), record(copy)) == []


@pytest.mark.long
@pytest.mark.timeout(900)
@failing("worker", "applying", seen="it hangs: what it had claimed waits for 3 s", recovered="another worker takes that over")
async def test_a_worker_that_hangs_is_left_behind_and_writes_nothing_of_it_when_it_goes_on(database: str, tmp_path: Path) -> None:
    data, bodies, acknowledged = prepare(tmp_path / "data"), traffic(43, MANY), set[str]()
    connection = await asyncpg.connect(database)
    options = ("--database", database, "--roles")
    try:
        async with AsyncExitStack() as stack, asyncio.timeout(SETTLING):
            taking = await stack.enter_async_context(Served(data, *options, "ingest", "--name", "in", mappers=0))
            workers = (Served(data, *options, "worker", "--name", name) for name in ("w0", "w1"))
            hung, other = await asyncio.gather(*map(stack.enter_async_context, workers))  # neither is ahead with its tables
            sending = asyncio.create_task(push(taking.mllp, bodies.values(), acknowledged))
            while not await connection.fetchval("SELECT count(DISTINCT worker) > 1 FROM record.claim"):
                assert not sending.done() or await connection.fetchval(UNFINISHED)
                await asyncio.sleep(0)
            os.kill(hung.pid, signal.SIGSTOP)
            await sending
            while await connection.fetchval(UNFINISHED):
                await asyncio.sleep(0.05)
            os.kill(hung.pid, signal.SIGCONT)
            while b"another process's by now" not in hung.errors:
                await asyncio.sleep(0.05)
            for each in (hung, other, taking):
                each.terminate()
                assert await each.ended() == 0
    finally:
        await connection.close()
    copy = await as_files(database, tmp_path / "copy")
    assert set(journal(copy).states.values()) == {"applied"}
    await rebuilt("--data", str(data), "--database", database, "--into", str(tmp_path / "alone"))
    assert differences(record(tmp_path / "alone"), record(copy)) == []


OPEN = OpenClaims(0)
