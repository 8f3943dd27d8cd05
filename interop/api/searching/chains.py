"""Chains and reverse chains (FHIR R4 search, 3.1.1.4.15 and 3.1.1.4.16)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from interop.api.searching.combining import any_of
from interop.api.searching.ground import Ground, Known
from interop.api.searching.unsupported import Unsupported, malformed
from interop.errors import Problem
from interop.fhir import facts
from interop.store.where import Chain, Has, Where

STEPS: Final = 4
"""Steps of a chain at most, forward and back together."""
TARGETS: Final = 64
"""Types that one step may lead to, where none is named: those that have the rest of the chain."""
FURTHER: Final = 32
"""Types that a further step may lead to."""
Make = Callable[[Ground, str], Where]
Means = Callable[[Known, str, str, int], Make]
"""What a name means for a type so many steps into the chain."""


def chain(known: Known, type: str, name: str, depth: int, means: Means) -> Make:
    """``patient.identifier=``, ``subject:Patient.general-practitioner.name=``: of several target types each that has the
    parameter."""
    stem, _, rest = name.partition(".")
    code, _, modifier = stem.partition(":")
    _deep(code, depth)
    parameter = known.parameter(type, code)
    if parameter is None or parameter.type != "reference":
        raise Unsupported("a step of the chain is no reference parameter of the type")
    if modifier and modifier not in facts.resource_types():
        raise malformed(code, "the modifier of a step of a chain is a resource type")
    if modifier and parameter.targets and modifier not in parameter.targets:
        raise malformed(code, "the parameter never leads to the type of the modifier")
    if not modifier and not 0 < len(parameter.targets) <= (FURTHER if depth else len(facts.resource_types())):
        raise malformed(code, "it may lead to any type: the chain must name one, such as subject:Patient")
    found: list[tuple[str, Make]] = []
    refused: Unsupported | Problem | None = None
    for target in (modifier,) if modifier else parameter.targets:
        try:
            found.append((target, means(known, target, rest, depth + 1)))
        except Unsupported as error:
            refused = refused or error
        except Problem as error:
            refused = refused if isinstance(refused, Problem) else error
    if not found:
        raise refused or Unsupported("the chain leads nowhere")
    if len(found) > TARGETS:
        raise malformed(code, "it may lead to too many types: the chain must name one, such as subject:Patient")

    def make(ground: Ground, value: str) -> Where:
        parts: list[Where] = []
        wrong: Problem | None = None
        for target, inner in found:
            try:
                parts.append(Chain(code, target, inner(ground, value)))
            except Problem as error:
                wrong = error
        if wrong is not None and not parts:
            raise wrong
        return any_of(parts)

    return make


def reverse(known: Known, type: str, name: str, depth: int, means: Means) -> Make:
    """``_has:Observation:patient:code=``: what is referred to by a resource that satisfies the rest."""
    parts = name.split(":", 3)
    if len(parts) < 4 or not all(parts):
        raise malformed("_has", "_has:Type:parameter:parameter is wanted")
    _, source, code, rest = parts
    _deep("_has", depth)
    if source not in facts.resource_types():
        raise malformed("_has", "it names no resource type of R4")
    parameter = known.parameter(source, code)
    if parameter is None or parameter.type != "reference":
        raise malformed("_has", "it names no reference parameter of that type")
    if type and parameter.targets and type not in parameter.targets:
        raise malformed("_has", "the parameter never leads to the type that is searched")
    try:
        inner = means(known, source, rest, depth + 1)
    except Unsupported as error:
        raise malformed("_has", error.why) from None
    return lambda ground, value: Has(source, code, inner(ground, value))


def _deep(code: str, depth: int) -> None:
    if depth >= STEPS:
        raise malformed(code, f"a chain has at most {STEPS} steps")
