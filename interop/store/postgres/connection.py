"""Connections, what they are set to, and what their errors mean."""

from __future__ import annotations

import socket
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias, cast

import asyncpg

from interop.errors import Problem
from interop.store.postgres.dialect import COPY, copied, native
from interop.store.sql.statement import Parameters, Rows, Steps, T, add

Connection: TypeAlias = asyncpg.Connection

JOURNAL = "journal"
RECORD = "record"
"""The schemas: the truth, and what is derived from it."""

PATIENCE = 10.0
"""Seconds for a connection to be made."""
TURN = 30
"""Seconds after which the server says that a turn does not come."""
GRACE = 5.0
"""Seconds after the server should have said that a statement takes too long, until it is taken to be gone."""
ANSWER = 60.0
"""Seconds for which a statement that writes is waited for."""
KEEPALIVE = {"TCP_KEEPIDLE": 10, "TCP_KEEPINTVL": 5, "TCP_KEEPCNT": 3, "TCP_USER_TIMEOUT": 25_000}
"""After about 25 s a host or network that is gone is known to be, as the server knows it of us."""

SETTINGS = {
    "application_name": "interop",
    "jit": "off",
    "plan_cache_mode": "force_generic_plan",
    "enable_seqscan": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
    "random_page_cost": "1.1",
    "max_parallel_workers_per_gather": "0",
    "tcp_keepalives_idle": "10",
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "3",
}
"""A statement says itself where to begin: each connection plans it once, and goes from there by indexes only."""

WRITING = SETTINGS | {
    "synchronous_commit": "on",
    "idle_in_transaction_session_timeout": "2s",
    "lock_timeout": f"{TURN}s",
    "client_connection_check_interval": "1s",
}
"""A process that hangs in the middle of a transaction holds the others up for so long; the server undoes what it began."""
READING = SETTINGS | {"default_transaction_read_only": "on"}

LOST = (OSError, TimeoutError, asyncpg.InterfaceError, asyncpg.InternalClientError)
GONE = ("08", "28", "25006", "25P03", "3D000", "53", "55P03", "57P", "58", "XX")
"""SQLSTATE: connection, authorisation, a standby, hung in a transaction, no such database, no room, another's turn without end,
shut down, disk, corruption."""
COSTLY = ("57014", "54")
"""SQLSTATE: broken off by the time limit; more deeply nested or with more values than PostgreSQL takes."""


async def connect(url: str, settings: Mapping[str, str], *, path: str, limit: float = 0, answer: float | None = None) -> Connection:
    """A connection. ``path`` names the schemas, first first; ``limit``: seconds that the server lets a statement take, 0 = any;
    ``answer``: seconds after which one that was not answered raises TimeoutError, None = never.

    Raises what ``is_lost`` knows."""
    connection = await asyncpg.connect(
        url,
        timeout=PATIENCE,
        command_timeout=answer,
        statement_cache_size=512,
        max_cached_statement_lifetime=0,
        max_cacheable_statement_size=0,
        server_settings={**settings, "search_path": path, "statement_timeout": str(int(limit * 1000))},
    )
    _kept_alive(connection._transport.get_extra_info("socket"))
    return connection


def _kept_alive(ours: socket.socket) -> None:
    """Have the system find out that the other side is gone, where it can."""
    if ours.family in (socket.AF_INET, socket.AF_INET6):
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for name, value in KEEPALIVE.items():
            if hasattr(socket, name):
                ours.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


async def execute(connection: Connection, sql: str, parameters: Parameters) -> Rows:
    """The rows of a statement with ``?`` or ``:name``. One that copies has whole rows for its parameters."""
    if sql.startswith(COPY):
        _, table, columns, _ = copied(sql)
        records = dict.fromkeys([tuple(map(_text, row)) for row in parameters])
        await connection.copy_records_to_table(table, records=records, columns=columns)
        return []
    text, names = native(sql)
    values = [parameters[name] for name in names] if isinstance(parameters, Mapping) else parameters
    return cast("Rows", await connection.fetch(text, *map(_text, values)))


async def carefully(connection: Connection, sql: str, parameters: Parameters) -> Rows:
    """As ``execute``; rows that are there already are passed over where they may be, which a copy cannot do."""
    if sql.startswith(COPY):
        head, _, _, may_be_there = copied(sql)
        if may_be_there:
            await run(connection, add(head, cast("Sequence[tuple[Any, ...]]", parameters)))
            return []
    return await execute(connection, sql, parameters)


async def run(connection: Connection, steps: Steps[T]) -> T:
    """Run steps to their end."""
    try:
        sql, parameters = next(steps)
        while True:
            sql, parameters = steps.send(await execute(connection, sql, parameters))
    except StopIteration as stop:
        result: T = stop.value
        return result


async def leave(connection: Connection) -> None:
    """Close, and not wait for a server that is not there."""
    try:
        await connection.close(timeout=PATIENCE)
    except (*LOST, asyncpg.PostgresError):
        connection.terminate()


def _text(value: Any) -> Any:
    """PostgreSQL holds every character but U+0000; asked for and stored alike it is U+FFFD. Bytes stay as they are."""
    if value.__class__ is str:
        return value.replace("\0", "\ufffd") if "\0" in value else value
    return tuple(map(_text, value)) if value.__class__ is tuple else value


def is_lost(error: BaseException) -> bool:
    """Whether the error means that the database cannot be had now, and not that the statement is wrong."""
    if isinstance(error, asyncpg.PostgresError):
        return str(error.sqlstate).startswith(GONE)
    return isinstance(error, LOST) and not isinstance(error, ValueError)  # a value that no column takes is a ValueError


def is_costly(error: BaseException) -> bool:
    """Whether a read was more than one may be."""
    if isinstance(error, asyncpg.PostgresError):
        return str(error.sqlstate).startswith(COSTLY)
    return isinstance(error, asyncpg.InterfaceError) and "arguments" in str(error)


def unavailable(error: BaseException) -> Problem:
    """What callers are told of it; the kind of error, never a value."""
    return Problem("journal-unavailable", detail=type(error).__name__)
