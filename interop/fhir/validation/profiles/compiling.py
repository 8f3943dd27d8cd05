"""A profile compiled: from its snapshot only what it adds to base R4, as rules (decision 0011)."""

from __future__ import annotations

from threading import RLock
from typing import Any

from interop.fhir import facts
from interop.fhir.canonicals import STRUCTURE_DEFINITION, bare
from interop.fhir.definitions import Definitions, Unusable
from interop.fhir.shapes import Json
from interop.fhir.validation.profiles import additions
from interop.fhir.validation.profiles.matching import Sources, matcher
from interop.fhir.validation.profiles.occurrence import Names, Occurrence, names_of
from interop.fhir.validation.profiles.rules import Child, Content
from interop.fhir.validation.profiles.run import Found, Rule, Run
from interop.fhir.validation.profiles.slicing import DEFAULT, Slice, Slicing
from interop.fhir.validation.profiles.tree import Definition, grow

DEPTH = 32
"""Profiles on profiles that are followed."""


class Compiler:
    """Profiles by URL, compiled once, from whatever thread asks. Raises Unusable for what is unknown, cannot be read, or is of
    no type of R4."""

    def __init__(self, definitions: Definitions, must_support: bool = False, unsliced: bool = False) -> None:
        self.definitions = definitions
        self.must_support = must_support
        self.unsliced = unsliced
        self._lock = RLock()
        self._urls: frozenset[str] | None = None
        self._lineages: dict[str, frozenset[str]] = {}
        self._trees: dict[str, Definition] = {}
        self._contents: dict[int, Content | None] = {}
        self._pending: dict[int, list[Later]] = {}
        self._blocks: dict[int, str] = {}
        self._profiles: dict[str, Content | None] = {}
        self._bases: dict[str, dict[str, Json]] = {}
        self.sources = Sources(self._tree_or_none, self.extension_url, self.type_of, self._content, self._binds)

    def profile(self, url: str) -> Content | None:
        """The rules that a profile adds, None where it adds none."""
        if url not in self._profiles:
            with self._lock:
                self._profiles[url] = self._compiled(url)
        return self._profiles[url]

    def _compiled(self, url: str) -> Content | None:
        structure = self.definitions.structure(url.partition("#")[0]) if self.known(url) else None
        if structure is None:
            raise Unusable(f"{url}: unknown")
        plain = "#" not in url and structure.get("url") == f"{STRUCTURE_DEFINITION}{structure.get('type')}"
        return None if plain else self._content(self.tree(url))

    def tree(self, url: str) -> Definition:
        """The snapshot as a tree; of ``url#id`` the part that begins with that element."""
        with self._lock:
            whole, _, part = url.partition("#")
            if whole not in self._trees:
                self._trees[whole] = self._grown(whole)
            root = self._trees[whole]
            found = next((each for each in root.each() if each.element.get("id") == part), None) if part else root
        if found is None:
            raise Unusable(f"{url}: has no such element")
        return found

    def _grown(self, url: str) -> Definition:
        try:
            root = grow(self.definitions.snapshot(url))
        except ValueError as error:
            raise Unusable(f"{url}: {error}") from None
        if not facts.kind(root.name):
            raise Unusable(f"{url}: is of no type of R4")
        root.url = url
        return root

    def _tree_or_none(self, url: str) -> Definition | None:
        try:
            return self.tree(url)
        except Unusable:
            return None

    def _binds(self, one: Definition) -> bool:
        """Whether an element has a binding that base R4 has not."""
        return one.parent is not None and bool(additions.binding(one.element, self.base(self.block(one.parent), one.name)))

    def known(self, url: str) -> bool:
        """Whether there is a structure of that URL, of whatever version."""
        if self._urls is None:
            self._urls = frozenset(self.definitions.every("StructureDefinition"))
        return bare(url.partition("#")[0]) in self._urls

    def type_of(self, url: str) -> str:
        """The type that a profile is of, '' where it is not known."""
        structure = self.definitions.structure(url.partition("#")[0]) if self.known(url) else None
        return str(structure.get("type", "")) if structure else ""

    def lineage(self, url: str) -> frozenset[str]:
        """The profiles that a profile is derived from, all the way up, without versions."""
        if not self.known(url):
            return frozenset()
        plain = bare(url)
        if plain not in self._lineages:
            found: list[str] = []
            place = plain
            while self.known(place) and len(found) < DEPTH:
                place = str((self.definitions.structure(place) or {}).get("baseDefinition", ""))
                found.append(bare(place))
            self._lineages[plain] = frozenset(found)
        return self._lineages[plain]

    def extension_url(self, profile: str) -> str:
        """The ``url`` of the extensions of a profile: its canonical without version."""
        structure = self.definitions.structure(profile)
        return str(structure.get("url", "")) if structure else bare(profile)

    def base(self, block: str, name: str) -> Json:
        """The ElementDefinition of base R4, {} where there is none."""
        kind = block.partition(".")[0]
        if kind not in self._bases:
            try:
                elements = self.definitions.snapshot(kind)
            except Unusable:
                elements = []
            self._bases[kind] = {str(each.get("path")): each for each in elements}
        return self._bases[kind].get(f"{block}.{name}" if name else block, {})

    def block(self, one: Definition) -> str:
        """Where the children of an element are described: a type, or the path of a backbone element; '' where it is open."""
        if id(one) not in self._blocks:
            self._blocks[id(one)] = self._block(one)
        return self._blocks[id(one)]

    def _block(self, one: Definition) -> str:
        if one.parent is None:
            return one.name
        names = names_of(self.block(one.parent), one.name)
        codes = [each for each in one.codes if facts.kind(each)]
        if len(names) == 1 and not one.name.endswith("[x]"):
            kind = next(iter(names.values()))
            return codes[0] if kind == "Resource" and len(codes) == 1 else kind
        if one.slice in names:
            return names[one.slice]
        if len(codes) == 1:
            return codes[0]
        return next((kind for kind in codes if one.children and all(names_of(kind, name) for name in one.children)), "")

    def _content(self, one: Definition) -> Content | None:
        key = id(one)
        if key in self._contents:
            return self._contents[key]
        self._contents[key] = None
        self._pending[key] = []
        made = Content(tuple(self._rules(one)), tuple(self._children(one)))
        content = made if made.adds else None
        self._contents[key] = content
        for later in self._pending.pop(key):
            later.content = content
        return content

    def _rules(self, one: Definition) -> list[Rule]:
        """The rules on the value of an element, beyond those of base R4."""
        if one.parent is None:
            base = self.base(one.name, "")
            return additions.constraints(one.element, base, {})
        above = self.block(one.parent)
        kind = self.block(one)
        twin = self._twin(one)
        base = twin.element if twin else self.base(above, one.name)
        rules = additions.types(one, base, self.type_of)
        rules += additions.values(one.element, base)
        rules += additions.binding(one.element, base)
        rules += additions.constraints(one.element, base, self.base(kind, "") if kind else {})
        if one.element.get("contentReference") and not any(each.children for each in one.slices):
            rules += self._repeated(one)
        return rules

    def _twin(self, one: Definition) -> Definition | None:
        """For a slice, or an element within one, the same element of what is sliced: its rules hold of every occurrence, so
        that the slice need not repeat them."""
        if one.parent is None:
            return None
        twin: Definition | None
        if one.slice:
            twin = one.parent.children.get(one.name)
        else:
            above = self._twin(one.parent)
            twin = above.children.get(one.name) if above else None
        if twin is None or twin is one or not twin.types or self.block(twin) != self.block(one):
            return None
        return twin

    def _repeated(self, one: Definition) -> list[Rule]:
        """The content of another element, by contentReference. Slices that are walked into have a content of their own."""
        wanted = str(one.element["contentReference"]).rpartition("#")[2]
        root = one
        while root.parent is not None:
            root = root.parent
        target: Definition | None = root
        for name in wanted.split(".")[1:]:
            plain, _, slice = name.partition(":")
            target = target.children.get(plain) if target else None
            if slice and target:
                target = next((each for each in target.slices if each.slice == slice), None)
        if target is None or target is one:
            return []
        if id(target) in self._pending:
            later = Later()
            self._pending[id(target)].append(later)
            return [later]
        content = self._content(target)
        return [content] if content else []

    def _children(self, one: Definition) -> list[Child]:
        found: list[Child] = []
        block = self.block(one)
        for child in one.children.values():
            names = names_of(block, child.name) if block else _anywhere(child.name)
            if names and (made := self._child(child, block, names)) is not None:
                found.append(made)
        return found

    def _child(self, child: Definition, block: str, names: Names) -> Child | None:
        twin, element = self._twin(child), child.element
        base = twin.element if twin else self.base(block, child.name)
        least = int(element.get("min") or 0)
        most = _most(element)
        made = Child(
            child.name,
            names,
            least if least > int(base.get("min") or 0) else 0,
            most if most is not None and most != _most(base) else None,
            None if most == 0 else self._content(child),
            None if most == 0 else self._slicing(child, names),
            self.must_support and bool(element.get("mustSupport")),
        )
        idle = not made.least and made.most is None and made.content is None and made.slicing is None and not made.must_support
        return None if idle else made

    def _slicing(self, entry: Definition, names: Names) -> Slicing | None:
        if not entry.slices:
            return None
        said = entry.element.get("slicing")
        said = said if isinstance(said, dict) else {}
        discriminators = [each for each in said.get("discriminator", ()) if isinstance(each, dict)] or _implied(entry)
        slices = [self._slice(each, names, discriminators) for each in entry.slices]
        rules, ordered = str(said.get("rules", "open")), bool(said.get("ordered"))
        idle = all(
            not each.least and each.most is None and not each.content and not each.inner and not each.must_support
            for each in slices
        )
        if idle and rules == "open" and not ordered and not self.unsliced:
            return None
        return Slicing(entry.name, tuple(slices), rules, ordered, self.unsliced)

    def _slice(self, one: Definition, names: Names, discriminators: list[Json]) -> Slice:
        most = _most(one.element)
        return Slice(
            one.slice,
            matcher(discriminators, one, self.sources) if one.slice != DEFAULT else _never,
            int(one.element.get("min") or 0),
            most,
            None if most == 0 else self._content(one),
            self._slicing(one, names),
            self.must_support and bool(one.element.get("mustSupport")),
        )


class Later:
    """The content of an element that is still being compiled: one that holds itself."""

    content: Content | None = None

    def __call__(self, one: Occurrence, run: Run) -> Found:
        """The findings of that content."""
        return self.content(one, run) if self.content is not None else None


def _never(one: Occurrence, run: Run) -> bool | None:
    return False


def _most(element: Json) -> int | None:
    said = element.get("max")
    return int(said) if isinstance(said, str) and said.isdecimal() else None


def _implied(entry: Definition) -> list[dict[str, Any]]:
    """Slices of extensions are told by url, those of a choice by type, though the profile does not say it."""
    if entry.name in ("extension", "modifierExtension"):
        return [{"type": "value", "path": "url"}]
    if entry.name.endswith("[x]"):
        return [{"type": "type", "path": "$this"}]
    return []


def _anywhere(name: str) -> Names:
    """The children of an element whose type is open: those that every element has."""
    return names_of("Element", name)
