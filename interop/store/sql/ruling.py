"""A Decision's predicate as a part of a question: what is left of it where the type is known."""

from __future__ import annotations

from interop.store.where import All, Any, Chain, Has, Not, Types, Unguarded, Where

EVERYTHING = All(())
NOTHING = Any(())
ROOM = 1_000
"""Predicates of which it is kept what is left of them."""
_kept: dict[int, tuple[Where, dict[str | None, Where | None]]] = {}


def ruling(predicate: Where | None, type_: str | None) -> Where | None:
    """The predicate for resources of a type (None: of any); None where it holds nothing back. Its own chains are unguarded."""
    if predicate is None:
        return None
    known = _kept.get(id(predicate))
    if known is None:
        if len(_kept) >= ROOM:
            _kept.clear()
        known = _kept[id(predicate)] = (predicate, {})  # held, so that no other object has its identity
    if type_ not in known[1]:
        known[1][type_] = _left(predicate, type_)
    return known[1][type_]


def _left(predicate: Where, type_: str | None) -> Where | None:
    left = folded(predicate, type_)
    if left == EVERYTHING:
        return None
    if isinstance(left, All):
        return All(tuple([Unguarded(part) if leads(part) else part for part in left.parts]))
    return Unguarded(left) if leads(left) else left


def folded(where: Where, type_: str | None) -> Where:
    """The same question without what the type answers. ``All(())`` is always so, ``Any(())`` never."""
    match where:
        case Types(types) if type_ is not None:
            return EVERYTHING if type_ in types else NOTHING
        case All(parts):
            left = [one for part in parts for one in _parts(folded(part, type_), All)]
            return NOTHING if NOTHING in left else left[0] if len(left) == 1 else All(tuple(left))
        case Any(parts):
            left = [one for part in parts for one in _parts(folded(part, type_), Any)]
            return EVERYTHING if EVERYTHING in left else left[0] if len(left) == 1 else Any(tuple(left))
        case Not(part):
            inner = folded(part, type_)
            return NOTHING if inner == EVERYTHING else EVERYTHING if inner == NOTHING else Not(inner)
    return where


def _parts(where: Where, kind: type[All] | type[Any]) -> tuple[Where, ...]:
    return where.parts if isinstance(where, kind) else (where,)


def leads(where: Where | None) -> bool:
    """Whether a part asks something of other resources."""
    match where:
        case Chain() | Has():
            return True
        case All(parts) | Any(parts):
            return any(leads(part) for part in parts)
        case Not(part) | Unguarded(part):
            return leads(part)
    return False
