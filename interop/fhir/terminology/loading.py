"""Code systems and value sets by URL, compiled when first asked for."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import unquote

from interop.fhir.canonicals import SNOMED_CT
from interop.fhir.shapes import Json, dicts, text, texts
from interop.fhir.terminology.grammars import grammar
from interop.fhir.terminology.listed import ListedSystem
from interop.fhir.terminology.maps import Map
from interop.fhir.terminology.names import NAMES, called
from interop.fhir.terminology.sets import Set
from interop.fhir.terminology.system import Definitions, System, split
from interop.fhir.terminology.valuesets import ComposedSet

KEPT = 2_000
"""Compiled value sets and code systems that are kept."""
DEEP = 30
"""How far value sets may import one another."""
WIDE = 5_000
"""How many value sets one may import, counted at each place."""
GIVEN = 16
"""Value sets given as resources that are kept."""


class Loader:
    """The code systems and value sets of definitions, grammars and releases."""

    def __init__(self, definitions: Definitions, releases: Sequence[System] = (), supplements: Sequence[str] = ()) -> None:
        self.definitions = definitions
        self.releases = releases
        self._supplements = tuple(supplements)
        self._systems: dict[tuple[str, str, tuple[str, ...]], System | None] = {}
        self._sets: dict[str, Set | str] = {}
        self._given: list[tuple[Json, Set | str]] = []
        self._maps: dict[str, Map | None] = {}
        self._ends: list[tuple[str, str, str]] | None = None

    def system(self, url: str, version: str = "", supplements: Sequence[str] = ()) -> System | None:
        """A loaded code system; of that version where one is given, else the latest."""
        url, said = split(url)
        key = (url, version or said, tuple(supplements))
        if key not in self._systems:
            if len(self._systems) >= KEPT:
                self._systems.clear()
            self._systems[key] = self._opened(*key)
        return self._systems[key]

    def _opened(self, url: str, version: str, supplements: tuple[str, ...]) -> System | None:
        for release in self.releases:
            if release.url == url and (not version or release.version == version or release.version.startswith(version + "/")):
                return release
        resource = self.resource("CodeSystem", url, version)
        if resource is None or (text(resource, "content") == "not-present" and not dicts(resource, "concept")):
            return None if version else grammar(url)
        return ListedSystem(resource, self._added(url, (*self._supplements, *supplements)))

    def _added(self, url: str, supplements: Sequence[str]) -> list[Json]:
        found = [self.resource("CodeSystem", each) for each in supplements]
        return [each for each in found if each and split(text(each, "supplements"))[0] == url]

    def supplements(self, url: str) -> bool:
        """Whether a code system supplement is loaded: it says so, or it names a loaded code system that it supplements."""
        found = self.resource("CodeSystem", url)
        if text(found, "content") == "supplement":
            return True
        named = split(text(found, "supplements"))[0]
        return bool(named) and named != split(url)[0] and self.system(named) is not None

    def resource(self, kind: str, url: str, version: str = "") -> Json | None:
        """A conformance resource, of that version where one is given here or in the URL."""
        url, said = split(url)
        version = version or said
        found = self.definitions.resource(kind, f"{url}|{version}" if version else url)
        return found if found and (not version or found.get("version") == version) else None

    def absent(self, url: str, version: str = "") -> str:
        """The sentence that a code system, or a version that a value set names, is not loaded."""
        if version and self.system(url):
            return f"version {version} of {called(url)} is not loaded"
        return f"{called(url)} is not loaded"

    def absent_of_code(self, url: str) -> str:
        """The same for the system and version of a code: it holds neither where only the code's sender names them."""
        if self.system(url):
            return f"that version of {called(url)} is not loaded"
        known = url in NAMES or self.resource("CodeSystem", url) is not None
        return f"{called(url)} is not loaded" if known else "the code system is not loaded"

    def value_set(self, url: str) -> Set | str:
        """The compiled value set of a canonical URL, or the reason why there is none."""
        if url not in self._sets:
            if len(self._sets) >= KEPT:
                self._sets.clear()
            self._sets[url] = self._compiled(url)
        return self._sets[url]

    def _compiled(self, url: str) -> Set | str:
        bare, version = split(url)
        resource = self.resource("ValueSet", bare, version)
        if resource is not None:
            return self._composed(resource)
        if version and self.resource("ValueSet", bare):
            return f"version {version} of the value set {bare} is not loaded"
        if implied := self._implicit(bare):
            return ComposedSet(implied, self)
        return f"the value set {bare} is not loaded"

    def compiled(self, resource: Json) -> Set | str:
        """A value set that is given as a resource, or why it cannot be used. The last few are kept, by identity."""
        for known, found in self._given:
            if known is resource:
                return found
        made = self._composed(resource)
        self._given = [(resource, made), *self._given[: GIVEN - 1]]
        return made

    def _composed(self, resource: Json) -> Set | str:
        own = text(resource, "url") or "the value set"
        why = self._imported(resource, [own], {})
        return ComposedSet(resource, self) if isinstance(why, int) else why

    def _imported(self, resource: Json, trail: list[str], known: dict[str, int]) -> int | str:
        """How many value sets must be asked where this one is asked; or why they cannot be."""
        total = 1
        for url in imports(resource):
            if url not in known:
                if split(url)[0] in trail:
                    return f"the value set {trail[0]} imports itself"
                if len(trail) > DEEP:
                    return f"the value set {trail[0]} imports too deep"
                found = self.resource("ValueSet", url)
                inner = self._imported(found, [*trail, split(url)[0]], known) if found else 1
                if isinstance(inner, str):
                    return inner
                known[url] = inner
            total += known[url]
            if total > WIDE:
                return f"the value set {trail[0]} imports too much"
        return total

    def map(self, url: str) -> Map | None:
        """The concept map of a canonical URL."""
        if url not in self._maps:
            resource = self.resource("ConceptMap", url)
            self._maps[url] = Map(resource) if resource else None
        return self._maps[url]

    def maps_between(self, source: str, target: str) -> list[Map]:
        """The maps from one value set to another; '' for any."""
        if self._ends is None:
            every = [Map(found) for url in self.definitions.every("ConceptMap") if (found := self.resource("ConceptMap", url))]
            self._ends = [(each.source, each.target, each.url) for each in every]
        source, target = split(source)[0], split(target)[0]
        named = [url for a, b, url in self._ends if source in ("", a) and target in ("", b)]
        return [each for url in named if (each := self.map(url))]

    def _implicit(self, url: str) -> Json | None:
        """A value set without a resource: of SNOMED CT (``?fhir_vs…``), all of LOINC or UCUM (``/vs``), CodeSystem.valueSet."""
        base, ending, wanted = url.partition("?fhir_vs")
        if ending:
            said = snomed_filter(wanted)
            version = base.partition(SNOMED_CT + "/")[2]
            if said is None or base.partition("/sct")[0] + "/sct" != SNOMED_CT:
                return None
            edition = {"version": base} if version else {}
            return {"url": url, "compose": {"include": [{"system": SNOMED_CT, **edition, **said}]}}
        base = url.removesuffix("/vs")
        if base != url and (base in NAMES or self.system(base)):
            return {"url": url, "compose": {"include": [{"system": base}]}}
        for way in ("/CodeSystem/", "/"):
            owner = self.resource("CodeSystem", url.replace("/ValueSet/", way))
            if owner and split(text(owner, "valueSet"))[0] == url:
                return {"url": url, "compose": {"include": [{"system": text(owner, "url")}]}}
        return None


def snomed_filter(wanted: str) -> Json | None:
    """What follows ``?fhir_vs`` as part of an include (Using SNOMED CT with FHIR): '', =isa/ID, =refset/ID, =ecl/CONSTRAINT."""
    if not wanted:
        return {}
    kind, _, value = wanted.removeprefix("=").partition("/")
    forms = {"isa": ("concept", "is-a"), "refset": ("concept", "in"), "ecl": ("constraint", "=")}
    if not wanted.startswith("=") or kind not in forms or not value:
        return None
    name, op = forms[kind]
    return {"filter": [{"property": name, "op": op, "value": unquote(value)}]}


def imports(resource: Json) -> list[str]:
    """The value sets that a value set names, as often as it does."""
    compose = resource.get("compose")
    return [url for kind in ("include", "exclude") for each in dicts(compose, kind) for url in texts(each, "valueSet")]
