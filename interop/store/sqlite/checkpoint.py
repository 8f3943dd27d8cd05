"""Checkpoints: the log's pages go into the file on a connection and thread of their own, never in the way of a commit."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path

from interop.store.sqlite.connection import writing

INTERVAL = 1.0
"""Seconds between looks."""
LARGE = 8 * 1024 * 1024
"""Bytes of log from which a look copies it."""


class Checkpointer:
    """Looks after the log of one file.

    Every second in which there were commits it copies the log passively. The writer, between two groups, then copies the few
    pages that came meanwhile (``finish``), so that its next transaction starts the log again from the front: a passive
    checkpoint beside a busy writer alone never gets there, and the log would grow without end. When nothing has been
    committed since the last look, a log that has grown large is cut off.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._log = path.with_name(path.name + "-wal")
        self._stop = threading.Event()
        self._copied = False
        self._commits = 0
        self._seen = 0
        self._thread = threading.Thread(target=self._work, name=f"checkpoint-{path.stem}", daemon=True)
        self._thread.start()

    def finish(self, connection: sqlite3.Connection) -> None:
        """Called by the writer after each group."""
        self._commits += 1
        if self._copied:
            self._copied = False
            connection.execute("PRAGMA wal_checkpoint(PASSIVE)")

    def close(self) -> None:
        """End the thread. Blocks."""
        self._stop.set()
        self._thread.join()

    def _work(self) -> None:
        connection = writing(self._path, cache=64)
        connection.execute("PRAGMA busy_timeout = 0")
        try:
            while not self._stop.wait(INTERVAL):
                try:
                    self._look(connection)
                except (sqlite3.Error, OSError):
                    continue  # a full or failing disk: commits tell their callers; the next look tries again
        finally:
            connection.close()

    def _look(self, connection: sqlite3.Connection) -> None:
        size = self._log.stat().st_size
        if self._commits != self._seen:
            self._seen = self._commits
            if size >= LARGE:
                connection.execute("PRAGMA wal_checkpoint(PASSIVE)")
                self._copied = True
        elif size >= LARGE:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
