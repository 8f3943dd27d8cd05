"""Whose a data directory is: it holds journal and record itself, or names the database that they are in from the first start on.

Without this a start that has lost INTEROP_DATABASE would make files beside the keys of a shared record and acknowledge into them.
"""

from __future__ import annotations

import sqlite3
from contextlib import suppress
from pathlib import Path
from typing import Final

from interop.ids.secret import kept
from interop.store.sqlite.connection import JOURNAL
from interop.store.sqlite.copy import has_journal, standing

NAME: Final = "database"
"""The file that names the database, without who signs on and with what."""


class Belongs(OSError):
    """The directory's messages are kept elsewhere than is asked for; says where, and what to do."""


def database_of(data: Path) -> str:
    """The database that a data directory belongs to, as people are told of it; '' where it belongs to none."""
    with suppress(FileNotFoundError):
        return (data / NAME).read_text(encoding="utf-8").strip() or "a database"
    return ""


def check(data: Path, database: str | None) -> None:
    """Raises Belongs where a start would keep messages elsewhere than those are that the directory is for."""
    owner = database_of(data)
    if database is None and owner:
        raise Belongs(
            f"{data} belongs to the database {owner}: name it with --database or INTEROP_DATABASE, or choose another --data. "
            f"If that database is given up, take the file {data / NAME} away."
        )
    if database is not None and not owner and (count := _messages(data)):
        raise Belongs(
            f"{data} holds messages of its own ({count:,} in {JOURNAL}), which a start with --database would leave behind: "
            "leave --database out, choose another --data, or bring them over with interop rebuild --into-database."
        )


def claim(data: Path, where: str) -> None:
    """The directory is that of the database called ``where`` from now on; one that names a database already goes on naming it, for
    an address may change. Raises OSError."""
    kept(data / NAME, lambda: f"{where}\n".encode())


def _messages(data: Path) -> int:
    if not has_journal(data):
        return 0
    try:
        return standing(data / JOURNAL)["messages"]
    except sqlite3.Error:  # begun and never used, or no journal of ours
        return 0
