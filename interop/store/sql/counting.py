"""How many resources satisfy a question.

A total goes through all that are counted, so that what is asked of each has to be little. A predicate asks, as a rule, whose a
resource is, where it comes from and how it is labelled: of resources that are alike in this one is asked for all.
"""

from __future__ import annotations

from interop.store.plan import Count
from interop.store.sql.dialect import Dialect
from interop.store.sql.estimates import Estimates
from interop.store.sql.indexed import INDEXED
from interop.store.sql.names import Names
from interop.store.sql.searching import Make, Rule, begin, beside, counts, size_of
from interop.store.sql.shapes import Shapes
from interop.store.sql.start import NONE, flatten, rank
from interop.store.sql.statement import Steps
from interop.store.sql.where import Compiler, narrowed
from interop.store.where import Where

SHARE = 4
"""A part that leaves at most about one in so many resources of a type is begun with."""


def count(plan: Count, names: Names, dialect: Dialect, shapes: Shapes, kept: Estimates) -> Steps[list[int]]:
    """The number; [] where the type has more resources than ``most``."""
    of = narrowed(flatten(plan.where), plan.type or None)
    rule = Rule(plan.decision.predicate, of, shapes)
    where = rule.rest(plan.where)
    parts = flatten(where)

    def make() -> Compiler:
        return Compiler(names, dialect, plan.decision.predicate)

    if plan.most and (yield from size_of(make, kept, of, plan.most + 1)) > plan.most:
        return []
    compiler = make()
    if not rule.held(compiler) and len(parts) == 1 and isinstance(parts[0], INDEXED):
        rows = compiler.rows(parts[0], of)  # what is deleted has no index rows
        text = f"SELECT count(DISTINCT d.rid) FROM ({rows}) d"
    else:
        start = yield from _start(make, kept, parts, of)
        more = yield from beside(make, kept, parts, of, start)
        source = compiler.source(where, of, start=start, beside=more, scan=start is None)
        text = _alike(compiler, rule, source) if start is None else ""
        text = text or f"SELECT count(*) FROM {source}{rule.held(compiler, start)}"
    found = yield f"{compiler.prologue}{text}", compiler.parameters
    return [found[0][0]]


def _alike(compiler: Compiler, rule: Rule, source: str) -> str:
    """The count of a type, what is held asked once of all that are alike; '' where that cannot be. Rows ``m`` stand for them: they
    come in this order from an index that holds all that is asked."""
    held = rule.held(compiler, row="m")
    bits = rule.alike(compiler.names)
    if not held or bits is None:
        return ""
    present = f"{source} AND r.deleted = 0 AND (r.named & {bits})"
    group = (
        "SELECT r.subject AS subject, r.source AS source, r.named AS named, min(r.rid) AS rid, count(*) AS alike "
        f"FROM {present} = {bits} GROUP BY r.subject, r.source, r.named"
    )
    alike = f"SELECT CAST(coalesce(sum(m.alike), 0) AS BIGINT) FROM ({group}) m WHERE m.alike > 0{held}"
    return f"SELECT ({alike}) + (SELECT count(*) FROM {present} <> {bits}{rule.held(compiler)})"


def _start(make: Make, kept: Estimates, parts: list[Where], type_: str | None) -> Steps[Where | None]:
    """The part to begin with; None where it is better to go through the type."""
    start = yield from begin(make, kept, parts, type_)
    some: list[Where] = [part for part in parts if isinstance(part, INDEXED) and rank(part) < NONE]
    if start is not None or not some:
        return start
    limit = 1 << ((yield from size_of(make, kept, type_)) // SHARE).bit_length()
    found = yield from counts(make, kept, some, type_, limit)
    return some[found.index(min(found))] if min(found) < limit else None
