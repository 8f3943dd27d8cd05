"""The elements below an element that has none of its own in the base: those of its type, its type's profile or its content."""

from __future__ import annotations

from typing import Protocol

from interop.fhir.definitions.snapshot import types
from interop.fhir.definitions.snapshot.merge import without_texts
from interop.fhir.definitions.snapshot.node import Node, tree
from interop.fhir.definitions.unusable import Unusable
from interop.fhir.shapes import Json

DEPTH = 30
ROOT = "http://hl7.org/fhir/StructureDefinition/Base"
"""What logical models are based on since R5: it has no elements."""


class Source(Protocol):
    """What gives structures: ``interop.fhir.definitions.Definitions``."""

    def structure(self, url: str) -> Json | None: ...

    def snapshot(self, url: str) -> list[Json]: ...


class Trees:
    """Snapshots as trees, each made once; ``busy``: URLs of structures whose snapshots are being made."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self._known: dict[str, Node] = {}

    def of(self, url: str) -> Node:
        """The snapshot of a structure as a tree that is not to be changed. Raises Unusable."""
        if url not in self._known:
            elements = [without_texts(each) for each in self.source.snapshot(url)]
            self._known[url] = tree(elements, url)
        return self._known[url]

    def ancestors(self, name: str) -> list[str]:
        """A type and what it specialises, nearest first."""
        found: list[str] = []
        while name and name not in found and len(found) < DEPTH:
            found.append(name)
            structure = self.source.structure(name)
            base = structure.get("baseDefinition") if structure else None
            name = types.named(base) if isinstance(base, str) else ""
        return found

    def profile(self, type: Json) -> Node | None:
        """The tree of a type's profile where it has exactly one that can be used."""
        urls = types.profiles(type)
        if len(urls) != 1:
            return None
        url, _, fragment = urls[0].partition("#")
        try:
            found = self.of(url)
        except Unusable:
            return None
        return _fragment(found, fragment) if fragment else found

    def kind(self, code: str) -> Node | None:
        """The tree of a type."""
        try:
            return self.of(code)
        except Unusable:
            return None


def _fragment(root: Node, name: str) -> Node | None:
    """A part of a profile: by element id or, of an extension, by the name of a slice (``patient-nationality#code``)."""
    if "." in name:
        return _by_id(root, name)
    inside = root.children.get("extension")
    return inside.slices.get(name) if inside else None


def _by_id(root: Node, id: str) -> Node | None:
    """The element of an id, below a root."""
    node: Node | None = root
    for step in id.split(".")[1:]:
        name, _, slice = step.partition(":")
        node = node.children.get(name) if node else None
        node = node.slices.get(slice) if node and slice else node
    return node


def unfolded(node: Node, root: Node, trees: Trees, where: str) -> dict[str, Node]:
    """Copies of the elements below ``node``, which has none. ``root``: the structure that a content reference is within.

    Raises Unusable where its type is not told or unknown.
    """
    found: Node | None
    reference = node.data.get("contentReference")
    if isinstance(reference, str):
        id = reference.partition("#")[2]
        kind = id.partition(".")[0]
        found = _by_id(root if kind == root.name else trees.kind(kind) or root, id)
        if found is None or not found.children:
            raise Unusable(f"{where}: the content that it refers to is not there")
    else:
        found = _content(node, trees, where)
    return {name: each.copy() for name, each in found.children.items()}


def _content(node: Node, trees: Trees, where: str) -> Node:
    said = types.listed(node.data)
    codes = list(dict.fromkeys(types.code(each) for each in said))
    if not codes:
        raise Unusable(f"{where}: has no type")
    found = trees.profile(said[0]) if len(said) == 1 else None
    if found is None or not found.children:
        found = trees.kind(codes[0] if len(codes) == 1 else "Element")
    if found is None and codes[0] in ("Base", ROOT):
        return Node(node.name)
    if found is None:
        raise Unusable(f"{where}: its type {codes[0]} is unknown")
    return found
