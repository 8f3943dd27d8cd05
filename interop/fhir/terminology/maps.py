"""Translation by concept maps (FHIR R4, ConceptMap; ConceptMap/$translate)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cached_property

from interop.fhir.shapes import Json, dicts, text
from interop.fhir.terminology.results import Translation
from interop.fhir.terminology.system import split

REVERSED = {
    "wider": "narrower",
    "narrower": "wider",
    "subsumes": "specializes",
    "specializes": "subsumes",
}
"""What an equivalence is seen from the other side; all others stay."""
DEEP = 10
"""How far maps may hand over to other maps."""

Find = Callable[[str], "Map | None"]


class Map:
    """A ConceptMap, indexed by source and by target on first use."""

    def __init__(self, resource: Json) -> None:
        self.url = text(resource, "url")
        self.source = _canonical(resource, "source")
        self.target = _canonical(resource, "target")
        self._groups = dicts(resource, "group")

    @cached_property
    def _forward(self) -> list[dict[str, Json]]:
        """For each group: code -> element."""
        return [{text(each, "code"): each for each in dicts(group, "element")} for group in self._groups]

    @cached_property
    def _backward(self) -> dict[tuple[str, str], list[tuple[Json, Json, Json]]]:
        """(target system, target code) -> (group, element, target)."""
        found: dict[tuple[str, str], list[tuple[Json, Json, Json]]] = {}
        for group in self._groups:
            for element in dicts(group, "element"):
                for target in dicts(element, "target"):
                    if text(target, "code"):
                        found.setdefault((text(group, "target"), text(target, "code")), []).append((group, element, target))
        return found

    def forward(self, system: str, code: str, target: str, find: Find, depth: int = 0) -> Iterator[Translation]:
        """The matches of a source code; ``target`` is the wanted code system, '' for any. ``find`` gives other maps by URL."""
        for group, elements in zip(self._groups, self._forward, strict=True):
            if (text(group, "source") or system) != system or (target and (text(group, "target") or target) != target):
                continue
            element = elements.get(code)
            if element is not None:
                for each in dicts(element, "target"):
                    to, comment, display = text(each, "code"), text(each, "comment"), text(each, "display")
                    where = text(group, "target") if to else ""
                    yield Translation(text(each, "equivalence"), where, to, display, self.url, comment)
            elif "unmapped" in group:
                yield from self._unmapped(group, system, code, target, find, depth)

    def _unmapped(self, group: Json, system: str, code: str, target: str, find: Find, depth: int) -> Iterator[Translation]:
        said = group["unmapped"]
        mode = text(said, "mode")
        if mode == "fixed" and text(said, "code"):
            yield Translation("inexact", text(group, "target"), text(said, "code"), text(said, "display"), self.url)
        elif mode == "provided":
            yield Translation("equal", text(group, "target") or system, code, "", self.url)
        elif mode == "other-map" and depth < DEEP and (other := find(text(said, "url"))):
            yield from other.forward(system, code, target, find, depth + 1)

    def backward(self, system: str, code: str, source: str) -> Iterator[Translation]:
        """The source codes that map to a target code; ``source`` is the wanted code system, '' for any."""
        for group, element, target in self._backward.get((system, code), ()):
            said = text(target, "equivalence")
            if (not source or (text(group, "source") or source) == source) and said not in NO_MATCH:
                seen = REVERSED.get(said, said)
                yield Translation(seen, text(group, "source"), text(element, "code"), text(element, "display"), self.url)


NO_MATCH = frozenset(("unmatched", "disjoint"))
"""Equivalences that say that a code does not translate."""


def _canonical(resource: Json, side: str) -> str:
    return split(text(resource, f"{side}Canonical") or text(resource, f"{side}Uri"))[0]
