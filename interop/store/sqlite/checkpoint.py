"""Checkpoints: the log's pages go into the file on a connection and thread of their own, never in the way of a commit."""

from __future__ import annotations

import os
import sqlite3
import threading
from contextlib import suppress
from pathlib import Path

from interop.store.sqlite.connection import writing

INTERVAL = 1.0
"""Seconds between looks."""
LARGE = 8 * 1024 * 1024
"""Bytes of log from which a look copies it."""
LARGEST = 64 * 1024 * 1024
"""Bytes of log that are cut off when nothing is committed."""


class Checkpointer:
    """Looks after the log of one file.

    Every second in which there were commits it copies the log passively. The writer, between two groups, then copies the few
    pages that came meanwhile (``between``), so that its next transaction starts the log again from the front: a passive
    checkpoint beside a busy writer alone never gets there, and the log would grow without end. When nothing has been
    committed since the last look, the rest is copied, and a log that has grown very large is cut off.
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

    def between(self, connection: sqlite3.Connection) -> None:
        """Called by the writer's thread after each group."""
        self._commits += 1
        if self._copied:
            self._copied = False
            with suppress(sqlite3.Error):
                connection.execute("PRAGMA wal_checkpoint(PASSIVE)")

    def close(self) -> None:
        """End the thread. Blocks."""
        self._stop.set()
        self._thread.join()

    def _work(self) -> None:
        connection = None
        try:
            while not self._stop.wait(INTERVAL):
                # A full or failing disk: commits tell their callers, the next look tries again.
                with suppress(sqlite3.Error, OSError):
                    connection = connection or _opened(self._path)
                    self._look(connection)
        finally:
            if connection is not None:
                connection.close()

    def _look(self, connection: sqlite3.Connection) -> None:
        size = os.stat(self._log).st_size
        busy = self._commits != self._seen
        self._seen = self._commits
        if size >= LARGEST and not busy:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        elif size >= LARGE:
            connection.execute("PRAGMA wal_checkpoint(PASSIVE)")
            self._copied = busy


def _opened(path: Path) -> sqlite3.Connection:
    connection = writing(path, cache=64)
    connection.execute("PRAGMA busy_timeout = 0")
    return connection
