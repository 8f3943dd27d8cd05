"""What the server knows of FHIR: R4, the packages it was given, releases of SNOMED CT and dm+d; and what clients have stored.

Terminology and validation are loaded when they are first wanted, and computed on one thread of their own, so that none of it
holds the loop up.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol, TypeVar

from interop.api.canonicals import Key, Named, draw
from interop.fhir.shapes import Json, text
from interop.store.decision import Decision
from interop.store.seam import Store

if TYPE_CHECKING:
    from interop.fhir.definitions import Definitions
    from interop.fhir.terminology import Terminology
    from interop.fhir.terminology.system import System
    from interop.fhir.validation.validator import Validator

KEPT = 16
"""Terminologies with stored resources that are kept."""
T = TypeVar("T")


class Stores(Protocol):
    """Who has a store."""

    @property
    def store(self) -> Store:
        """The store."""


class Drawn(NamedTuple):
    """A terminology in which what is stored is found, and the stored resources that were drawn in."""

    terminology: Terminology
    stored: dict[Key, Json]

    def resource(self, kind: str, url: str) -> Json | None:
        """The stored resource of a canonical URL; with ``|version`` of that version only."""
        bare, _, version = url.partition("|")
        found = [each for each in self.stored.values() if (text(each, "resourceType"), text(each, "url")) == (kind, bare)]
        return next((each for each in reversed(found) if version in ("", text(each, "version"))), None)


class Knowledge:
    """Definitions, terminology and validator of a server, made when they are first wanted.

    ``packages`` are FHIR packages on disk (see ``Definitions.with_packages``), ``releases`` compiled releases, ``maps`` gives
    further ConceptMaps. Raises
    Unusable (of ``interop.fhir.definitions``) for a package that cannot be used, BadRelease or OSError for a release.
    """

    def __init__(
        self, packages: Sequence[Path] = (), releases: Sequence[Path] = (), maps: Callable[[], Iterable[Json]] = tuple
    ) -> None:
        self._maps = maps
        self.releases = _opened(releases)
        self._given = _base().with_packages(packages) if packages else None
        self._kept: dict[frozenset[Key], Terminology] = {}
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="knowledge")

    @property
    def definitions(self) -> Definitions:
        """R4 and the packages."""
        return self._given or _base()

    @cached_property
    def terminology(self) -> Terminology:
        """Of the definitions, releases and maps."""
        return self.with_given(())

    @cached_property
    def maps(self) -> tuple[Json, ...]:
        """The further ConceptMaps."""
        return tuple(self._maps())

    @cached_property
    def validator(self) -> Validator:
        """Holds resources to everything that they claim."""
        from interop.fhir.validation.validator import Validator

        return Validator(self.definitions, self.terminology)

    def guides(self) -> list[str]:
        """The implementation guides that the packages hold, as ``url|version``."""
        found = [self.definitions.resource("ImplementationGuide", url) for url in self.definitions.every("ImplementationGuide")]
        return sorted(f"{text(each, 'url')}|{text(each, 'version')}".rstrip("|") for each in found if each)

    @cached_property
    def profiles(self) -> tuple[tuple[str, str], ...]:
        """The profiles of resources that the packages hold: type and canonical URL."""
        if self._given is None:
            return ()
        ours = set(_base().every("StructureDefinition"))
        found = (self._given.structure(url) for url in self._given.every("StructureDefinition") if url not in ours)
        return tuple(sorted((text(each, "type"), text(each, "url")) for each in found if each and _profiles(each)))

    def with_given(self, resources: Iterable[Json]) -> Terminology:
        """The terminology in which these resources come before all others."""
        from interop.fhir.terminology import Terminology

        return Terminology(Overlay((*self.maps, *resources), self.definitions), self.releases)

    def with_stored(self, stored: dict[Key, Json]) -> Terminology:
        """The terminology in which these stored resources come before all others; the last few are kept."""
        if not stored:
            return self.terminology
        key = frozenset(stored)
        found = self._kept.pop(key, None) or self.with_given(stored.values())
        self._kept[key] = found
        if len(self._kept) > KEPT:
            self._kept.pop(next(iter(self._kept)), None)
        return found

    async def draw(self, holder: Stores, decision: Decision, wanted: Iterable[Named], given: Iterable[Json] = ()) -> Drawn:
        """The terminology with the stored resources of these names and what they, and ``given``, name in turn."""
        found = await draw(holder.store, decision, wanted, given)
        return Drawn(self.with_stored(found), found)

    async def for_value_set(self, holder: Stores, decision: Decision, url: str) -> Terminology:
        """The terminology to ask about a value set or a code system of this canonical URL."""
        return (await self.draw(holder, decision, [("ValueSet", url), ("CodeSystem", url)])).terminology

    async def compute(self, work: Callable[[], T]) -> T:
        """Do work that takes its time, away from the loop."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    def close(self) -> None:
        """Wait for what is under way."""
        self._thread.shutdown()


class Overlay:
    """Resources on top of definitions (``interop.fhir.terminology.system.Definitions``)."""

    def __init__(self, resources: Iterable[Json], below: Definitions) -> None:
        self._below = below
        self._own: dict[tuple[str, str], list[Json]] = {}
        for each in resources:
            self._own.setdefault((text(each, "resourceType"), text(each, "url")), []).append(each)

    def resource(self, kind: str, url: str) -> Json | None:
        """By canonical URL; of several versions the one that is named, else the last one given."""
        bare, _, version = url.partition("|")
        own = self._own.get((kind, bare), ())
        found = next((each for each in reversed(own) if version in ("", text(each, "version"))), None)
        return found or self._below.resource(kind, url)

    def every(self, kind: str) -> Iterator[str]:
        """The canonical URLs of a kind."""
        yield from (url for known, url in self._own if known == kind)
        yield from (url for url in self._below.every(kind) if (kind, url) not in self._own)


def _base() -> Definitions:
    from interop.fhir.definitions import Definitions

    return Definitions.base()


def _profiles(structure: Json) -> bool:
    """Whether a structure is a profile of a type of resources."""
    return text(structure, "derivation") == "constraint" and text(structure, "kind") == "resource"


def _opened(paths: Sequence[Path]) -> list[System]:
    if not paths:
        return []
    from interop.fhir.terminology.releases import Release

    return [Release.open(path) for path in paths]
