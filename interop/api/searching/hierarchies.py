"""References up and down a hierarchy: ``:below`` and ``:above`` (FHIR R4 search, 3.1.1.4.13 and 3.1.1.4.14)."""

from __future__ import annotations

from functools import cache
from typing import Final

from interop.api.searching.combining import any_of
from interop.api.searching.escapes import plain
from interop.api.searching.ground import Codes, Ground
from interop.api.searching.references import reference
from interop.api.searching.unsupported import malformed
from interop.fhir import facts
from interop.fhir.parameters import SearchParameter
from interop.fhir.searching import index_rows
from interop.formats.json import load_json
from interop.store.decision import Decision
from interop.store.plan import Search, Several
from interop.store.seam import Store
from interop.store.values import Stored
from interop.store.where import Reference, Token, Where

BELOW, ABOVE = "part below", "part above"
MOST: Final = 1000
"""Resources of a hierarchy at most."""
_WHOLE: Final = ("partof", "part-of")


@cache
def part_of(type: str) -> str:
    """The parameter by which a resource of a type is part of another of the same type; '' where there is none."""
    known = facts.search_parameters(type)
    return next((code for code in _WHOLE if code in known and type in known[code].targets), "")


def related(ground: Ground, parameter: SearchParameter, name: str, value: str, modifier: str) -> Where:
    """What refers to a resource or to one that is, over any number of steps, part of it (``below``), or that it is part of
    (``above``). Of a canonical URL every version is below it, and 1.2 is below 1."""
    text = plain(value).removeprefix(ground.base + "/")
    if ":" in text:
        if modifier == "above":
            raise malformed(name, "there is nothing above a canonical URL")
        return Token(name, text, None, "below")
    type_, _, id_ = text.rpartition("/")
    types = [each for each in ((type_,) if type_ else parameter.targets) if each in facts.resource_types() and part_of(each)]
    if not types:
        raise malformed(name, "what it leads to is in no hierarchy")
    wanted = BELOW if modifier == "below" else ABOVE
    found = [f"{kind}/{one}" for each in types for kind, one in ground.codes(name, Codes(wanted, f"{each}/{id_}"))]
    return any_of([reference(ground, parameter, name, value), Reference(name, tuple(found))])


async def steps(store: Store, decision: Decision, relation: str, literal: str) -> tuple[tuple[str, str], ...]:
    """Type and id of a resource and of all that is below or above it, at most ``MOST``, each once."""
    type_, _, id_ = literal.partition("/")
    code, found, edge = part_of(type_), {(type_, id_): None}, [(type_, id_)]
    while edge and len(found) < MOST:
        if relation == BELOW:
            where = Reference(code, tuple("/".join(each) for each in edge))
            below: list[Stored] = await store.query(Search(decision, type_, where, count=MOST))
            reached = [(each.type, each.id) for each in below]
        else:
            above: list[Stored] = await store.query(Several(decision, tuple(edge)))
            literals = [row.a for each in above for row in index_rows(load(each), frozenset((code,))) if row.kind == "reference"]
            reached = [(type_, each.rpartition("/")[2]) for each in literals if each.startswith(type_ + "/")]
        edge = [each for each in dict.fromkeys(reached) if each not in found]
        found.update(dict.fromkeys(edge))
    return tuple(found)[:MOST]


def load(stored: Stored) -> dict[str, object]:
    return {} if stored.deleted else load_json(stored.body, values=None)
