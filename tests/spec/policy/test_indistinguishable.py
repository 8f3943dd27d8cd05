"""What may not be seen is as if it were not there: every answer is the same whether it exists or not."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from random import Random

import httpx
import pytest

from interop.api.asgi import Request
from interop.api.services import Services
from interop.clock import ManualClock
from interop.errors import Problem
from interop.policy.asker import Asker
from interop.store.sqlite import SqliteStore
from tests.spec.api.conftest import Client, calling, link, serving
from tests.spec.policy.asking import Ask, Asking, bytes_of
from tests.spec.policy.worlds import World, keep, without, world

pytestmark = pytest.mark.anyio
PAGES = 4
"""Pages that are followed of one search."""
UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
"""What is drawn anew for each answer."""
NAMES = ("gp", "ward", "crew", "desk", "program", "patient", "app", "analyst")


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


class Desk:
    """A door at which everyone is who the test says."""

    def __init__(self, asker: Asker) -> None:
        self.asker = asker

    async def admit(self, request: Request) -> Asker:
        return self.asker


@asynccontextmanager
async def opened(folder: Path, asker: Asker, known: World) -> AsyncIterator[tuple[SqliteStore, Services, Client]]:
    """An API over an empty store, asked by one asker."""
    clock = ManualClock()
    store = SqliteStore.open(folder, clock=clock)
    intake, services = serving(store, clock)
    services.door, services.facts = Desk(asker), lambda: known.facts
    async with calling(services) as client:
        yield store, services, client
    await intake.drain()
    await store.close()


def said(answer: httpx.Response) -> tuple[int, dict[str, str], str]:
    """Status, headers and body; what is drawn anew for each document aside."""
    headers = {name: value for name, value in answer.headers.items() if name != "content-length"}
    return answer.status_code, headers, UUID.sub("*", answer.text)


async def send(client: Client, ask: Ask) -> httpx.Response:
    headers = dict(ask.headers) | ({"content-type": "application/fhir+json"} if ask.body is not None else {})
    return await client.http.request(ask.method, f"/fhir/{ask.path}".removesuffix("/"), content=bytes_of(ask), headers=headers)


async def compare(full: Client, bare: Client, ask: Ask) -> int:
    """Hold the answers of both to each other, page by page; the status."""
    one, two = await send(full, ask), await send(bare, ask)
    assert said(one) == said(two), ask
    assert one.status_code != 500, ask
    status = one.status_code
    for _ in range(PAGES):
        body = one.json() if one.status_code == 200 and one.text.startswith('{"resourceType":"Bundle"') else {}
        following = link(body, "next") if "link" in body else None
        if following is None:
            break
        one, two = await full.get(following), await bare.get(following)
        assert said(one) == said(two), (ask, following)
    return status


async def judge(folder: Path, seed: int, name: str, reads: int, writes: int) -> None:
    """Ask two records the same: one whole, one without what the asker may not see."""
    print(f"indistinguishable: seed {seed}, asker {name}")
    made = world(seed)
    asker = made.askers[name]
    async with AsyncExitStack() as stack:
        store, services, full = await stack.enter_async_context(opened(folder / "full", asker, made))
        await keep(store, made.made, made.links)
        kept, hidden = await without(store, made, asker, services.clock.now())
        other, _, bare = await stack.enter_async_context(opened(folder / "bare", asker, made))
        await keep(other, kept, made.links)
        assert hidden > len(made.made) // 10, "hardly anything is withheld: nothing is tested"
        asking = Asking(Random(seed * 1_000 + len(name)), made)
        asked = [asking.read() for _ in range(reads)]
        for _ in range(writes):
            asked += (asking.write(), asking.read())
        statuses = [(ask, await compare(full, bare, ask)) for ask in asked]
        counted = Counter((ask.method, status) for ask, status in statuses)
        print(f"{hidden} of {len(made.made)} withheld", sorted(counted.items()))
        assert counted["GET", 200] > reads // 10, "hardly anything was understood: nothing is tested"


@pytest.mark.parametrize("name", NAMES)
async def test_answers_are_the_same_without_what_may_not_be_seen(tmp_path: Path, name: str) -> None:
    seed = int(os.environ.get("INTEROP_TEST_SEED", "20260105"))
    await judge(tmp_path, seed + len(name), name, 40, 12)


@pytest.mark.long
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("seed", range(1, 11))
async def test_many_more_records_and_requests(tmp_path: Path, name: str, seed: int) -> None:
    await judge(tmp_path, seed, name, 400, 150)


async def test_a_cursor_is_of_use_to_who_got_it_alone(tmp_path: Path) -> None:
    made = world(3)
    async with opened(tmp_path, made.askers["gp"], made) as (store, services, client):
        await keep(store, made.made, made.links)
        following = link((await client.get("/fhir/Organization?_count=1")).json(), "next")
        assert following is not None
        assert (await client.get(following)).status_code == 200
        for name in ("ward", "patient"):
            services.door = Desk(made.askers[name])
            answer = await client.get(following)
            assert (answer.status_code, answer.json()["issue"][0]["code"]) == (400, Problem("bad-parameter").reason.issue)
