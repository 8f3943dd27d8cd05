"""Many queries or conditions as one, and those that are decided without asking.

A database takes at most 500 SELECTs side by side, and 1,000 expressions within each other.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

NEVER = "0 = 1"
ALWAYS = "1 = 1"
CONTRARY = {ALWAYS: NEVER, NEVER: ALWAYS}
NONE = "SELECT 0 AS rid WHERE 0 = 1"
TERMS: Final = 400
_ALL: Final = " UNION ALL "


def united(queries: Sequence[str]) -> str:
    """The rows of all queries, of one column."""
    if len(queries) * 2 > TERMS:
        while len(groups := _groups(queries)) > 1:
            queries = [f"SELECT * FROM ({_ALL.join(group)}) AS u" for group in groups]
    return _ALL.join(queries)


def common(queries: Sequence[str]) -> str:
    """The rows that all queries of row numbers have."""
    return queries[0] if len(queries) == 1 else " INTERSECT ".join([f"SELECT c.rid FROM ({query}) AS c" for query in queries])


def _groups(queries: Sequence[str]) -> list[list[str]]:
    """Queries in groups of at most ``TERMS``; what is itself several counts as that many."""
    groups: list[list[str]] = []
    room = 0
    for query in queries:
        terms = 1 if query.startswith("SELECT * FROM (") else query.count(_ALL) + 1
        room -= terms
        if room < 0:
            groups.append([])
            room = TERMS - terms
        groups[-1].append(query)
    return groups


def either(conditions: Sequence[str]) -> str:
    """That one of the conditions holds."""
    while len(conditions) > TERMS:
        groups = [conditions[at : at + TERMS] for at in range(0, len(conditions), TERMS)]
        conditions = [f"({' OR '.join(group)})" for group in groups]
    return "(" + " OR ".join(conditions) + ")"


def every(conditions: list[str]) -> str:
    """That all of the conditions hold, without what is decided already."""
    left = [one for one in conditions if one != ALWAYS]
    return NEVER if NEVER in left else f"({' AND '.join(left)})" if left else ALWAYS


def some(conditions: list[str]) -> str:
    """That one of the conditions holds, without what is decided already."""
    left = [one for one in conditions if one != NEVER]
    return ALWAYS if ALWAYS in left else either(left) if left else NEVER
