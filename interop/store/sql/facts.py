"""Writing what a change says beside resources: links, outcomes, losses, mapping tables, meta."""

from __future__ import annotations

from collections.abc import Iterable

from interop.store.sql import pairs
from interop.store.sql.again import WAITS_AGAIN
from interop.store.sql.statement import Steps, insert, marks, padded
from interop.store.values import Change, Kept, Link

LINK = (
    "ON CONFLICT (patient) DO UPDATE SET person = excluded.person, "
    "identity = CASE WHEN excluded.identity = '' THEN link.identity ELSE excluded.identity END"
)
OUTCOME = "outcome (message, state, time, reason, detail, place, carried, lost, retracted)"
OUTCOME_AGAIN = (
    "ON CONFLICT (message) DO UPDATE SET state = excluded.state, time = excluded.time, reason = excluded.reason, "
    "detail = excluded.detail, place = excluded.place, carried = excluded.carried, lost = excluded.lost, "
    "retracted = excluded.retracted"
)
SNAPSHOT = "snapshot (feed, scope, time, version, tie, message)"
SNAPSHOT_AGAIN = (
    "ON CONFLICT (feed, scope) DO UPDATE SET time = excluded.time, version = excluded.version, tie = excluded.tie, "
    "message = excluded.message"
)
USED_AGAIN = "ON CONFLICT (name) DO UPDATE SET until = excluded.until"
KEPT_AGAIN = "ON CONFLICT (name) DO UPDATE SET value = excluded.value, until = excluded.until"


def write_facts(change: Change) -> Steps[None]:
    """Everything of the change that is no resource. Of two facts with one key the later stands; loss counts add up."""
    if change.links:
        yield from _links(change)
    if change.outcomes:
        yield from _outcomes(change)
    if change.losses:
        counts: dict[tuple[str, str, str, str, str], int] = {}
        for loss in change.losses:
            counts[loss[:5]] = counts.get(loss[:5], 0) + loss.count
        yield from insert(
            "loss (feed, type, path, reason, mapping, count)",
            [(*key, count) for key, count in counts.items()],
            "ON CONFLICT (feed, type, path, reason, mapping) DO UPDATE SET count = loss.count + excluded.count",
        )
    yield from insert(SNAPSHOT, list({(one.feed, one.scope): one for one in change.snapshots}.values()), SNAPSHOT_AGAIN)
    yield from insert("link_event (patient, before, after, why, message, time)", change.link_events)
    yield from pairs.write(change.pairs)
    kept = {digest: (digest, content, first) for digest, content, first in reversed(change.tables)}
    yield from insert("mapping_tables (digest, content, first)", list(kept.values()), "ON CONFLICT DO NOTHING")
    yield from insert(
        "meta (name, value)", list(dict(change.meta).items()), "ON CONFLICT (name) DO UPDATE SET value = excluded.value"
    )
    if change.used:
        yield "DELETE FROM used WHERE until <= ?", (max(each.time for each in change.used),)
        yield from insert("used (name, until)", [(each.name, each.until) for each in change.used], USED_AGAIN)
    if change.kept:
        names = _last(change.kept)
        gone = [each.name for each in names if each.until <= each.time]
        yield "DELETE FROM kept WHERE until <= ?", (max(each.time for each in names),)
        if gone:
            yield f"DELETE FROM kept WHERE name IN ({marks(len(gone))})", gone
        stays = [each for each in names if each.until > each.time]
        rows = [(each.name, each.value, each.until) for each in stays if not each.there]
        yield from insert("kept (name, value, until)", rows, KEPT_AGAIN)
        for each in stays:
            if each.there:
                yield "UPDATE kept SET value = ?, until = ? WHERE name = ?", (each.value, each.until, each.name)


def _last(kept: Iterable[Kept]) -> list[Kept]:
    """What becomes of each name, of values that come one after another."""
    found: dict[str, Kept] = {}
    for each in kept:
        before = found.get(each.name)
        if not each.there or before is None:
            found[each.name] = each
        elif before.until > before.time:
            found[each.name] = each._replace(there=before.there)
    return list(found.values())


def had_outcome(change: Change) -> Steps[bool]:
    """Whether any of a change's messages has an outcome already."""
    messages = list({outcome.message for outcome in change.outcomes})
    for start in range(0, len(messages), 256):
        some = padded(messages[start : start + 256], 0)
        if (yield f"SELECT message FROM outcome WHERE message IN ({marks(len(some))}) LIMIT 1", some):
            return True
    return False


def spent(names: list[str], now: int) -> Steps[set[str]]:
    """Which of these names were used before."""
    found: set[str] = set()
    for start in range(0, len(names), 256):
        some = padded(names[start : start + 256], "")
        rows = yield f"SELECT name FROM used WHERE until > ? AND name IN ({marks(len(some))})", [now, *some]
        found.update(name for (name,) in rows)
    return found


def _links(change: Change) -> Steps[None]:
    links: dict[str, Link] = {}
    for link in change.links:
        before = links.get(link.patient)
        links[link.patient] = link._replace(identity=link.identity or before.identity) if before else link
    yield from insert("link (patient, person, identity)", list(links.values()), LINK)


def _outcomes(change: Change) -> Steps[None]:
    outcomes = {outcome.message: outcome for outcome in change.outcomes}
    rows = [
        (o.message, o.state, o.time, o.reason, o.detail, o.where, o.carried, o.lost, o.retracted)
        for o in outcomes.values()
        if o.state != WAITS_AGAIN
    ]
    yield from insert(OUTCOME, rows, OUTCOME_AGAIN)
    again = [o.message for o in outcomes.values() if o.state == WAITS_AGAIN]
    if again:
        yield f"DELETE FROM outcome WHERE message IN ({marks(len(again))})", again
