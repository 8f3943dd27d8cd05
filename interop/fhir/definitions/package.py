"""What holds conformance resources: each is found by kind, canonical URL and version, and parsed when it is asked for."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple, Protocol

from interop.fhir.shapes import Json

KINDS = frozenset(
    (
        "ActivityDefinition", "CapabilityStatement", "ChargeItemDefinition", "CodeSystem", "CompartmentDefinition", "ConceptMap",
        "EffectEvidenceSynthesis", "EventDefinition", "Evidence", "EvidenceVariable", "ExampleScenario", "GraphDefinition",
        "ImplementationGuide", "Library", "Measure", "MessageDefinition", "NamingSystem", "OperationDefinition", "PlanDefinition",
        "Questionnaire", "ResearchDefinition", "ResearchElementDefinition", "RiskEvidenceSynthesis", "SearchParameter",
        "StructureDefinition", "StructureMap", "TerminologyCapabilities", "TestScript", "ValueSet",
    )
)  # fmt: skip
"""The types of R4 whose resources others name by a canonical URL; a NamingSystem by its unique ids."""


class Entry(NamedTuple):
    """Where a resource is. ``place`` is the package's own affair."""

    kind: str
    url: str
    version: str
    package: Package
    place: Any


class Package(Protocol):
    """Conformance resources from one place. ``problems``: what could not be read, as (file, reason)."""

    problems: list[tuple[str, str]]

    def entries(self) -> Iterable[Entry]:
        """Every resource that can be named, in a steady order."""
        ...

    def read(self, entry: Entry) -> Json:
        """The resource. Raises Unusable where its file has changed or cannot be read."""
        ...


def names(resource: Json) -> list[tuple[str, str, str]]:
    """(kind, canonical URL, version) of a resource; none for what nobody can name."""
    kind, version = resource.get("resourceType"), resource.get("version")
    if not isinstance(kind, str) or kind not in KINDS:
        return []
    urls = [resource.get("url")]
    if kind == "NamingSystem":
        urls += [_unique(each) for each in resource.get("uniqueId") or () if isinstance(each, dict)]
    version = version if isinstance(version, str) else ""
    return [(kind, url, version) for url in urls if isinstance(url, str) and url]


def _unique(content: Json) -> str | None:
    value = content.get("value")
    if not isinstance(value, str):
        return None
    return "urn:oid:" + value if content.get("type") == "oid" and not value.startswith("urn:") else value


class Resources:
    """A package of resources that are already in memory."""

    def __init__(self, resources: Iterable[Json]) -> None:
        self.problems: list[tuple[str, str]] = []
        self._resources = list(resources)

    def entries(self) -> Iterable[Entry]:
        for number, each in enumerate(self._resources):
            for kind, url, version in names(each):
                yield Entry(kind, url, version, self, number)

    def read(self, entry: Entry) -> Json:
        resource: Json = self._resources[entry.place]
        return resource
