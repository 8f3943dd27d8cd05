"""A release of SNOMED CT or dm+d, compiled and mapped, as a code system."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from interop.fhir.sctid import is_concept, namespace
from interop.fhir.terminology.releases.ecl import Members, Node, NotComputed, parse
from interop.fhir.terminology.releases.store import Store
from interop.fhir.terminology.results import Concept, Designation, Lookup
from interop.fhir.terminology.system import Filter, Selection

USES = {"F": "900000000000003001", "S": "900000000000013009"}
"""Rank of a text -> SNOMED CT's code of what it is for; preferred texts are synonyms too."""
_CONCEPT = ("concept", "code")
_SIGNS = {
    "is-a": "<< {}",
    "descendent-of": "< {}",
    "generalizes": ">> {}",
    "child-of": "<! {}",
    "is-not-a": "* MINUS << {}",
}


class Release:
    """A compiled release (``load_rf2``, ``load_dmd``). Open costs milliseconds and next to no memory."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.url: str = store.header["url"]
        self.version: str = store.header["version"]
        self.kind: str = store.header["kind"]
        self.source: str = store.header["source"]
        self._groups: dict[str, int] = store.header.get("groups", {})
        self._namespaces = frozenset(store.header.get("namespaces", ()))
        self.why_open = "" if self.kind != "snomed" else "the code is of an extension of SNOMED CT that is not loaded"

    @staticmethod
    def open(path: Path) -> Release:
        """Open a compiled release. Raises BadRelease, OSError."""
        return Release(Store(path))

    def __len__(self) -> int:
        return len(self._store)

    def verify(self) -> bool:
        """Whether the file is as it was written; reads all of it."""
        return self._store.verify()

    def _at(self, code: str) -> int:
        plain = code.isascii() and code.isdigit() and len(code) <= 18 and code[0] != "0"
        return self._store.position(int(code)) if plain else -1

    def find(self, code: str) -> Concept | None:
        at = self._at(code)
        return None if at < 0 else self._concept(at)

    def _concept(self, at: int) -> Concept:
        texts = sorted(self._store.texts(at), key=lambda entry: "~" if entry[0] == "F" else entry[0])
        rest = [Designation(text, "en", USES.get(rank, USES["S"]) if self.kind == "snomed" else "") for rank, text in texts[1:]]
        inactive = bool(self._store.flags[at] & 1)
        return Concept(
            str(self._store.ids[at]), texts[0][1] if texts else "", rest, inactive, False, "inactive" if inactive else ""
        )

    def excludes(self, code: str) -> bool:
        """Whether a code that is not found is none: badly formed, or of a namespace that the release holds."""
        return self.kind != "snomed" or not is_concept(code) or namespace(code) in self._namespaces

    def concepts(self) -> Iterator[Concept]:
        return map(self._concept, range(len(self._store)))

    def select(self, wanted: Filter) -> Selection | str:
        """Filters of SNOMED CT (concept is-a, descendent-of, generalizes, in, =; constraint = ECL) and of dm+d (parent = VMP)."""
        try:
            node = self._node(wanted)
        except NotComputed as why:
            return str(why)
        return (
            f"filter '{wanted.property} {wanted.op}' is not computed for {self.url}"
            if node is None
            else Chosen(self, self._store, node)
        )

    def _node(self, wanted: Filter) -> Node | None:
        name, op, value = wanted
        if name == "parent" and op == "=" and value in self._groups:
            return Members(self._store.members(self._groups[value]) or ())
        if self.kind == "snomed" and name in ("constraint", "expression") and op == "=":
            return parse(value, self._store)
        code = value.strip()
        if name in _CONCEPT and op in _SIGNS and code.isdigit():
            return parse(_SIGNS[op].format(code), self._store)
        if name in _CONCEPT and op == "in":
            listed = [part.strip() for part in code.split(",")]
            # SNOMED CT in FHIR: a single value of "in" is a reference set.
            is_set = len(listed) == 1 and listed[0].isdigit() and self._store.members(int(listed[0])) is not None
            return parse(f"^ {code}" if is_set else " OR ".join(listed), self._store)
        if name in _CONCEPT and op == "=":
            return parse(code, self._store)
        if name in ("parent", "child") and op == "=" and code.isdigit():
            return parse(("<! " if name == "parent" else ">! ") + code, self._store)
        return None

    def subsumes(self, ancestor: str, code: str) -> bool | None:
        above, at = self._at(ancestor), self._at(code)
        return above in self._store.ancestors(at) if above >= 0 and at >= 0 else None

    def lookup(self, code: str) -> Lookup | None:
        at = self._at(code)
        if at < 0:
            return None
        concept = self._concept(at)
        name = next((each.text for each in concept.designations if each.use == USES["F"]), "")
        above = [str(self._store.ids[each]) for each in self._store.parents(at)]
        below = [str(self._store.ids[each]) for each in self._store.children(at)]
        said = [("inactive", concept.inactive)]
        groups = [("parent", group) for group, number in self._groups.items() if at in (self._store.members(number) or ())]
        return Lookup(self.url, self.version, concept, name, [*said, *groups], above, below)


class Chosen:
    """The codes of a filter in a release."""

    def __init__(self, release: Release, store: Store, node: Node) -> None:
        self._release = release
        self._store = store
        self._node = node

    def holds(self, code: str) -> bool | None:
        return self._node.holds(self._store.position(int(code)))

    def codes(self) -> Iterable[str]:
        return (str(self._store.ids[at]) for at in self._node.positions())
