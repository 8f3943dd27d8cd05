"""Translation by concept maps (FHIR R4, ConceptMap; ConceptMap/$translate)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cached_property

from interop.fhir.terminology.results import Translation
from interop.fhir.terminology.system import Json, split

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
        self.url: str = resource.get("url", "")
        self.source = _canonical(resource, "source")
        self.target = _canonical(resource, "target")
        self._groups: list[Json] = list(resource.get("group", ()))

    @cached_property
    def _forward(self) -> list[dict[str, Json]]:
        """For each group: code -> element."""
        return [{each["code"]: each for each in group.get("element", ()) if "code" in each} for group in self._groups]

    @cached_property
    def _backward(self) -> dict[tuple[str, str], list[tuple[Json, Json, Json]]]:
        """(target system, target code) -> (group, element, target)."""
        found: dict[tuple[str, str], list[tuple[Json, Json, Json]]] = {}
        for group in self._groups:
            for element in group.get("element", ()):
                for target in element.get("target", ()):
                    if "code" in target:
                        found.setdefault((group.get("target", ""), target["code"]), []).append((group, element, target))
        return found

    def forward(self, system: str, code: str, target: str, find: Find, depth: int = 0) -> Iterator[Translation]:
        """The matches of a source code; ``target`` is the wanted code system, '' for any. ``find`` gives other maps by URL."""
        for group, elements in zip(self._groups, self._forward, strict=True):
            if group.get("source", system) != system or (target and group.get("target", target) != target):
                continue
            element = elements.get(code)
            if element is not None:
                for each in element.get("target", ()):
                    comment = each.get("comment", "")
                    where = group.get("target", "") if "code" in each else ""
                    display = each.get("display", "")
                    yield Translation(each.get("equivalence", ""), where, each.get("code", ""), display, self.url, comment)
            elif "unmapped" in group:
                yield from self._unmapped(group, system, code, target, find, depth)

    def _unmapped(self, group: Json, system: str, code: str, target: str, find: Find, depth: int) -> Iterator[Translation]:
        said = group["unmapped"]
        mode = said.get("mode")
        if mode == "fixed" and "code" in said:
            yield Translation("inexact", group.get("target", ""), said["code"], said.get("display", ""), self.url)
        elif mode == "provided":
            yield Translation("equal", group.get("target", system), code, "", self.url)
        elif mode == "other-map" and depth < DEEP and (other := find(said.get("url", ""))):
            yield from other.forward(system, code, target, find, depth + 1)

    def backward(self, system: str, code: str, source: str) -> Iterator[Translation]:
        """The source codes that map to a target code; ``source`` is the wanted code system, '' for any."""
        for group, element, target in self._backward.get((system, code), ()):
            equivalence = target.get("equivalence", "")
            if (not source or group.get("source", source) == source) and equivalence not in NO_MATCH:
                seen = REVERSED.get(equivalence) or equivalence
                yield Translation(seen, group.get("source", ""), element["code"], element.get("display", ""), self.url)


NO_MATCH = frozenset(("unmatched", "disjoint"))
"""Equivalences that say that a code does not translate."""


def _canonical(resource: Json, side: str) -> str:
    return split(resource.get(f"{side}Canonical") or resource.get(f"{side}Uri") or "")[0]
