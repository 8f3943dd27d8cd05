"""Copies of the journal, taken while an engine may write to it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from interop.store.sqlite.connection import JOURNAL


def has_journal(directory: Path) -> bool:
    """Whether there is a journal in a data directory."""
    return (directory / JOURNAL).is_file()


def copy_journal(source: Path, target: Path) -> None:
    """Copy the journal of one data directory to another, consistent though it is in use."""
    with closing(sqlite3.connect(source / JOURNAL)) as one, closing(sqlite3.connect(target / JOURNAL)) as other:
        one.backup(other)
