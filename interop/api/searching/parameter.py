"""One search parameter with its modifier and values as a part of the query tree."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from interop.api.searching import values
from interop.api.searching.escapes import split
from interop.api.searching.unsupported import Unsupported
from interop.fhir import facts
from interop.fhir.searching import EARLIEST, indexable
from interop.store.where import Any, Chain, Not, Reference, Span, Text, Token, Where

STORED: Final = frozenset(("_id", "_lastUpdated"))
"""Parameters of every type, answered without an index."""
ANSWERED: Final = ("token", "string", "reference", "date", "uri")
"""The parameter types that are answered; number, quantity, composite and special are not."""
MODIFIERS: Final = {
    "token": ("", "not", "missing"),
    "string": ("", "exact", "contains", "missing"),
    "date": ("", "missing"),
    "uri": ("", "below", "missing"),
    "reference": ("",),
}
_STRING: Final = {"": "starts", "exact": "equals", "contains": "contains"}


@dataclass(frozen=True, slots=True)
class Ground:
    """What a search stands on: which parameters of a type are indexed, our own base, the present in microseconds."""

    indexed: Callable[[str], frozenset[str]]
    base: str
    now: int

    def answered(self, type: str) -> dict[str, facts.SearchParameter]:
        """The parameters of a type that are answered, without ``_id`` and ``_lastUpdated``, which are for all types."""
        known = facts.search_parameters(type)
        wanted = self.indexed(type) & indexable(type)
        return {code: known[code] for code in sorted(wanted & known.keys() - STORED) if known[code].type in ANSWERED}


def compile_parameter(ground: Ground, type: str, name: str, value: str, deep: bool = False) -> Where:
    """What ``name=value`` asks of resources of a type; ``deep``: inside a chain.

    Raises Unsupported for what is not answered, Problem ``bad-parameter`` for a value that cannot be read.
    """
    stem, dot, rest = name.partition(".")
    code, _, modifier = stem.partition(":")
    if dot:
        if deep:
            raise Unsupported("chains of more than one step are not answered")
        return _chain(ground, type, code, modifier, rest, value)
    if code in STORED:
        if modifier:
            raise Unsupported("it takes no modifier")
        parts = split(value, ",")
        return values.ids(parts) if code == "_id" else _any([values.updated(part, ground.now) for part in parts])
    parameter = ground.answered(type).get(code)
    if parameter is None:
        there = code in facts.search_parameters(type)
        raise Unsupported("it is not indexed for this type" if there else "the type has no such parameter")
    if parameter.type == "reference":
        if modifier and modifier not in facts.resource_types():
            raise Unsupported("the modifier is not answered for this type of parameter")
        return _any([values.reference(code, part, parameter.targets, ground.base, modifier) for part in split(value, ",")])
    if modifier not in MODIFIERS[parameter.type]:
        raise Unsupported("the modifier is not answered for this type of parameter")
    if modifier == "missing":
        return _missing(parameter, value)
    return _plain(ground, parameter, modifier, split(value, ","))


def _plain(ground: Ground, parameter: facts.SearchParameter, modifier: str, parts: list[str]) -> Where:
    code = parameter.code
    if parameter.type == "token":
        wanted = _any([values.token(code, part) for part in parts])
        return Not(wanted) if modifier == "not" else wanted
    if parameter.type == "string":
        return _any([values.string(code, part, _STRING[modifier]) for part in parts])
    if parameter.type == "uri":
        return _any([values.uri(code, part, "starts" if modifier == "below" else "equals") for part in parts])
    return _any([values.date(code, part, ground.now) for part in parts])


def _missing(parameter: facts.SearchParameter, value: str) -> Where:
    """``:missing`` (3.1.1.4.4): whether there is any index row."""
    if value not in ("true", "false"):
        raise values.malformed(parameter.code, "true or false is wanted")
    code = parameter.code
    if parameter.type == "token":
        there: Where = Token(code, None)
    elif parameter.type == "date":
        there = Span(code, "gt", EARLIEST, EARLIEST)
    else:
        there = Text(code, "", "starts")
    return Not(there) if value == "true" else there


def _chain(ground: Ground, type: str, code: str, modifier: str, inner: str, value: str) -> Where:
    """``patient.identifier=``, ``subject:Patient.name=`` (3.1.1.4.15): of several target types any that has the parameter."""
    parameter = ground.answered(type).get(code)
    if parameter is None or parameter.type != "reference":
        raise Unsupported("the chain does not begin with a reference that is indexed for this type")
    if modifier and modifier not in facts.resource_types():
        raise Unsupported("the modifier of a chain is a resource type")
    if parameter.targets and modifier and modifier not in parameter.targets:
        raise Unsupported("the parameter never leads to that type")
    targets = (modifier,) if modifier else parameter.targets
    parts: list[Where] = []
    refused: Unsupported | None = None
    for target in targets:
        try:
            parts.append(Chain(code, target, compile_parameter(ground, target, inner, value, deep=True)))
        except Unsupported as error:
            refused = error
    if not parts:
        raise refused or Unsupported("the chain must name a type, such as subject:Patient")
    return _any(parts)


def _any(parts: list[Where]) -> Where:
    """Values with commas between are alternatives; lists of references are one."""
    if len(parts) == 1:
        return parts[0]
    if all(isinstance(part, Reference) for part in parts):
        merged = [target for part in parts if isinstance(part, Reference) for target in part.targets]
        return Reference(parts[0].parameter, tuple(merged)) if isinstance(parts[0], Reference) else Any(tuple(parts))
    return Any(tuple(parts))
