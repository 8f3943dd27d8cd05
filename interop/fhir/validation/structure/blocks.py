"""A block (a type, or a backbone element) compiled to one function over its JSON object.

Rules of elements are compiled when a name is first met. A rule answers None where all is well, so that a sound resource pays for
no path; what needs its parent to be judged (a null, a primitive's ``_name``) answers PENDING and is looked at again.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from interop.fhir import facts
from interop.fhir.findings import ERROR, Finding, Findings
from interop.fhir.names import shown
from interop.fhir.validation.invariants import checks, tests
from interop.fhir.validation.structure.elements import PENDING, rule_of
from interop.fhir.validation.structure.extras import EXTRAS
from interop.fhir.validation.structure.joining import join
from interop.fhir.validation.structure.resources import resource_rules
from interop.fhir.validation.structure.run import Json, Rule, Rules, Run
from interop.fhir.validation.structure.shadows import ELE_1, beside, gaps

NOT_AN_OBJECT: Findings = [Finding(ERROR, "", "structure", "must be an object")]


@cache
def block(name: str) -> Rule:
    """The check of a block's JSON object; KeyError for what is no block of R4."""
    if not facts.block(name):
        raise KeyError(name)
    rules: dict[str, Rule] = {}
    needs = _Needs(name)
    required, choices, least = needs.required, needs.choices, needs.least
    natives, others = tests(name), (*EXTRAS.get(name, ()), *checks(name))

    def content(value: Any, run: Run) -> Findings | None:
        if not isinstance(value, dict):
            return NOT_AN_OBJECT
        findings: Findings | None = None
        for child_name, child in value.items():
            try:
                rule = rules[child_name]
            except KeyError:
                known = _compiled(name, child_name, rules)
                if known is None:
                    findings = join(findings, _unknown(child_name), "")
                    continue
                rule = known
            found = rule(child, run)
            if found is not None:
                if found is PENDING:
                    found = _pending(name, child_name, child, value, run)
                findings = join(findings, found, child_name)
        if len(value) <= least and (not value or "id" in value):
            findings = join(findings, needs.hollow(value), "")
        for child_name, shadow in required:
            if child_name not in value and shadow not in value:
                findings = join(findings, [_missing(child_name)], "")
        for forms, few, choice in choices:
            if forms.isdisjoint(value):
                if few:
                    findings = join(findings, [_missing(choice)], "")
            elif len(value) > 2 and len(forms.intersection(value)) > 1:
                findings = join(findings, _several(choice, forms, value), "")
        for test, failed in natives:
            held = test(value, run)
            if not held and (found := failed(held, value, run)) is not None:
                findings = join(findings, found, "")
        for check in others:
            found = check(value, run)
            if found is not None:
                findings = join(findings, found, "")
        return findings

    return content


RULES = Rules(block, *resource_rules(block))
"""The rules of base R4."""


class _Needs:
    """What a block cannot do without: ``required`` are mandatory elements with the names of their shadows, ``choices`` the forms
    of a choice, whether one is due, and its name; ``least`` is the number of members with which an object may be hollow."""

    def __init__(self, name: str) -> None:
        self.required: list[tuple[str, str]] = []
        self.least = -1 if facts.kind(name) == "resource" else 1
        known: dict[str, tuple[set[str], int]] = {}
        for key, element in facts.block(name).items():
            if element.choice:
                forms, _ = known.setdefault(element.choice, (set(), element.min))
                if key != element.choice:
                    forms |= {key, "_" + key} if facts.is_primitive(element.types[0]) else {key}
            elif element.min:
                self.required.append((key, "_" + key))
        self.choices = [(frozenset(forms), least, choice) for choice, (forms, least) in known.items()]

    @staticmethod
    def hollow(value: Json) -> Findings:
        """ele-1 of an object: an id is no content."""
        if not value:
            return [Finding(ERROR, "", "structure", "must not be empty", "ele-1")]
        return [Finding(ERROR, "", "invariant", ELE_1, "ele-1")]


def _compiled(block_name: str, name: str, rules: dict[str, Rule]) -> Rule | None:
    """The rule of a name that is met for the first time; None for what is no element of R4, which is not remembered."""
    elements = facts.block(block_name)
    element = elements.get(name)
    if element is not None and element.block:
        rule = rule_of(element, RULES, f"{block_name}.{name}")
    elif name == "resourceType" and facts.kind(block_name) == "resource":
        rule = _nothing
    elif name == "_id" and facts.kind(block_name) == "resource":
        rule = _bare_id
    elif name[:1] == "_" and (plain := elements.get(name[1:])) and plain.block and facts.is_primitive(plain.types[0]):
        rule = _shadow if plain.binding is None else _pends
    else:
        return None
    rules[name] = rule
    return rule


def _nothing(_: Any, __: Run) -> None:
    return None


def _pends(_: Any, __: Run) -> Findings:
    return PENDING


def _unknown(name: str) -> Findings:
    """A name of the sender's own is not repeated: it may hold anything."""
    said = shown(name)
    return [Finding(ERROR, said, "structure", "is no element of R4" if said else "has a member that is no element of R4")]


def _shadow(value: Any, run: Run) -> Findings | None:
    """``_birthDate`` with an extension needs no look at its primitive."""
    if isinstance(value, dict) and value.get("extension"):
        return block("Element")(value, run)
    return PENDING


def _bare_id(value: Any, run: Run) -> Findings | None:
    """``Resource.id`` is of FHIRPath's type String, no element of FHIR: it has no extensions."""
    if isinstance(value, dict) and "extension" in value:
        said = Finding(ERROR, "", "structure", "must have no extensions: the id of a resource is no element", "extension")
        return [*(block("Element")(value, run) or ()), said]
    return PENDING


def _missing(name: str) -> Finding:
    return Finding(ERROR, name, "required", "is mandatory", "cardinality")


def _several(choice: str, forms: frozenset[str], value: Json) -> Findings:
    """A form and its shadow are one."""
    if len({each.removeprefix("_") for each in forms.intersection(value)}) < 2:
        return []
    return [Finding(ERROR, choice, "structure", "is given in more than one form", "cardinality")]


def _pending(name: str, child_name: str, child: Any, value: Json, run: Run) -> Findings:
    """What only the parent can judge: a shadow beside its primitive, nulls in an array beside their shadows."""
    elements = facts.block(name)
    if child_name not in elements:
        return beside(child, value, elements[child_name[1:]], block("Element"), run)
    element = elements[child_name]
    rule = rule_of(element, RULES, f"{name}.{child_name}", single=True)
    return gaps(child, value.get("_" + child_name), element, rule, run)
