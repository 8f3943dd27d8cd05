"""A value set compiled to what can be asked: is a code in it (FHIR R4, 4.9.5, Content Logical Definition).

Three answers everywhere: yes, no, and *cannot be told* with the reason. Within an include all conditions must hold; includes are
joined; excludes take away.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple, Protocol

from interop.fhir.terminology.listed import designations
from interop.fhir.terminology.results import Concept, Contained, Uncomputable
from interop.fhir.terminology.shapes import dicts, text, texts
from interop.fhir.terminology.system import Filter, Json, Selection, System, split


class Ruling(NamedTuple):
    """``result`` None: cannot be told, for ``reason``. ``concept`` as the value set shows it, where the code is in it."""

    result: bool | None
    reason: str = ""
    system: str = ""
    concept: Concept | None = None


NO = Ruling(False)


class Set(Protocol):
    """A compiled value set."""

    url: str
    version: str

    def judge(self, system: str | None, code: str, version: str = "") -> Ruling:
        """Whether the code is in the set. ``system`` None: in whichever system; ``version`` is that of the code, '' for any."""

    def members(self) -> Iterator[Contained]:
        """Every code, in order, some perhaps twice. Raises Uncomputable."""

    def uses(self) -> set[str]:
        """The code systems that its members come from, as ``url|version``."""


class Source(Protocol):
    """Where an include finds code systems and other value sets."""

    def system(self, url: str, version: str = "", supplements: Sequence[str] = ()) -> System | None:
        """A loaded code system, of that version where one is given."""

    def value_set(self, url: str) -> Set | str:
        """A compiled value set, or the reason why there is none."""

    def absent(self, url: str, version: str = "") -> str:
        """The sentence that a code system, or a version that a value set names, is not loaded."""

    def absent_of_code(self, url: str) -> str:
        """The same for the system and version of a code."""


class Include:
    """ValueSet.compose.include or .exclude."""

    def __init__(self, said: Json, source: Source, supplements: Sequence[str]) -> None:
        self._source = source
        self._supplements = supplements
        self.system: str | None = None
        self.version = text(said, "version")
        if text(said, "system"):
            self.system, version = split(text(said, "system"))
            self.version = self.version or version
        self._listed = {text(each, "code"): each for each in dicts(said, "concept")}
        self._filters = [Filter(text(each, "property"), text(each, "op"), text(each, "value")) for each in dicts(said, "filter")]
        self._sets = texts(said, "valueSet")
        self._selections: dict[System, list[Selection | str]] = {}

    def _loaded(self, version: str = "") -> System | None:
        assert self.system is not None
        return self._source.system(self.system, self.version or version, self._supplements)

    def judge(self, system: str | None, code: str, version: str) -> Ruling:
        ruling = self._of_system(system, code, version) if self.system is not None else Ruling(bool(self._sets) or None)
        for url in self._sets:
            if ruling.result is False:
                return NO
            other = self._source.value_set(url)
            inner = Ruling(None, other) if isinstance(other, str) else other.judge(ruling.system or system, code, version)
            if inner.result is not True or (ruling.result and not ruling.system):
                ruling = inner
        return ruling

    def _of_system(self, system: str | None, code: str, version: str) -> Ruling:
        own = self.system
        assert own is not None
        if system is not None and system != own:
            return NO
        if self.version and version and self.version != version:
            return Ruling(None, f"the value set wants another version of {own}", own)
        known = self._loaded(version)
        concept = known.find(code) if known else None
        if self._listed:
            said = self._listed.get(concept.code if concept else code)
            if said is None or (known and not concept and not known.why_open):
                return NO
            return Ruling(True, "", own, shown(said, concept))
        if known is None:
            by_code = version and not self.version
            return Ruling(None, self._source.absent_of_code(own) if by_code else self._source.absent(own, self.version), own)
        if concept is None:
            return NO if known.excludes(code) else Ruling(None, known.why_open, own)
        ruling = Ruling(True, "", own, concept)
        for selection in self._selected(known):
            held = None if isinstance(selection, str) else selection.holds(concept.code)
            if held is False:
                return NO
            if held is None:
                ruling = Ruling(None, selection if isinstance(selection, str) else known.why_open, own)
        return ruling

    def _selected(self, known: System) -> list[Selection | str]:
        if known not in self._selections:
            self._selections[known] = [known.select(each) for each in self._filters]
        return self._selections[known]

    def members(self) -> Iterator[Contained]:
        """Raises Uncomputable."""
        if self.system is None:
            if not self._sets:
                raise Uncomputable(["an include has neither system nor value set"])
            first, *within = [self._imported(url) for url in self._sets]
            found = first.members()
        else:
            within = [self._imported(url) for url in self._sets]
            found = self._own_members()
        for each in found:
            rulings = [other.judge(each.system, each.code) for other in within]
            if any(ruling.result is None for ruling in rulings):
                raise Uncomputable([ruling.reason for ruling in rulings if ruling.result is None])
            if all(ruling.result for ruling in rulings):
                yield each

    def _imported(self, url: str) -> Set:
        found = self._source.value_set(url)
        if isinstance(found, str):
            raise Uncomputable([found])
        return found

    def _own_members(self) -> Iterator[Contained]:
        own = self.system
        assert own is not None
        known = self._loaded()
        version = known.version if known else self.version
        if self._listed:
            for code, said in self._listed.items():
                concept = known.find(code) if known else None
                if concept or known is None or known.why_open:
                    yield contained(own, shown(said, concept), version)
            return
        if known is None:
            raise Uncomputable([self._source.absent(own, self.version)])
        for concept in self._filtered(known):
            yield contained(own, concept, version)

    def _filtered(self, known: System) -> Iterable[Concept]:
        selections = self._selected(known)
        if reasons := [each for each in selections if isinstance(each, str)]:
            raise Uncomputable(reasons)
        chosen = [each for each in selections if not isinstance(each, str)]
        codes = chosen[0].codes() if chosen else None
        if codes is None:
            every = known.concepts()
            if every is None:
                raise Uncomputable([known.why_open or f"the codes of {known.url} cannot be listed"])
            return (each for each in every if all(one.holds(each.code) for one in chosen))
        return (concept for code in codes if all(one.holds(code) for one in chosen[1:]) if (concept := known.find(code)))

    def uses(self) -> set[str]:
        used = {each for url in self._sets if not isinstance(found := self._source.value_set(url), str) for each in found.uses()}
        if self.system is not None:
            known = self._loaded()
            version = known.version if known else self.version
            used.add(f"{self.system}|{version}" if version else self.system)
        return used


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
        self._why_empty = "" if self._includes else f"{self.url or 'the value set'} has no definition"

    def judge(self, system: str | None, code: str, version: str = "") -> Ruling:
        ruling = self._composed(system, code, version)
        return self._made.judge(system, code, ruling) if ruling.result is None else ruling

    def _composed(self, system: str | None, code: str, version: str) -> Ruling:
        best = Ruling(None, self._why_empty) if self._why_empty else NO
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
        if self._why_empty:
            yield from self._made.members([self._why_empty])
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


SUPPLEMENT = "http://hl7.org/fhir/StructureDefinition/valueset-supplement"
PARTIAL = frozenset(("filter", "activeOnly", "limitedExpansion", "excludeNotForUI", "property"))
"""Parameters that make an expansion smaller than its value set."""
INCOMPLETE = frozenset(("valueset-toocostly", "valueset-unclosed"))
AHEAD = 20_000
"""Codes computed before the first is given, so that a pre-made expansion can stand in for a definition that fails midway."""


def shown(said: Json, concept: Concept | None) -> Concept:
    """A concept as the value set shows it: its own display first, all other texts kept."""
    own = text(said, "display")
    texts = designations(said) if "designation" in said else []
    if concept is None:
        return Concept(said["code"], own, texts)
    if not own and not texts:
        return concept
    texts += concept.designations
    if own and concept.display and own != concept.display:
        texts.append(designations({"designation": [{"value": own}]})[0])
    return concept._replace(display=concept.display or own, designations=texts)


def contained(system: str, concept: Concept, version: str) -> Contained:
    return Contained(system, concept.code, concept.display, concept.abstract, concept.inactive, version)
