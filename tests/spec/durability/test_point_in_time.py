"""A database taken back to a point in time: the engine starts on it, and its audit tells what the journal has no more."""

from __future__ import annotations

import asyncio
import os
import shutil
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
import pytest

from interop.app.engine import Engine
from interop.store.plan import Message
from tests.failures import failing
from tests.postgres import DEBIAN, Server, programs, serving
from tests.spec.durability.state import prepare
from tests.spec.durability.test_backup import asked, send
from tests.spec.engine.running import running

pytestmark = [pytest.mark.anyio, pytest.mark.long]
BINS = [programs(), *([DEBIAN] if DEBIAN.is_dir() else [])]


def configured(server: Server, data: Path, lines: str) -> None:
    """Add lines to the configuration of a server."""
    with (data / "postgresql.conf").open("a") as file:
        file.write(f"\n{lines}\n")


def base_backup(server: Server, target: Path) -> None:
    """As ``pg_basebackup`` makes it; by the same functions, since not every package brings that program."""

    async def copied() -> None:
        connection = await asyncpg.connect(server.url())
        try:
            await connection.execute("SELECT pg_backup_start('base', fast => true)")
            left_out = shutil.ignore_patterns("postmaster.*", "*.pid")
            await asyncio.to_thread(shutil.copytree, server.place / "data", target, ignore=left_out)
            shutil.rmtree(target / "pg_wal")
            (target / "pg_wal").mkdir(mode=0o700)
            label = await connection.fetchval("SELECT labelfile FROM pg_backup_stop(wait_for_archive => false)")
            (target / "backup_label").write_text(label)
        finally:
            await connection.close()

    asyncio.run(copied())


def owned(server: Server, place: Path) -> None:
    """Give all of a directory to whom the server runs as."""
    owner = server.place.stat()
    for path in (place, *place.rglob("*")):
        os.chown(path, owner.st_uid, owner.st_gid)


async def messages(engine: Engine, numbers: range) -> list[str]:
    """The control ids under numbers of the journal."""
    return [entry.control_id for number in numbers for entry in await engine.workshop.store.query(Message(number))]


@pytest.mark.parametrize("bin", BINS)
@failing(
    "PostgreSQL",
    "starting",
    seen="the database is that of an earlier time; the audit has rows of messages that the journal has not",
    recovered="base backup and archived log, up to the time that is named; senders send again what came after",
)
def test_a_database_is_taken_back_to_a_time_and_the_audit_tells_what_came_after(bin: Path, tmp_path: Path) -> None:
    data = prepare(tmp_path / "data")
    with serving(bin) as server:
        archive, base = server.place / "archive", server.place / "base"
        archive.mkdir()
        owned(server, archive)
        server.stop()
        configured(
            server, server.place / "data", f"archive_mode = on\narchive_command = 'test ! -f {archive}/%f && cp %p {archive}/%f'"
        )
        server.start()
        with server.database() as url:
            moment = asyncio.run(_lived(server, url, data, base))
            name = url.partition("?")[0].rpartition("/")[2]
            server.stop()
            shutil.move(server.place / "data", server.place / "crashed")
            shutil.move(base, server.place / "data")
            recovery = (
                f"restore_command = 'cp {archive}/%f %p'\nrecovery_target_time = '{moment}'\nrecovery_target_action = 'promote'\n"
                "archive_mode = off"
            )
            configured(server, server.place / "data", recovery)
            (server.place / "data" / "recovery.signal").touch()
            owned(server, server.place / "data")
            os.chmod(server.place / "data", 0o700)
            server.start()
            asyncio.run(_promoted(server))
            asyncio.run(_again(server.url(name), data))


async def _lived(server: Server, url: str, data: Path, base: Path) -> str:
    """Three messages before the base backup, three after it, a moment, and two after that."""
    async with running(data, database=url) as engine:
        await send(engine, 3, "A")
    await asyncio.to_thread(base_backup, server, base)
    async with running(data, database=url) as engine:
        await send(engine, 3, "B")
        connection = await asyncpg.connect(url)
        try:
            moment: datetime = await connection.fetchval("SELECT clock_timestamp()")
            await connection.execute("SELECT pg_sleep_until(clock_timestamp() + interval '20 milliseconds')")
        finally:
            await connection.close()
        await send(engine, 2, "C")
        assert await messages(engine, range(7, 9)) == ["C0", "C1"]
    connection = await asyncpg.connect(server.url())
    try:
        await connection.execute("SELECT pg_switch_wal()")
        sql = "SELECT last_archived_time FROM pg_stat_archiver"
        while (await connection.fetchval(sql) or datetime.min.replace(tzinfo=UTC)) < moment:
            await asyncio.sleep(0.05)
    finally:
        await connection.close()
    return moment.isoformat(sep=" ")


async def _promoted(server: Server) -> None:
    connection = await asyncpg.connect(server.url())
    try:
        while await connection.fetchval("SELECT pg_is_in_recovery()"):
            await asyncio.sleep(0.05)
    finally:
        await connection.close()


async def _again(url: str, data: Path) -> None:
    """What was there at the moment is, in order; what came after is in the audit alone; the engine takes messages."""
    async with running(data, database=url) as engine:
        assert await messages(engine, range(1, 9)) == ["A0", "A1", "A2", "B0", "B1", "B2"]
        await send(engine, 1, "D")
        assert await messages(engine, range(7, 9)) == ["D0"]
    status, said, _ = await asked("audit", "verify", "--data", data)
    assert (status, said["bad"], said["chains"]) == (0, None, 3)
    rows = [line for path in sorted((data / "audit").glob("*.log")) for line in path.read_bytes().splitlines()]
    of = [line for line in rows if b',"message",' in line]
    assert sum(b'"messages":[7]' in line for line in of) == 2
    assert sum(b'"messages":[8]' in line for line in of) == 1
