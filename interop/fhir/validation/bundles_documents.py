"""Documents and messages: what their first resource names is in the Bundle, and all entries hang together (FHIR R4, documents
section 3.3.1, messaging section 3.4.1)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from interop.fhir.findings import ERROR, WARNING, Finding, Findings
from interop.fhir.validation.bundles_references import Entry, References
from interop.fhir.validation.structure.joining import join
from interop.fhir.validation.structure.run import Json

_COMPOSITION = ("subject", "encounter", "author", "custodian")
_APART = frozenset({"Provenance"})
"""Resources that may stand in a document only because they point into it."""


def linked(entries: list[Entry], references: References, kind: str) -> Findings:
    """The findings of a Bundle of type ``document`` or ``message``."""
    if not entries or entries[0].resource is None:
        return [Finding(ERROR, "entry", "required", f"a {kind} must have a first resource", "document")]
    return [*_named(entries[0], references, kind), *_reached(entries, kind)]


def _named(first: Entry, references: References, kind: str) -> Findings:
    """What the first resource refers to is in the Bundle."""
    resource = first.resource or {}
    wanted = {("document", "Composition"): _of_composition, ("message", "MessageHeader"): _of_header}
    reader = wanted.get((kind, str(resource.get("resourceType"))))
    findings: Findings = []
    for path, reference in reader(resource) if reader else ():
        literal = reference.get("reference")
        if isinstance(literal, str) and literal[:1] not in ("", "#") and not references.resolve(literal, first):
            said = "must lead to an entry of the Bundle"
            if ":" not in literal and references.named(literal):
                said += ", and the fullUrl of the entry with that type and id differs"
            findings.append(Finding(ERROR, f"{first.path}.resource.{path}", "not-found", said, "document"))
    return findings


def _of_composition(composition: Json) -> Iterator[tuple[str, Json]]:
    for name in _COMPOSITION:
        yield from _at(name, composition.get(name))
    for path, attester in _at("attester", composition.get("attester")):
        yield from _at(f"{path}.party", attester.get("party"))
    for path, event in _at("event", composition.get("event")):
        yield from _at(f"{path}.detail", event.get("detail"))
    pending = list(_at("section", composition.get("section")))
    while pending:
        path, section = pending.pop()
        yield from _at(f"{path}.entry", section.get("entry"))
        pending += _at(f"{path}.section", section.get("section"))


def _of_header(header: Json) -> Iterator[tuple[str, Json]]:
    yield from _at("focus", header.get("focus"))


def _at(path: str, value: Any) -> Iterator[tuple[str, Json]]:
    if isinstance(value, dict):
        yield path, value
    elif isinstance(value, list):
        yield from ((f"{path}[{place}]", each) for place, each in enumerate(value) if isinstance(each, dict))


def _reached(entries: list[Entry], kind: str) -> Findings:
    """Every entry is reached from the first one, forwards, or leads to one that is."""
    forwards = _from(entries[0], {each.place: each.targets for each in entries})
    around: dict[int, list[Entry]] = {each.place: list(each.targets) for each in entries}
    for each in entries:
        for target in each.targets:
            around[target.place].append(each)
    linked = _from(entries[0], around)
    severity = ERROR if kind == "document" else WARNING
    findings: Findings = []
    for each in entries:
        if each.place not in linked:
            found = Finding(severity, each.path, "informational", "is not linked to the first resource", "document")
            findings = join(findings, [found], "")
        elif kind == "document" and each.place not in forwards and each.named[0] not in _APART:
            said = "is linked to the first resource only backwards"
            findings = join(findings, [Finding(WARNING, each.path, "informational", said, "document")], "")
    return findings


def _from(first: Entry, ways: dict[int, list[Entry]]) -> set[int]:
    """The places of all entries that can be reached from one."""
    reached = {first.place}
    pending = [first]
    while pending:
        for target in ways[pending.pop().place]:
            if target.place not in reached:
                reached.add(target.place)
                pending.append(target)
    return reached
