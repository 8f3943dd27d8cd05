"""Merges a differential into the snapshot of its base (FHIR R4, Profiling; ElementDefinition)."""

from __future__ import annotations

from typing import Any

from interop.fhir.definitions.snapshot import types
from interop.fhir.definitions.snapshot.children import Trees, unfolded
from interop.fhir.definitions.snapshot.merge import bound, merged
from interop.fhir.definitions.snapshot.node import Node
from interop.fhir.definitions.unusable import TooLarge, Unusable
from interop.fhir.shapes import Json

BY_URL: Json = {"discriminator": [{"type": "value", "path": "url"}], "ordered": False, "rules": "open"}
BY_TYPE: Json = {"discriminator": [{"type": "type", "path": "$this"}], "ordered": False, "rules": "open"}
EXTENSIONS = ("extension", "modifierExtension")
NODES = 40_000
"""Elements that are merged for one snapshot."""


class Generator:
    """Makes the snapshot of one structure.

    ``grows``: a specialisation, which may add elements. ``remarks``: what the base does not allow and was passed over.
    """

    def __init__(self, trees: Trees, root: Node, profile: str, *, grows: bool = False) -> None:
        self.trees = trees
        self.root = root
        self.base = root.copy()
        self.profile = profile
        self.grows = grows
        self.remarks: list[str] = []
        self._spent = 0

    def _spend(self, elements: int, where: str) -> None:
        self._spent += elements
        if self._spent > NODES:
            raise TooLarge(f"{where}: too many elements")

    def merge(self, node: Node, said: Node, where: str, *, most: str = "") -> None:
        """Change ``node`` by what the differential says of it and below it.

        ``most``: of a new slice, the ``max`` that its element had in the base; its minimum counts for itself.
        """
        self._spend(1, where)
        data, before = self._typed(node, said, where), node.data.get("max", "*")
        node.data, remarks = merged(node.data, data, where, self.profile, most=most)
        self.remarks += remarks
        if said.children:
            self._below(node, said, where)
        if said.slices:
            self._slices(node, said, where, before)

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
            if not types.allowed(types.code(each), base, self.trees.ancestors):
                raise Unusable(f"{where}: type {types.code(each)} is not one of the base's")
            made.append({name: value for name, value in each.items() if name != "id"})
        if len(made) == 1 and (found := self.trees.profile(made[0])) is not None:
            self._rebased(node, found, types.code(made[0]))
        elif len(made) == 1 and (unknown := types.profiles(made[0])):
            self.remarks.append(f"{where}: nothing of its type's profile, {unknown[0]}, could be used")
        return {**data, "type": made}

    def _rebased(self, node: Node, found: Node, code: str) -> None:
        """Put the root of a type's profile beneath an element: its invariants and, for an extension, its cardinality."""
        own = node.data.get("constraint", [])
        keys = {each["key"] for each in own}
        added = [each for each in found.data.get("constraint", []) if each["key"] not in keys]
        node.data = {**node.data, **({"constraint": own + added} if own or added else {})}
        if code == "Extension":
            if found.data.get("min", 0) > node.data.get("min", 0):
                node.data["min"] = found.data["min"]
            if bound(found.data.get("max")) < bound(node.data.get("max")):
                node.data["max"] = found.data["max"]
            if found.data.get("isModifier"):
                node.data["isModifier"] = True

    def _below(self, node: Node, said: Node, where: str) -> None:
        if not node.children and not (self.grows and not types.listed(node.data)):
            node.children = unfolded(node, self.base, self.trees, where)
            self._spend(sum(each.size() for each in node.children.values()), where)
            if "contentReference" in node.data:
                node.data = {name: value for name, value in node.data.items() if name != "contentReference"}
        short: dict[str, list[tuple[Node, str]]] = {}
        for each in said.children.values():
            inside = f"{where}.{each.name}"
            found = node.children.get(each.name)
            if found is not None:
                self.merge(found, each, inside)
                continue
            choice, type = _choice(node, each.name)
            if choice:
                short.setdefault(choice, []).append((each, type))
            elif self.grows:
                self._grown(node, each, inside)
            else:
                raise Unusable(f"{inside}: the base has no such element")
        for choice, forms in short.items():
            self._forms(node, said, choice, forms, where)

    def _grown(self, node: Node, said: Node, where: str) -> None:
        """A new element of a specialisation."""
        made = Node(said.name, said.slice)
        node.children[made.name] = made
        self.merge(made, said, where)

    def _forms(self, node: Node, said: Node, choice: str, forms: list[tuple[Node, str]], where: str) -> None:
        """Forms of a choice, as ``valueQuantity``: slices by type; where nothing else is said of the choice, its only types.

        The only form of a choice of one type is the choice.
        """
        found = node.children[choice]
        before = found.data.get("max", "*")
        codes = [types.code(each) for each in types.listed(found.data)]
        if len(codes) == len(forms) == 1 and "slicing" not in found.data and not found.slices:
            self.merge(found, forms[0][0], f"{where}.{choice}")
            return
        alone = choice not in said.children
        self._sliced(found, f"{where}.{choice}", [type for _, type in forms] if alone else [], "closed")
        for each, type in forms:
            self._slice(found, each, each.name, f"{where}.{each.name}", type, before)

    def _slices(self, node: Node, said: Node, where: str, most: str) -> None:
        codes = [types.code(one) for one in types.listed(node.data)]
        kinds = [types.choice(node.name.removesuffix("[x]"), each.slice, codes) for each in said.slices.values()]
        new = [each for each in said.slices.values() if node.slices.get(each.slice) is None]
        if new and not self._sliced(node, where, [] if said.data else kinds, "open"):
            if len(said.slices) > 1:
                raise Unusable(f"{where}: has slices, and nothing says by what")
            self.merge(node, next(iter(said.slices.values())), where)
            return
        for each, type in zip(said.slices.values(), kinds, strict=True):
            self._slice(node, each, each.slice, f"{where}:{each.slice}", type, most)

    def _slice(self, node: Node, said: Node, name: str, where: str, type: str, most: str) -> None:
        """Merge into a slice of ``node``, made where there is none; ``type``: of a choice, the one that the slice's name says."""
        found = node.slices.get(name)
        if found is not None:
            self.merge(found, said, where)
            return
        above = node.slices.get(name.rpartition("/")[0]) if "/" in name else None
        made = (above or node).copy(name, slices=False)
        made.data = {key: value for key, value in made.data.items() if key not in ("slicing", "min", "sliceIsConstraining")}
        made.data["min"] = 0
        if type:
            made.data["type"] = [each for each in types.listed(node.data) if types.code(each) == type]
        self._spend(made.size(), where)
        node.add(made, "" if above is None else above.slice)
        self.merge(made, said, where, most=most)

    def _sliced(self, node: Node, where: str, kinds: list[str], rules: str) -> bool:
        """Whether an element says how it is sliced; what the standard lets a differential leave out is put in.

        ``kinds``: where a choice has nothing said of it but these forms, they become its only types.
        """
        if "slicing" in node.data or node.slices:
            return True
        if node.name in EXTENSIONS:
            node.data = {**node.data, "slicing": BY_URL}
            return True
        if not node.name.endswith("[x]") or not all(kinds):
            return False
        node.data = {**node.data, "slicing": {**BY_TYPE, "rules": rules}}
        if kinds:
            node.data["type"] = [each for each in types.listed(node.data) if types.code(each) in kinds]
        return True


def _choice(node: Node, name: str) -> tuple[str, str]:
    """The choice below ``node`` and its type that ``valueQuantity`` names; '' and '' where it names none."""
    for each in node.children.values():
        if each.name.endswith("[x]"):
            if type := types.choice(each.name[:-3], name, [types.code(one) for one in types.listed(each.data)]):
                return each.name, type
    return "", ""


def generate(trees: Trees, structure: Json, base: Node, said: Node) -> tuple[Node, list[str]]:
    """The snapshot of a structure as a tree, and what of its differential was passed over. Raises Unusable."""
    url = str(structure.get("url") or structure.get("id") or "structure")
    grows = structure.get("derivation") == "specialization"
    root = base.copy()
    if grows:
        root.name = said.name
    elif root.name != said.name:
        raise Unusable(f"its elements are below {said.name}, its base's below {root.name}")
    if "slicing" in said.data:
        raise Unusable(f"{root.name}: the root cannot be sliced")
    generator = Generator(trees, root, url, grows=grows)
    generator.merge(root, said, root.name)
    return root, generator.remarks


def differential(structure: Json) -> list[Any]:
    """The elements of a differential; [] where it says nothing."""
    content = structure.get("differential")
    found = content.get("element") if isinstance(content, dict) else None
    return found if isinstance(found, list) else []
