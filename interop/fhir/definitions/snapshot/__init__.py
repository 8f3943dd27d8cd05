"""Snapshots from differentials (FHIR R4, Profiling: the merge of a differential with the snapshot of its base)."""

from __future__ import annotations

from interop.fhir.definitions.snapshot.children import ROOT
from interop.fhir.definitions.snapshot.children import Trees as Trees
from interop.fhir.definitions.snapshot.generator import differential, generate
from interop.fhir.definitions.snapshot.node import Node, elements, tree
from interop.fhir.definitions.unusable import Unusable
from interop.fhir.shapes import Json


def generated(trees: Trees, structure: Json) -> tuple[list[Json], list[str]]:
    """The elements of a structure's snapshot, made from its differential and its base, and what the base did not allow.

    Ids and paths are made anew; texts are left out. Raises Unusable: no or unknown base, an element that the base lacks, a
    type that the base does not allow, slices without a word by what.
    """
    base, said = structure.get("baseDefinition"), differential(structure)
    if not isinstance(base, str) or not base:
        raise Unusable("has neither snapshot nor base")
    if not said:
        return elements(trees.of(base)), []
    wanted = tree(said, "its differential")
    rootless = base == ROOT and trees.source.structure(base) is None
    below = Node(wanted.name, data={"min": 0, "max": "*"}) if rootless else trees.of(base)
    made, remarks = generate(trees, structure, below, wanted)
    return elements(made), remarks
