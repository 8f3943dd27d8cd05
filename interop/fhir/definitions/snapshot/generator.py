"""Merges a differential into the snapshot of its base (FHIR R4, Profiling; ElementDefinition)."""

from __future__ import annotations

from typing import Any

from interop.fhir.definitions.package import Json
from interop.fhir.definitions.snapshot import types
from interop.fhir.definitions.snapshot.children import Trees, unfolded
from interop.fhir.definitions.snapshot.merge import merged
from interop.fhir.definitions.snapshot.node import Node
from interop.fhir.definitions.unusable import Unusable

BY_URL: Json = {"discriminator": [{"type": "value", "path": "url"}], "ordered": False, "rules": "open"}
BY_TYPE: Json = {"discriminator": [{"type": "type", "path": "$this"}], "ordered": False, "rules": "open"}
EXTENSIONS = ("extension", "modifierExtension")
NODES = 200_000
"""Elements that are merged for one snapshot."""


class Generator:
    """Makes the snapshot of one structure. ``grows``: a specialisation, which may add elements."""

    def __init__(self, trees: Trees, root: Node, profile: str, *, grows: bool = False) -> None:
        self.trees = trees
        self.root = root
        self.base = root.copy()
        self.profile = profile
        self.grows = grows
        self._merged = 0

    def merge(self, node: Node, said: Node, where: str, *, slice: bool = False) -> None:
        """Change ``node`` by what the differential says of it and below it."""
        self._merged += 1
        if self._merged > NODES:
            raise Unusable(f"{where}: too many elements")
        data = self._typed(node, said, where)
        node.data = merged(node.data, data, where, self.profile, slice=slice)
        if said.children:
            self._below(node, said, where)
        if said.slices:
            self._slices(node, said, where)

    def _typed(self, node: Node, said: Node, where: str) -> Json:
        """What is said, its types completed. Where it names one profile of its type, that profile's snapshot becomes the base."""
        data = said.data
        if "type" not in data:
            return data
        base = list(dict.fromkeys(types.code(each) for each in types.listed(node.data)))
        made = []
        for each in types.listed(data):
            if not each.get("code") and len(base) == 1:
                each = {"code": base[0], **each}
            if not types.allowed(types.code(each), base):
                raise Unusable(f"{where}: type {types.code(each)} is not one of the base's")
            made.append(_kept(each, node.data))
        if len(made) == 1 and (found := self.trees.profile(made[0])) is not None:
            self._rebased(node, found, types.code(made[0]))
        return {**data, "type": made}

    def _rebased(self, node: Node, found: Node, code: str) -> None:
        """Put the root of a type's profile beneath an element: its invariants and, for an extension, its cardinality."""
        own = node.data.get("constraint", [])
        keys = {each["key"] for each in own}
        added = [each for each in found.data.get("constraint", []) if each["key"] not in keys]
        node.data = {**node.data, **({"constraint": own + added} if own or added else {})}
        if code == "Extension":
            for name in ("min", "max", "isModifier"):
                if name in found.data and (name != "max" or types.less(found.data["max"], node.data.get("max", "*"))):
                    node.data[name] = found.data[name]

    def _below(self, node: Node, said: Node, where: str) -> None:
        if not node.children and not (self.grows and not types.listed(node.data)):
            node.children = unfolded(node, self.base, self.trees, where)
            if "contentReference" in node.data:
                node.data = {name: value for name, value in node.data.items() if name != "contentReference"}
        for each in said.children:
            inside = f"{where}.{each.name}"
            found = node.child(each.name)
            if found is not None:
                self.merge(found, each, inside)
            elif not self._choice(node, each, inside):
                if not self.grows:
                    raise Unusable(f"{inside}: the base has no such element")
                self._grown(node, each, inside)

    def _grown(self, node: Node, said: Node, where: str) -> None:
        """A new element of a specialisation."""
        made = Node(said.name, said.slice)
        node.children.append(made)
        self.merge(made, said, where)

    def _choice(self, node: Node, said: Node, where: str) -> bool:
        """``valueQuantity`` for a choice ``value[x]``: a slice by type. False where there is no such choice."""
        for each in node.children:
            if not each.name.endswith("[x]"):
                continue
            stem = each.name[:-3]
            codes = [types.code(one) for one in types.listed(each.data)]
            if type := types.choice(stem, said.name, codes):
                self._slice_of(each, said, said.name, where, type)
                return True
        return False

    def _slices(self, node: Node, said: Node, where: str) -> None:
        for each in said.slices:
            type = ""
            if node.name.endswith("[x]"):
                type = types.choice(node.name[:-3], each.slice, [types.code(one) for one in types.listed(node.data)])
            self._slice_of(node, each, each.slice, f"{where}:{each.slice}", type)

    def _slice_of(self, node: Node, said: Node, name: str, where: str, type: str) -> None:
        """Merge into a slice of ``node``, made where there is none; ``type``: of a choice, the one that the slice's name says."""
        found = node.sliced(name)
        if found is None:
            found = self._new_slice(node, said, name, where, type)
        self.merge(found, said, where, slice="min" not in found.data)

    def _new_slice(self, node: Node, said: Node, name: str, where: str, type: str) -> Node:
        above = node.sliced(name.rpartition("/")[0]) if "/" in name else None
        self._sliced(node if above is None else above, where)
        made = (above or node).copy(node.name, name, slices=False)
        made.data = {key: value for key, value in made.data.items() if key not in ("slicing", "min", "sliceIsConstraining")}
        if type:
            made.data["type"] = [each for each in types.listed(node.data) if types.code(each) == type]
        place = len(node.slices)
        if above is not None:
            place = max(n for n, each in enumerate(node.slices) if each is above or each.slice.startswith(f"{above.slice}/")) + 1
        node.slices.insert(place, made)
        return made

    def _sliced(self, node: Node, where: str) -> None:
        """See that an element says how it is sliced: what the standard lets a differential leave out is put in."""
        if "slicing" in node.data:
            return
        if node.name in EXTENSIONS:
            node.data = {**node.data, "slicing": BY_URL}
        elif node.name.endswith("[x]"):
            node.data = {**node.data, "slicing": BY_TYPE}


def _kept(type: Json, base: Json) -> Json:
    """A type without what no rule reads; FHIRPath's types stay as the base has them."""
    for each in types.listed(base):
        if types.code(each) == types.code(type) and str(each.get("code")).startswith(types.SYSTEM):
            return each
    return {name: value for name, value in type.items() if name != "id"}


def generate(trees: Trees, structure: Json, base: Node, said: Node) -> Node:
    """The snapshot of a structure as a tree. Raises Unusable."""
    url = str(structure.get("url") or structure.get("id") or "structure")
    grows = structure.get("derivation") == "specialization"
    root = base.copy()
    if grows:
        root.name = said.name
    elif root.name != said.name:
        raise Unusable(f"{url}: its elements are below {said.name}, its base's below {root.name}")
    generator = Generator(trees, root, url, grows=grows)
    generator.merge(root, said, f"{url}: {root.name}")
    return root


def differential(structure: Json) -> list[Any]:
    """The elements of a differential; [] where it says nothing."""
    content = structure.get("differential")
    found = content.get("element") if isinstance(content, dict) else None
    return found if isinstance(found, list) else []
