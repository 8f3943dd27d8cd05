"""Parameters that say how results are given (FHIR R4 search, 3.1.1.5)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from interop.api.paging import DEFAULT, read_count
from interop.api.searching.ground import Known
from interop.api.searching.unsupported import Unsupported, malformed, unmodified
from interop.fhir import facts
from interop.store.where import Where

SORT_KEYS: Final = 5
INCLUDES: Final = 20
"""``_include`` and ``_revinclude`` of one search at most."""
ELEMENTS: Final = 100
_UNSORTED: Final = ("composite", "special")
_ALWAYS: Final = ("_id", "_lastUpdated")


class Include(NamedTuple):
    """``_include`` or ``_revinclude``: ``source`` type ('' = any), reference parameter ('*' = any), ``target`` type ('' = any);
    ``iterate``: also of what was included."""

    source: str
    parameter: str
    target: str = ""
    iterate: bool = False


class Ignored(NamedTuple):
    """A parameter that was left out of the search, and why."""

    name: str
    why: str


@dataclass(slots=True)
class Query:
    """A search as it is understood. ``types`` () = every type; ``used`` are the parameters that had an effect, as they came;
    ``told`` is what else is to be known."""

    types: tuple[str, ...]
    where: Where | None = None
    sort: tuple[tuple[str, bool], ...] = ()
    count: int = DEFAULT
    total: str = ""
    summary: str = ""
    elements: tuple[str, ...] = ()
    only_count: bool = False
    includes: list[Include] = field(default_factory=list)
    revincludes: list[Include] = field(default_factory=list)
    used: list[tuple[str, str]] = field(default_factory=list)
    ignored: list[Ignored] = field(default_factory=list)
    told: list[str] = field(default_factory=list)

    @property
    def type(self) -> str:
        """The type of the store's plan: '' for several."""
        return self.types[0] if len(self.types) == 1 else ""


Effect = Callable[[Known, Query, str], None]


def _count(known: Known, query: Query, value: str) -> None:
    query.count = read_count(value)
    query.only_count = query.only_count or query.count == 0


def _total(known: Known, query: Query, value: str) -> None:
    if value not in ("none", "estimate", "accurate"):
        raise malformed("_total", "none, estimate or accurate is wanted")
    query.total = value


def _summary(known: Known, query: Query, value: str) -> None:
    if value not in ("true", "text", "data", "count", "false"):
        raise malformed("_summary", "true, text, data, count or false is wanted")
    query.summary = value if value not in ("count", "false") else ""
    query.only_count = query.only_count or value == "count"


def _elements(known: Known, query: Query, value: str) -> None:
    query.elements = tuple(dict.fromkeys((*query.elements, *(each.strip() for each in value.split(",") if each.strip()))))
    if len(query.elements) > ELEMENTS:
        raise malformed("_elements", f"at most {ELEMENTS} names are taken")


def _contained(known: Known, query: Query, value: str) -> None:
    if value != "false":
        raise Unsupported("contained resources are not searched")


def _sort(known: Known, query: Query, value: str) -> None:
    """``-date,name``: each key with whether it goes down (3.1.1.5.1); a further ``_sort`` counts after those before it."""
    keys = dict(query.sort)
    for key in value.split(","):
        code = key.removeprefix("-")
        if code not in _ALWAYS:
            kinds = {getattr(known.parameter(each, code), "type", "") for each in query.types or ("",)}
            if len(kinds) > 1 or kinds & {"", *_UNSORTED} or code in ("_text", "_content"):
                raise Unsupported("results are sorted by _id, _lastUpdated and by the parameters of the type")
        keys.setdefault(code, key.startswith("-"))
    if len(keys) > SORT_KEYS:
        raise malformed("_sort", f"at most {SORT_KEYS} keys are taken")
    codes = list(keys)
    last = codes.index("_id") + 1 if "_id" in keys else len(codes)
    query.sort = tuple((code, keys[code]) for code in codes[:last])


def _include(known: Known, query: Query, value: str, iterate: bool) -> None:
    source, parameter, target = _named(known, value)
    if source and not iterate and query.types and source not in query.types:
        raise Unsupported("it starts from a type that is not searched: :iterate follows what is included")
    query.includes.append(Include(source, parameter, target, iterate))
    _bounded(query)


def _revinclude(known: Known, query: Query, value: str, iterate: bool) -> None:
    source, parameter, target = _named(known, value)
    if not source:
        raise Unsupported("it must name the type that comes along, such as Provenance:target")
    targets = () if parameter == "*" else known.answered(source)[parameter].targets
    if targets and not iterate and query.types and not set(query.types) & set(targets):
        raise Unsupported("the parameter never leads to the type that is searched")
    query.revincludes.append(Include(source, parameter, target, iterate))
    _bounded(query)


def _named(known: Known, value: str) -> tuple[str, str, str]:
    """``Type:parameter``, ``Type:parameter:Target``, ``Type:*``, ``*``."""
    source, _, rest = value.partition(":")
    parameter, _, target = rest.partition(":")
    if source == "*" and parameter in ("", "*"):
        return "", "*", target
    if source not in facts.resource_types() or (target and target not in facts.resource_types()):
        raise Unsupported("it names no resource type of R4")
    if parameter != "*" and getattr(known.parameter(source, parameter), "type", "") != "reference":
        raise Unsupported("it names no reference parameter of that type")
    return source, parameter, target


def _bounded(query: Query) -> None:
    if len(query.includes) + len(query.revincludes) > INCLUDES:
        raise malformed("_include", f"at most {INCLUDES} are taken")


_EFFECTS: Final[dict[str, Effect]] = {
    "_count": _count,
    "_total": _total,
    "_summary": _summary,
    "_elements": _elements,
    "_contained": _contained,
    "_sort": _sort,
}
_ALONG: Final = {"_include": _include, "_revinclude": _revinclude}
ITERATE: Final = ("iterate", "recurse")
RESULTS: Final = frozenset((*_EFFECTS, *_ALONG, "_containedType"))


def result_parameter(known: Known, query: Query, name: str, value: str) -> bool:
    """Whether the parameter is one that says how results are given, and if so its effect.

    Raises Unsupported, Problem ``bad-parameter``."""
    code, _, modifier = name.partition(":")
    effect, along = _EFFECTS.get(code), _ALONG.get(code)
    if effect is not None:
        if modifier:
            raise unmodified(code, ())
        effect(known, query, value)
    elif along is not None:
        if modifier not in ("", *ITERATE):
            raise unmodified(code, ITERATE)
        along(known, query, value, bool(modifier))
    elif code == "_containedType":
        raise Unsupported("contained resources are not searched")
    return code in RESULTS
