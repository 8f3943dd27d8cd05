"""A whole search request: conditions, order, page, what comes along, and what was not understood."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Final

from interop.api.paging import PASSED, legible
from interop.api.searching.combining import all_of, weight
from interop.api.searching.ground import Ground, Known
from interop.api.searching.parameter import Make, compile_parameter, meaning
from interop.api.searching.results import RESULTS, Ignored, Query, result_parameter
from interop.api.searching.unsupported import Unsupported, malformed
from interop.errors import Problem
from interop.fhir import facts
from interop.store.where import Types, Where

PARAMETERS: Final = 100
"""Parameters of one search at most."""
FEW: Final = 4
REMEMBERED: Final = 1_000
"""Characters of the names of a search whose meaning is kept."""
WEIGHT: Final = 5_000
"""Values of one search at most, an id that may be of several types counted for each of them."""
Pairs = Iterable[tuple[str, str]]
Within = Callable[[tuple[str, ...]], Where]


def understand(ground: Ground, types: tuple[str, ...], pairs: Pairs, strict: bool, within: Within | None = None) -> Query:
    """Compile the parameters of a search of ``types`` (() = of every type, or of those that ``_type`` names); ``within`` tells what
    puts resources of some types into a compartment. What is not answered is ignored or, where ``strict``, refused. A parameter
    without value is passed over.

    Raises Problem ``bad-parameter``; Unexpanded where codes must be fetched first.
    """
    given = [(name, value) for name, value in pairs if value and name not in PASSED]
    if len(given) > PARAMETERS:
        raise Problem("bad-parameter", detail=f"at most {PARAMETERS} parameters are taken")
    parts: list[Where] = []
    said = tuple([name for name, _ in given])
    makes = conditions(ground.known, types, said) if types and sum(map(len, said)) <= REMEMBERED else None
    if makes is not None:
        parts += [make(ground, value) for make, (_, value) in zip(makes, given, strict=True)]
        if within is not None or len(types) > 1:
            parts.append(within(types) if within is not None else Types(types))
        return Query(types, _bounded(all_of(parts), given), used=given)
    query = Query(_narrowed(types, given))
    if within is not None or len(query.types) > 1:
        parts.append(within(query.types) if within is not None else Types(query.types))
    known = ground.known
    for name, value in given:
        try:
            if name != "_type" and not result_parameter(known, query, name, value):
                parts.append(compile_parameter(ground, query.types, name, value))
        except Unsupported as error:
            query.ignored.append(Ignored(legible(name), error.why))
        else:
            query.used.append((name, value))
    if strict and query.ignored:
        names = ", ".join(dict.fromkeys(each.name for each in query.ignored))
        raise Problem("bad-parameter", where=names, detail="; ".join(dict.fromkeys(each.why for each in query.ignored)))
    query.where = _bounded(all_of(parts), given)
    return query


def _bounded(where: Where | None, given: list[tuple[str, str]]) -> Where | None:
    """The question; raises Problem ``bad-parameter`` where it names too many values, as ids do that may be of any type."""
    if (len(given) > FEW or "," in "".join([value for _, value in given])) and weight(where) > WEIGHT:
        raise Problem("bad-parameter", detail=f"more than {WEIGHT} values would be compared: fewer, or with their types")
    return where


@lru_cache(maxsize=4096)
def conditions(known: Known, types: tuple[str, ...], names: tuple[str, ...]) -> tuple[Make, ...] | None:
    """What the names of a search mean, understood once for all values, where each is a condition that is answered; else None."""
    if any(name == "_type" or name.partition(":")[0] in RESULTS for name in names):
        return None
    try:
        return tuple(meaning(known, types, name) for name in names)
    except (Unsupported, Problem):
        return None


def _narrowed(types: tuple[str, ...], given: list[tuple[str, str]]) -> tuple[str, ...]:
    """The types that are searched: those of the address, or of ``_type``."""
    named = [set(value.split(",")) for name, value in given if name == "_type"]
    for each in named:
        if not facts.resource_types().issuperset(each):
            raise malformed("_type", "it names a type that R4 lacks")
    if not named:
        return types
    wanted = set.intersection(*named)
    found = tuple(sorted(wanted & set(types) if types else wanted))
    if not found:
        raise malformed("_type", "it names another type than the address")
    return found
