"""A database that says nothing any more, its host or network gone without a word, is one that cannot be had."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from urllib.parse import parse_qs, urlsplit

import pytest

from interop.errors import Problem
from interop.store.plan import Turn
from interop.store.postgres import connection, locks, store
from interop.store.postgres.connection import READING, RECORD, connect, leave
from interop.store.postgres.store import PostgresStore
from interop.store.values import Change
from tests.spec.store.build import entry

pytestmark = pytest.mark.anyio
WAITED = 3.0
"""Seconds that an answer is waited for, here."""


class Between:
    """Hands on what is said on a port of loopback to a server and back, until it is silent: then it takes all and says nothing."""

    def __init__(self, database: str) -> None:
        self._there = urlsplit(database)
        self._socket = f"{parse_qs(self._there.query)['host'][0]}/.s.PGSQL.5432"
        self._heard = asyncio.Event()
        self._heard.set()
        self._server: asyncio.Server | None = None
        self._hands: set[asyncio.Task[None]] = set()

    async def start(self) -> str:
        """Begin; the URL by which the database is reached through it."""
        self._server = await asyncio.start_server(self._between, "127.0.0.1", 0)
        port = self._server.sockets[0].getsockname()[1]
        return f"postgresql://interop@127.0.0.1:{port}{self._there.path}?sslmode=disable"

    def silent(self) -> None:
        """From now on nothing comes back, and who calls anew is not heard either."""
        self._heard.clear()

    def talks(self) -> None:
        """What is said from now on is answered; what was said is lost."""
        for hand in self._hands:
            hand.cancel()
        self._heard.set()

    async def close(self) -> None:
        assert self._server is not None
        self._server.close()
        for hand in self._hands:
            hand.cancel()
        await asyncio.gather(*self._hands, return_exceptions=True)

    async def _between(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self._heard.wait()
        there = await asyncio.open_unix_connection(self._socket)
        pair = [asyncio.create_task(self._pass(reader, there[1])), asyncio.create_task(self._pass(there[0], writer))]
        self._hands.update(pair)
        await asyncio.wait(pair, return_when=asyncio.FIRST_COMPLETED)
        for each in (there[1], writer):
            each.close()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65_536):
            await self._heard.wait()
            writer.write(data)
            await writer.drain()


@pytest.fixture
async def between(database: str) -> AsyncIterator[tuple[Between, str]]:
    made = Between(database)
    yield made, await made.start()
    await made.close()


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """All is waited for as long as it takes a test to wait."""
    monkeypatch.setattr(connection, "PATIENCE", WAITED)
    monkeypatch.setattr(store, "ANSWER", WAITED)
    monkeypatch.setattr(store, "GRACE", WAITED)
    monkeypatch.setattr(store, "FIRST", WAITED)
    monkeypatch.setattr(store, "SILENT", WAITED)
    monkeypatch.setattr("interop.store.postgres.committer.TURN", WAITED)
    monkeypatch.setattr("interop.store.postgres.committer.GRACE", 0.0)


@pytest.mark.long
async def test_writes_reads_and_locks_end_though_nothing_is_answered_and_go_on_when_it_is(
    between: tuple[Between, str], soon: None
) -> None:
    there, url = between
    opened = await PostgresStore.open(url, costly=WAITED)
    name = [("Patient", "1")]
    opened.locks.give(name, await opened.locks.take(name))  # type: ignore[union-attr]
    await opened.query(Turn())
    await opened.commit(Change(entries=[entry(1)]))
    there.silent()
    asked = (opened.commit(Change(entries=[entry(2)])), opened.query(Turn()), opened.locks.take(name))  # type: ignore[union-attr]
    async with asyncio.timeout(60):
        said = await asyncio.gather(*asked, return_exceptions=True)
    assert [each.reason.name for each in said if isinstance(each, Problem)] == ["journal-unavailable"] * 3
    there.talks()
    await opened.commit(Change(entries=[entry(3)]))
    assert await opened.query(Turn())
    await opened.locks.take(name)  # type: ignore[union-attr]
    await opened.close()


async def test_a_host_that_is_gone_is_known_to_be_by_the_system(between: tuple[Between, str]) -> None:
    made = await connect(between[1], READING, path=RECORD)
    ours: socket.socket = made._transport.get_extra_info("socket")
    assert ours.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
    assert ours.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == connection.KEEPALIVE["TCP_USER_TIMEOUT"]
    await leave(made)


def test_the_server_says_first_that_something_takes_too_long() -> None:
    assert connection.TURN < connection.TURN + connection.GRACE < connection.ANSWER
    assert connection.WRITING["lock_timeout"] == f"{connection.TURN}s"
    assert locks.LEASED["idle_session_timeout"] == f"{locks.SILENT}s"
