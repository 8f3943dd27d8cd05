"""Subscriptions and retention: whose they are is read again at each start."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from interop.app.engine import Engine
from interop.apply.asked import UPDATE, Asked, Author
from interop.apply.journalled import SIGNED
from interop.store.decision import PERMIT_ALL
from interop.store.plan import Deliveries, Message, Read
from interop.store.values import Change, Entry, Husk, Stored
from tests.spec.engine.test_retention import asked, engine
from tests.spec.notify.receiving import Receiver, receiving
from tests.spec.notify.subscribing import encounter, put, status, subscription

pytestmark = pytest.mark.anyio
WHO = Author("open|tester", "tester", client="open", scope="*")


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as made:
        yield made


async def said_of(one: Engine) -> Entry:
    """The entry that holds whose Subscription s1 is."""
    (stored,) = await one.workshop.store.query(Read(PERMIT_ALL, "Subscription", "s1"))
    assert isinstance(stored, Stored)
    (entry,) = await one.workshop.store.query(Message(stored.message))
    assert isinstance(entry, Entry)
    return entry


async def followed(one: Engine, http: httpx.AsyncClient, url: str) -> None:
    """A Subscription of somebody who is known by name, active."""
    resource = {**subscription(url, "Encounter"), "id": "s1"}
    await one.workshop.writes.write(Asked(UPDATE, "Subscription", "s1", resource=resource, author=WHO, own=True))
    await status(http, "s1", "active")
    assert (await said_of(one)).adapter == SIGNED


async def test_whose_one_is_outlives_retention_and_the_next_start_tells_them(tmp_path: Path, receiver: Receiver) -> None:
    async with engine(tmp_path, 100) as (one, http, _):
        await followed(one, http, receiver.url)
    async with engine(tmp_path, keep_journal=30) as (one, _, _):
        done = (await asked(one, "run"))[1]
        assert done["messages"] == 1  # the version before: requested
        assert (await said_of(one)).body != b""
    async with engine(tmp_path) as (one, http, _):
        await put(http, encounter("a"))
        (got,) = await receiver.until(1)
        assert got.path == "/in/Encounter/a"


async def test_one_whose_author_is_no_longer_known_ends_in_error_and_tells_nobody(tmp_path: Path, receiver: Receiver) -> None:
    async with engine(tmp_path) as (one, http, _):
        await followed(one, http, receiver.url)
        await one.workshop.store.commit(Change(husks=[Husk((await said_of(one)).message, True)]))
    async with engine(tmp_path) as (one, http, _):
        found = await status(http, "s1", "error")
        assert "no longer kept" in found["error"]
        await put(http, encounter("a"))
        assert await one.workshop.store.query(Deliveries()) == []
        assert receiver.got == []
