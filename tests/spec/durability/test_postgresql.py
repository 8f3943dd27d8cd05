"""An engine on PostgreSQL: killed and started again nothing is lost; its record is the one that the journal makes anywhere."""

from __future__ import annotations

import asyncio
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import asyncpg
import pytest

from interop.store.sqlite import SqliteStore
from tests.failures import failing
from tests.postgres import Server
from tests.spec.durability.load import push, settled, traffic
from tests.spec.durability.process import CODE, Served
from tests.spec.durability.state import differences, journal, prepare, record

pytestmark = [pytest.mark.anyio, pytest.mark.long]
COUNT = 400
MOMENT = 60
TABLES = {"journal": ("entry", "body", "repetition"), "record": ("resource", "version", "link", "loss", "outcome")}


async def as_files(url: str, directory: Path) -> Path:
    """What the database holds of messages and resources, in the tables of the embedded store."""
    await SqliteStore.open(directory).close()
    connection = await asyncpg.connect(url)
    try:
        for schema, tables in TABLES.items():
            with closing(sqlite3.connect(directory / f"{schema}.sqlite")) as file, file:
                for table in tables:
                    for row in await connection.fetch(f"SELECT * FROM {schema}.{table}"):
                        marks = ", ".join("?" * len(row))
                        file.execute(f"INSERT INTO {table} ({', '.join(row.keys())}) VALUES ({marks})", tuple(row))
    finally:
        await connection.close()
    return directory


async def rebuilt(*options: str) -> None:
    command = [sys.executable, "-c", CODE, "rebuild", "--mappers", "1", "--test-numbers", *options]
    done = await asyncio.to_thread(lambda: subprocess.run(command, capture_output=True, text=True, timeout=90))
    assert done.returncode == 0, done.stderr


@failing("engine", "applying", seen="on PostgreSQL: connections end", recovered="the next start works off the journal")
async def test_killed_and_started_again_nothing_is_lost(database: str, empty_database: str, tmp_path: Path) -> None:
    data, bodies, acknowledged = prepare(tmp_path / "data"), traffic(41, COUNT), set[str]()
    async with Served(data, "--database", database) as served:

        def told() -> None:
            if len(acknowledged) == MOMENT:
                served.kill()

        await push(served.mllp, bodies.values(), acknowledged, told)
        assert await served.ended() == -signal.SIGKILL
    there = journal(await as_files(database, tmp_path / "killed"))
    assert MOMENT <= len(acknowledged) < COUNT
    assert acknowledged <= set(there.controls)
    async with Served(data, "--database", database) as served, served.client() as http:
        await push(served.mllp, [body for control, body in bodies.items() if control not in acknowledged], acknowledged)
        assert acknowledged == set(bodies)
        await settled(served)
        found = (await http.get("/fhir/Patient?identifier=SETTLED")).json()
        assert found["total"] == 1
        own = {"resourceType": "Patient", "id": "own", "name": [{"family": "Written"}]}
        assert (await http.put("/fhir/Patient/own", json=own, headers={"content-type": "application/fhir+json"})).status_code == 201
        assert (await http.get("/fhir/Patient/own")).json()["name"] == own["name"]
        served.terminate()
        assert await served.ended() == 0
        assert b"Traceback" not in served.errors
    copy = await as_files(database, tmp_path / "copy")
    assert len(journal(copy).controls) == COUNT + 2
    assert set(journal(copy).states.values()) == {"applied"}
    for options in (
        ("--data", str(data), "--database", database, "--into", str(tmp_path / "files")),
        ("--data", str(tmp_path / "files"), "--into", str(tmp_path / "key"), "--into-database", empty_database),
    ):
        await rebuilt(*options)
    again = await as_files(empty_database, tmp_path / "again")
    for other in (tmp_path / "files", again):
        assert journal(other) == journal(copy)
        assert differences(record(other), record(copy)) == []


@failing(
    "PostgreSQL",
    "taking in",
    "reading",
    seen="`journal-unavailable` (AR, 503)",
    recovered="the engine connects again by itself when the server is back",
)
async def test_a_database_that_goes_away_is_told_and_the_engine_goes_on(postgres: Server, database: str, tmp_path: Path) -> None:
    bodies, acknowledged = list(traffic(7, 40).values()), set[str]()
    async with Served(prepare(tmp_path / "data"), "--database", database) as served, served.client() as http:
        await push(served.mllp, bodies[:20], acknowledged)
        postgres.stop()
        try:
            assert (await http.get("/health/ready")).status_code == 503
            assert (await http.get("/fhir/Patient/x")).status_code == 503
            assert (await http.post("/ingest/hl7v2", content=bodies[20])).status_code == 503
        finally:
            postgres.start()
        await push(served.mllp, bodies[20:], acknowledged)
        await settled(served)
        assert len(acknowledged) == 40
        assert (await http.get("/health/ready")).status_code == 200
        served.terminate()
        assert await served.ended() == 0


async def test_what_cannot_be_is_told_before_anything_is_opened(database: str, tmp_path: Path) -> None:
    for options, said in (
        (("--database", "mysql://x"), "a database is named as postgresql://USER@HOST:PORT/NAME"),
        (("--database", f"postgresql://secret:word@/x?host={tmp_path}"), f"postgresql:///x?host={tmp_path} cannot be used"),
    ):
        command = [
            sys.executable,
            "-c",
            CODE,
            "serve",
            "--open",
            "--data",
            str(tmp_path / "data"),
            "--mllp",
            "127.0.0.1:0",
            *options,
        ]
        done = await asyncio.to_thread(lambda command=command: subprocess.run(command, capture_output=True, text=True, timeout=60))
        assert done.returncode in (1, 2)
        assert said in done.stderr
        assert "secret" not in done.stderr
    async with Served(tmp_path / "one", "--database", database):
        command = [sys.executable, "-c", CODE, "serve", "--open", "--data", str(tmp_path / "other"), "--database", database]
    done = await asyncio.to_thread(lambda: subprocess.run(command, capture_output=True, text=True, timeout=60))
    assert done.returncode == 2
    assert "id.key" in done.stderr
