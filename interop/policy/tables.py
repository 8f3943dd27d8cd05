"""The tables of policy: who may see what, as a clinical safety officer reads and signs it.

| table | a row says |
|---|---|
| ``roles.csv`` | the minimum for a role: classes that it sees and writes, its relationship to the person, clearances |
| ``purposes.csv`` | what an access for that purpose may reach at most, and for which purposes an agreement covers it |
| ``classes.csv`` | whether what is of the class is about a person, and an agreement that it needs whatever the access is for |
| ``types.csv`` | the class of every resource type of R4 |
| ``besides.csv`` | by what codes a resource of a type counts as of another class besides, and by what it does not |
| ``labels.csv``, ``systems.csv`` | what a label in ``meta.security`` does, and the addresses of its code systems |
| ``consent.csv`` | the models of consent |
| ``operations.csv`` | what a role must be given for an operation |
| ``absence.csv`` | the codes and words for what is not there |
| ``words.csv`` | the sentences that tell why, and what would change it |
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Final

from interop.fhir import facts

ALL: Final = "*"
"""In a cell: all that there are."""
ABOUT: Final = ("open", "source", "unnamed", "person")
"""open: about no person, given to whoever sees the class; source: about no person, its source must have agreed; unnamed: given
where it names no Patient; person: about a person."""
RELATIONSHIPS: Final = ("care", "self", "proxy", "none")
CONSENTS: Final = ("asked", "own", "none")
"""asked: of the whole record and by label; own: it is their own; none: of the whole record not asked, by label it is."""
MODELS: Final = ("asked", "assumed")
LABELS: Final = ("law", "sensitive", "patient", "open")
KINDS: Final = ("holds", "fails", "change")
ON_PATIENT: Final = ("shown", "withheld", "")
COUNTS: Final = ("as", "not")
FLAGS: Final = ("find", "break-glass", "self-claim")
"""Columns of roles.csv that are yes or empty; operations may ask for them by name."""


class TablesRefused(ValueError):
    """Tables that do not hold together; ``refusals`` name file, row and reason."""

    def __init__(self, refusals: list[str]) -> None:
        self.refusals = refusals
        super().__init__("\n".join(refusals))


@dataclass(frozen=True, slots=True, eq=False)
class Role:
    """A row of roles.csv; ``purposes`` in order, the first is taken where none is told."""

    name: str
    purposes: tuple[str, ...]
    sees: frozenset[str]
    writes: frozenset[str]
    relationship: str
    consent: str
    clearances: frozenset[str]
    given: frozenset[str]
    """What its operations may ask for: the flags that are yes, and the column operations."""
    why: str
    all: bool
    """It sees everything, whatever it is about."""


@dataclass(frozen=True, slots=True)
class Purpose:
    """A row of purposes.csv; ``code`` is of HL7 v3 PurposeOfUse."""

    name: str
    code: str
    agreements: frozenset[str]
    sees: frozenset[str]
    why: str


@dataclass(frozen=True, slots=True)
class Class:
    """A row of classes.csv; ``agreement`` '' = one for the purpose of the access; ``types`` in order."""

    name: str
    about: str
    agreement: str
    why: str
    types: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Besides:
    """The rows of besides.csv for a type: what bears one of the codes of ``bears``, as (parameter, system, code), and none of
    ``lacks``, is given to whoever sees the class too. Asked for by its type it is still of its own."""

    type: str
    name: str
    bears: tuple[tuple[str, str, str], ...]
    lacks: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True, slots=True)
class Label:
    """A row of labels.csv: ``consent`` is what consents call it, ``level`` the level that it accounts for, ``shown`` whether a
    Patient who carries it can be found, ``hides`` whether it hides the whereabouts of one."""

    pair: tuple[str, str]
    """System and code under which it is looked for."""
    kind: str
    consent: str
    level: str
    shown: bool
    hides: bool
    why: str


@dataclass(frozen=True, slots=True, eq=False)
class Tables:
    """All of them, checked."""

    roles: Mapping[str, Role]
    purposes: Mapping[str, Purpose]
    classes: Mapping[str, Class]
    types: Mapping[str, str]
    besides: tuple[Besides, ...]
    labels: tuple[Label, ...]
    known: Mapping[tuple[str, str], Label]
    """Each label under every address of its system."""
    models: Mapping[str, str]
    operations: Mapping[str, str]
    absence: Mapping[str, tuple[str, str, str]]
    """State -> code, type of issue (FHIR R4 ``IssueType``), words with ``{organisation}`` and ``{since}``."""
    words: Mapping[tuple[str, str], str]
    """Code and kind (``holds``, ``fails``, ``change``) -> a sentence with names of what it speaks of in braces."""


Rows = list[dict[str, str]]


def packaged(name: str) -> Rows:
    """The rows of a table as it is shipped."""
    text = files("interop.policy").joinpath(f"tables/{name}.csv").read_text("utf-8")
    return list(csv.DictReader(text.splitlines(), strict=True))


@cache
def tables() -> Tables:
    """The tables that are shipped; read once."""
    return read_tables(packaged)


def read_tables(rows: Callable[[str], Rows]) -> Tables:
    """Tables from their rows by name. Raises TablesRefused."""
    reading = _Reading(rows)
    made = reading.tables()
    if reading.refusals:
        raise TablesRefused(reading.refusals)
    return made


@dataclass(slots=True)
class _Reading:
    rows: Callable[[str], Rows]
    refusals: list[str] = field(default_factory=list)

    def refuse(self, table: str, row: str, why: str) -> None:
        self.refusals.append(f"{table}.csv, {row}: {why}")

    def read(self, table: str, key: str) -> Iterator[tuple[str, dict[str, str]]]:
        """Name and cells of each row; a name stands once, and every row has a why."""
        seen = set()
        for cells in self.rows(table):
            name = cells[key]
            if name in seen or not name:
                self.refuse(table, name, "it has no name" if not name else "it stands there twice")
            elif not cells["why"]:
                self.refuse(table, name, "a row needs a why")
            else:
                yield name, cells
            seen.add(name)

    def one(self, table: str, name: str, value: str, known: tuple[str, ...]) -> str:
        """A word of a closed list."""
        if value not in known:
            self.refuse(table, name, f"{value or 'nothing'} is none of {', '.join(known)}")
        return value

    def some(self, table: str, name: str, cell: str, known: Mapping[str, object] | set[str]) -> tuple[str, ...]:
        """Words of a known list, spaces between; ``*`` all of them."""
        if cell == ALL:
            return tuple(known)
        for word in cell.split():
            if word not in known:
                self.refuse(table, name, f"{word} is not known")
        return tuple(cell.split())

    def tables(self) -> Tables:
        types = self._types()
        classes = self._classes(types)
        purposes = self._purposes(classes)
        known = self._labels()
        labels = tuple(dict.fromkeys(known.values()))
        operations = {name: cells["group"] for name, cells in self.read("operations", "operation")}
        return Tables(
            MappingProxyType(self._roles(classes, purposes, labels, set(operations.values()))),
            MappingProxyType(purposes),
            MappingProxyType(classes),
            MappingProxyType(types),
            self._besides(types, classes),
            labels,
            MappingProxyType(known),
            MappingProxyType({name: self.one("consent", name, c["given"], MODELS) for name, c in self.read("consent", "model")}),
            MappingProxyType(operations),
            MappingProxyType({name: (c["code"], c["issue"], c["words"]) for name, c in self.read("absence", "state")}),
            MappingProxyType(dict(self._words())),
        )

    def _types(self) -> dict[str, str]:
        types = {name: cells["class"] for name, cells in self.read("types", "type")}
        for name in sorted(facts.resource_types() - types.keys()):
            self.refuse("types", name, "the type has no class")
        for name in sorted(types.keys() - facts.resource_types()):
            self.refuse("types", name, "R4 has no such type")
        return types

    def _classes(self, types: Mapping[str, str]) -> dict[str, Class]:
        classes = {}
        for name, cells in self.read("classes", "class"):
            own = tuple(sorted(type_ for type_, of in types.items() if of == name))
            about = self.one("classes", name, cells["about"], ABOUT)
            classes[name] = Class(name, about, cells["agreement"], cells["why"], own)
        for type_, of in types.items():
            if of not in classes:
                self.refuse("types", type_, f"there is no class {of}")
        return classes

    def _besides(self, types: Mapping[str, str], classes: Mapping[str, Class]) -> tuple[Besides, ...]:
        found: dict[tuple[str, str], dict[str, list[tuple[str, str, str]]]] = {}
        for code, cells in self.read("besides", "code"):
            type_, name, parameter = cells["type"], cells["class"], cells["parameter"]
            counts = self.one("besides", code, cells["counts"], COUNTS)
            if any(of not in classes or classes[of].about != "person" for of in (name, types.get(type_, ""))):
                self.refuse("besides", code, "both its classes are about persons")
            if parameter not in facts.search_parameters(type_):
                self.refuse("besides", code, f"{type_} is not searched by {parameter}")
            found.setdefault((type_, name), {}).setdefault(counts, []).append((parameter, cells["system"], code))
        for (type_, _), rows in found.items():
            if "as" not in rows:
                self.refuse("besides", type_, "a row says by what it counts")
        return tuple(
            Besides(type_, name, tuple(rows.get("as", ())), tuple(rows.get("not", ()))) for (type_, name), rows in found.items()
        )

    def _purposes(self, classes: Mapping[str, Class]) -> dict[str, Purpose]:
        rows = dict(self.read("purposes", "purpose"))
        for name, kind in classes.items():
            if kind.agreement and kind.agreement not in rows:
                self.refuse("classes", name, f"there is no purpose {kind.agreement}")
        return {
            name: Purpose(
                name,
                cells["code"],
                frozenset(self.some("purposes", name, cells["agreements"], rows)),
                frozenset(self.some("purposes", name, cells["sees"], classes)),
                cells["why"],
            )
            for name, cells in rows.items()
        }

    def _words(self) -> Iterator[tuple[tuple[str, str], str]]:
        seen = set()
        for cells in self.rows("words"):
            key = cells["code"], self.one("words", cells["code"], cells["kind"], KINDS)
            if key in seen or not (cells["words"] and cells["why"]):
                self.refuse("words", f"{key[0]} {key[1]}", "it stands there twice, or lacks words or a why")
            seen.add(key)
            yield key, cells["words"]

    def _labels(self) -> dict[tuple[str, str], Label]:
        systems: dict[str, list[str]] = {}
        for cells in self.rows("systems"):
            systems.setdefault(cells["system"], []).append(cells["url"])
        found: dict[tuple[str, str], Label] = {}
        for cells in self.rows("labels"):
            code, name = cells["code"], f"{cells['system']}|{cells['code']}"
            urls = systems.get(cells["system"], [""])
            kind = self.one("labels", name, cells["kind"], LABELS)
            shown = self.one("labels", name, cells["on-patient"], ON_PATIENT if kind in ("patient", "open") else ON_PATIENT[:2])
            if (urls[0], code) in found:
                self.refuse("labels", name, "it stands there twice")
            if not urls[0]:
                self.refuse("labels", name, "systems.csv does not know its system")
            if (kind == "sensitive") != bool(cells["consent"]):
                self.refuse("labels", name, "what is sensitive, and nothing else, has a name in consents")
            if kind == "law" and shown == "shown":
                self.refuse("labels", name, "what law restricts is withheld on Patients too")
            if cells["level"] and cells["level"] == cells["consent"]:
                self.refuse("labels", name, "a label does not account for itself")
            if not cells["why"]:
                self.refuse("labels", name, "a row needs a why")
            hides = cells["whereabouts"] == "hidden"
            label = Label((urls[0], code), kind, cells["consent"], cells["level"], shown == "shown", hides, cells["why"])
            found |= {(url, code): label for url in urls}
        return found

    def _roles(
        self, classes: Mapping[str, Class], purposes: Mapping[str, Purpose], labels: tuple[Label, ...], groups: set[str]
    ) -> dict[str, Role]:
        roles = {}
        sensitive = {label.consent for label in labels if label.kind == "sensitive"}
        for name, cells in self.read("roles", "role"):
            own = self.some("roles", name, cells["purposes"], purposes)
            if not own:
                self.refuse("roles", name, "a role has a purpose")
            flags = {flag for flag in FLAGS if self.one("roles", name, cells[flag], ("yes", "")) == "yes"}
            if flags and "find" not in flags:
                self.refuse("roles", name, "who declares anything about a person must be able to find the person")
            roles[name] = Role(
                name,
                own,
                frozenset(self.some("roles", name, cells["sees"], classes)),
                frozenset(self.some("roles", name, cells["writes"], classes)),
                self.one("roles", name, cells["relationship"], RELATIONSHIPS),
                self.one("roles", name, cells["consent"], CONSENTS),
                frozenset(self.some("roles", name, cells["clearances"], sensitive)),
                frozenset(flags) | frozenset(self.some("roles", name, cells["operations"], groups)),
                cells["why"],
                cells["sees"] == ALL,
            )
        return roles
