"""Facts of FHIR R4 (4.0.1): elements, value sets of required bindings, search parameters, compartments.

Read from the tables that ``interop.fhir.generate`` writes; nothing is loaded before the first question.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Any

from interop.fhir.canonicals import VALUE_SET, bare
from interop.fhir.parameters import SearchParameter as SearchParameter
from interop.fhir.parameters import compartment as compartment
from interop.fhir.parameters import search_parameters as search_parameters
from interop.fhir.tables import table

_TYPE = re.compile(r"([A-Za-z0-9]+)(?:\(([^)]*)\))?")
Row = list[Any]


@dataclass(frozen=True, slots=True)
class Element:
    """An element of a resource or datatype, under the path by which it was asked for.

    ``max`` None is unbounded. ``types`` are datatype names; a backbone element has ``BackboneElement`` or ``Element``, and
    one that repeats the content of another has the path of that one in ``content``. ``targets`` are the resource types
    that a reference (or canonical) may point to. ``binding`` is the value set of a required binding. ``choice`` is the
    name with ``[x]`` of which this element is one form. ``block`` names where its children are described, '' for a choice.
    """

    path: str
    min: int
    max: int | None
    types: tuple[str, ...]
    targets: tuple[str, ...]
    binding: str | None
    choice: str | None
    summary: bool
    content: str | None
    block: str

    @property
    def name(self) -> str:
        """The last part of the path: the name in JSON."""
        return self.path.rpartition(".")[2]


@dataclass(frozen=True, slots=True)
class Invariant:
    """A rule of R4: ``severity`` error or warning, ``human`` its words, ``expression`` FHIRPath from the element that has it."""

    key: str
    severity: str
    human: str
    expression: str
    best_practice: bool


@dataclass(frozen=True, slots=True)
class Binding:
    """A value set by canonical URL without version, its ``strength`` (required, extensible, preferred, example) and the
    value set beyond which no code may go, '' where there is none."""

    strength: str
    value_set: str
    maximum: str


def _of(block: str, row: Row) -> Element:
    name, least, most, said, binding, summary = row
    content = said[1:] if said.startswith("#") else None
    parsed = () if content else tuple(_TYPE.findall(said))
    types = ("BackboneElement",) if content else tuple(code for code, _ in parsed)
    if name.endswith("[x]"):
        inside = ""
    elif content:
        inside = content
    elif types[0] in ("BackboneElement", "Element"):
        inside = f"{block}.{name}"
    else:
        inside = types[0]
    return Element(
        path=f"{block}.{name}",
        min=least,
        max=None if most < 0 else most,
        types=types,
        targets=tuple(dict.fromkeys(target for _, targets in parsed if targets for target in targets.split("|"))),
        binding=(binding if "://" in binding else VALUE_SET + binding) if binding else None,
        choice=name if name.endswith("[x]") else None,
        summary=bool(summary),
        content=content,
        block=inside,
    )


@cache
def _targets(block: str, choice: str, datatype: str) -> tuple[str, ...]:
    """The targets of one type of a choice."""
    for row in _rows(block):
        if row[0] == choice:
            return tuple(each for code, said in _TYPE.findall(row[3]) if code == datatype and said for each in said.split("|"))
    return ()


@cache
def _rows(block: str) -> tuple[Row, ...]:
    """The rows of a block, those of its base first; a row of the same name replaces the base's."""
    known = table("structures").get(block)
    if known is None:
        return ()
    merged: dict[str, Row] = {row[0]: row for row in _rows(known[1])} if known[1] else {}
    merged.update((row[0], row) for row in known[2])
    return tuple(merged.values())


@cache
def block(name: str) -> MappingProxyType[str, Element]:
    """The children of a type or backbone block by name as written in JSON; choices under ``[x]`` and under each form."""
    named: dict[str, Element] = {}
    for row in _rows(name):
        each = _of(name, row)
        named[each.name] = each
        if each.choice:
            stem = each.choice[:-3]
            for datatype in each.types:
                form = stem + datatype[0].upper() + datatype[1:]
                named[form] = Element(
                    f"{name}.{form}",
                    each.min,
                    each.max,
                    (datatype,),
                    _targets(name, each.choice, datatype),
                    each.binding,
                    each.choice,
                    each.summary,
                    None,
                    datatype,
                )
    return MappingProxyType(named)


def _at(each: Element, path: str) -> Element:
    if each.path == path:
        return each
    return Element(
        path, each.min, each.max, each.types, each.targets, each.binding, each.choice, each.summary, each.content, each.block
    )


@cache
def element(path: str) -> Element | None:
    """The element at ``path`` (``Encounter.period.start``, ``Patient.deceasedBoolean``, ``Patient.deceased[x]``), or None.

    Choices are written with their type or with ``[x]``; the bare stem is no element of JSON and gives None.
    """
    parent, _, name = path.rpartition(".")
    if not parent:
        return None
    inside = parent if parent in table("structures") and "." not in parent else getattr(element(parent), "block", "")
    found = block(inside).get(name) if inside else None
    return _at(found, path) if found else None


@cache
def children(type_or_path: str) -> tuple[Element, ...]:
    """Direct children in the standard's order, choices under ``[x]``; () for what is unknown."""
    inside = type_or_path if "." not in type_or_path else getattr(element(type_or_path), "block", "")
    return tuple(
        _at(each, f"{type_or_path}.{name}") for name, each in block(inside).items() if each.choice is None or name == each.choice
    )


@cache
def kind(datatype: str) -> str:
    """``resource``, ``complex``, ``primitive``, ``abstract`` or '' for no type of R4."""
    known = table("structures").get(datatype)
    return known[0] if known and known[0] != "backbone" else ""


@cache
def resource_types() -> frozenset[str]:
    """The concrete resource types of R4; Resource and DomainResource are left out."""
    return frozenset(name for name in table("structures") if kind(name) == "resource")


def is_primitive(datatype: str) -> bool:
    """Whether the type is one of the primitives (``code``, ``dateTime``, ``xhtml`` ...)."""
    return kind(datatype) == "primitive"


@cache
def required(type_or_path: str) -> tuple[str, ...]:
    """Names of the mandatory direct children, choices with ``[x]``."""
    return tuple(each.name for each in children(type_or_path) if each.min)


@cache
def _started(path: str) -> tuple[Invariant, ...]:
    """The invariants that start at a path: those of its types and of what it is based on are not among them."""
    said = table("invariants")
    rows = (said["known"][number] for number in said["at"].get(path, ()))
    return tuple(Invariant(key, severity, human, expression, bool(best)) for key, severity, human, expression, best in rows)


@cache
def invariants(block: str) -> tuple[Invariant, ...]:
    """What every instance of a type (``Period``, ``Patient``) or backbone element (``Patient.contact``) must meet: the
    invariants of its bases first (``ele-1`` of Element, ``dom-2`` ... of DomainResource), then its own. () for what is unknown."""
    known = table("structures").get(block)
    return () if known is None else (invariants(known[1]) if known[1] else ()) + _started(block)


def _declared(path: str) -> str:
    """The path by which the standard declares an element: ``Element.extension`` for ``Period.extension``."""
    found = element(path)
    name = (found.choice or found.name) if found else ""
    parent = path.rpartition(".")[0]
    block = (parent if "." not in parent else getattr(element(parent), "block", "")) if found else ""
    while block:
        base = table("structures")[block][1]
        if any(row[0] == name for row in table("structures")[block][2]) or not base:
            break
        block = base
    return f"{block}.{name}"


@cache
def element_invariants(path: str) -> tuple[Invariant, ...]:
    """What an element demands beyond ``invariants`` of its type: ``org-2`` of ``Organization.address``.

    () for a backbone element, whose own are among ``invariants`` of its block, and for what is unknown.
    """
    declared = _declared(path)
    return () if declared in table("structures") else _started(declared)


@cache
def profiles(path: str) -> tuple[str, ...]:
    """The profiles that R4 itself puts on the types of an element, by bare name: ``SimpleQuantity`` for ``Range.low``."""
    return tuple(table("profiles").get(_declared(path), ()))


@cache
def binding(path: str) -> Binding | None:
    """The binding of an element (``Patient.maritalStatus``, ``Condition.code``), of whatever strength."""
    said = table("bindings").get(_declared(path))
    if said is None:
        return None
    strength, *sets = said
    first, maximum = (name if "://" in name or not name else VALUE_SET + name for name in sets)
    return Binding(strength, first, maximum)


def _set(valueset: str) -> dict[str, list[str]] | None:
    known: dict[str, list[str]] | None = table("codes")[bare(valueset).removeprefix(VALUE_SET)]
    return known


@cache
def codes(valueset: str) -> frozenset[str] | None:
    """Every code of a value set that R4 binds as required; None where it is open (UCUM, MIME types, currencies).

    Raises KeyError for a value set that no required binding names.
    """
    known = _set(valueset)
    return None if known is None else frozenset(code for each in known.values() for code in each)


@cache
def concepts(valueset: str) -> frozenset[tuple[str, str]] | None:
    """As ``codes``, as (system, code)."""
    known = _set(valueset)
    return None if known is None else frozenset((system, code) for system, each in known.items() for code in each)
