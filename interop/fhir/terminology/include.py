"""One include or exclude of a value set (FHIR R4, ValueSet.compose.include): all its conditions must hold."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from interop.fhir.shapes import Json, dicts, text, texts
from interop.fhir.terminology.listed import designations
from interop.fhir.terminology.results import Concept, Contained, Uncomputable
from interop.fhir.terminology.sets import NO, Ruling, Set, Source
from interop.fhir.terminology.system import Filter, Selection, System, split


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
        self.patterns = sum(each.op == "regex" for each in self._filters)
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
                if code and (concept or known is None or known.why_open):
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


def shown(said: Json, concept: Concept | None) -> Concept:
    """A concept as the value set shows it: its own display first, all other texts kept."""
    own = text(said, "display")
    texts = designations(said) if "designation" in said else []
    if concept is None:
        return Concept(text(said, "code"), own, texts)
    if not own and not texts:
        return concept
    texts += concept.designations
    if own and concept.display and own != concept.display:
        texts.append(designations({"designation": [{"value": own}]})[0])
    return concept._replace(display=concept.display or own, designations=texts)


def contained(system: str, concept: Concept, version: str) -> Contained:
    return Contained(system, concept.code, concept.display, concept.abstract, concept.inactive, version)
