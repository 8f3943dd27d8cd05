"""From which part of a question a search starts: the one that is likely to leave the fewest rows."""

from __future__ import annotations

from interop.errors import Problem
from interop.store.where import (
    All,
    Any,
    Chain,
    Composite,
    FullText,
    Has,
    Ids,
    Near,
    Not,
    Person,
    Present,
    Range,
    Reference,
    Span,
    Text,
    Token,
    Tokens,
    Unguarded,
    Updated,
    Where,
)

DEEPEST = 16
"""Levels of parts within parts."""
NONE = 9
"""The rank of what no index answers."""
SURE = 2
"""Up to this rank a part is taken without counting its rows."""


def bounded(where: Where | None, depth: int = 0) -> Where | None:
    """The question itself. Raises Problem('too-costly') where parts lie deeper than ``DEEPEST`` in each other."""
    if depth > DEEPEST:
        raise Problem("too-costly")
    match where:
        case All(parts) | Any(parts):
            for part in parts:
                bounded(part, depth + 1)
        case Not(part) | Unguarded(part):
            bounded(part, depth + 1)
        case Chain(_, _, inner) | Has(_, _, inner):
            bounded(inner, depth + 1)
    return where


def asks_for_words(where: Where | None) -> bool:
    """Whether full text is asked for anywhere."""
    match where:
        case FullText():
            return True
        case All(parts) | Any(parts):
            return any(asks_for_words(part) for part in parts)
        case Not(part) | Unguarded(part):
            return asks_for_words(part)
        case Chain(_, _, inner) | Has(_, _, inner):
            return asks_for_words(inner)
    return False


def flatten(where: Where | None) -> list[Where]:
    """The parts that must all hold."""
    if where is None:
        return []
    return [one for part in where.parts for one in flatten(part)] if isinstance(where, All) else [where]


def rank(where: Where) -> int:
    """How few rows a part is likely to leave: 0 fewest, 9 no index."""
    match where:
        case Ids():
            return 0
        case Person():
            return 1
        case Token(parameter, code, _, kind):
            return NONE if code is None else SURE if parameter == "identifier" or kind != "token" else 5
        case Reference(_, targets):
            return SURE if all(target.startswith("Patient/") for target in targets) else 3
        case Chain(_, _, inner):
            return _through(inner)
        case Has(_, _, inner):
            return 8 if inner is None else _through(inner)
        case Text(_, _, match):
            return {"equals": 3, "exact": 3, "starts": 4}.get(match, 7)
        case Span(_, prefix, _, _):
            return {"eq": 4, "sa": 6, "ap": 6, "ne": NONE}.get(prefix, 7)
        case Updated(prefix, _, _):
            return {"eq": 4, "ne": NONE}.get(prefix, 6)
        case Range(_, prefix, _, _):
            return {"eq": 5, "ne": NONE}.get(prefix, 8)
        case Composite(_, parts):
            return min((max(rank(part), 4) for part in parts[:1]), default=NONE)
        case Tokens() | Near() | FullText():
            return 6
        case Present():
            return 8
        case Any(parts) if parts:
            return max(rank(part) for part in parts)
        case Any(()):
            return 0
        case All(parts) if parts:
            return min(rank(part) for part in parts)
        case Unguarded(part):
            return rank(part)
    return NONE


def straight(where: Where) -> bool:
    """Whether to list the rows of a part costs what there are of them. Not so of a middle of a text, of the upper side of a number,
    of a unit, a place or several components: few rows are found there by going through many."""
    match where:
        case Tokens():
            return True
        case Text(_, _, match):
            return match != "contains"
        case Token(_, code):
            return code is not None
        case Span(_, prefix):
            return prefix not in {"ne", "ap"}
    return False


def _through(inner: Where) -> int:
    chosen = best(flatten(inner))
    return NONE if chosen is None else max(SURE, rank(chosen))


def best(parts: list[Where]) -> Where | None:
    """The part to start from where nothing is counted, or None."""
    chosen = min(parts, key=rank, default=None)
    return chosen if chosen is not None and rank(chosen) < NONE else None
