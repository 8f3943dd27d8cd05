"""Reads for the engine's own work: folding and linking. They return no resource to anyone."""

from __future__ import annotations

from itertools import chain

from interop.store.plan import Access, Claims, Heads, Held, LinkHistory, Meta, Noted, Persons, Said, Snapshots, Spent, Tables
from interop.store.sql.dialect import Dialect
from interop.store.sql.names import Names
from interop.store.sql.statement import Steps, marks, padded
from interop.store.sql.where import Compiler
from interop.store.values import Head, LinkEvent, Snapshot

PORTION = 256


def heads(plan: Heads, names: Names, dialect: Dialect) -> Steps[list[Head]]:
    found: dict[int, Head] = {}
    keys = list(dict.fromkeys(plan.resources))
    for start in range(0, len(keys), PORTION):
        some = padded(keys[start : start + PORTION], ("", ""))
        rows = yield (
            f"{dialect.wanted(('type', 'id'), len(some))} SELECT r.rid, r.type, r.id, r.version, r.owner, r.body, r.deleted, "
            "r.message, r.source, c.feed, c.event, c.state "
            "FROM wanted w CROSS JOIN resource r LEFT JOIN contribution c ON c.rid = r.rid "
            "WHERE r.type = w.type AND r.id = w.id",
            list(chain.from_iterable(some)),
        )
        for rid, type_, id_, version, owner, body, deleted, message, source, feed, event, state in rows:
            head = found.get(rid)
            if head is None:
                said = names.contributors.text(source)
                head = found[rid] = Head(type_, id_, version, owner, bytes(body), deleted != 0, message=message, source=said)
            if feed is not None:
                head.contributions[feed, event] = bytes(state)
    return list(found.values())


def snapshots(plan: Snapshots, dialect: Dialect) -> Steps[list[Snapshot]]:
    found: list[Snapshot] = []
    for start in range(0, len(plan.scopes), PORTION):
        some = padded(plan.scopes[start : start + PORTION], ("", ""))
        rows = yield (
            f"{dialect.wanted(('feed', 'scope'), len(some))} SELECT s.feed, s.scope, s.time, s.version, s.tie, s.message "
            "FROM wanted w CROSS JOIN snapshot s WHERE s.feed = w.feed AND s.scope = w.scope",
            list(chain.from_iterable(some)),
        )
        found += [Snapshot(*row) for row in rows]
    return found


def said(plan: Said, dialect: Dialect) -> Steps[list[tuple[str, str, str, str]]]:
    found: list[tuple[str, str, str, str]] = []
    for start in range(0, len(plan.scopes), PORTION):
        some = padded(plan.scopes[start : start + PORTION], ("", ""))
        rows = yield (
            f"{dialect.wanted(('feed', 'scope'), len(some))} SELECT c.feed, c.event, r.type, r.id "
            "FROM wanted w CROSS JOIN contribution c CROSS JOIN resource r "
            "WHERE c.event = w.scope AND c.feed = w.feed AND c.event >= '~' AND r.rid = c.rid",
            list(chain.from_iterable(some)),
        )
        found += [(feed, scope, type_, id_) for feed, scope, type_, id_ in rows]
    return found


def persons(plan: Persons) -> Steps[list[tuple[str, str, str]]]:
    found: list[tuple[str, str, str]] = []
    for start in range(0, len(plan.patients), PORTION):
        some = padded(plan.patients[start : start + PORTION], "")
        rows = yield (
            "SELECT DISTINCT b.patient, b.person, b.identity FROM link a CROSS JOIN link b "
            f"WHERE a.patient IN ({marks(len(some))}) AND b.person = a.person",
            some,
        )
        found += [(patient, person, identity or "") for patient, person, identity in rows]
    return list(dict.fromkeys(found))


def claims(plan: Claims, names: Names) -> Steps[list[tuple[str, str, str]]]:
    found: dict[tuple[str, str, str], None] = {}
    for pid in names.pids("Patient", "identifier", "token"):
        wanted = [(names.system(system), value) for system, value in plan.identifiers]
        for start in range(0, len(wanted), PORTION):
            some = padded(wanted[start : start + PORTION], (-1, ""))
            rows = yield (
                "SELECT r.id, coalesce(l.person, ''), coalesce(l.identity, '') FROM index_token x CROSS JOIN resource r "
                "LEFT JOIN link l ON l.patient = r.id "
                f"WHERE x.pid = {pid} AND x.code IN ({marks(len(some))}) AND r.rid = x.rid AND (x.sid, x.code) IN "
                f"(VALUES {','.join(['(CAST(? AS BIGINT),?)'] * len(some))})",
                [*(value for _, value in some), *chain.from_iterable(some)],
            )
            found.update(dict.fromkeys((patient, person, identity) for patient, person, identity in rows))
    return list(found)


def access(plan: Access, names: Names, dialect: Dialect) -> Steps[list[tuple[str, str, str, int, int, str, str]]]:
    wanted = {pid: name for (type_, name, kind), pid in names.parameters.items() if kind == "access" and not type_}
    if plan.parameters:
        wanted = {pid: name for pid, name in wanted.items() if name in plan.parameters}
    if not wanted or not plan.patients:
        return []
    compiler = Compiler(names, dialect)
    people = dialect.among("x.subject", compiler.group(plan.patients).patients)
    pids = ", ".join(map(str, sorted(wanted)))
    rows = yield (
        f"{compiler.prologue}SELECT x.subject, x.pid, x.code, x.low, x.high, r.type, r.id "
        f"FROM index_access x CROSS JOIN resource r WHERE {people} AND x.pid IN ({pids}) AND r.rid = x.rid",
        compiler.parameters,
    )
    return sorted((patient, wanted[pid], *rest) for patient, pid, *rest in rows)


def link_history(plan: LinkHistory) -> Steps[list[LinkEvent]]:
    rows = yield (
        "SELECT patient, before, after, why, message, time FROM link_event WHERE patient = :patient ORDER BY line",
        {"patient": plan.patient},
    )
    return [LinkEvent(*row) for row in rows]


def tables(plan: Tables) -> Steps[list[bytes]]:
    rows = yield "SELECT content FROM mapping_tables WHERE digest = :digest", {"digest": plan.digest}
    return [bytes(content) for (content,) in rows]


def kept_tables() -> Steps[list[tuple[str, int, bytes]]]:
    rows = yield "SELECT digest, first, content FROM mapping_tables ORDER BY first, digest", ()
    return [(digest, first, bytes(content)) for digest, first, content in rows]


def spent(plan: Spent) -> Steps[list[tuple[str, int]]]:
    rows = yield (
        "SELECT name, until FROM used WHERE name >= ? AND name < ? AND until > ?",
        (plan.prefix, plan.prefix[:-1] + chr(ord(plan.prefix[-1]) + 1), plan.now),
    )
    return [(name, until) for name, until in rows]


def held(plan: Held) -> Steps[list[str]]:
    rows = yield "SELECT value FROM kept WHERE name = ? AND until > ?", (plan.name, plan.now)
    return [str(value) for (value,) in rows]


def contributors() -> Steps[list[str]]:
    """Every list of contributing organisations."""
    rows = yield "SELECT names FROM contributors ORDER BY number", ()
    return [str(names) for (names,) in rows]


def noted(plan: Noted) -> Steps[list[tuple[str, str]]]:
    said = {"start": plan.prefix, "count": len(plan.prefix)}
    rows = yield "SELECT name, value FROM meta WHERE substr(name, 1, :count) = :start ORDER BY name", said
    return [(name, value) for name, value in rows]


def turn() -> Steps[list[int]]:
    """The number of the last commit."""
    rows = yield "SELECT number FROM turn", ()
    return [number for (number,) in rows]


def meta(plan: Meta) -> Steps[list[str]]:
    rows = yield "SELECT value FROM meta WHERE name = :name", {"name": plan.name}
    return [value for (value,) in rows]
