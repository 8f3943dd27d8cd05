"""Security labels from sets of sensitive codes (``mappings/labels``, docs/decisions/0025-security-labels.md).

A coded element whose code is in a set labels its resource. A label stands in a register of its own, named after the register
that it comes from (``meta.security:of code``): where the same source says something else there later, the label is void.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from interop.fhir.sctid import is_concept
from interop.mapping.contribution import Contribution, Mapped

if TYPE_CHECKING:
    from interop.mapping.model import Element, Model, Resource
    from interop.mapping.table_files import Reader

CONFIDENTIALITY: Final = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality"
SENSITIVITY: Final = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
SNOMED: Final = "http://snomed.info/sct"
LEVELS: Final = {
    "U": "unrestricted",
    "L": "low",
    "M": "moderate",
    "N": "normal",
    "R": "restricted",
    "V": "very restricted",
}
"""HL7 v3 Confidentiality, the least confidential first."""
KINDS: Final = {
    "ETH": "substance abuse information sensitivity",
    "GDIS": "genetic disease information sensitivity",
    "GENDER": "gender and sexual orientation information sensitivity",
    "HIV": "HIV/AIDS information sensitivity",
    "LIVARG": "living arrangement information sensitivity",
    "LOCIS": "location information sensitivity",
    "PDS": "patient default information sensitivity",
    "PHY": "physician requested information sensitivity",
    "PRS": "patient requested information sensitivity",
    "PSY": "psychiatry disorder information sensitivity",
    "SDV": "sexual assault, abuse, or domestic violence information sensitivity",
    "SEX": "sexuality and reproductive health information sensitivity",
    "SPI": "specially protected information sensitivity",
    "STD": "sexually transmitted disease information sensitivity",
    "VIO": "violence information sensitivity",
}
"""The sensitivities of HL7 v3 ActCode that a set may have."""
OF: Final = "meta.security:of "
"""Before the name of the register that a label comes from."""
UNLABELLED: Final = frozenset(("Location", "Organization", "Patient", "Practitioner", "PractitionerRole", "Schedule", "Slot"))
"""Types whose codes say nothing of a patient's health."""
PARTS: Final = {
    "Composition": ("section", "event"),
    "DiagnosticReport": ("result", "media", "imagingStudy", "conclusionCode"),
    "DocumentReference": ("context",),
    "List": ("entry",),
}
"""Documents, and the elements by which they hold others: they are as sensitive as the most sensitive of these."""
_ORDER: Final = {code: place for place, code in enumerate(LEVELS)}
_CODED: Final = frozenset(("CodeableConcept", "Coding"))
_NOT_CODED: Final = frozenset(("meta", "identifier", "telecom", "name", "address", "text", "participant", "subject"))

Labels = list[dict[str, str]]


class Labelling(NamedTuple):
    """The sets: labels by code system and code, and by the beginnings of codes, the longest first, by their length."""

    codes: dict[str, dict[str, Labels]] = {}
    starts: dict[str, dict[int, dict[str, Labels]]] = {}

    def of(self, system: str, code: str) -> Labels | None:
        """The labels of a code; None where no set has it."""
        known = self.codes.get(system)
        if known is None:
            return None
        found = known.get(code)
        if found is None:
            for length, starts in self.starts[system].items():
                found = starts.get(code[:length])
                if found is not None:
                    break
        return found


def read_labels(reader: Reader) -> Labelling:
    """The sets of ``mappings/labels``: sets.csv says how each is labelled, every other file which codes are in them."""
    sets: dict[str, Labels] = {}
    for cells in reader.rows("labels/sets.csv", "sets"):
        level, kinds = cells["confidentiality"], cells["sensitivity"].split()
        wrong = [kind for kind in kinds if kind not in KINDS]
        if cells["set"] in sets:
            reader.refusals.add("labels/sets.csv", cells["set"], "this set stands there twice")
        elif (level and level not in LEVELS) or wrong or not (level or kinds):
            reader.refusals.add("labels/sets.csv", cells["set"], f"the label is one of {', '.join((*LEVELS, *KINDS))}")
        elif not cells["why"]:
            reader.refusals.add("labels/sets.csv", cells["set"], "a set of sensitive codes needs a why")
        else:
            own = [_coding(CONFIDENTIALITY, level)] if level else []
            sets[cells["set"]] = own + [_coding(SENSITIVITY, kind) for kind in kinds]
    made = Labelling({}, {})
    for name in reader.names("labels"):
        if name != "sets.csv":
            for cells in reader.rows(f"labels/{name}", "labels"):
                _row(made, sets, cells, f"labels/{name}", reader)
    for system, starts in made.starts.items():
        made.starts[system] = dict(sorted(starts.items(), reverse=True))
    return made


def _row(made: Labelling, sets: dict[str, Labels], cells: dict[str, str], file: str, reader: Reader) -> None:
    system, code, match = cells["system"], cells["code"], cells["match"]
    labels, row = sets.get(cells["set"]), f"{system}|{code}"
    if labels is None:
        reader.refusals.add(file, row, f"sets.csv has no set {cells['set']}")
    elif match not in ("is", "starts") or not code:
        reader.refusals.add(file, row, "match is 'is' a code or 'starts' with these characters")
    elif ":" not in system:
        reader.refusals.add(file, row, "the system is the URI under which codes are written (systems.csv)")
    elif system == SNOMED and (match != "is" or not is_concept(code)):
        reader.refusals.add(file, row, "a SNOMED CT code is the whole identifier of a concept, check digit included")
    else:
        known, starts = made.codes.setdefault(system, {}), made.starts.setdefault(system, {})
        if match == "starts":
            known = starts.setdefault(len(code), {})
        known[code] = together(known.get(code, []), labels)


def _coding(system: str, code: str) -> dict[str, str]:
    return {"system": system, "code": code, "display": (LEVELS if system == CONFIDENTIALITY else KINDS)[code]}


def together(*labels: Iterable[dict[str, str]]) -> Labels:
    """Labels as one list: the most confidential level alone, first, and every other label once (FHIR R4, Security Labels)."""
    highest: dict[str, str] | None = None
    others: dict[tuple[str | None, str | None], dict[str, str]] = {}
    for each in labels:
        for label in filter(None, each):
            system, code = label.get("system"), label.get("code")
            if system != CONFIDENTIALITY or code not in _ORDER:
                others.setdefault((system, code), label)
            elif highest is None or _ORDER[code] > _ORDER[highest["code"]]:
                highest = label
    return ([highest] if highest is not None else []) + list(others.values())


def lasting(label: dict[str, str]) -> bool:
    """Whether a document takes a label over from its parts: whatever is more than normal."""
    return label.get("system") != CONFIDENTIALITY or _ORDER.get(label.get("code", ""), 0) > _ORDER["N"]


class Labeller:
    """Labels what a family's messages make. What can hold a code is known when the tables are loaded, by type of resource."""

    def __init__(self, model: Model) -> None:
        self.sets = model.tables.shared.labels
        self._coded: dict[str, tuple[str, ...]] = {}
        self._copied: set[str] = set()
        documents = False
        for resource in model.resources.values():
            kind = resource.row.type
            documents = documents or kind in PARTS
            if not kind or kind in UNLABELLED:
                continue
            holder = _holder(model, resource)
            if holder:
                known = self._coded.get(holder, ())
                self._coded[holder] = (*known, *(name for name in (f"contained:{resource.name}",) if name not in known))
                continue
            if any(element.kind == "copy" for element in resource.elements):
                self._copied.add(kind)
            known = self._coded.get(kind, ())
            self._coded[kind] = tuple(dict.fromkeys((*known, *self._registers(model, resource))))
        self._documents = documents

    def _registers(self, model: Model, resource: Resource) -> Iterator[str]:
        """The registers of a resource that can hold a code of a set."""
        for element in resource.elements:
            target = element.target
            if target is not None and target.path.partition(".")[0] not in _NOT_CODED and self._codes(model, element):
                yield element.register

    def _codes(self, model: Model, element: Element) -> bool:
        """Whether a row can give a code of a set: one of its code table, or one that the source names."""
        if element.kind == "table":
            return any(self._codes(model, inner) for inner in model.subtables[element.name].elements)
        if element.kind != "value" or element.target is None:
            return False
        table = model.tables.codes.get(element.row.codes)
        if table is not None:
            return any(
                code.system in self.sets.codes and (code.code == "=" or self.sets.of(code.system, code.code))
                for code in table.values()
            )
        return (element.target.parts[-1].key == "code" and not element.constant) or bool(_CODED & {*element.target.types})

    def label(self, made: Mapped) -> None:
        """Label the contributions of one message."""
        for one in made.contributions:
            names = self._coded.get(one.type)
            if names is None:
                continue
            if one.derived is not None:  # shared by all that are equal: labelled once
                if "labelled" in one.derived:
                    continue
                one.derived["labelled"] = True
            registers = one.registers
            for name in _all(one) if one.type in self._copied else names:
                value = registers.get(name)
                if value is not None:
                    found = self._found(value)
                    if found:
                        registers[OF + name] = found
        if self._documents:
            self._roll_up(made.contributions)

    def _found(self, value: Any) -> Labels | None:
        """The labels of every code within a value."""
        if value.__class__ is dict:
            code, coding = value.get("code"), value.get("coding")
            if code.__class__ is str and "system" in value:
                return self.sets.of(value["system"], code)
            values: Iterable[Any] = value.values() if coding is None else coding
        elif value.__class__ is list:
            values = value
        else:
            return None
        labels: Labels | None = None
        for inner in values:
            if inner.__class__ is dict or inner.__class__ is list:
                found = self._found(inner)
                if found:
                    labels = found if labels is None else together(labels, found)
        return labels

    def _roll_up(self, contributions: list[Contribution]) -> None:
        """Each document takes the labels of what it holds, of this message, documents within it included."""
        documents = [one for one in contributions if one.type in PARTS]
        if not documents:
            return
        if not any(name.startswith("meta.security") for one in contributions for name in one.registers):
            return
        said = {f"{one.type}/{one.id}": one for one in contributions if one.registers}
        own = {address: labels for address, one in said.items() if (labels := _labels(one))}
        if not own:
            return
        for one in documents:
            for name in list(one.registers):
                if name.partition(":")[0].partition(".")[0] in PARTS[one.type]:
                    address = f"{one.type}/{one.id}"
                    had = own.get(address, [])
                    labels = together(had, *self._held(name, one, said, own, {address}))
                    if labels != had:
                        new = [label for label in labels if label not in had]
                        one.registers[OF + name] = [*one.registers.get(OF + name, ()), *new]

    def _held(
        self, name: str, one: Contribution, said: dict[str, Contribution], own: dict[str, Labels], seen: set[str]
    ) -> Iterator[Labels]:
        """The labels of everything that a register refers to, through documents within it."""
        for address in _references(one.registers[name]):
            if address in seen or address not in said:
                continue
            seen.add(address)
            yield [label for label in own.get(address, ()) if lasting(label)]
            part = said[address]
            for within in PARTS.get(part.type, ()):
                for inner in list(part.registers):
                    if inner.partition(":")[0].partition(".")[0] == within:
                        yield from self._held(inner, part, said, own, seen)


def _all(one: Contribution) -> list[str]:
    """The registers of a copied resource that can hold codes."""
    return [name for name in one.registers if name.partition(":")[0].partition(".")[0] not in _NOT_CODED]


def _labels(one: Contribution) -> Labels:
    return together(*(value for name, value in one.registers.items() if name.startswith("meta.security") and value))


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        reference = value.get("reference")
        if isinstance(reference, str):
            yield reference
        value = value.values()
    if not isinstance(value, str | bytes | int | float | bool | None):
        for inner in value:
            if isinstance(inner, dict | list):
                yield from _references(inner)


def _holder(model: Model, resource: Resource) -> str:
    """The type that a contained resource stands in, '' where it stands by itself."""
    if resource.row.effect != "contained":
        return ""
    return next((model.resources[name].row.type for name in resource.row.within if name in model.resources), "")
