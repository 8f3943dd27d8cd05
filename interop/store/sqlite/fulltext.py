"""Words are taken into the full text index behind the commits, on the thread that commits, when it has nothing else to do.

They wait in index_words until then, so that nothing is lost when the process ends. A search of words first waits until all that
was committed before it is taken in.
"""

from __future__ import annotations

import sqlite3

PORTION = 256
CHARACTERS = 250_000
"""So many texts, and characters of them, are taken in at a time, or one text that is longer: some milliseconds, for which a commit
may have to wait."""
_DUE = "FROM index_words WHERE words <> '' AND line <= ?"


def take_in(connection: sqlite3.Connection) -> bool:
    """Take in a portion; whether there may be more."""
    try:
        lines = connection.execute(
            f"SELECT line, length(words) FROM index_words WHERE words <> '' ORDER BY line LIMIT {PORTION + 1}"
        ).fetchall()
        if not lines:
            return False
        last, left = _portion(lines)
        connection.execute("BEGIN IMMEDIATE")
        connection.execute(f"INSERT INTO index_fulltext (rowid, words) SELECT line, words {_DUE} ORDER BY line", (last,))
        connection.execute(f"UPDATE index_words SET words = '' WHERE line IN (SELECT line {_DUE})", (last,))
        connection.execute("COMMIT")
    except sqlite3.Error:  # a full or failing disk: commits tell their callers, the next turn tries again
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        return False
    return left


def _portion(lines: list[tuple[int, int]]) -> tuple[int, bool]:
    """The last line of a portion of these (line, characters), and whether any is left."""
    characters = 0
    last = lines[0][0]
    for place, (line, length) in enumerate(lines):
        characters += length
        if place and (characters > CHARACTERS or place == PORTION):
            return last, True
        last = line
    return last, False
