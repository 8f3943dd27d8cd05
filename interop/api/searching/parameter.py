"""One search parameter with its modifier: what its name means, once, and what each value then asks."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, partial
from typing import Final

from interop.api.searching import chains
from interop.api.searching.combining import EVERYTHING, NOTHING, any_of
from interop.api.searching.composites import composite
from interop.api.searching.dates import date, updated
from interop.api.searching.escapes import plain, split
from interop.api.searching.ground import UNANSWERED, Ground, Known
from interop.api.searching.hierarchies import related
from interop.api.searching.modifiers import MISSING, MODIFIERS, NEGATIVE
from interop.api.searching.numbers import number, quantity
from interop.api.searching.places import near
from interop.api.searching.references import ids, reference
from interop.api.searching.strings import normalised, string, uri
from interop.api.searching.tokens import MODIFIED, token
from interop.api.searching.unsupported import Unsupported, malformed, unmodified
from interop.api.searching.words import full_text
from interop.fhir import facts
from interop.fhir.parameters import SearchParameter
from interop.fhir.searching import caseless, components
from interop.store.where import All, Any, Has, Not, Present, Text, Token, Types, Where

VALUES: Final = 1000
"""Alternatives of one parameter at most."""
Make = Callable[[Ground, str], Where]
"""What a value asks; raises Problem ``bad-parameter`` for one that cannot be read."""


def compile_parameter(ground: Ground, types: tuple[str, ...], name: str, value: str) -> Where:
    """What ``name=value`` asks of resources of these types (() = of every type).

    Raises Unsupported for what is not answered, Problem ``bad-parameter`` for a value that cannot be read or a modifier that the
    parameter does not take.
    """
    return meaning(ground.known, types, name)(ground, value)


@lru_cache(maxsize=4096)
def meaning(known: Known, types: tuple[str, ...], name: str) -> Make:
    """What the name of a parameter means for these types (() = every type). Raises as ``compile_parameter``."""
    if len(types) < 2:
        return means(known, types[0] if types else "", name, 0)
    makes = [(each, means(known, each, name, 0)) for each in types]

    def make(ground: Ground, value: str) -> Where:
        asked: dict[Where, list[str]] = {}
        for each, made in makes:
            asked.setdefault(made(ground, value), []).append(each)
        if len(asked) == 1:
            return next(iter(asked))
        return Any(tuple(All((Types(tuple(some)), part)) for part, some in asked.items()))

    return make


def means(known: Known, type: str, name: str, depth: int) -> Make:
    """The same for one type ('' = what is common to all), ``depth`` steps into a chain."""
    if name.startswith("_has:"):
        return chains.reverse(known, type, name, depth, means)
    if "." in name:
        return chains.chain(known, type, name, depth, means)
    code, _, modifier = name.partition(":")
    functional = _FUNCTIONAL.get(code)
    if functional is not None:
        return functional(modifier)
    parameter = known.parameter(type, code)
    if parameter is None:
        waiting = code in known.waiting(type)
        raise Unsupported("it is not indexed yet" if waiting else "there is no such parameter here")
    return _typed(type, parameter, modifier)


def _typed(type: str, parameter: SearchParameter, modifier: str) -> Make:
    code = parameter.code
    taken = MODIFIERS[parameter.type]
    narrowed = modifier if parameter.type == "reference" and modifier in facts.resource_types() else ""
    if modifier not in taken and not narrowed:
        raise unmodified(code, taken)
    if narrowed and parameter.targets and narrowed not in parameter.targets:
        raise malformed(code, "the parameter never leads to the type of the modifier")
    if modifier == MISSING:
        return partial(_missing, code, Present(code))
    if parameter.type == "composite":
        parts = components(type, parameter)
        if not parts:
            raise Unsupported("a component of it is not known")
        return lambda ground, value: composite(ground, parameter, parts, value, _component)
    if code in ("_text", "_content"):
        return lambda ground, value: full_text(code, value)
    one = _ONE[parameter.type]
    if parameter.type == "token" and modifier in ("", "not") and caseless(type or "DomainResource", parameter):
        return alternatives(code, lambda ground, value: _word(code, value), modifier == "not")
    return alternatives(code, lambda ground, value: one(ground, parameter, code, value, modifier), modifier in NEGATIVE)


def alternatives(code: str, one: Make, negative: bool = False) -> Make:
    """Values with commas between; ``negative``: what none of them finds."""

    def make(ground: Ground, value: str) -> Where:
        if "," not in value:
            found = one(ground, value)
        else:
            parts = [part for part in split(value, ",") if part]
            if not parts or len(parts) > VALUES:
                raise malformed(code, f"from 1 to {VALUES} values are wanted")
            found = any_of([one(ground, part) for part in parts])
        return Not(found) if negative else found

    return make


def _token(ground: Ground, parameter: SearchParameter, name: str, value: str, modifier: str) -> Where:
    return MODIFIED[modifier](ground, name, value)


def _word(name: str, value: str) -> Where:
    """A token that is a string: without regard to case (3.1.1.4.10)."""
    found = token(name, value)
    lower = found.code.casefold() if isinstance(found, Token) and found.code else ""
    return any_of([found, Token(name, lower, found.system)]) if isinstance(found, Token) and lower else found


def _reference(ground: Ground, parameter: SearchParameter, name: str, value: str, modifier: str) -> Where:
    if modifier == "identifier":
        return token(name, value, "identifier")
    if modifier == "text":
        return Text(name, normalised(name, value), "starts", "text")
    if modifier in ("below", "above"):
        return related(ground, parameter, name, value, modifier)
    return reference(ground, parameter, name, value, modifier)


_ONE: Final[dict[str, Callable[[Ground, SearchParameter, str, str, str], Where]]] = {
    "token": _token,
    "string": lambda ground, parameter, name, value, modifier: string(name, value, modifier),
    "uri": lambda ground, parameter, name, value, modifier: uri(name, value, modifier),
    "date": lambda ground, parameter, name, value, modifier: date(name, value, ground.now),
    "number": lambda ground, parameter, name, value, modifier: number(name, value),
    "quantity": lambda ground, parameter, name, value, modifier: quantity(name, value),
    "reference": _reference,
    "special": lambda ground, parameter, name, value, modifier: near(name, value),
}
"""Parameter type -> one value: ground, parameter, the name it is indexed under, value, modifier."""


def _component(ground: Ground, parameter: SearchParameter, name: str, value: str) -> Where:
    return _ONE[parameter.type](ground, parameter, name, value, "")


def _missing(code: str, there: Where, ground: Ground, value: str) -> Where:
    """``:missing`` (3.1.1.4.4)."""
    if value not in ("true", "false"):
        raise malformed(code, "true or false is wanted")
    return Not(there) if value == "true" else there


def _id(modifier: str) -> Make:
    if modifier == MISSING:
        return lambda ground, value: NOTHING if _missing("_id", NOTHING, ground, value) != NOTHING else EVERYTHING
    if modifier not in ("", "not"):
        raise unmodified("_id", ("not", MISSING))
    return alternatives("_id", lambda ground, value: ids("_id", value), modifier == "not")


def _last_updated(modifier: str) -> Make:
    if modifier == MISSING:
        return lambda ground, value: NOTHING if _missing("_lastUpdated", NOTHING, ground, value) != NOTHING else EVERYTHING
    if modifier:
        raise unmodified("_lastUpdated", (MISSING,))
    return alternatives("_lastUpdated", lambda ground, value: updated(value, ground.now))


def _list(modifier: str) -> Make:
    """``_list`` (3.1.1.4.17): the members of a List; the functional ones (``$current-problems``) are not kept."""
    if modifier:
        raise unmodified("_list", ())

    def one(ground: Ground, value: str) -> Where:
        if value.startswith("$"):
            raise malformed("_list", "the id of a List is wanted; functional lists are not supported")
        return Has("List", "item", ids("_list", plain(value).removeprefix("List/")))

    return alternatives("_list", one)


def _refused(code: str, modifier: str) -> Make:
    raise malformed(code, "it is not supported")


_FUNCTIONAL: Final[dict[str, Callable[[str], Make]]] = {
    "_id": _id,
    "_lastUpdated": _last_updated,
    "_list": _list,
    **{code: partial(_refused, code) for code in sorted(UNANSWERED)},
}
"""Parameters that no index of the resource itself answers."""
