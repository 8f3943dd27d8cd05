"""Words are taken into the full text index behind the commits, on the thread that commits, when it has nothing else to do.

They wait in index_words until then, so that nothing is lost when the process ends. A search of words first waits until all that
was committed before it is taken in.
"""

from __future__ import annotations

import sqlite3

PORTION = 64
"""Texts taken in at a time: some milliseconds, for which a commit may have to wait."""


def take_in(connection: sqlite3.Connection) -> bool:
    """Take in a portion; whether there may be more."""
    try:
        rows = connection.execute(f"SELECT line, words FROM index_words WHERE words <> '' ORDER BY line LIMIT {PORTION}").fetchall()
        if not rows:
            return False
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany("INSERT INTO index_fulltext (rowid, words) VALUES (?, ?)", rows)
        connection.executemany("UPDATE index_words SET words = '' WHERE line = ?", [(line,) for line, _ in rows])
        connection.execute("COMMIT")
    except sqlite3.Error:  # a full or failing disk: commits tell their callers, the next turn tries again
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        return False
    return len(rows) == PORTION
