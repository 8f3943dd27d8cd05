"""Codes below and above another in the hierarchy of their code system."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from interop.api.searching.ground import Pairs

if TYPE_CHECKING:
    from interop.fhir.terminology import Terminology

LEVELS: Final = 64
"""Steps upwards at most."""


def related(terminology: Terminology, relation: str, system: str, code: str) -> Pairs:
    """The code and what is below or above it in the hierarchy of its code system."""
    from interop.fhir.terminology import Uncomputable

    if relation == "below":
        is_a = {"system": system, "filter": [{"property": "concept", "op": "is-a", "value": code}]}
        found = terminology.expand({"resourceType": "ValueSet", "compose": {"include": [is_a]}})
        return tuple(dict.fromkeys(((system, code), *((each.system, each.code) for each in found.contains))))
    level, above = [code], dict.fromkeys([code])
    for _ in range(LEVELS):
        parents: list[str] = []
        for each in level:
            known = terminology.lookup(system, each)
            if known is None:
                raise Uncomputable([system])
            parents += [parent for parent in known.parents if parent not in above]
        level = list(dict.fromkeys(parents))
        above.update(dict.fromkeys(level))
        if not level:
            break
    return tuple((system, each) for each in above)
