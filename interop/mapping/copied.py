"""A subtree as it is copied, element by element (see ``interop.mapping.copying``)."""

from __future__ import annotations

from typing import Any

from interop.fhir import facts, primitives
from interop.fhir.facts import Element
from interop.formats.tree import Node
from interop.ids import NHS_NUMBER
from interop.mapping import transforms
from interop.mapping.demanded import ABSENT, demanded, unknown
from interop.mapping.generated import mark, path_of
from interop.mapping.leaves import as_primitive, system_of
from interop.mapping.narratives import EMPTY
from interop.mapping.runtime import Run
from interop.mapping.tables import Code

_SECTIONS = frozenset({"Composition.section", "Composition.section.section"})
"""Each holds a text, entries or sections (R4, cmp-1)."""


class Copy:
    """One copying: whose message, by which names, for which row."""

    def __init__(self, run: Run, names: dict[str, str], row: str, table: dict[str, Code]) -> None:
        self.run, self.names, self.row, self.table = run, names, row, table

    def members(self, node: Node, path: str, skip: frozenset[str] | set[str]) -> dict[str, Any]:
        """The children of a node at ``path``; empty where there are none that R4 has."""
        made: dict[str, Any] = {}
        for name, kids in node.kids.items():
            bare = name.removeprefix("_")
            if name in skip or bare in skip or name.startswith("@") or (bare != name and bare in node.kids):
                continue
            if name == "extension":
                kids = [kid for kid in kids if f"extension@{kid.text('@name')}" not in skip]
            element = facts.element(f"{path}.{self.names.get(bare, bare)}")
            if element is None or element.max == 0:
                for kid in [*kids, *node.kids.get(f"_{bare}", ())]:
                    self.lose(kid, "unmapped")
            elif facts.is_primitive(element.types[0]):
                self.primitives(made, element, kids if bare == name else [], node.kids.get(f"_{bare}", []))
            elif bare == name:
                values = [kept for kept in (self.complex(kid, element) for kid in kids) if kept]
                if values:
                    made[element.name] = values if element.max is None else values[0]
                for extra in kids[1:] if element.max == 1 else ():
                    self.lose(extra, "unmapped")
        return made

    def primitives(self, made: dict[str, Any], element: Element, kids: list[Node], beside: list[Node]) -> None:
        """Primitive values and what extends them, place by place."""
        count = max(len(kids), len(beside))
        values = [self.primitive(kids[place], element) if place < len(kids) else None for place in range(count)]
        more = [self.members(beside[place], "Element", set()) or None if place < len(beside) else None for place in range(count)]
        if element.max is not None:
            if values[0] is not None:
                made[element.name] = values[0]
            if more[0] is not None:
                made[f"_{element.name}"] = more[0]
            for extra in kids[1:]:
                self.lose(extra, "unmapped")
            return
        both = [(value, extra) for value, extra in zip(values, more, strict=True) if value is not None or extra is not None]
        if both and any(value is not None for value, _ in both):
            made[element.name] = [value for value, _ in both]
        if any(extra is not None for _, extra in both):
            made[f"_{element.name}"] = [extra for _, extra in both]

    def primitive(self, node: Node, element: Element) -> Any:
        """A value of its datatype; None, told as a loss, where it cannot be one."""
        if node.value is None:
            return None
        mark(node)
        kind = element.types[0]
        value = as_primitive(kind, node)
        if value is None:
            self.run.lose(path_of(node), "unreadable", self.row)
            return None
        allowed = facts.codes(element.binding) if element.binding and kind == "code" else None
        if allowed is not None and value not in allowed:
            self.run.lose(path_of(node), "no-code", self.row)
            return None
        return value

    def complex(self, node: Node, element: Element) -> dict[str, Any]:
        """An element with parts, a resource within the resource; empty where nothing of it is kept."""
        kind = element.types[0]
        if kind == "Resource":
            return self.contained(node)
        known = self.table.get(f"{element.path}|{node.text('url')}") if kind == "Extension" else None
        if known is not None and known.code == "-":
            self.lose(node, "not-carried")
            return {}
        made = self.members(node, element.path, set())
        if not made:
            return made
        if kind == "Reference":
            return self.reference(node, made, element)
        if kind == "Narrative":
            return {"status": "additional", **made} if "div" in made else {}
        if kind == "Extension" and not _says_something(made):
            self.run.lose(path_of(node), "unreadable", self.row)
            return {}
        if known is not None:
            made["url"] = known.code
            if known.system and (code := made.pop("valueCode", None)) is not None:
                made["valueCodeableConcept"] = {"coding": [{"system": known.system, "code": code}]}
        if kind == "ContactPoint" and "value" in made and "system" not in made:
            made["system"] = system_of(made["value"])
        if kind == "Identifier" and made.get("system"):
            made["system"] = self.run.system(made["system"])
            if made["system"] == NHS_NUMBER and made.get("value"):
                made["value"] = transforms.REGISTRY["nhsnumber", "string"](made["value"]) or made["value"]
        elif kind == "Coding":
            return self.coding(node, made)
        elif kind in ("BackboneElement", "Element"):
            self.complete(made, element.path)
        elif kind == "CodeableConcept" and element.binding:
            return self.bound(node, made, element.binding)
        return made

    def coding(self, node: Node, made: dict[str, Any]) -> dict[str, Any]:
        """A Coding, by the table where that knows it."""
        known = self.table.get(f"{made.get('system', '')}|{made.get('code', '')}")
        if known is not None:
            return {**made, **known.coding}
        system = made.pop("system", "")
        if not system:
            return made
        named = self.run.codesystem(system)
        if "/ValueSet/" in named:
            self.run.lose(path_of(node) + "/system", "no-code", self.row)
            return made
        return {"system": named, **made}

    def bound(self, node: Node, made: dict[str, Any], value_set: str) -> dict[str, Any]:
        """A CodeableConcept of a required value set: what is not of it is told as lost."""
        concepts = facts.concepts(value_set)
        if concepts is None:
            return made
        for coding in made.get("coding", ()):
            systems = [system for system, code in concepts if code == coding.get("code")]
            if "system" not in coding and len(systems) == 1:
                coding["system"] = systems[0]
        if any((coding.get("system"), coding.get("code")) in concepts for coding in made.get("coding", ())):
            return made
        self.run.lose(path_of(node), "no-code", self.row)
        return {}

    def contained(self, node: Node) -> dict[str, Any]:
        """A resource within the resource, with its own id."""
        kind = node.text("resourceType") or ""
        if kind not in facts.resource_types():
            self.lose(node, "unmapped")
            return {}
        for name in ("resourceType", "id"):
            for kid in node.kids.get(name, ()):
                mark(kid)
        made = self.members(node, kind, {"resourceType", "id", "meta"})
        self.complete(made, kind)
        return {"resourceType": kind, **({"id": node.text("id")} if node.text("id") else {}), **made}

    def reference(self, node: Node, made: dict[str, Any], element: Element) -> dict[str, Any]:
        """A reference to what this message holds, or what is said of the thing that it points to."""
        literal = made.pop("reference", "")
        named = made.pop("type", "")
        kinds = [kind for kind in facts.resource_types() if kind.lower() == named.lower()] if named else []
        if kinds:
            made["type"] = kinds[0]
        elif named:
            self.run.lose(path_of(node) + "/type", "no-code", self.row)
        if not literal:
            return made
        address = node.text("reference/@ref") or literal
        found = None if literal.startswith("#") else self.run.by_key(address, element.targets) or self.elsewhere(node, element)
        if found is not None:
            made.pop("type", None)
            found.update(made)
            return found
        if literal.startswith(("#", "http://", "https://")):
            return {"reference": literal, **made}
        self.run.lose(path_of(node) + "/reference", "unresolved", self.row)
        uri = {"system": "urn:ietf:rfc:3986"} if primitives.valid("uri", literal) and literal.startswith("urn:") else {}
        return {"identifier": {**uri, "value": literal}, **made}

    def elsewhere(self, node: Node, element: Element) -> dict[str, Any] | None:
        """A reference to what the source holds beside this message, where the reader gave it a ``@key`` and its type is known."""
        key = node.text("reference/@key")
        kind = node.text("reference/@type") or (element.targets[0] if len(element.targets) == 1 else "")
        fits = not element.targets or kind in element.targets or "Resource" in element.targets
        return self.run.known(kind, (key,)) if key and fits and kind in facts.resource_types() else None

    def complete(self, made: dict[str, Any], path: str, others: frozenset[str] = frozenset()) -> None:
        """Of what R4 demands at ``path``, and neither this nor ``others`` give, say what the table has, else that it is absent."""
        for name, forms, simple, many in demanded(path):
            if any(form in made or f"_{form}" in made or form in others for form in forms):
                continue
            known = self.table.get(f"{path}.{name}")
            code = known.code if known is not None else unknown(f"{path}.{name}")
            if code:
                made[name] = code
                continue
            inner: dict[str, Any] = {}
            if not simple:
                self.complete(inner, f"{path}.{name}")
            value = inner or ABSENT
            made[f"_{name}" if simple else name] = [value] if many else value
        if path in _SECTIONS and not made.keys() & {"text", "entry", "section"}:
            made["text"] = EMPTY

    def lose(self, node: Node, reason: str) -> None:
        """Note what is lost, each value by itself, so that nothing of it is told again."""
        leaves = [*node.leaves(), *([("", node)] if node.value else [])]
        for path, leaf in leaves:
            if not leaf.read:
                leaf.read = True
                self.run.lose(path_of(node) + (f"/{path}" if path else ""), reason, self.row)


def _says_something(extension: dict[str, Any]) -> bool:
    """Whether an extension has a url and just one of value and extensions (FHIR R4, ext-1)."""
    values = [name for name in extension if name.lstrip("_").startswith("value")]
    return bool(extension.get("url")) and len({name.lstrip("_") for name in values}) + ("extension" in extension) == 1
