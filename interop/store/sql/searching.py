"""Search: where to begin, in which order to go through, one page.

The cost is to grow with the answer. Parts of a question that leave few rows are gathered and sorted; where each part leaves many,
resources are gone through in the order asked for until the page is full.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from interop.store.plan import Search
from interop.store.sql.conditions import alike
from interop.store.sql.dialect import Dialect
from interop.store.sql.estimates import Estimates
from interop.store.sql.links import both
from interop.store.sql.names import Names
from interop.store.sql.resources import COLUMNS, columns, stored
from interop.store.sql.ruling import ruling
from interop.store.sql.shapes import Shapes
from interop.store.sql.sorting import Key, beyond, key, walked, without
from interop.store.sql.start import NONE, SURE, asks_for_words, best, bounded, flatten, rank, straight
from interop.store.sql.statement import Rows, Statement, Steps
from interop.store.sql.where import Compiler, narrowed
from interop.store.values import Stored
from interop.store.where import Chain, Has, Range, Reference, Span, Text, Token, Tokens, Where

GLANCE = 200
"""Rows that are counted at first of each part; the part with fewer is begun with."""
MANY = 2_000
"""From so many rows on, resources are gone through in order."""
SORTABLE = 50_000
"""So many rows of a range of dates are sorted where going through them would begin at the wrong end."""
LARGE = 200_000
"""Types of more resources than this are taken to have as many."""
LOOKED_AT = 4
"""Parts that are counted."""
EARLY = 500
"""Resources that are asked one by one for words that many have, before all that have them are listed."""

AMONG = 2
"""So many times the resources of a page are asked for what is held, before all that are begun with are."""

Make = Callable[[], Compiler]


def search(plan: Search, names: Names, dialect: Dialect, shapes: Shapes, kept: Estimates) -> Steps[list[Stored]]:
    """One page, and one resource more where there is another."""
    known = statement(plan, names, dialect, shapes, kept)
    if known is None:
        return (yield from _search(plan, names, dialect, kept, shapes))
    rows = yield known
    return told(rows, names)


def statement(plan: Search, names: Names, dialect: Dialect, shapes: Shapes, kept: Estimates) -> Statement | None:
    """The one statement that answers a search, where it is of a kind that is kept; its rows are for ``told``."""
    return shapes.search(plan, lambda marked: _search(marked, names, dialect, kept))


def _search(plan: Search, names: Names, dialect: Dialect, kept: Estimates, shapes: Shapes | None = None) -> Steps[list[Stored]]:
    of = narrowed(flatten(plan.where), plan.type or None)
    rule = Rule(plan.decision.predicate, of, shapes)
    where = rule.rest(plan.where)
    parts = flatten(where)

    def make() -> Compiler:
        return Compiler(names, dialect, plan.decision.predicate)

    begun = start = yield from begin(make, kept, parts, of, plan.count + 1)
    if start is None and plan.sort:
        start = yield from _against(make, kept, parts, of, plan.sort[0])
        if start is None and key(make(), *plan.sort[0], of).walk is not None:
            return (yield from _walk(make, plan, parts, of, rule))
    elif start is None and plan.type and asks_for_words(where):
        found = yield from _early(make, plan, where, rule)
        if len(found) > plan.count:
            return found
    more = yield from beside(make, kept, parts, of, start)
    if begun is not None and rank(begun) > SURE:
        found = yield from _first(make, kept, plan, where, of, begun, more, rule)
        if len(found) > plan.count:
            return found
    compiler = make()
    compiler.few = start is not None
    source = compiler.source(where, of, start=start, beside=more, scan=start is None) + rule.held(compiler, start)
    return (yield from _page(compiler, plan, source, _keys(compiler, plan, of), plan.count + 1))


class Rule:
    """The predicate of a search: where it is kept, a condition behind what the question asks; else a part of the question."""

    def __init__(self, predicate: Where | None, of: str | None, shapes: Shapes | None) -> None:
        self._predicate, self._of = predicate, of
        self._ruled = None if shapes is None or of is None or predicate is None else shapes.rule(predicate)
        if self._ruled is not None and not self._ruled.follows(of):
            self._ruled = None

    def rest(self, where: Where | None) -> Where | None:
        """What is asked beside the condition. Raises Problem ``too-costly``."""
        return bounded(where if self._ruled is not None else both(where, ruling(self._predicate, self._of)))

    def held(self, compiler: Compiler, start: Where | None = None, row: str = "r") -> str:
        """The condition on a row, where it is kept; begins with AND."""
        if self._ruled is None:
            return ""
        with compiler.focused(start):
            text = self._ruled.held(self._of, row, compiler.focus)
        assert text is not None
        if not text:
            return ""
        compiler.names.contributors.missed += 1
        compiler.parameters.update(self._ruled.parameters)
        return f" AND {text}"

    def alike(self, names: Names) -> int | None:
        """As ``conditions.alike``, of a condition that is kept. Asked once that is made: what it looks up is known then."""
        conditions = None if self._ruled is None else self._ruled.conditions
        left = None if conditions is None else conditions.left(self._of)
        return None if left is None or self._of is None else alike(left, names, self._of)


def begin(make: Make, kept: Estimates, parts: list[Where], type_: str | None, page: int = 0) -> Steps[Where | None]:
    """The part to begin with; None where it is better to go through the type. A ``page`` of so many is full before long where
    all parts together leave a good share of the type: then few resources are gone through."""
    ranked = sorted(((rank(part), place) for place, part in enumerate(parts)), key=lambda pair: pair[0])
    if not ranked or ranked[0][0] >= NONE:
        return None
    if ranked[0][0] <= SURE:
        return parts[ranked[0][1]]
    some = [parts[place] for number, place in ranked[:LOOKED_AT] if number < NONE]
    for limit in (GLANCE, MANY):
        found = yield from counts(make, kept, some, type_, limit)
        fewest = min(found)
        if fewest < GLANCE or (fewest < limit and not page):
            return some[found.index(fewest)]
    size = yield from size_of(make, kept, type_)
    gone_through = float(page)
    for one in found:
        gone_through *= max(size / one, 1.0)
    return some[found.index(fewest)] if fewest < MANY and fewest < gone_through else None


def beside(make: Make, kept: Estimates, parts: list[Where], type_: str | None, start: Where | None) -> Steps[list[Where]]:
    """Parts to be listed beside the one that is begun with: where that leaves many rows, what two lists have in common is found
    sooner than each row of one is looked up in the index."""
    others = [part for part in parts if part is not start and straight(part)]
    if start is None or rank(start) <= SURE or not others:
        return []
    if (yield from counts(make, kept, [start], type_, GLANCE))[0] < GLANCE:
        return []
    found = yield from counts(make, kept, others[:LOOKED_AT], type_, MANY)
    return [part for part, number in zip(others, found, strict=False) if number < MANY]


def size_of(make: Make, kept: Estimates, type_: str | None, limit: int = LARGE) -> Steps[int]:
    """About how many resources there are of the type, up to a limit."""
    size = kept.get((type_, None), limit)
    if size is None:
        compiler = make()
        of = "" if type_ is None else f" AND r.type = :{compiler.bind(type_)}"
        rows = yield f"SELECT count(*) FROM (SELECT 1 FROM resource r WHERE r.deleted = 0{of} LIMIT {limit}) d", compiler.parameters
        size = int(rows[0][0])
        kept.put((type_, None), limit, size)
    return size


def counts(make: Make, kept: Estimates, parts: list[Where], type_: str | None, limit: int) -> Steps[list[int]]:
    """About how many rows each part has, up to a limit."""
    known = [kept.get((type_, part), limit) for part in parts]
    if None not in known:
        return [number or 0 for number in known]
    compiler = make()
    counted = []
    for part in parts:
        inner, of = _inmost(part, type_)
        rows = compiler.rows(inner, of)
        counted.append(str(limit) if rows is None else f"(SELECT count(*) FROM (SELECT 1 FROM ({rows}) n LIMIT {limit}) d)")
    found = yield f"{compiler.prologue}SELECT {', '.join(counted)}", compiler.parameters
    for part, number in zip(parts, found[0], strict=True):
        kept.put((type_, part), limit, number)
    return list(found[0])


def _inmost(part: Where, type_: str | None) -> tuple[Where, str | None]:
    """What tells how many rows a chain leads to: the part that its own search begins with."""
    match part:
        case Chain(_, of, where) | Has(of, _, where) if where is not None:
            inner = best(flatten(where))
            return (part, type_) if inner is None else _inmost(inner, of)
    return part, type_


def _early(make: Make, plan: Search, where: Where | None, rule: Rule) -> Steps[list[Stored]]:
    """What the first resources of the type after the cursor give."""
    compiler = make()
    compiler.few = True
    after = plan.after[-1] if plan.after is not None else ""
    named = f"e.type = :{compiler.bind(plan.type)} AND e.id > :{compiler.bind(after)}"
    last = f"SELECT max(id) FROM (SELECT e.id FROM resource e WHERE {named} ORDER BY e.id LIMIT {EARLY}) d"
    source = f"{compiler.source(where, plan.type, scan=True)}{rule.held(compiler)} AND r.id <= ({last})"
    return (yield from _page(compiler, plan, source, [], plan.count + 1))


def _first(
    make: Make,
    kept: Estimates,
    plan: Search,
    where: Where | None,
    type_: str | None,
    start: Where,
    more: list[Where],
    rule: Rule,
) -> Steps[list[Stored]]:
    """What the first resources in order give of the many that are begun with: what is held is not asked of all of them."""
    compiler = make()
    held, among = rule.held(compiler, start), (plan.count + 1) * AMONG
    if not held or (yield from counts(make, kept, [start], type_, GLANCE))[0] <= among:
        return []
    compiler.few = True
    source = compiler.source(where, type_, start=start, beside=more)
    return (yield from _page(compiler, plan, source, _keys(compiler, plan, type_), plan.count + 1, held=(held, among)))


def _against(make: Make, kept: Estimates, parts: list[Where], type_: str | None, sort: tuple[str, bool]) -> Steps[Where | None]:
    """A range of the parameter that is sorted by, which begins far from where the order does."""
    parameter, descending = sort
    prefixes = {"le", "lt", "eb", "eq"} if descending else {"ge", "gt", "sa", "eq"}
    for part in parts:
        if isinstance(part, Span) and part.parameter == parameter and part.prefix in prefixes:
            found = yield from counts(make, kept, [part], type_, SORTABLE)
            return part if found[0] < SORTABLE else None
    return None


def _keys(compiler: Compiler, plan: Search, type_: str | None) -> list[Key]:
    return [key(compiler, parameter, descending, type_) for parameter, descending in plan.sort]


def _walk(make: Make, plan: Search, parts: list[Where], type_: str | None, rule: Rule) -> Steps[list[Stored]]:
    """Through the index of the first key; then through what has no value for it."""
    compiler, found = make(), list[Stored]()
    keys = _keys(compiler, plan, type_)
    first = keys[0]
    if plan.after is None or plan.after[0] != first.missing:
        source, column = walked(first)
        if plan.after is not None:
            source += f" AND {column} {'<=' if first.descending else '>='} :{compiler.bind(plan.after[0])}"
        source += "".join([f" AND {compiler.probe(part, type_)}" for part in parts]) + rule.held(compiler)
        found = yield from _page(
            compiler, plan, source, [first._replace(expression=column), *keys[1:]], plan.count + 1, rid="w.rid"
        )
    wanted = plan.count + 1 - len(found)
    if wanted and not any(_implies(part, plan.sort[0][0]) for part in parts):
        compiler = make()
        keys = _keys(compiler, plan, type_)
        source = f"{compiler.source(both(*parts), type_, scan=True)}{rule.held(compiler)} AND {without(first)}"
        after = plan.after if plan.after is not None and plan.after[0] == first.missing else None
        found += yield from _page(compiler, plan, source, keys, wanted, after)
    return found


def _implies(part: Where, parameter: str) -> bool:
    """That what meets the part has a value by which the parameter sorts: not so where it has only a name, a reference by identifier
    or a quantity that no base unit is known of."""
    match part:
        case Tokens(named) | Span(named) | Reference(named) | Token(named, kind="token") | Text(named, kind=""):
            return named == parameter
        case Range(named, kind="measure"):
            return named == parameter
    return False


UNSET: Any = object()


def _page(
    compiler: Compiler,
    plan: Search,
    source: str,
    keys: list[Key],
    wanted: int,
    after: tuple[Any, ...] | None = UNSET,
    rid: str = "r.rid",
    held: tuple[str, int] = ("", 0),
) -> Steps[list[Stored]]:
    """So many resources of a source after the cursor, in order. ``held``: a condition that is asked only of the first so many."""
    after = plan.after if after is UNSET else after
    selected = "".join([f", {one.expression} AS s{place}" for place, one in enumerate(keys)])
    order = [(f"s{place}", one.descending) for place, one in enumerate(keys)]
    own = [] if plan.type else ["type"]
    if not keys:
        order += [(name, False) for name in (*own, "id")]
    elif plan.sort[-1][0] != "_id" or own:
        order.append(("rid", False))
    text = ""
    if after is not None:
        bound = [f":{compiler.bind(value)}" for value in after[: len(order)]]
        if order[-1][0] == "rid":
            type_ = plan.type or after[-2]
            found = f"SELECT o.rid FROM resource o WHERE o.type = :{compiler.bind(type_)} AND o.id = :{compiler.bind(after[-1])}"
            bound = [*bound[: len(keys)], f"({found})"]
        text = f" WHERE {beyond(order, bound)}"
    listed = ", ".join([f"k.{name}{' DESC' if descending else ''}" for name, descending in order])
    inner = f"SELECT {rid} AS rid, r.type AS type, r.id AS id{selected} FROM {source}"
    condition, among = held
    limited = " LIMIT :wanted" if condition else ""
    rows = yield (
        f"{compiler.prologue}SELECT {columns('r')}{''.join([f', k.s{place}' for place in range(len(keys))])} FROM (SELECT * FROM "
        f"({inner}) k{text} ORDER BY {listed} LIMIT :count) k CROSS JOIN resource r WHERE r.rid = k.rid{condition} "
        f"ORDER BY {listed}{limited}",
        {**compiler.parameters, "count": among or wanted, **({"wanted": wanted} if condition else {})},
    )
    return told(rows, compiler.names)


def told(rows: Rows, names: Names) -> list[Stored]:
    """The rows of a page as values."""
    width = len(COLUMNS)
    return [stored(row[:width], names, row[width:]) for row in rows]
