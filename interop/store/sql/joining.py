"""Many queries or conditions as one: a database takes at most 500 SELECTs side by side, and 1,000 expressions within each other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

TERMS: Final = 400
_ALL: Final = " UNION ALL "


def united(queries: Sequence[str]) -> str:
    """The rows of all queries, of one column."""
    if len(queries) * 2 > TERMS:
        while len(groups := _groups(queries)) > 1:
            queries = [f"SELECT * FROM ({_ALL.join(group)}) AS u" for group in groups]
    return _ALL.join(queries)


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
