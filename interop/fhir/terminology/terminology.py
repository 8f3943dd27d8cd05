"""Terminology: validate-code, expand, lookup, translate, subsumes (FHIR R4, Terminology Service)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache

from interop.fhir.shapes import Json, dicts, text
from interop.fhir.terminology.expanding import as_resource, expanded
from interop.fhir.terminology.loading import Loader
from interop.fhir.terminology.maps import Map
from interop.fhir.terminology.names import called
from interop.fhir.terminology.results import Concept, Expansion, Lookup, Translation, Uncomputable, Verdict
from interop.fhir.terminology.sets import NO, Ruling, Set
from interop.fhir.terminology.system import Definitions, System

REMEMBERED = 20_000
"""Verdicts that are kept."""
Question = tuple[str, str | None, str, str | None, str | None]
"""Value set ('' for the code system itself), system, code, display, version."""
LONGEST = 1_000
"""Characters of a code that is looked up."""


class Terminology:
    """Code systems, value sets and concept maps of ``definitions``, and ``releases`` of SNOMED CT and dm+d.

    ``supplements`` are canonical URLs of code system supplements whose texts and properties are to be used everywhere. Nothing is
    read before it is asked for. What is not loaded is neither passed nor failed: its verdict is None with the reason.
    """

    def __init__(self, definitions: Definitions, releases: Sequence[System] = (), *, supplements: Sequence[str] = ()) -> None:
        self._loader = Loader(definitions, releases, supplements)
        self._known: dict[Question, Verdict] = {}

    def knows(self, system: str) -> bool:
        """Whether the codes of a code system can be judged: it is loaded whole, or is a grammar."""
        known = self._loader.system(system)
        return known is not None and (known.excludes("") or not known.why_open)

    def loaded(self, system: str, version: str = "") -> bool:
        """Whether anything is known of the codes of a code system."""
        return self._loader.system(system, version) is not None

    def absent_system(self, system: str, version: str = "") -> str:
        """The sentence that a code system, or that version of it, is not loaded."""
        return self._loader.absent(system, version)

    def absent(self, value_set: str) -> str:
        """Why a value set cannot be asked, '' where it can."""
        found = self._set(value_set)
        return found if isinstance(found, str) else ""

    def has_map(self, url: str) -> bool:
        """Whether a concept map is loaded."""
        return self._loader.map(url) is not None

    def supplement(self, url: str) -> bool:
        """Whether that is a code system supplement, which is no system of codes (FHIR R4, CodeSystem, section 4.8.11)."""
        return self._loader.supplements(url)

    def validate_code(
        self, value_set: str | Json, system: str | None, code: str, *, display: str | None = None, version: str | None = None
    ) -> Verdict:
        """Whether a code is in a value set: a canonical URL (``|version`` allowed) or a ValueSet resource.

        ``system`` None is a ``code`` element: the system is inferred from the value set. ``version`` is Coding.version; ``display``
        is compared with every text of the code, without case and extra spaces. An abstract code is no value: False.
        """
        if not isinstance(value_set, str):
            return self._judged(value_set, system, code, display, version or "")
        key = (value_set, system, code, display, version)
        return self._known.get(key) or self._remember(key, self._judged(value_set, system, code, display, version or ""))

    def _remember(self, key: Question, verdict: Verdict) -> Verdict:
        if len(self._known) >= REMEMBERED:
            self._known.clear()
        self._known[key] = verdict
        return verdict

    def _judged(self, value_set: str | Json, system: str | None, code: str, display: str | None, version: str) -> Verdict:
        found = self._set(value_set)
        if isinstance(found, str):
            return Verdict(None, found, severity="information")
        where = f"the value set {found.url}" if found.url else "the value set"
        return _verdict(found.judge(system, code, version) if len(code) <= LONGEST else NO, where, display)

    def _set(self, value_set: str | Json) -> Set | str:
        return self._loader.value_set(value_set) if isinstance(value_set, str) else self._loader.compiled(value_set)

    def validate_in_system(self, system: str, code: str, display: str | None = None, version: str | None = None) -> Verdict:
        """Whether a code is one of a code system (CodeSystem/$validate-code). An abstract code is one, with a warning."""
        key = ("", system, code, display, version)
        return self._known.get(key) or self._remember(key, self._in_system(system, code, display, version or ""))

    def _in_system(self, system: str, code: str, display: str | None, version: str) -> Verdict:
        known = self._loader.system(system, version)
        if known is None and self._loader.resource("ValueSet", system):
            return Verdict(False, f"{system} is a value set, not a code system", system=system, severity="error")
        if known is None:
            return _verdict(Ruling(None, self._loader.absent_of_code(system), system), "", display)
        if self._loader.supplements(system):
            return Verdict(False, f"{called(system)} is a supplement, not a code system", system=system, severity="error")
        concept = known.find(code) if len(code) <= LONGEST else None
        result = True if concept is not None else False if known.excludes(code) else None
        return _verdict(Ruling(result, known.why_open, system, concept), f"the code system {system}", display, in_set=False)

    def validate_coding(self, value_set: str | Json, coding: Json) -> Verdict:
        """Whether a Coding is in a value set; one without system or code is in none."""
        system, code = text(coding, "system"), text(coding, "code")
        if not system or not code:
            return Verdict(False, "there is no code with a system", severity="error")
        display, version = text(coding, "display") or None, text(coding, "version") or None
        return self.validate_code(value_set, system, code, display=display, version=version)

    def validate_concept(self, value_set: str | Json, concept: Json) -> Verdict:
        """Whether any coding of a CodeableConcept is in a value set; None where none is, and one could not be checked.

        A coding without system or code is in no value set. A concept without codings is False.
        """
        best = Verdict(False, "there is no code with a system", severity="error")
        for coding in dicts(concept, "coding"):
            verdict = self.validate_coding(value_set, coding)
            if verdict.result:
                return verdict
            if verdict.result is None or best.result is False:
                best = verdict
        return best

    def expand(
        self,
        value_set: str | Json,
        *,
        filter: str | None = None,
        offset: int = 0,
        count: int | None = None,
        active_only: bool = False,
    ) -> Expansion:
        """The codes of a value set, flat and each once (ValueSet/$expand).

        ``filter`` is text: each word is in the display or the code. Raises Uncomputable where a part is not loaded or cannot be
        listed, TooCostly over 10,000 codes without ``count`` (a million with it), ValueError for a negative offset or count.
        """
        found = self._set(value_set)
        if isinstance(found, str):
            raise Uncomputable([found])
        return expanded(found, filter, offset, count, active_only)

    def expansion_resource(
        self,
        value_set: str | Json,
        *,
        timestamp: str,
        filter: str | None = None,
        offset: int = 0,
        count: int | None = None,
        active_only: bool = False,
    ) -> Json:
        """The same as a ValueSet resource; ``timestamp`` is a FHIR dateTime. Raises as ``expand`` does."""
        expansion = self.expand(value_set, filter=filter, offset=offset, count=count, active_only=active_only)
        resource = value_set if not isinstance(value_set, str) else self._loader.resource("ValueSet", value_set)
        said = {"filter": filter, "offset": offset or None, "count": count, "activeOnly": active_only or None}
        return as_resource(expansion, resource or {"url": value_set}, timestamp, said)

    def translate(
        self,
        system: str,
        code: str,
        *,
        concept_map: str | Json | None = None,
        source: str | None = None,
        target: str | None = None,
        target_system: str | None = None,
        reverse: bool = False,
    ) -> list[Translation]:
        """What a code is in another code system (ConceptMap/$translate); [] where no map says anything.

        The map is ``concept_map`` (canonical URL or resource), or every map whose source and target value sets are ``source`` and
        ``target`` (either may be left out; without both, every map). ``target_system`` keeps the matches of one system.
        ``reverse``: the code is one of the target, and its sources are wanted. A match may say ``unmatched`` or ``disjoint``: then
        the code has no translation.
        """
        if concept_map is not None:
            found = self._loader.map(concept_map) if isinstance(concept_map, str) else Map(concept_map)
            maps = [found] if found else []
        else:
            maps = self._loader.maps_between(source or "", target or "")
        wanted = target_system or ""
        matches: dict[Translation, None] = {}
        for each in maps:
            if reverse:
                matches |= dict.fromkeys(each.backward(system, code, wanted))
            else:
                matches |= dict.fromkeys(each.forward(system, code, wanted, self._loader.map))
        return list(matches)

    def lookup(self, system: str, code: str, version: str | None = None) -> Lookup | None:
        """All that is known of a code; None where the code or its system is not known."""
        known = self._loader.system(system, version or "")
        return known.lookup(code) if known else None

    def subsumes(self, system: str, a: str, b: str) -> str | None:
        """``equivalent``, ``subsumes`` (a is b or above it), ``subsumed-by`` or ``not-subsumed``; None where it cannot be told."""
        known = self._loader.system(system)
        first, second = (known.find(a), known.find(b)) if known else (None, None)
        if known is None or first is None or second is None:
            return None
        if first.code == second.code:
            return "equivalent"
        down, up = known.subsumes(first.code, second.code), known.subsumes(second.code, first.code)
        if down is None or up is None:
            return None
        return "subsumes" if down else "subsumed-by" if up else "not-subsumed"


def _verdict(ruling: Ruling, where: str, display: str | None, in_set: bool = True) -> Verdict:
    concept = ruling.concept
    if ruling.result is None:
        return Verdict(None, ruling.reason, system=ruling.system, severity="information")
    if not ruling.result or concept is None:
        return _refused(where, ruling.system)
    fits = _fits(concept, display)
    message = f"the code is {concept.status or 'inactive'}" if concept.inactive else ""
    if fits is False:
        message = "the display is not one of the code's"
    if concept.abstract:
        message = "the code is abstract: it groups others and is no value itself"
        if in_set:
            return Verdict(False, message, concept.display, fits, ruling.system, concept.inactive, concept.status, "error")
    severity = "warning" if message else ""
    return Verdict(True, message, concept.display, fits, ruling.system, concept.inactive, concept.status, severity)


@lru_cache(maxsize=1024)
def _refused(where: str, system: str) -> Verdict:
    """One for all codes that are not in a value set: hostile codes cost no memory."""
    return Verdict(False, f"the code is not in {where}", system=system, severity="error")


def _fits(concept: Concept, display: str | None) -> bool | None:
    texts: Iterable[str] = concept.texts()
    if display is None or not texts:
        return None
    wanted = _plain(display)
    return any(_plain(text) == wanted for text in texts)


def _plain(text: str) -> str:
    return " ".join(text.split()).casefold()
