"""Engines of some roles each, on one database and one data directory, in the process of the test."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from interop.app.engine import Engine
from tests.spec.engine.running import running

UNFINISHED = (
    "SELECT count(*) FROM journal.entry e WHERE e.state = 'received' "
    "AND NOT EXISTS (SELECT 1 FROM record.outcome o WHERE o.message = e.message)"
)
"""Messages that have no outcome, of a database."""


@asynccontextmanager
async def processes(data: Path, database: str, *roles: str, **more: object) -> AsyncIterator[list[Engine]]:
    """An engine for each of these roles, called ``p0``, ``p1`` ..."""
    async with AsyncExitStack() as stack:
        yield [
            await stack.enter_async_context(running(data, database=database, roles=role, name=f"p{number}", **more))
            for number, role in enumerate(roles)
        ]
