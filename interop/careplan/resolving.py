"""What references lead to, among the resources that the asker may see."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from interop.careplan.plan import Given
from interop.fhir.references import literal_type, versionless
from interop.fhir.shapes import Json, dicts, text


class Resolving:
    """References between given resources and into what one contains."""

    def __init__(self, given: Iterable[Given]) -> None:
        self._known = {f"{text(each.resource, 'resourceType')}/{text(each.resource, 'id')}": each.resource for each in given}
        self._within: Json = {}

    def within(self, resource: Json) -> None:
        """References that begin with ``#`` are into this resource from now on."""
        self._within = {f"#{text(each, 'id')}": each for each in dicts(resource, "contained")}

    def __call__(self, reference: Any) -> Json | None:
        """The resource that a Reference leads to, None where it leads to nothing that is known."""
        literal = text(reference, "reference")
        if literal.startswith("#"):
            return self._within.get(literal)
        type_ = literal_type(literal)
        return self._known.get(f"{type_}/{versionless(literal).rpartition('/')[2]}") if type_ else None
