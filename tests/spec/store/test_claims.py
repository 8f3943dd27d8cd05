"""Claims: of the messages that wait each is one worker's, in the order of the journal, and another's when that worker is gone."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from itertools import count
from random import Random

import pytest

from interop.store.plan import Backlog, Claimable, ClaimEntries, OpenClaims, Outcomes
from interop.store.postgres import PostgresStore
from interop.store.seats import number
from interop.store.values import CLAIM, Change, Claim, Claiming, Committed, Conflict, Outcome
from tests.spec.store.build import T0, entry, journal, put, write

pytestmark = pytest.mark.anyio


class Worker:
    """A process that has a seat, on a store of its own."""

    numbers = count(1)

    def __init__(self, store: PostgresStore) -> None:
        self.store = store
        self.seat = f"worker {next(self.numbers)}"
        self.number = number(self.seat)

    async def sit(self) -> Worker:
        assert await self.store.seats.take(self.seat)
        return self

    async def claim(self, spans: int = 1, size: int = 4, below: int = 0) -> list[Claim]:
        done = await self.store.commit(Change(claiming=Claiming(self.number, spans, size, below)))
        assert isinstance(done, Committed)
        return done.claims

    async def finish(self, claim: Claim) -> Committed | Conflict:
        """Apply what a claim holds and close it."""
        entries = await self.store.query(ClaimEntries(claim.first, claim.last))
        outcomes = [Outcome(each.message, "applied", T0) for each in entries]
        return await self.store.commit(Change(outcomes=outcomes, under=claim, closes=True))

    async def open(self) -> list[tuple[int, bool]]:
        return [(claim.place, gone) for claim, _, gone in await self.store.query(OpenClaims(self.number))]


@pytest.fixture
async def two(database: str) -> AsyncIterator[tuple[Worker, Worker]]:
    stores = [await PostgresStore.open(database) for _ in range(2)]
    yield await Worker(stores[0]).sit(), await Worker(stores[1]).sit()
    for store in stores:
        await store.close()


async def filled(worker: Worker, messages: int, **more: str) -> None:
    await journal(worker.store, *(entry(each, **more) for each in range(1, messages + 1)))


def spans(claims: list[Claim]) -> list[tuple[int, int]]:
    return [(claim.first, claim.last) for claim in claims]


async def test_each_message_is_one_workers_in_the_order_of_the_journal(two: tuple[Worker, Worker]) -> None:
    one, other = two
    await filled(one, 10)
    first, second = await one.claim(), await other.claim(spans=2)
    assert spans(first) == [(1, 4)]
    assert spans(second) == [(5, 8), (9, 10)]
    assert [claim.place for claim in first + second] == sorted(claim.place for claim in first + second)
    assert await one.claim() == []
    assert await one.open() == [(claim.place, False) for claim in first + second]


async def test_a_claim_is_closed_with_the_outcomes_of_its_messages(two: tuple[Worker, Worker]) -> None:
    one, other = two
    await filled(one, 6)
    assert await one.store.query(Backlog()) == [6]
    [claim] = await one.claim(size=6)
    assert isinstance(await one.finish(claim), Committed)
    assert await other.open() == []
    assert await other.store.query(Backlog()) == [0]
    assert await other.store.query(ClaimEntries(1, 6)) == []
    assert {each.message for each in await other.store.query(Outcomes((2, 6, 7)))} == {2, 6}


async def test_what_another_has_taken_over_is_written_by_it_alone(two: tuple[Worker, Worker]) -> None:
    one, other = two
    await filled(one, 8)
    [before], [after] = await one.claim(), await other.claim()
    assert await other.claim(spans=0, below=after.place) == []  # its worker is there
    await one.store.seats.leave(one.seat)
    assert await other.open() == [(before.place, True), (after.place, False)]
    [taken] = await other.claim(spans=0, below=after.place)
    assert (taken.place, taken.first, taken.last) == (before.place, before.first, before.last)
    assert taken.token != before.token
    refused = await one.store.commit(
        Change(puts=[put("Patient", "a")], outcomes=[Outcome(1, "applied", T0)], under=before, closes=True)
    )
    assert isinstance(refused, Conflict)
    assert refused.type == CLAIM
    assert await one.store.query(Outcomes((1,))) == []
    assert isinstance(await other.finish(taken), Committed)
    assert isinstance(await other.finish(after), Committed)
    assert await one.store.query(Backlog()) == [0]


async def test_a_change_without_claim_is_nobodys_business(two: tuple[Worker, Worker]) -> None:
    one, other = two
    await filled(one, 4)
    await one.claim()
    await write(other.store, put("Patient", "a"))
    assert len(await other.open()) == 1


async def test_a_message_whose_outcome_is_taken_back_is_claimed_once_more_by_one(two: tuple[Worker, Worker]) -> None:
    one, other = two
    await filled(one, 4)
    [claim] = await one.claim()
    await one.finish(claim)
    await one.store.commit(Change(outcomes=[Outcome(2, "failed", T0)]))
    assert await one.store.query(Claimable()) == [0]
    await other.store.commit(Change(outcomes=[Outcome(3, "received", T0)]))  # that is applied
    assert await one.store.query(Claimable()) == [0]
    await other.store.commit(Change(outcomes=[Outcome(2, "received", T0)]))
    assert await one.store.query(Claimable()) == [1]
    assert spans(await one.claim()) == [(2, 2)]
    assert await other.claim() == []


async def test_what_clients_wrote_and_what_was_refused_is_nobodys(two: tuple[Worker, Worker]) -> None:
    one, other = two
    await journal(one.store, replace(entry(1), adapter="api"), entry(2, state="refused"), replace(entry(3), adapter="api+author"))
    assert await one.store.query(Backlog()) == [3]  # as far as anybody has looked
    assert await other.claim() == []
    assert await one.store.query(Backlog()) == [0]
    assert await one.store.query(Claimable()) == [0]
    await journal(one.store, entry(4))
    assert spans(await one.claim()) == [(4, 4)]


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.long) for seed in range(1, 12))])
async def test_whoever_comes_and_goes_each_message_is_finished_once_and_in_order(database: str, seed: int) -> None:
    """Workers claim, finish what has its turn, and are cut off at any moment."""
    random, stores = Random(seed), [await PostgresStore.open(database) for _ in range(2)]
    workers = [await Worker(store).sit() for store in stores]
    held: dict[Worker, list[Claim]] = {worker: [] for worker in workers}
    order: list[int] = []
    sent = 0
    try:
        for step in range(120):
            worker = random.choice(workers)
            kind = random.random()
            if kind < 0.3 and step < 90:
                await journal(worker.store, *(entry(sent + each) for each in range(1, 6)))
                sent += 5
            elif kind < 0.6:
                held[worker] += await worker.claim(spans=random.randrange(1, 3), below=random.choice((0, 1 << 62)))
            elif kind < 0.9:
                for claim in list(held[worker]):
                    if (await worker.open())[0][0] == claim.place:
                        waiting = [each.message for each in await worker.store.query(ClaimEntries(claim.first, claim.last))]
                        if isinstance(await worker.finish(claim), Committed):
                            order += waiting
                    held[worker].remove(claim) if await gone(worker, claim) else None
            elif kind < 0.95:
                await worker.store.seats.leave(worker.seat)
                place = workers.index(worker)
                workers[place] = await Worker(worker.store).sit()
                held[workers[place]] = []
        for worker in workers:
            await worker.store.seats.leave(worker.seat)
        last = await Worker(stores[0]).sit()
        while claims := await last.claim(below=1 << 62):
            for claim in claims:
                order += [each.message for each in await last.store.query(ClaimEntries(claim.first, claim.last))]
                assert isinstance(await last.finish(claim), Committed)
        assert order == list(range(1, sent + 1))
        assert await last.store.query(Backlog()) == [0]
    finally:
        for store in stores:
            await store.close()


async def gone(worker: Worker, claim: Claim) -> bool:
    """Whether a claim is closed or another's."""
    found = {each: whose for each, whose, _ in await worker.store.query(OpenClaims(worker.number))}
    return found.get(claim) != worker.number
