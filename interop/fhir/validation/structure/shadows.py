"""What stands beside a primitive: ``_birthDate`` with its id and extensions, and nulls in arrays (FHIR R4 JSON, section 2.6.2)."""

from __future__ import annotations

import re
from typing import Any

from interop.fhir import facts
from interop.fhir.findings import ERROR, Finding, Findings
from interop.fhir.primitives import fault
from interop.fhir.validation.structure.joining import join
from interop.fhir.validation.structure.run import Json, Rule, Run

ELE_1 = "ele-1: All FHIR elements must have a @value or children"
NOTHING = Finding(ERROR, "", "structure", "is null with no value beside it")
_CROSS = re.compile(r"http://hl7\.org/fhir/\d\.\d/StructureDefinition/extension-")
CODE_DUE = "has no code, and one of the required value set is due"


def beside(shadow: Any, value: Json, element: facts.Element, rule: Rule, run: Run) -> Findings:
    """The findings of a shadow, given the object that holds it and its primitive; ``rule`` is that of Element."""
    primitive = value.get(element.name)
    if element.max is None or element.max > 1:
        return _array(shadow, primitive, element, rule, run)
    return _one(shadow, primitive, element, rule, run)


def _one(shadow: Any, primitive: Any, element: facts.Element, rule: Rule, run: Run) -> Findings:
    if not isinstance(shadow, dict):
        return [Finding(ERROR, "", "structure", "must not be an array" if isinstance(shadow, list) else "must be an object")]
    found = rule(shadow, run) or []
    if primitive is not None:
        return [each for each in found if each.rule != "ele-1" or each.expression]
    if element.binding is not None and element.types[0] == "code" and not _elsewhere(shadow, element.name):
        return [*found, Finding(ERROR, "", "code-invalid", CODE_DUE, "binding")]
    return found


def _elsewhere(shadow: Json, name: str) -> bool:
    """Whether a cross-version extension has the code that this element has in another release, and that R4 lacks."""
    inner = shadow.get("extension")
    urls = [each.get("url") for each in inner if isinstance(each, dict)] if isinstance(inner, list) else []
    return any(isinstance(url, str) and _CROSS.match(url) is not None and url.endswith(f".{name}") for url in urls)


def _array(shadows: Any, primitives: Any, element: facts.Element, rule: Rule, run: Run) -> Findings:
    """Null stands for no shadow; one beyond the last value stands beside nothing."""
    if not isinstance(shadows, list):
        return [Finding(ERROR, "", "structure", "must be an array", "cardinality")]
    if not shadows:
        return [Finding(ERROR, "", "structure", "must not be an empty array", "cardinality")]
    values = primitives if isinstance(primitives, list) else []
    findings: Findings = []
    for place, each in enumerate(shadows):
        if each is not None:
            primitive = values[place] if place < len(values) else None
            findings = join(findings, _one(each, primitive, element, rule, run), f"[{place}]")
        elif place >= len(values):
            findings = join(findings, [NOTHING], f"[{place}]")
    return findings


def gaps(values: list[Any], shadows: Any, element: facts.Element, rule: Rule, run: Run) -> Findings:
    """The findings of an array of primitives that holds null: right where the shadow beside it says something."""
    findings: Findings = []
    for place, each in enumerate(values):
        if each is None:
            if isinstance(shadows, list) and place < len(shadows) and isinstance(shadows[place], dict):
                continue
            found: Findings | None = [Finding(ERROR, "", "value", fault(element.types[0], None), "value")]
        else:
            found = rule(each, run)
        if found is not None:
            findings = join(findings, found, f"[{place}]")
    return findings
