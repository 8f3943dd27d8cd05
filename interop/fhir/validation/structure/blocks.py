"""A block (a type, or a backbone element) compiled to one function over its JSON object.

Rules of elements are compiled when a name is first met. A rule answers None where all is well, so that a sound resource pays for
no path; what needs its parent to be judged (a null, a primitive's ``_name``) answers PENDING and is looked at again.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from interop.fhir import facts
from interop.fhir.findings import ERROR, WARNING, Finding, Findings
from interop.fhir.primitives import fault
from interop.fhir.validation.invariants import checks
from interop.fhir.validation.structure.elements import PENDING, rule_of
from interop.fhir.validation.structure.extras import EXTRAS
from interop.fhir.validation.structure.resources import resource_rules
from interop.fhir.validation.structure.run import Json, Rule, Rules, Run

LIMIT = 1_000
"""Findings of one object, after which the rest is not told."""


@cache
def block(name: str) -> Rule:
    """The check of a block's JSON object; KeyError for what is no block of R4."""
    if not facts.block(name):
        raise KeyError(name)
    kind = facts.kind(name)
    rules = _Names(name, is_resource=kind == "resource")
    required, choices = _demands(name)
    sparse = 0 if kind == "resource" else 1  # members with which an object may still be empty: an id is no content
    invariants = (*EXTRAS.get(name, ()), *checks(name))

    def content(value: Any, run: Run) -> Findings | None:
        if not isinstance(value, dict):
            return [Finding(ERROR, "", "structure", "must be an object")]
        findings: Findings | None = None
        for child_name, child in value.items():
            found = rules[child_name](child, run)
            if found is not None:
                findings = _add(
                    findings, found if found is not PENDING else _pending(name, child_name, child, value, run), child_name
                )
        if len(value) <= sparse and (not value or "id" in value):
            findings = _add(findings, _hollow(value), "")
        for child_name, shadow in required:
            if child_name not in value and shadow not in value:
                findings = _add(findings, [Finding(ERROR, child_name, "required", "is mandatory", "cardinality")], "")
        for choice, forms, least in choices:
            if forms.isdisjoint(value):
                if least:
                    findings = _add(findings, [Finding(ERROR, choice, "required", "is mandatory", "cardinality")], "")
            elif len(value) > 1 and len(forms.intersection(value)) > 1 and _several(forms, value):
                findings = _add(
                    findings, [Finding(ERROR, choice, "structure", "is given in more than one form", "cardinality")], ""
                )
        for invariant in invariants:
            found = invariant(value, run)
            if found is not None:
                findings = _add(findings, found, "")
        return findings

    return content


RULES = Rules(block, *resource_rules(block))
"""The rules of base R4."""


class _Names(dict[str, Rule]):
    """Name in JSON -> rule, compiled when a name is first met; what is no element gets a rule that says so."""

    def __init__(self, name: str, *, is_resource: bool) -> None:
        super().__init__()
        self._name = name
        self._elements = facts.block(name)
        if is_resource:
            self["resourceType"] = _nothing

    def __missing__(self, name: str) -> Rule:
        element = self._elements.get(name)
        if element is not None and element.block:
            rule = self[name] = rule_of(element, RULES, f"{self._name}.{name}")
            return rule
        if name[:1] == "_" and (plain := self._elements.get(name[1:])) and plain.block and facts.is_primitive(plain.types[0]):
            rule = self[name] = _beside if _enumerated(plain) else _shadow
            return rule
        return _unknown


def _nothing(_: Any, __: Run) -> None:
    return None


def _unknown(_: Any, __: Run) -> Findings:
    return [Finding(ERROR, "", "structure", "is no element of R4")]


def _shadow(value: Any, run: Run) -> Findings | None:
    """``_birthDate`` with an extension needs no look at its primitive."""
    if isinstance(value, dict) and value.get("extension"):
        return block("Element")(value, run)
    return PENDING


def _beside(_: Any, __: Run) -> Findings:
    """The shadow of a primitive with a required value set is judged with its value."""
    return PENDING


def _enumerated(element: facts.Element) -> bool:
    return element.binding is not None and element.types[0] == "code"


def _demands(name: str) -> tuple[list[tuple[str, str]], list[tuple[str, frozenset[str], int]]]:
    """Mandatory elements with the name of their shadow; choices with their forms and their least."""
    required: list[tuple[str, str]] = []
    choices: dict[str, tuple[set[str], int]] = {}
    for key, element in facts.block(name).items():
        if element.choice:
            forms, _ = choices.setdefault(element.choice, (set(), element.min))
            if key != element.choice:
                forms.add(key)
                if facts.is_primitive(element.types[0]):
                    forms.add("_" + key)
        elif element.min:
            required.append((key, "_" + key))
    return required, [(choice, frozenset(forms), least) for choice, (forms, least) in choices.items()]


def _several(forms: frozenset[str], value: Json) -> bool:
    return len({each.removeprefix("_") for each in forms.intersection(value)}) > 1


def _hollow(value: Json) -> Findings:
    if not value:
        return [Finding(ERROR, "", "structure", "must not be empty")]
    return [Finding(ERROR, "", "invariant", "ele-1: All FHIR elements must have a @value or children", "ele-1")]


def _add(findings: Findings | None, found: Findings, name: str) -> Findings:
    """Findings of a member joined to those of its object."""
    if findings is None:
        findings = []
    if len(findings) < LIMIT:
        findings.extend(_within(name, each) for each in found) if name else findings.extend(found)
        if len(findings) >= LIMIT:
            findings.append(Finding(WARNING, "", "too-costly", "has more findings than are told"))
    return findings


def _within(name: str, finding: Finding) -> Finding:
    step = name if name.isascii() and name.isidentifier() and len(name) <= 64 else "?"
    rest = finding.expression
    return finding._replace(expression=step + rest if rest[:1] == "[" else f"{step}.{rest}" if rest else step)


def _pending(name: str, child_name: str, child: Any, value: Json, run: Run) -> Findings:
    """What only the parent can judge: ``_name`` beside its primitive, nulls in an array beside their shadows."""
    elements = facts.block(name)
    if child_name not in elements:
        element = elements[child_name[1:]]
        if element.max is None or element.max > 1:
            return _shadows(child, value.get(child_name[1:]), run, coded=_enumerated(element))
        return _shadow_of(child, value.get(child_name[1:]), run, coded=_enumerated(element))
    element = elements[child_name]
    shadows = value.get("_" + child_name)
    rule = rule_of(element, RULES, f"{name}.{child_name}", single=True)
    findings: Findings = []
    for place, each in enumerate(child):
        if each is None and isinstance(shadows, list) and place < len(shadows) and isinstance(shadows[place], dict):
            continue
        found = rule(each, run) if each is not None else [Finding(ERROR, "", "value", fault(element.types[0], None), "value")]
        if found is not None:
            findings = _add(findings, found, "") if not found else findings + [_within_place(place, one) for one in found]
    return findings


def _within_place(place: int, finding: Finding) -> Finding:
    rest = finding.expression
    return finding._replace(expression=f"[{place}].{rest}" if rest else f"[{place}]")


def _shadow_of(shadow: Any, primitive: Any, run: Run, *, coded: bool) -> Findings:
    if not isinstance(shadow, dict):
        return [Finding(ERROR, "", "structure", "must be an object" if not isinstance(shadow, list) else "must not be an array")]
    found = block("Element")(shadow, run) or []
    if primitive is None and coded:
        said = "has no code, and one of the required value set is due"
        found = [*found, Finding(ERROR, "", "code-invalid", said, "binding")]
    if primitive is not None:
        found = [each for each in found if not (each.rule == "ele-1" and not each.expression)]
    return found


def _shadows(shadow: Any, primitives: Any, run: Run, *, coded: bool) -> Findings:
    """An array of shadows is as long as that of the values; null stands for none, but not twice in one place."""
    if not isinstance(shadow, list):
        return [Finding(ERROR, "", "structure", "must be an array")]
    if not shadow:
        return [Finding(ERROR, "", "structure", "must not be an empty array")]
    values = primitives if isinstance(primitives, list) else []
    findings: Findings = []
    for place, each in enumerate(shadow):
        beside = values[place] if place < len(values) else None
        if each is not None:
            findings += [_within_place(place, one) for one in _shadow_of(each, beside, run, coded=coded)]
        elif beside is None and place >= len(values):
            findings.append(Finding(ERROR, f"[{place}]", "structure", "is null with no value beside it"))
    return findings
