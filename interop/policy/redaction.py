"""What tells where somebody is, taken out of a resource by what R4 says its elements are: no list of types can forget one.

| R4 | what becomes of it |
|---|---|
| Address, ContactPoint, Narrative | taken out, wherever it stands |
| Attachment | keeps what kind of thing it is, not what it holds |
| Reference to a Location, or to what may be one | masked: the place may be the home |
| Reference to kin | keeps whom it leads to, not what they are called |
| what ``whereabouts.csv`` lists | taken out |
| what R4 does not know | taken out |

Extensions, contained resources, entries and parameters are gone through alike; what is contained and nothing refers to any more
goes as well.
"""

from __future__ import annotations

import typing
from collections.abc import Callable, Collection, Iterator
from functools import cache
from typing import Final

from interop.fhir import facts
from interop.fhir.references import target_type

MASKED: Final = {"url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason", "valueCode": "masked"}
"""Stands for what was taken out where R4 demands that something is there."""
TELLING: Final = frozenset(("Address", "ContactPoint", "Narrative"))
ATTACHMENT: Final = frozenset(("id", "contentType", "language", "size", "creation"))
"""What is left of an Attachment."""
PLACE, KIN = "Location", "RelatedPerson"
CALLED: Final = ("display", "_display", "identifier")
Json = dict[str, typing.Any]
Listed = Callable[[str], Collection[str]]
"""The elements of a type that are taken out besides, as paths below it."""


def without_whereabouts(resource: Json, listed: Listed) -> Json:
    """The resource without it; as R4 has it, where it was."""
    return _Redaction(listed, resource).resource(resource)


class _Redaction:
    """``listed`` besides; the types of what is contained, by id, are known of the whole resource."""

    def __init__(self, listed: Listed, resource: Json) -> None:
        self._listed = listed
        self._contained = {
            str(each.get("id")): str(each.get("resourceType")) for each in resource.get("contained", ()) if isinstance(each, dict)
        }

    def resource(self, resource: Json) -> Json:
        """Also one within another."""
        kind = str(resource.get("resourceType"))
        made = self._object(resource, kind, tuple(self._listed(kind))) if kind in facts.resource_types() else {}
        made = {"resourceType": resource.get("resourceType"), **made}
        if "contained" in made:
            kept = _reached(made)
            made = {name: each for name, each in made.items() if name != "contained"} | ({"contained": kept} if kept else {})
        return made

    def _object(self, value: Json, block: str, out: tuple[str, ...]) -> Json:
        known = facts.block(block)
        made: Json = {}
        for name, each in value.items():
            stem = name.removeprefix("_")
            element = known.get(stem)
            if element is None or stem in out or stem.endswith("[x]"):
                continue
            shadow = name != stem
            if shadow and not facts.is_primitive(element.types[0]):
                continue
            if element.types[0] in TELLING:
                if element.min:
                    made[name] = _nothing(element)
                continue
            below = tuple(path.partition(".")[2] for path in out if path.startswith(f"{stem}."))
            kept = self._element(each, element, below, shadow=shadow)
            if kept is not None:
                made[name] = kept
        for element in facts.children(block):
            if element.min and element.name in value and element.name not in made and not facts.is_primitive(element.types[0]):
                made[element.name] = _nothing(element)
        return made

    def _element(self, value: typing.Any, element: facts.Element, out: tuple[str, ...], *, shadow: bool) -> typing.Any:
        """What is left of the values of an element; None where nothing is."""
        if isinstance(value, list):
            kept = [self._one(each, element, out, shadow) for each in value]
            if not facts.is_primitive(element.types[0]):
                kept = [each for each in kept if each is not None]
            return kept if any(each is not None for each in kept) else None
        return self._one(value, element, out, shadow)

    def _one(self, value: typing.Any, element: facts.Element, out: tuple[str, ...], shadow: bool) -> typing.Any:
        kind = element.types[0]
        if not isinstance(value, dict):
            return value if facts.is_primitive(kind) else None
        if shadow:
            return self._object(value, "Element", ()) or None
        if kind == "Resource":
            return self.resource(value)
        if kind == "Reference":
            return self._reference(value, element.targets)
        if kind == "Attachment":
            value = {name: each for name, each in value.items() if name.removeprefix("_") in ATTACHMENT}
        made = self._object(value, element.block, out)
        if kind == "Extension":
            return made if len(made.keys() - {"id", "url"}) else None
        return made or {"extension": [MASKED]}

    def _reference(self, value: Json, targets: tuple[str, ...]) -> Json:
        literal = value.get("reference")
        leads = self._contained.get(literal[1:], "") if isinstance(literal, str) and literal[:1] == "#" else target_type(value)
        may = {leads} if leads else set(targets) - {"Resource"} or {PLACE}
        if PLACE in may:
            return {"extension": [MASKED]}
        made = self._object(value, "Reference", ())
        return {name: each for name, each in made.items() if name not in CALLED} or {"extension": [MASKED]} if KIN in may else made


def _nothing(element: facts.Element) -> typing.Any:
    said = {"extension": [MASKED]}
    return said if element.max == 1 else [said]


def _reached(resource: Json) -> list[Json]:
    """What is contained and is referred to, from without or from what is."""
    contained: dict[str, Json] = {f"#{each.get('id')}": each for each in resource["contained"]}
    pending = list(_literals({name: each for name, each in resource.items() if name != "contained"}))
    found: set[str] = set()
    while pending:
        literal = pending.pop()
        if literal in contained and literal not in found:
            found.add(literal)
            pending += _literals(contained[literal])
    return [each for literal, each in contained.items() if literal in found]


def _literals(value: typing.Any) -> Iterator[typing.Any]:
    """Everything that is said, among it what is referred to."""
    if isinstance(value, dict):
        for each in value.values():
            yield from _literals(each)
    elif isinstance(value, list):
        for each in value:
            yield from _literals(each)
    else:
        yield value


@cache
def may_be_place(type: str, parameter: str) -> bool:
    """Whether a search parameter of a type may lead to a Location."""
    known = facts.search_parameters(type).get(parameter)
    return known is not None and known.type == "reference" and (not known.targets or PLACE in known.targets)
