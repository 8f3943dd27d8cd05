"""The schema's number stands in the file itself (``user_version``); each migration is one transaction."""

from __future__ import annotations

import sqlite3

from interop.store.sql.schema import migrations


def number(connection: sqlite3.Connection) -> int:
    """The last migration that the file has seen."""
    found: int = connection.execute("PRAGMA user_version").fetchone()[0]
    return found


def migrate(connection: sqlite3.Connection, name: str) -> list[int]:
    """Bring the file to this version's schema; returns the numbers applied. Raises OSError where the file is newer."""
    known = migrations(name, "sqlite")
    present = number(connection)
    if present > known[-1][0]:
        raise OSError(f"{name}.sqlite has schema {present}, this version knows {known[-1][0]}: use the version that wrote it")
    applied = []
    for step, text in known:
        if step > present:
            try:
                connection.executescript(f"BEGIN IMMEDIATE;\n{text}\nPRAGMA user_version = {step};\nCOMMIT;")
            except sqlite3.Error:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise
            applied.append(step)
    return applied
