"""Extensions: their definition, where they may stand, and whether they are modifiers (FHIR R4, extensibility, section 2.4)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from interop.fhir import facts
from interop.fhir.canonicals import STRUCTURE_DEFINITION, bare
from interop.fhir.definitions import Unusable
from interop.fhir.fhirpath import FhirPathError, Item, compile
from interop.fhir.findings import ERROR, INFORMATION, WARNING, Finding, Findings
from interop.fhir.shapes import Json
from interop.fhir.tables import table
from interop.fhir.validation.profiles.compiling import Compiler
from interop.fhir.validation.profiles.matching import extension_urls
from interop.fhir.validation.profiles.occurrence import Occurrence
from interop.fhir.validation.profiles.run import Found, Run, unchecked
from interop.fhir.validation.profiles.surroundings import evaluated

_WIDER = {
    STRUCTURE_DEFINITION + "structuredefinition-fhir-type": "ElementDefinition.type",
    STRUCTURE_DEFINITION + "regex": "ElementDefinition.type",
    STRUCTURE_DEFINITION + "structuredefinition-normative-version": "Element",
}
"""Contexts that R4's own definitions lack, and where R4's own resources have the extension."""
_CROSS = re.compile(r"http://hl7\.org/fhir/[1-9]\.[0-9]/StructureDefinition/extension-[A-Za-z.]+")


@dataclass(slots=True, frozen=True)
class Holder:
    """The element that has an extension: its value and shadow, its type, its dotted path from the resource, the names that a
    context may call it by, and the URLs of the extensions that it is inside of (outermost first)."""

    value: Any
    shadow: Any
    type: str
    path: str
    names: tuple[str, ...]
    urls: tuple[str, ...] = ()

    def urls_with(self, extension: Json) -> tuple[str, ...]:
        """The URLs for what is inside an extension of this element."""
        url = extension.get("url")
        return (*self.urls, url if isinstance(url, str) else "")

    def called(self) -> Iterator[str]:
        """Every name by which an element context may mean this element."""
        yield from _above(self.type)
        for name in self.names:
            head, dot, rest = name.partition(".")
            yield name
            if dot and "." not in rest:
                for each in _above(head):
                    yield f"{each}.{rest}"
        yield "Element"
        if facts.kind(self.type) == "resource" and "url" in facts.block(self.type):
            yield from ("CanonicalResource", "MetadataResource")


def _above(kind: str) -> Iterator[str]:
    """A type and those that it is derived from."""
    structures = table("structures")
    name: str | None = kind
    while name:
        yield name
        known = structures.get(name)
        name = known[1] if known else None


class Extensions:
    """Judges extensions. ``unknown`` is the severity of one whose definition is not loaded; URLs that begin with one of
    ``allowed`` are let pass."""

    def __init__(self, compiler: Compiler, unknown: str = INFORMATION, allowed: Sequence[str] = ()) -> None:
        self._compiler = compiler
        self._unknown = unknown
        self._allowed = tuple(allowed)
        self._subs: dict[str, frozenset[str]] = {}
        self._places: frozenset[str] | None = None

    def check(self, extension: Json, holder: Holder, modifier: bool, run: Run) -> Found:
        """Findings relative to the extension."""
        url = extension.get("url")
        if not isinstance(url, str) or not url:
            return None
        run.budget.spend()
        if ":" not in url:
            return self._relative(url, holder)
        plain = bare(url)
        structure = self._compiler.definitions.structure(plain) if self._compiler.known(plain) else None
        if structure is None or structure.get("type") != "Extension":
            return self._foreign(url, structure)
        found: Findings = []
        if "|" in url:
            found.append(Finding(ERROR, "url", "value", "must not name a version", "extension"))
        found += self._content(extension if plain == url else {**extension, "url": plain}, plain, run)
        found += self._modifier(plain, modifier)
        found += self._context(structure, extension, holder, run)
        return found or None

    def _relative(self, url: str, holder: Holder) -> Found:
        """Of an extension within an extension; that others are absolute is looked at by ``check``."""
        if not holder.urls:
            return None
        outer = next((each for each in reversed(holder.urls) if ":" in each), "")
        if outer != holder.urls[-1]:
            return None
        known = self._subextensions(outer)
        if known is not None and url not in known:
            return [Finding(ERROR, "url", "structure", "is no part of the extension about it", "extension")]
        return None

    def _subextensions(self, url: str) -> frozenset[str] | None:
        """The relative URLs that a complex extension defines, None where it is not known."""
        if self._compiler.type_of(url) != "Extension":
            return None
        if url not in self._subs:
            try:
                entry = self._compiler.tree(url).children.get("extension")
            except Unusable:
                return None
            slices = entry.slices if entry else []
            self._subs[url] = frozenset(name for each in slices for name in extension_urls(each, self._compiler.sources))
        return self._subs[url]

    def _foreign(self, url: str, structure: Json | None) -> Found:
        if structure is not None:
            return [Finding(ERROR, "url", "value", "is the URL of a definition that is no extension", "extension")]
        if url.startswith(self._allowed):
            return None
        if self._unknown == INFORMATION and self._neighbours(url):
            return [Finding(WARNING, "url", "not-found", "has no definition, though others beside it are loaded", "extension")]
        if self._unknown == INFORMATION or _CROSS.fullmatch(url):
            return unchecked("the definition of the extension is not loaded", "extension", "url")
        return [Finding(self._unknown, "url", "not-found", "has no definition that is loaded", "extension")]

    def _neighbours(self, url: str) -> bool:
        """Whether extensions of the same place are loaded, beside those of R4."""
        if self._places is None:
            every = self._compiler.definitions.every("StructureDefinition")
            self._places = frozenset(each.rpartition("/")[0] for each in every if "/hl7.org/fhir/" not in each)
        return url.rpartition("/")[0] in self._places

    def _content(self, extension: Json, url: str, run: Run) -> Findings:
        try:
            content = self._compiler.profile(url)
        except Unusable:
            return unchecked("the definition of the extension cannot be used", "extension")
        found = content(Occurrence(extension, None, "Extension", ""), run) if content else None
        return [each if each.profile else each._replace(profile=url) for each in found or ()]

    def _modifier(self, url: str, modifier: bool) -> Findings:
        try:
            meant = bool(self._compiler.tree(url).element.get("isModifier"))
        except Unusable:
            return []
        if meant == modifier:
            return []
        message = (
            "is a modifier and must stand in modifierExtension"
            if meant
            else "is no modifier and must not stand in modifierExtension"
        )
        return [Finding(ERROR, "", "structure", message, "extension", url)]

    def _context(self, structure: Json, extension: Json, holder: Holder, run: Run) -> Findings:
        url = str(structure.get("url", ""))
        contexts = [each for each in _listed(structure, "context") if isinstance(each, dict)]
        if url in _WIDER:
            contexts.append({"type": "element", "expression": _WIDER[url]})
        if contexts and not any(self._suits(str(each.get("type")), str(each.get("expression")), holder, run) for each in contexts):
            allowed = ", ".join(str(each.get("expression")) for each in contexts)
            return [Finding(ERROR, "", "structure", f"must not stand here: it is meant for {allowed}", "extension", url)]
        for each in _listed(structure, "contextInvariant"):
            try:
                rule = compile(str(each))
                here = Item(holder.value, holder.type, holder.shadow)
                verdict = evaluated(run, partial(rule.truth, here), extension)
            except FhirPathError:
                return unchecked("the invariant of its context cannot be evaluated", "extension")
            if verdict is False:
                return [Finding(ERROR, "", "invariant", "the invariant of its context is not kept", "extension", url)]
        return []

    def _suits(self, kind: str, wanted: str, holder: Holder, run: Run) -> bool:
        if kind == "extension":
            return bool(holder.urls) and _same_extension(wanted, holder.urls)
        if kind == "fhirpath":
            try:
                found = evaluated(run, partial(compile(wanted).evaluate, Item.of(run.resource)))
            except FhirPathError:
                return True
            return any(
                each.value is holder.value if isinstance(holder.value, dict) else each.shadow is holder.shadow for each in found
            )
        if wanted.startswith(("http://", "https://")):
            wanted = wanted.rpartition("/")[2].partition("#")[2] or wanted.rpartition("/")[2]
        return wanted in set(holder.called())


def _listed(structure: Json, name: str) -> list[Any]:
    said = structure.get(name)
    return said if isinstance(said, list) else []


def _same_extension(wanted: str, urls: tuple[str, ...]) -> bool:
    """A context of extension: a URL, or ``URL#part`` or ``URL#part.part`` for a part of a complex one."""
    if wanted == urls[-1]:
        return True
    outer = next((place for place in reversed(range(len(urls))) if ":" in urls[place]), 0)
    return wanted in ("#".join((urls[outer], ".".join(urls[outer + 1 :]))), "#".join(urls[outer:]))
