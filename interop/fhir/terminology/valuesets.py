"""A value set compiled to what can be asked: is a code in it (FHIR R4, 4.9.5, Content Logical Definition).

Three answers everywhere: yes, no, and *cannot be told* with the reason. Within an include all conditions must hold; includes are
joined; excludes take away.
"""

from __future__ import annotations

from collections.abc import Iterator

from interop.fhir.shapes import Json, dicts, text
from interop.fhir.terminology.include import Include
from interop.fhir.terminology.premade import Premade
from interop.fhir.terminology.results import Contained, Uncomputable
from interop.fhir.terminology.sets import NO, Ruling, Source

SUPPLEMENT = "http://hl7.org/fhir/StructureDefinition/valueset-supplement"
PATTERNS = 4
"""Regular expressions of a value set that are tried: each may take its time."""
AHEAD = 20_000
"""Codes computed before the first is given, so that a pre-made expansion can stand in for a definition that fails midway."""


class ComposedSet:
    """A value set by its definition; where that cannot be computed, by an expansion that came with it."""

    def __init__(self, resource: Json, source: Source) -> None:
        self.url = text(resource, "url")
        self.version = text(resource, "version")
        named = [text(each, "valueCanonical") for each in dicts(resource, "extension") if text(each, "url") == SUPPLEMENT]
        supplements = [each for each in named if each]
        compose = resource.get("compose")
        self._includes = [Include(each, source, supplements) for each in dicts(compose, "include")]
        self._excludes = [Include(each, source, supplements) for each in dicts(compose, "exclude")]
        self._active_only = isinstance(compose, dict) and compose.get("inactive") is False
        self._made = Premade(resource)
        self._why_not = "" if self._includes else f"{self.url or 'the value set'} has no definition"
        if absent := [each for each in supplements if not source.supplements(each)]:
            self._why_not = f"the supplement {absent[0]} is not loaded"
        if sum(include.patterns for include in (*self._includes, *self._excludes)) > PATTERNS:
            self._why_not = f"{self.url or 'the value set'} has too many regular expressions"

    def judge(self, system: str | None, code: str, version: str = "") -> Ruling:
        ruling = self._composed(system, code, version)
        return self._made.judge(system, code, ruling) if ruling.result is None else ruling

    def _composed(self, system: str | None, code: str, version: str) -> Ruling:
        if self._why_not:
            return Ruling(None, self._why_not)
        best = NO
        for include in self._includes:
            ruling = include.judge(system, code, version)
            if ruling.result or (ruling.result is None and best.result is False):
                best = ruling
            if ruling.result:
                break
        if best.result is False:
            return best
        if self._active_only and best.concept and best.concept.inactive:
            return NO
        for exclude in self._excludes:
            ruling = exclude.judge(best.system or system, code, version)
            if ruling.result:
                return NO
            if ruling.result is None:
                best = ruling
        return best

    def members(self) -> Iterator[Contained]:
        """Raises Uncomputable."""
        if self._why_not:
            yield from self._made.members([self._why_not])
            return
        made: list[Contained] = []
        try:
            for each in self._composed_members():
                made.append(each)
                if len(made) > AHEAD:
                    break
        except Uncomputable as why:
            yield from self._made.members(why.reasons)
            return
        yield from made if len(made) <= AHEAD else self._composed_members()

    def _composed_members(self) -> Iterator[Contained]:
        for include in self._includes:
            for each in include.members():
                rulings = [exclude.judge(each.system, each.code, "") for exclude in self._excludes]
                if unsure := [ruling.reason for ruling in rulings if ruling.result is None]:
                    raise Uncomputable(unsure)
                if not any(ruling.result for ruling in rulings) and not (self._active_only and each.inactive):
                    yield each

    def uses(self) -> set[str]:
        return {each for include in self._includes for each in include.uses()}
