"""A code system that lists its codes: a CodeSystem resource (FHIR R4, 4.8), with its supplements."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from typing import Any

from interop.fhir.shapes import Json, dicts, text
from interop.fhir.terminology.filters import select
from interop.fhir.terminology.names import called
from interop.fhir.terminology.results import Concept, Designation, Lookup
from interop.fhir.terminology.system import Filter, Selection

OPEN = {
    "not-present": "the codes of {} are not loaded",
    "example": "only examples of the codes of {} are loaded",
    "fragment": "only some of the codes of {} are loaded",
    "supplement": "{} is a supplement, not a code system",
}
STANDARD = "http://hl7.org/fhir/concept-properties#"
INACTIVE = frozenset(("retired", "inactive", "withdrawn"))
DEEP = 200
"""Nesting of concepts that is followed."""


class ListedSystem:
    """A CodeSystem resource, indexed by code on first use."""

    def __init__(self, resource: Json, supplements: Sequence[Json] = ()) -> None:
        self.url = text(resource, "url")
        self.version = text(resource, "version")
        self._resource = resource
        self._supplements = supplements
        content = text(resource, "content") or "complete"
        if content == "complete" and not dicts(resource, "concept"):
            content = "not-present"
        self.why_open = OPEN.get(content, "").format(called(self.url))
        self.hierarchy = text(resource, "hierarchyMeaning") or "is-a"
        self._names = {
            text(said, "code"): text(said, "uri").removeprefix(STANDARD)
            for said in dicts(resource, "property")
            if text(said, "uri").startswith(STANDARD)
        }

    @cached_property
    def _index(self) -> tuple[dict[str, Json], dict[str, list[str]]]:
        """Code -> concept, and code -> parents."""
        found: dict[str, Json] = {}
        parents: dict[str, list[str]] = {}
        waiting: list[tuple[Json, str, int]] = [(each, "", 0) for each in reversed(dicts(self._resource, "concept"))]
        while waiting:
            concept, parent, depth = waiting.pop()
            code = text(concept, "code")
            if not code or depth > DEEP:
                continue
            found.setdefault(code, concept)
            known = parents.setdefault(code, [])
            if parent and parent not in known:
                known.append(parent)
            waiting += [(each, code, depth + 1) for each in reversed(dicts(concept, "concept"))]
        for code, concept in found.items():
            for name, value in self._own(concept):
                above, below = (value, code) if name in ("parent", "subsumedBy") else (code, value) if name == "child" else ("", "")
                if (
                    isinstance(above, str)
                    and isinstance(below, str)
                    and above in found
                    and below in found
                    and above not in parents[below]
                ):
                    parents[below].append(above)
        return found, parents

    @cached_property
    def children(self) -> dict[str, list[str]]:
        """Code -> codes directly below."""
        below: dict[str, list[str]] = {}
        for code, above in self._index[1].items():
            for parent in above:
                below.setdefault(parent, []).append(code)
        return below

    @cached_property
    def _folded(self) -> dict[str, str]:
        """Where case does not count, or nobody says that it does: folded code -> code."""
        if self._resource.get("caseSensitive") is True:
            return {}
        return {code.casefold(): code for code in reversed(self._index[0])}

    @cached_property
    def _added(self) -> dict[str, list[Json]]:
        """Code -> what supplements say of it."""
        added: dict[str, list[Json]] = {}
        for supplement in self._supplements:
            for code, concept in ListedSystem(supplement)._index[0].items():
                added.setdefault(code, []).append(concept)
        return added

    def _raw(self, code: str) -> Json | None:
        found = self._index[0]
        return found.get(code) or found.get(self._folded.get(code.casefold(), ""))

    def _own(self, concept: Json) -> Iterator[tuple[str, Any]]:
        for said in dicts(concept, "property"):
            name = text(said, "code")
            value = next((said[key] for key in said if key.startswith("value")), None)
            yield self._names.get(name, name), text(value, "code") if isinstance(value, dict) else value

    def properties(self, code: str) -> Iterator[tuple[str, Any]]:
        """(name, value) of a code, supplements included; a Coding is its code; names as the standard has them where it does."""
        concept = self._raw(code)
        if concept is not None:
            yield from self._own(concept)
            for added in self._added.get(concept["code"], ()):
                yield from self._own(added)

    def parents(self, code: str) -> Sequence[str]:
        return self._index[1].get(code, ())

    def codes(self) -> Iterable[str]:
        return self._index[0]

    def find(self, code: str) -> Concept | None:
        concept = self._raw(code)
        return None if concept is None else self._concept(concept)

    def _concept(self, concept: Json) -> Concept:
        said = dict(self._own(concept)) if "property" in concept else {}
        status = text(said, "status")
        deprecated = any(name in said and said[name] is not False for name in ("deprecated", "deprecationDate"))
        status = status or ("deprecated" if deprecated else "")
        added = self._added.get(concept["code"], ()) if self._supplements else ()
        texts = [each for source in (concept, *added) for each in designations(source)]
        return Concept(
            concept["code"],
            text(concept, "display"),
            texts,
            said.get("inactive") is True or status in INACTIVE,
            said.get("notSelectable") is True or said.get("abstract") is True,
            status if status != "active" else "",
        )

    def excludes(self, code: str) -> bool:
        return not self.why_open

    def concepts(self) -> Iterable[Concept] | None:
        return None if self.why_open else map(self._concept, self._index[0].values())

    def select(self, wanted: Filter) -> Selection | str:
        return self.why_open or select(self, wanted)

    def subsumes(self, ancestor: str, code: str) -> bool | None:
        return None if self.hierarchy != "is-a" else ancestor in self.ancestors(code)

    def ancestors(self, code: str) -> set[str]:
        """The code and all above it."""
        return closure(code, self._index[1])

    def descendants(self, code: str) -> set[str]:
        """The code and all below it."""
        return closure(code, self.children)

    def lookup(self, code: str) -> Lookup | None:
        concept = self._raw(code)
        if concept is None:
            return None
        own = concept["code"]
        return Lookup(
            self.url,
            self.version,
            self._concept(concept),
            text(concept, "definition"),
            list(self.properties(own)),
            list(self.parents(own)),
            list(self.children.get(own, ())),
        )


def designations(concept: Json) -> list[Designation]:
    """The designations of a concept of a code system or of a value set."""
    return [
        Designation(text(each, "value"), text(each, "language"), text(each.get("use"), "code"))
        for each in dicts(concept, "designation")
    ]


def closure(start: str, edges: dict[str, list[str]]) -> set[str]:
    """What can be reached, start included; circles do no harm."""
    reached = {start}
    waiting = [start]
    while waiting:
        for each in edges.get(waiting.pop(), ()):
            if each not in reached:
                reached.add(each)
                waiting.append(each)
    return reached
