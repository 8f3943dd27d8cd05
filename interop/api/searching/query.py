"""A whole search request: conditions, order, page, what comes along, and what was not understood."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, NamedTuple

from interop.api.paging import DEFAULT, PASSED, legible, read_count
from interop.api.searching.parameter import Ground, compile_parameter
from interop.api.searching.unsupported import Unsupported
from interop.errors import Problem
from interop.fhir import facts
from interop.store.where import All, Where

SORTED_BY: Final = ("date", "string")
SORT_KEYS: Final = 3


class Include(NamedTuple):
    """``_include`` or ``_revinclude``: ``source`` type, reference parameter, ``target`` type ('' = any)."""

    source: str
    parameter: str
    target: str


class Ignored(NamedTuple):
    """A parameter that was left out of the search, and why."""

    name: str
    why: str


@dataclass(slots=True)
class Query:
    """A search as it is understood. ``used`` are the parameters that had an effect, as they came."""

    type: str
    where: Where | None = None
    sort: tuple[tuple[str, bool], ...] = ()
    count: int = DEFAULT
    total: str = ""
    only_count: bool = False
    includes: list[Include] = field(default_factory=list)
    revincludes: list[Include] = field(default_factory=list)
    used: list[tuple[str, str]] = field(default_factory=list)
    ignored: list[Ignored] = field(default_factory=list)


def understand(ground: Ground, type: str, pairs: list[tuple[str, str]], strict: bool) -> Query:
    """Compile the parameters of a search of ``type``. What is not answered is ignored or, where ``strict``, refused.

    Raises Problem ``bad-parameter``.
    """
    query = Query(type)
    parts: list[Where] = []
    for name, value in pairs:
        if name in PASSED:
            continue
        try:
            if not _result_parameter(ground, query, name, value):
                parts.append(compile_parameter(ground, type, name, value))
        except Unsupported as error:
            if strict:
                raise Problem("bad-parameter", where=legible(name), detail=error.why) from None
            query.ignored.append(Ignored(legible(name), error.why))
        else:
            query.used.append((name, value))
    query.where = parts[0] if len(parts) == 1 else All(tuple(parts)) if parts else None
    return query


def _result_parameter(ground: Ground, query: Query, name: str, value: str) -> bool:
    """Whether the parameter is one that says how results are given (3.1.1.5), and if so its effect."""
    code, _, modifier = name.partition(":")
    if code == "_count":
        query.count = read_count(value)
        query.only_count = query.only_count or query.count == 0
    elif code == "_total":
        if value not in ("none", "estimate", "accurate"):
            raise Problem("bad-parameter", where=code, detail="none, estimate or accurate is wanted")
        query.total = value
    elif code == "_summary":
        if value not in ("count", "false"):
            raise Unsupported("only count and false are answered; resources come whole")
        query.only_count = query.only_count or value == "count"
    elif code == "_sort":
        query.sort = _sort(ground, query.type, value)
    elif code in ("_include", "_revinclude"):
        if modifier:
            raise Unsupported("only one step is included")
        _include(ground, query, code, value)
    else:
        return False
    return True


def _sort(ground: Ground, type: str, value: str) -> tuple[tuple[str, bool], ...]:
    """``-date,name``: each key with whether it goes down (3.1.1.5.1)."""
    answered = ground.answered(type)
    keys: list[tuple[str, bool]] = []
    for key in value.split(","):
        code = key.removeprefix("-")
        if code not in ("_id", "_lastUpdated") and (code not in answered or answered[code].type not in SORTED_BY):
            raise Unsupported("results are sorted by _id, _lastUpdated and by indexed dates and strings")
        if code not in [known for known, _ in keys]:
            keys.append((code, key.startswith("-")))
    if len(keys) > SORT_KEYS:
        raise Unsupported(f"results are sorted by at most {SORT_KEYS} keys")
    return tuple(keys[: [code for code, _ in keys].index("_id") + 1] if "_id" in dict(keys) else keys)


def _include(ground: Ground, query: Query, code: str, value: str) -> None:
    source, _, rest = value.partition(":")
    parameter, _, target = rest.partition(":")
    if source not in facts.resource_types() or (target and target not in facts.resource_types()):
        raise Unsupported("it names no resource type of R4")
    known = facts.search_parameters(source).get(parameter) if code == "_include" else ground.answered(source).get(parameter)
    if known is None or known.type != "reference":
        raise Unsupported("it names no reference parameter that is answered")
    if code == "_include":
        if source != query.type:
            raise Unsupported("only one step is included")
        query.includes.append(Include(source, parameter, target))
    elif known.targets and query.type not in known.targets:
        raise Unsupported("the parameter never leads to the type that is searched")
    else:
        query.revincludes.append(Include(source, parameter, target))
