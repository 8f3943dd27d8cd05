"""The PostgreSQL database of a bench: made where it is absent, and how large it is."""

from __future__ import annotations

import asyncio
from importlib import import_module
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from conformance.judged.outcome import Unusable

PATIENTS = "{patients}"
"""Stands in a URL for the size of the data: each size has a database of its own."""


def named(url: str, patients: int, several: bool) -> str:
    """The URL for a size. Raises Unusable where several sizes would share a database."""
    if url and several and PATIENTS not in url:
        raise Unusable(f"several sizes need a database each: write {PATIENTS} in the URL")
    return url.replace(PATIENTS, str(patients))


def ensure(url: str) -> None:
    """Make the database where it is absent. Raises Unusable."""
    parts = urlsplit(url)
    name = parts.path.lstrip("/")

    async def make(connection: Any) -> None:
        if not await connection.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", name):
            await connection.execute(f'CREATE DATABASE "{name.replace(chr(34), "")}"')

    _run(urlunsplit(parts._replace(path="/postgres")), make)


def drop(url: str) -> None:
    """Drop a database that ``ensure`` has made, whoever is connected to it. Raises Unusable."""
    parts = urlsplit(url)
    name = parts.path.lstrip("/").replace(chr(34), "")

    async def gone(connection: Any) -> None:
        await connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    _run(urlunsplit(parts._replace(path="/postgres")), gone)


def rows(url: str, asked: list[tuple[str, str]]) -> list[list[tuple[Any, ...]]]:
    """What statements find, each in a schema, all at one moment. Raises Unusable."""

    async def ask(connection: Any) -> list[list[tuple[Any, ...]]]:
        found = []
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            for schema, sql in asked:
                await connection.execute(f"SET LOCAL search_path TO {schema}")
                found.append([tuple(row) for row in await connection.fetch(sql)])
        return found

    answer: list[list[tuple[Any, ...]]] = _run(url, ask)
    return answer


def size(url: str) -> float:
    """MB of a database. Raises Unusable."""

    async def ask(connection: Any) -> float:
        return float(await connection.fetchval("SELECT pg_database_size(current_database())")) / 1e6

    return round(float(_run(url, ask)), 1)


def _run(url: str, work: Any) -> Any:
    try:
        driver = import_module("asyncpg")
    except ImportError as problem:
        raise Unusable("PostgreSQL needs asyncpg: install interop[postgresql]") from problem

    async def connected() -> Any:
        connection = await driver.connect(url)
        try:
            return await work(connection)
        finally:
            await connection.close()

    try:
        return asyncio.run(connected())
    except (OSError, driver.PostgresError, driver.InterfaceError) as problem:
        raise Unusable(f"the database cannot be used: {type(problem).__name__} {problem}") from problem
