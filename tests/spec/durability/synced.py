"""A process that keeps writing and says what is on disk: ``python -m tests.spec.durability.synced DATA ROUND``.

It journals messages, writes resources and audit rows side by side, each on the way that an engine takes, and prints a line for each
that would be acknowledged now: ``journal CONTROL``, ``record ID``, ``audit CHAIN NUMBER``. What the disk does not take is told by
nobody, and tried again.
"""

from __future__ import annotations

import asyncio
import sys
from contextlib import suppress
from itertools import count
from pathlib import Path

import structlog

from interop.audit.key import AuditKey
from interop.audit.log import AuditLog
from interop.clock import SystemClock
from interop.errors import Problem
from interop.store.sqlite import SqliteStore
from interop.store.values import Change
from tests.spec.store.build import entry, journal, put, token, write

KEY = AuditKey(bytes(range(32)))
FILLER = "x" * 3_000


def say(line: str) -> None:
    print(line, flush=True)


async def journals(store: SqliteStore, base: int) -> None:
    for number in count(base, 4):
        with suppress(Problem):
            await journal(store, entry(number, content=FILLER[: number % 3_000]))
            say(f"journal {number}")


async def records(store: SqliteStore, base: int) -> None:
    """Each third one alone waits for the disk: what goes before it is on disk with it."""
    told: list[int] = []
    for number in count(base):
        change = Change(puts=[put("Patient", f"p{number}", 1, token("gender", "female"))], follows=number % 3 != 0)
        try:
            await store.commit(change)
        except Problem:
            continue
        told.append(number)
        if not change.follows:
            for each in told:
                say(f"record p{each}")
            told.clear()


async def audits(log: AuditLog) -> None:
    while True:
        try:
            number = log.write("read", ("somebody",))
            await log.durable(number)
        except Problem:
            await asyncio.sleep(0)
        else:
            say(f"audit {log.chain} {number}")


async def main(data: Path, start: int) -> None:
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    store = SqliteStore.open(data)
    log = AuditLog.open(data / "audit", data / "audit" / "checkpoints", KEY, SystemClock())
    async with asyncio.TaskGroup() as group:
        for each in range(4):
            group.create_task(journals(store, start * 1_000_000 + each))
        group.create_task(records(store, start * 1_000_000))
        group.create_task(audits(log))
        _ = await write(store, put("Patient", f"first{start}"))


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2])))
