"""What an engine knows beside its record: packages, releases and code tables, and which messages have tables."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from interop.api.knowledge import Knowledge
from interop.app.settings import Settings
from interop.mapping.places import mappings_root
from interop.mapping.reading import families, routed


def knowledge_of(settings: Settings) -> Knowledge:
    """What the API knows beside R4; raises ValueError for a package or release that cannot be used."""
    if not (settings.package or settings.release):
        return Knowledge(maps=code_maps)
    from interop.fhir.definitions import Unusable
    from interop.fhir.terminology.releases import BadRelease

    try:
        return Knowledge(settings.package, settings.release, code_maps)
    except (Unusable, BadRelease, OSError) as problem:
        raise ValueError(
            f"A package or release cannot be used: {problem}. Give --package a folder, .tgz, .zip or conformance resource and "
            "--release a file that `conformance terminology load` has written."
        ) from problem


def code_maps() -> Iterator[dict[str, Any]]:
    """The code tables of the mappings as ConceptMaps, so that a client can ask what a source's code becomes."""
    from interop.fhir.terminology import code_tables

    return code_tables(mappings_root())


class Routes:
    """Which message types have tables, without compiling any."""

    def __init__(self) -> None:
        self._routes = {family: routed(family) for family in families()}

    def has(self, family: str, message: str) -> bool:
        """Whether tables map this message type."""
        return message in self._routes.get(family, ())
