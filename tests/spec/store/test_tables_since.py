"""The migration that puts down since when tables are used goes through the record once, however many tables there were."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import asyncpg
import pytest

from interop.store.postgres import schema as postgres_schema
from interop.store.sql.schema import migrations
from interop.store.sqlite import schema

BEFORE = 11
ROWS = 2_000
EVERY = 1_000


def filling(tables: int) -> list[str]:
    """Versions that tables made one after another, the oldest of each replaced, and tables that have made none."""
    columns = "updated, deleted, owner, message, tables, body"
    said = [
        f"INSERT INTO mapping_tables (digest, content) VALUES ('{name}', '')" for name in [*map(str, range(tables)), "none", "api"]
    ]
    for row in range(ROWS):
        time, digest = 10 + row, "" if row >= ROWS - tables else str(row % tables)
        said.append(
            f"INSERT INTO resource (rid, type, id, version, subject, named, indexed, {columns}) "
            f"VALUES ({row + 1}, 'Basic', 'b{row}', 2, '', 0, '', {time}, 0, 'one', 1, '{digest}', '')"
        )
    for row in range(tables):
        said.append(
            f"INSERT INTO version (rid, type, id, version, {columns}) "
            f"VALUES ({row + 1}, 'Basic', 'b{row}', 1, {row % 2 * EVERY + row}, 0, 'one', 1, '{row}', '')"
        )
    return said


def expected(tables: int) -> dict[str, int]:
    return {**{str(row): min(row % 2 * EVERY + row, 10 + row) for row in range(tables)}, "none": 0, "api": 0}


def upgraded(tables: int, monkeypatch: pytest.MonkeyPatch) -> tuple[dict[str, int], int]:
    """What the migration comes to, and how many hundred steps SQLite has taken for it."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        monkeypatch.setattr(schema, "migrations", lambda name, dialect: migrations(name, dialect)[:BEFORE])
        schema.migrate(connection, "record")
        for each in filling(tables):
            connection.execute(each)
        steps: list[None] = []
        monkeypatch.setattr(schema, "migrations", lambda name, dialect: migrations(name, dialect)[: BEFORE + 1])
        connection.set_progress_handler(lambda: steps.append(None), 100)
        assert schema.migrate(connection, "record") == [BEFORE + 1]
        connection.set_progress_handler(None, 100)
        return dict(connection.execute("SELECT digest, first FROM mapping_tables").fetchall()), len(steps)


def test_the_first_use_of_each_is_known_and_many_tables_take_no_longer_than_few(monkeypatch: pytest.MonkeyPatch) -> None:
    few, many = upgraded(2, monkeypatch), upgraded(40, monkeypatch)
    assert (few[0], many[0]) == (expected(2), expected(40))
    assert many[1] < 2 * few[1]


@pytest.mark.long
@pytest.mark.anyio
async def test_in_postgresql_too(empty_database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    connection = await asyncpg.connect(empty_database)
    try:
        await connection.execute("CREATE SCHEMA IF NOT EXISTS record; SET search_path = record")
        for upto in (BEFORE, BEFORE + 1):
            monkeypatch.setattr(
                postgres_schema,
                "migrations",
                lambda name, dialect, upto=upto: [one for one in migrations(name, dialect) if one[0] <= upto],
            )
            await postgres_schema.migrate(connection, "record", 1)
            if upto == BEFORE:
                await connection.execute(";".join(filling(40)))
        assert dict(await connection.fetch("SELECT digest, first FROM mapping_tables")) == expected(40)
    finally:
        await connection.close()
