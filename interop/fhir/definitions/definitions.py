"""Conformance resources by canonical URL (FHIR R4, References to conformance resources by canonical URL)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path
from threading import RLock

from interop.fhir.canonicals import STRUCTURE_DEFINITION
from interop.fhir.definitions.files import opened
from interop.fhir.definitions.package import Entry, Package, Resources
from interop.fhir.definitions.shipped import Shipped
from interop.fhir.definitions.snapshot import Trees, generated
from interop.fhir.definitions.snapshot.shape import sound
from interop.fhir.definitions.unusable import Unusable
from interop.fhir.facts import kind
from interop.fhir.shapes import Json

KEPT = 512
"""Resources other than structures that are kept parsed."""
DEPTH = 30
"""Structures that may be made for the sake of one another."""

Index = dict[str, dict[str, list[Entry]]]
"""Kind -> canonical URL -> where it is, the latest package last."""


class Definitions:
    """Base R4 and the packages on top of it. Where two packages define a URL, the later one's is taken, but for R4's own types.

    What is given back is shared and not to be changed. Nothing is parsed before it is asked for; nothing is fetched. Threads may
    share one.
    """

    def __init__(self, packages: Sequence[Package], below: Definitions | None = None) -> None:
        self.problems: list[tuple[str, str]] = list(below.problems) if below else []
        self._index: Index = {kind: dict(urls) for kind, urls in below._index.items()} if below else {}
        self._structures: dict[Entry, Json | None] = {}
        self._snapshots: dict[Entry, list[Json]] = {}
        self._unusable: dict[Entry, Unusable] = {}
        self._generating: list[Entry] = []
        self._trees = Trees(self)
        self._lock = RLock()
        self._kept: dict[Entry, Json | None] = {}
        for package in packages:
            for entry in package.entries():
                urls = self._index.setdefault(entry.kind, {})
                found = urls.get(entry.url, ())
                urls[entry.url] = [entry, *found] if found and _of_the_standard(entry) else [*found, entry]
            self.problems += package.problems

    @staticmethod
    @cache
    def base() -> Definitions:
        """R4 (4.0.1) alone: its types, profiles, extensions, value sets, code systems, concept maps and search parameters.

        Its elements hold id, path, representation, min, max, type, binding (``valueSet`` with its ``|version`` as in the
        standard; the maximum value set as its extension), constraint, contentReference, slicing, fixed and pattern values,
        isModifier, isSummary and mustSupport (absent for false), and no texts but ``human`` of an invariant.
        """
        return Definitions([Shipped()])

    def with_packages(self, paths: Sequence[Path]) -> Definitions:
        """These and the packages at ``paths``: a folder, ``.tgz``, ``.zip`` or a single resource as JSON or XML.

        What cannot be read is told in ``problems``. Raises Unusable where a path is none of these or is refused as a whole.
        """
        return Definitions([opened(path) for path in paths], self)

    def with_resources(self, resources: Iterable[Json]) -> Definitions:
        """These and the given resources."""
        return Definitions([Resources(resources)], self)

    def every(self, kind: str) -> Iterator[str]:
        """The canonical URLs of a kind, as ``ValueSet``."""
        return iter(self._index.get(kind, ()))

    def _entry(self, kind: str, url: str) -> Entry | None:
        bare, _, version = url.partition("|")
        found = self._index.get(kind, {}).get(bare, ())
        if not version:
            return found[-1] if found else None
        exact = [each for each in found if each.version == version]
        partly = [each for each in found if each.version.startswith(f"{version}.")]
        return exact[-1] if exact else max(partly, key=lambda each: _order(each.version), default=None)

    def resource(self, kind: str, url: str) -> Json | None:
        """A resource by kind and canonical URL, ``|version`` allowed: then of that version only, or the highest that begins with
        its parts (``0.2`` finds ``0.2.1``). A NamingSystem by its URL or one of its unique ids (``urn:oid:`` before an OID).
        None for what is unknown or cannot be read any more."""
        if kind == "StructureDefinition":
            return self.structure(url)
        entry = self._entry(kind, url)
        if entry is None:
            return None
        if entry not in self._kept:
            if len(self._kept) >= KEPT:
                self._kept.pop(next(iter(self._kept)), None)
            self._kept[entry] = self._read(entry)
        return self._kept.get(entry)

    def _read(self, entry: Entry) -> Json | None:
        try:
            return entry.package.read(entry)
        except Unusable as unusable:
            self.problems.append((entry.url, unusable.reason))
            return None

    def structure(self, url: str) -> Json | None:
        """A StructureDefinition by canonical URL, ``|version`` allowed, or by the bare name of a type (``Patient``)."""
        entry = self._structure(url)
        return self._parsed(entry) if entry else None

    def _parsed(self, entry: Entry) -> Json | None:
        if entry not in self._structures:
            self._structures[entry] = self._read(entry)
        return self._structures[entry]

    def _structure(self, url: str) -> Entry | None:
        return self._entry("StructureDefinition", url if ":" in url else STRUCTURE_DEFINITION + url)

    def snapshot(self, url: str) -> list[Json]:
        """The elements of a structure: those of its snapshot or, where it has none, made from its differential.

        Raises Unusable: unknown, or its differential does not fit its base.
        """
        entry = self._structure(url)
        if entry is None:
            raise Unusable(f"{url}: unknown")
        found = self._snapshots.get(entry)
        if found is None:
            with self._lock:
                found = self._snapshots.get(entry) or self._tried(entry)
        return found

    def _tried(self, entry: Entry) -> list[Json]:
        if entry in self._unusable:
            raise self._unusable[entry].with_traceback(None)
        if entry in self._generating or len(self._generating) > DEPTH:
            raise Unusable(f"{entry.url}: is based on itself, or on too many others")
        try:
            self._snapshots[entry] = self._made(entry)
        except Unusable as unusable:
            self._unusable[entry] = type(unusable)(f"{entry.url}: {unusable.reason}")
            self.problems.append((entry.url, unusable.reason))
            raise self._unusable[entry] from None
        return self._snapshots[entry]

    def _made(self, entry: Entry) -> list[Json]:
        structure = self._parsed(entry)
        if structure is None:
            raise Unusable("cannot be read")
        content = structure.get("snapshot")
        elements = content.get("element") if isinstance(content, dict) else None
        if isinstance(elements, list) and elements:
            if not isinstance(entry.package, Shipped):
                sound(elements)
            return elements
        self._generating.append(entry)
        try:
            made, remarks = generated(self._trees, structure)
            sound(made)
        except (TypeError, KeyError, AttributeError, ValueError, RecursionError) as error:
            raise Unusable(f"its differential is malformed ({type(error).__name__})") from None
        finally:
            self._generating.pop()
        self.problems += [(entry.url, each) for each in remarks]
        return made


def _order(version: str) -> list[tuple[int, str]]:
    """A version for comparison: its parts as numbers where they are."""
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in version.split(".")]


def _of_the_standard(entry: Entry) -> bool:
    """Whether an entry defines a type of R4: the shipped definition stays the one that is meant without a version."""
    name = entry.url.removeprefix(STRUCTURE_DEFINITION)
    return entry.kind == "StructureDefinition" and name != entry.url and bool(kind(name))
