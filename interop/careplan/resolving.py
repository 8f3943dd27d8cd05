"""What references lead to, among the resources that the asker may see."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from interop.careplan.plan import Given
from interop.fhir.references import local
from interop.fhir.shapes import Json, dicts, text


class Resolving:
    """References between given resources and into what one contains."""

    def __init__(self, given: Iterable[Given]) -> None:
        self._known = {f"{text(each.resource, 'resourceType')}/{text(each.resource, 'id')}": each.resource for each in given}
        self._within: Json = {}

    def within(self, resource: Json) -> None:
        """References that begin with ``#`` are into this resource from now on."""
        self._within = {f"#{text(each, 'id')}": each for each in dicts(resource, "contained")}

    def each(self, given: Iterable[Given]) -> Iterator[Given]:
        """One after the other, with references that begin with ``#`` into the one that is given."""
        for one in given:
            self.within(one.resource)
            yield one

    def __call__(self, reference: Any) -> Json | None:
        """The resource that a Reference leads to, None where it leads to nothing that is known."""
        literal = text(reference, "reference")
        if literal.startswith("#"):
            return self._within.get(literal)
        key = local(literal)
        return self._known.get("/".join(key)) if key is not None else None
