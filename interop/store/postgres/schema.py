"""Each schema keeps the number of its last migration in its table ``migration``; each migration is one transaction."""

from __future__ import annotations

import asyncpg

from interop.store.postgres.connection import RECORD, Connection
from interop.store.postgres.dialect import definitions
from interop.store.sql.schema import migrations


class Unfit(OSError):
    """A database that this version cannot use."""


async def number(connection: Connection, name: str) -> int:
    """The last migration that the schema has seen; 0 where there is none."""
    if await connection.fetchval("SELECT to_regclass($1)", f"{name}.migration") is None:
        return 0
    found: int = await connection.fetchval(f"SELECT coalesce(max(number), 0) FROM {name}.migration")
    return found


async def current(connection: Connection, name: str) -> bool:
    """Whether nothing is left to be done to the schema: it is this version's, with the index for ``:contains``."""
    if await number(connection, name) != migrations(name, "postgres")[-1][0]:
        return False
    return name != RECORD or await connection.fetchval("SELECT to_regclass('index_value_trigram')") is not None


async def migrate(connection: Connection, name: str, now: int) -> list[int]:
    """Bring the schema to this version's; returns the numbers applied. ``now`` microseconds. Raises OSError where it is newer."""
    if await connection.fetchval("SELECT to_regnamespace($1)", name) is None:
        await connection.execute(f"CREATE SCHEMA {name}")
    known, present = migrations(name, "postgres"), await number(connection, name)
    if present > known[-1][0]:
        raise Unfit(f"{name} has schema {present}, this version knows {known[-1][0]}: use the version that wrote it")
    applied = []
    for step, text in known:
        if step > present:
            async with connection.transaction():
                await connection.execute(definitions(text))
                await connection.execute("INSERT INTO migration (number, applied) VALUES ($1, $2)", step, now)
            applied.append(step)
    return applied


async def trigrams(connection: Connection) -> bool:
    """Make the index that ``:contains`` uses, where the extension pg_trgm is there or may be made; else texts are scanned."""
    try:
        await connection.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
    except asyncpg.PostgresError:
        return False
    where = await connection.fetchval(
        "SELECT quote_ident(nspname) FROM pg_extension e JOIN pg_namespace n ON n.oid = extnamespace WHERE extname = 'pg_trgm'"
    )
    await connection.execute(
        f"CREATE INDEX IF NOT EXISTS index_value_trigram ON index_value USING gin (value {where}.gin_trgm_ops) "
        "WITH (gin_pending_list_limit = 256)"
    )
    return True
