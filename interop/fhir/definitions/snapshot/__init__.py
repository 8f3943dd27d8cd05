"""Snapshots from differentials (FHIR R4, Profiling: the merge of a differential with the snapshot of its base)."""

from __future__ import annotations

from interop.fhir.definitions.package import Json
from interop.fhir.definitions.snapshot.children import Trees as Trees
from interop.fhir.definitions.snapshot.generator import differential, generate
from interop.fhir.definitions.snapshot.node import elements, tree
from interop.fhir.definitions.unusable import Unusable


def generated(trees: Trees, structure: Json) -> list[Json]:
    """The elements of a structure's snapshot, made from its differential and its base.

    Ids and paths are made anew; texts are left out. Raises Unusable: no or unknown base, an element that the base lacks, a
    cardinality or type beyond the base's.
    """
    url = str(structure.get("url") or "")
    base, said = structure.get("baseDefinition"), differential(structure)
    if not isinstance(base, str) or not base:
        raise Unusable(f"{url}: has neither snapshot nor base")
    below = trees.of(base)
    if not said:
        return elements(below)
    return elements(generate(trees, structure, below, tree(said, url)))
