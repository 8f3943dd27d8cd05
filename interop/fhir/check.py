"""A structural check of a resource against base R4: elements, cardinality, JSON types, formats, required codes, targets.

Invariants and profiles are not looked at. Messages never hold the value that is wrong.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

from interop.fhir import facts
from interop.fhir.primitives import TESTS
from interop.fhir.references import literal_type


class Finding(NamedTuple):
    """What is wrong and where: ``severity`` and ``code`` are of OperationOutcome.issue, ``expression`` a FHIRPath."""

    severity: str
    expression: str
    code: str
    message: str


Findings = list[Finding]
Trail = tuple[Any, str, int]  # the trail before, name, place in the array or -1
Rule = Callable[[Any, Trail, Findings], None]


@dataclass(slots=True)
class _Entry:
    """What is known of a name in a block: ``choice`` is '' where it is none."""

    many: bool
    primitive: bool
    choice: str
    rule: Rule


@dataclass(slots=True)
class _Block:
    entries: dict[str, _Entry]
    mandatory: list[tuple[str, tuple[str, ...]]]


def check(resource: Any) -> Findings:
    """Every finding of a resource, [] where it keeps to base R4; raises nothing for any JSON value."""
    findings: Findings = []
    try:
        _resource(resource, ((), _name_of(resource), -1), findings)
    except RecursionError:
        findings = [Finding("error", _name_of(resource), "too-costly", "is nested too deep")]
    return findings


def _name_of(resource: Any) -> str:
    kind = resource.get("resourceType") if isinstance(resource, dict) else None
    return kind if isinstance(kind, str) and kind in facts.resource_types() else "Resource"


def _say(findings: Findings, trail: Trail, code: str, message: str) -> None:
    parts: list[str] = []
    rest: Any = trail
    while rest:
        rest, name, place = rest
        parts.append(name if place < 0 else f"{name}[{place}]")
    findings.append(Finding("error", ".".join(reversed(parts)), code, message))


def _resource(value: Any, trail: Trail, findings: Findings) -> None:
    if not isinstance(value, dict):
        _say(findings, trail, "structure", "must be a resource")
        return
    kind = value.get("resourceType")
    if not isinstance(kind, str) or kind not in facts.resource_types():
        _say(findings, trail, "structure", "has no resourceType of R4")
        return
    _content(value, _block(kind), trail, findings, True)


def _content(value: dict[str, Any], block: _Block, trail: Trail, findings: Findings, is_resource: bool = False) -> None:
    """The elements of an object, one by one, then what is missing."""
    entries = block.entries
    chosen: dict[str, str] = {}
    for name, child in value.items():
        entry = entries.get(name)
        if entry is None:
            if name[:1] == "_" and (plain := entries.get(name[1:])) and plain.primitive:
                _shadow(value, name, plain, trail, findings)
                if plain.choice and chosen.setdefault(plain.choice, name[1:]) != name[1:]:
                    _say(findings, (trail, plain.choice, -1), "structure", "is given in more than one form")
            elif not (is_resource and name == "resourceType"):
                _say(findings, (trail, _safe(name), -1), "structure", "is no element of R4")
            continue
        if entry.choice and chosen.setdefault(entry.choice, name) != name:
            _say(findings, (trail, entry.choice, -1), "structure", "is given in more than one form")
        if not entry.many:
            entry.rule(child, (trail, name, -1), findings)
        elif not isinstance(child, list):
            _say(findings, (trail, name, -1), "structure", "must be an array")
        elif not child:
            _say(findings, (trail, name, -1), "structure", "must not be an empty array")
        else:
            for place, each in enumerate(child):
                if each is None and entry.primitive and _shadowed(value, name, place):
                    continue
                entry.rule(each, (trail, name, place), findings)
    for stem, names in block.mandatory:
        if not any(name in value for name in names):
            _say(findings, (trail, stem, -1), "required", "is mandatory")
    if not value:
        _say(findings, trail, "structure", "must not be empty")


def _safe(name: str) -> str:
    """A name as it may be repeated: an unknown one may hold anything."""
    return name if name.isascii() and name.isidentifier() and len(name) <= 64 else "?"


def _shadowed(value: dict[str, Any], name: str, place: int) -> bool:
    shadow = value.get("_" + name)
    return isinstance(shadow, list) and place < len(shadow) and isinstance(shadow[place], dict)


def _shadow(value: dict[str, Any], name: str, entry: _Entry, trail: Trail, findings: Findings) -> None:
    """``_birthDate``: id and extensions of a primitive; in an array, null stands for none."""
    shadow = value[name]
    if entry.many != isinstance(shadow, list):
        _say(findings, (trail, name, -1), "structure", "must be an array" if entry.many else "must not be an array")
        return
    for place, each in enumerate(shadow) if entry.many else [(-1, shadow)]:
        if isinstance(each, dict):
            _content(each, _block("Element"), (trail, name, place), findings)
        elif each is not None or not entry.many:
            _say(findings, (trail, name, place), "structure", "must be an object")


@cache
def _block(name: str) -> _Block:
    entries: dict[str, _Entry] = {}
    mandatory: dict[str, tuple[str, ...]] = {}
    for key, element in facts.block(name).items():
        if element.min:
            stem = element.choice or key
            mandatory[stem] = (*mandatory.get(stem, ()), key, "_" + key)
        if element.block:
            primitive = facts.is_primitive(element.types[0])
            entries[key] = _Entry(element.max is None or element.max > 1, primitive, element.choice or "", _rule(element))
    return _Block(entries, list(mandatory.items()))


def _rule(element: facts.Element) -> Rule:
    datatype = element.types[0]
    if datatype in TESTS:
        return _primitive(datatype, element.binding)
    if datatype == "Resource":
        return _resource
    complex_rule = _object(element.block)
    if datatype == "Reference" and element.targets and "Resource" not in element.targets:
        return _both(complex_rule, _target(frozenset(element.targets)))
    if element.binding and datatype in ("Coding", "CodeableConcept") and (known := facts.concepts(element.binding)) is not None:
        return _both(complex_rule, _coded(known, datatype))
    return complex_rule


def _primitive(datatype: str, binding: str | None) -> Rule:
    test = TESTS[datatype]
    known = facts.codes(binding) if binding and datatype in ("code", "uri", "string") else None

    def rule(value: Any, trail: Trail, findings: Findings) -> None:
        if not test(value):
            _say(findings, trail, "value", f"is no {datatype}")
        elif known is not None and value not in known:
            _say(findings, trail, "code-invalid", f"is no code of {binding}")

    return rule


def _object(name: str) -> Rule:
    blocks: list[_Block] = []

    def rule(value: Any, trail: Trail, findings: Findings) -> None:
        if not isinstance(value, dict):
            _say(findings, trail, "structure", "must be an object")
            return
        if not blocks:
            blocks.append(_block(name))
        _content(value, blocks[0], trail, findings)

    return rule


def _both(first: Rule, second: Rule) -> Rule:
    def rule(value: Any, trail: Trail, findings: Findings) -> None:
        first(value, trail, findings)
        if isinstance(value, dict):
            second(value, trail, findings)

    return rule


def _target(targets: frozenset[str]) -> Rule:
    def rule(value: Any, trail: Trail, findings: Findings) -> None:
        literal = value.get("reference")
        if isinstance(literal, str) and (kind := literal_type(literal)) in facts.resource_types() and kind not in targets:
            _say(findings, trail, "value", f"must not point to {kind}")

    return rule


def _coded(known: frozenset[tuple[str, str]], datatype: str) -> Rule:
    """At least one coding is of the required value set."""

    def rule(value: Any, trail: Trail, findings: Findings) -> None:
        codings = [value] if datatype == "Coding" else value.get("coding", ())
        found = [each for each in codings if isinstance(each, dict)] if isinstance(codings, (list, tuple)) else []
        if not any((str(each.get("system")), str(each.get("code"))) in known for each in found):
            _say(findings, trail, "code-invalid", "has no coding of the required value set")

    return rule
