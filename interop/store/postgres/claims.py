"""Claims: which process works on which messages. Written in the record's turn, so two never claim the same.

A worker has a seat (``interop.store.postgres.seats``) for as long as it lives and answers; what it claimed is another's once
that is free. A claim that was taken over has another token, by which whatever its first holder still commits is known.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from interop.store.plan import Backlog, Claimable, ClaimEntries, OpenClaims, Outcomes
from interop.store.postgres.connection import Connection
from interop.store.postgres.seats import SEAT
from interop.store.sql.ledger import FACTS, JOINED, entry_of
from interop.store.sql.statement import Steps
from interop.store.values import CLAIM, OF_CLIENTS, Change, Claim, Claiming, Conflict, Entry, Outcome

OPEN: Final = "o.message IS NULL AND e.state <> 'refused' AND e.adapter <> ALL($%d)"
GONE: Final = f"pg_try_advisory_xact_lock_shared({SEAT}, CAST(worker AS integer))"


async def deposed(connection: Connection, changes: Sequence[Change]) -> dict[int, Conflict]:
    """Of changes under a claim that is no longer their maker's the conflict, by place; in the record's turn."""
    found: dict[int, Conflict] = {}
    for place, change in enumerate(changes):
        if change.under is not None:
            token = await connection.fetchval("SELECT token FROM claim WHERE place = $1", change.under.place)
            if token != change.under.token:
                found[place] = Conflict(CLAIM, "", change.under.token, token or 0)
    return found


async def settle(connection: Connection, change: Change) -> list[Claim]:
    """Close the claim that a change ends, and make those that it asks for."""
    if change.under is not None and change.closes:
        await connection.execute("DELETE FROM claim WHERE place = $1", change.under.place)
    return await _claimed(connection, change.claiming) if change.claiming is not None else []


async def _claimed(connection: Connection, asked: Claiming) -> list[Claim]:
    taken = await _taken_over(connection, asked) if asked.below else []
    if taken or not asked.spans:
        return taken
    again = [row[0] for row in await connection.fetch("SELECT message FROM again ORDER BY message LIMIT $1", asked.spans)]
    if again:
        await connection.execute("DELETE FROM again WHERE message = ANY($1)", again)
    upto = await connection.fetchval("SELECT upto FROM claimed")
    spans = [(message, message) for message in again if message <= upto]
    room = asked.spans - len(spans)
    if room:
        newest = await connection.fetchval("SELECT coalesce(max(message), 0) FROM journal.entry")
        found = [
            row[0]
            for row in await connection.fetch(
                "SELECT e.message FROM journal.entry e LEFT JOIN outcome o ON o.message = e.message "
                f"WHERE e.message > $1 AND {OPEN % 2} ORDER BY e.message LIMIT $3",
                upto,
                OF_CLIENTS,
                room * asked.size,
            )
        ]
        parts = [found[start : start + asked.size] for start in range(0, len(found), asked.size)]
        spans += [(part[0], part[-1]) for part in parts]
        upto = found[-1] if len(found) == room * asked.size else max(newest, *found[-1:], upto)
    number = await connection.fetchval("UPDATE claimed SET upto = $1, number = number + $2 RETURNING number", upto, len(spans))
    first = number - len(spans) + 1
    claims = [Claim(place, place, *span) for place, span in enumerate(spans, first)]
    await connection.executemany(
        "INSERT INTO claim (place, token, worker, first, last) VALUES ($1, $2, $3, $4, $5)",
        [(one.place, one.token, asked.worker, one.first, one.last) for one in claims],
    )
    return claims


async def _taken_over(connection: Connection, asked: Claiming) -> list[Claim]:
    """The claims below a place whose process is gone, the first ones."""
    gone = await connection.fetch(
        f"SELECT worker FROM (SELECT DISTINCT worker FROM claim WHERE place < $1 AND worker <> $2 OFFSET 0) w WHERE {GONE}",
        asked.below,
        asked.worker,
    )
    if not gone:
        return []
    rows = await connection.fetch(
        "SELECT place, first, last FROM claim WHERE place < $1 AND worker = ANY($2) ORDER BY place LIMIT $3 FOR UPDATE SKIP LOCKED",
        asked.below,
        [worker for (worker,) in gone],
        max(1, asked.spans),
    )
    number = await connection.fetchval("UPDATE claimed SET number = number + $1 RETURNING number", len(rows))
    claims = [Claim(place, number - at, first, last) for at, (place, first, last) in enumerate(rows)]
    await connection.executemany(
        "UPDATE claim SET token = $1, worker = $2 WHERE place = $3", [(one.token, asked.worker, one.place) for one in claims]
    )
    return claims


def open_claims(plan: OpenClaims) -> Steps[list[tuple[Claim, int, bool]]]:
    rows = yield (
        f"SELECT place, token, first, last, worker, worker <> :worker AND {GONE} FROM claim ORDER BY place",
        {"worker": plan.worker},
    )
    return [(Claim(*row[:4]), row[4], row[5]) for row in rows]


def claimable() -> Steps[list[int]]:
    rows = yield (
        "SELECT CASE WHEN coalesce((SELECT max(message) FROM journal.entry), 0) > c.upto THEN c.upto + 1 "
        "WHEN EXISTS (SELECT 1 FROM again) THEN 1 ELSE 0 END FROM claimed c",
        (),
    )
    return [found for (found,) in rows]


def entries(plan: ClaimEntries) -> Steps[list[Entry]]:
    rows = yield (
        f"SELECT {FACTS}, b.body FROM {JOINED} CROSS JOIN body b WHERE e.message >= :first AND e.message <= :last "
        "AND o.message IS NULL AND e.state <> 'refused' AND e.adapter <> ALL(:clients) AND b.message = e.message "
        "ORDER BY e.message",
        {"first": plan.first, "last": plan.last, "clients": OF_CLIENTS},
    )
    return [entry_of(row, bytes(row[19])) for row in rows]


def backlog() -> Steps[list[int]]:
    rows = yield (
        "SELECT coalesce((SELECT max(message) FROM journal.entry), 0) - c.upto + (SELECT count(*) FROM again) "
        "+ coalesce((SELECT sum(last - first + 1) FROM claim), 0) FROM claimed c",
        (),
    )
    return [max(0, int(number)) for (number,) in rows]


def outcomes(plan: Outcomes) -> Steps[list[Outcome]]:
    rows = yield (
        "SELECT message, state, time, reason, detail, place FROM outcome WHERE message = ANY(:messages)",
        {"messages": tuple(plan.messages)},
    )
    return [Outcome(*row) for row in rows]


PLANS: Final[dict[type, Any]] = {
    OpenClaims: open_claims,
    Claimable: lambda plan: claimable(),
    ClaimEntries: entries,
    Backlog: lambda plan: backlog(),
    Outcomes: outcomes,
}
"""The steps that answer each plan."""
