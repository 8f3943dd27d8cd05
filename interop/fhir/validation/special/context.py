"""What a resource-specific check may ask beyond the resource."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from interop.fhir.definitions import Definitions
from interop.fhir.terminology import Terminology
from interop.fhir.validation.work import Work


def _nothing(_reference: str) -> dict[str, Any] | None:
    return None


_KINDS = ("ValueSet", "CodeSystem", "StructureDefinition", "ConceptMap", "SearchParameter", "OperationDefinition", "Questionnaire")


@dataclass(frozen=True, slots=True)
class Context:
    """The definitions and terminology of the validator, and what surrounds the resource.

    ``root`` is the resource that contains this one, or it itself; ``resolve`` turns a reference as it is written into the
    resource that it names (contained, in the same bundle, or known to the caller), None where it is not at hand.
    """

    definitions: Definitions
    terminology: Terminology | None = None
    root: dict[str, Any] = field(default_factory=dict)
    resolve: Callable[[str], dict[str, Any] | None] = _nothing
    work: Work = field(default_factory=Work)

    def canonical(self, kind: str, url: str) -> dict[str, Any] | None:
        """A conformance resource by canonical URL (``|version`` allowed) or as ``#id`` of a contained one."""
        if url.startswith("#"):
            contained = self.root.get("contained")
            for each in contained if isinstance(contained, list) else ():
                if isinstance(each, dict) and each.get("id") == url[1:] and each.get("resourceType") == kind:
                    return each
            return None
        found = self.definitions.resource(kind, url)
        if found is None and (near := self.resolve(url)) is not None and near.get("resourceType") == kind:
            found = near
        return found

    def kind(self, url: str) -> str:
        """The type of the loaded conformance resource of a canonical URL, '' where none is."""
        return next((kind for kind in _KINDS if self.definitions.resource(kind, url) is not None), "")
