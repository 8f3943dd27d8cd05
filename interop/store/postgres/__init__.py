"""The store on PostgreSQL: two schemas of one database, a committer each (docs/decisions/0035-postgresql.md)."""

from interop.store.postgres.store import PostgresStore

__all__ = ["PostgresStore"]
