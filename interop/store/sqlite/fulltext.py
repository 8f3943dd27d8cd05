"""Words are taken into the full text index behind the commits, on the thread that commits, when it has nothing else to do.

They wait in index_words until then, so that nothing is lost when the process ends. A search of words first waits until all that
was committed before it is taken in.
"""

from __future__ import annotations

import sqlite3

PORTION = 256
"""Texts taken in at a time: some milliseconds, for which a commit may have to wait."""
_DUE = "FROM index_words WHERE words <> '' AND line <= ?"


def take_in(connection: sqlite3.Connection) -> bool:
    """Take in a portion; whether there may be more."""
    try:
        (last, count), *_ = connection.execute(
            f"SELECT max(line), count(*) FROM (SELECT line FROM index_words WHERE words <> '' ORDER BY line LIMIT {PORTION})"
        )
        if not count:
            return False
        connection.execute("BEGIN IMMEDIATE")
        connection.execute(f"INSERT INTO index_fulltext (rowid, words) SELECT line, words {_DUE} ORDER BY line", (last,))
        connection.execute(f"UPDATE index_words SET words = '' WHERE line IN (SELECT line {_DUE})", (last,))
        connection.execute("COMMIT")
    except sqlite3.Error:  # a full or failing disk: commits tell their callers, the next turn tries again
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        return False
    return bool(count == PORTION)
