"""The store on SQLite: two files, a committer thread each (docs/decisions/0005-two-databases.md)."""

from interop.store.sqlite.store import SqliteStore

__all__ = ["SqliteStore"]
