"""An expansion that came with a value set (FHIR R4, ValueSet.expansion)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from interop.fhir.shapes import Json, dicts, text
from interop.fhir.terminology.results import Concept, Contained, Uncomputable
from interop.fhir.terminology.sets import NO, Ruling

PARTIAL = frozenset(("filter", "activeOnly", "limitedExpansion", "excludeNotForUI", "property"))
"""Parameters that make an expansion smaller than its value set."""
INCOMPLETE = frozenset(("valueset-toocostly", "valueset-unclosed"))


class Premade:
    """ValueSet.expansion, made by somebody else."""

    def __init__(self, resource: Json) -> None:
        said = resource.get("expansion")
        said = said if isinstance(said, dict) else {}
        self._codes: dict[tuple[str, str], Contained] = {}
        waiting = list(reversed(dicts(said, "contains")))
        while waiting:
            each = waiting.pop()
            system, code = text(each, "system"), text(each, "code")
            if code:
                abstract, inactive = each.get("abstract") is True, each.get("inactive") is True
                line = Contained(system, code, text(each, "display"), abstract, inactive, text(each, "version"))
                self._codes.setdefault((system, code), line)
            waiting += reversed(dicts(each, "contains"))
        total = said.get("total")
        partial = any(text(each, "name") in PARTIAL and each.get("valueBoolean") is not False for each in dicts(said, "parameter"))
        marked = any(text(each, "url").rpartition("/")[2] in INCOMPLETE for each in dicts(said, "extension"))
        short = isinstance(total, int) and total > len(self._codes)
        self._whole = bool(self._codes) and not (partial or marked or short or said.get("offset"))

    def judge(self, system: str | None, code: str, otherwise: Ruling) -> Ruling:
        """What the expansion says; ``otherwise`` where it says nothing."""
        if system is None:
            found = next((each for each in self._codes.values() if each.code == code), None)
        else:
            found = self._codes.get((system, code))
        if found is not None:
            concept = Concept(found.code, found.display, (), found.inactive, found.abstract)
            return Ruling(True, "", found.system, concept)
        return NO if self._whole else otherwise

    def members(self, reasons: Sequence[str]) -> Iterator[Contained]:
        """Raises Uncomputable with the reasons why the definition could not be computed, where this is not whole either."""
        if not self._whole:
            raise Uncomputable(reasons)
        return iter(self._codes.values())
