"""The rule of one element: a primitive, a coded value, a reference, a resource, or the content of a block; alone or in an array."""

from __future__ import annotations

from typing import Any

from interop.fhir import facts
from interop.fhir.findings import ERROR, WARNING, Finding, Findings
from interop.fhir.primitives import STRING_LIMIT, TESTS, fault
from interop.fhir.validation.invariants import Check, element_checks
from interop.fhir.validation.invariants.known import simple_quantity
from interop.fhir.validation.structure.extras import outermost
from interop.fhir.validation.structure.joining import join
from interop.fhir.validation.structure.narrative import div
from interop.fhir.validation.structure.run import Rule, Rules, Run
from interop.fhir.validation.structure.targets import target

PENDING: Findings = []
"""The answer of a rule that needs the parent; compared by identity."""
NO_ARRAY: Findings = [Finding(ERROR, "", "structure", "must be an array", "cardinality")]
EMPTY_ARRAY: Findings = [Finding(ERROR, "", "structure", "must not be an empty array", "cardinality")]


def rule_of(element: facts.Element, rules: Rules, path: str, *, single: bool = False) -> Rule:
    """The rule of an element's JSON value; ``single``: of one item of its array. ``path`` is its place in the definition."""
    is_id = element.name == "id" and not path.startswith("ElementDefinition.")  # whose ids repeat by design
    rule = _with(_value(element, rules, is_id), element_checks(path, element.block))
    if element.types[0] == "Quantity" and simple_quantity(path):
        rule = _with(rule, (_no_comparator,))
    if single or (element.max is not None and element.max <= 1):
        return rule
    return _array(rule, element.max, primitive=facts.is_primitive(element.types[0]))


def _with(rule: Rule, added: tuple[Check, ...]) -> Rule:
    """A rule and the invariants that an element has beside those of its type."""
    if not added:
        return rule

    def both(value: Any, run: Run) -> Findings | None:
        findings = rule(value, run)
        for check in added:
            found = check(value, run)
            if found:
                findings = (findings or []) + found
        return findings

    return both


def _no_comparator(value: Any, _: Run) -> Findings | None:
    """A SimpleQuantity is a Quantity without comparator (sqty-1)."""
    if isinstance(value, dict) and "comparator" in value:
        return [Finding(ERROR, "comparator", "invariant", "sqty-1: The comparator is not used on a SimpleQuantity", "sqty-1")]
    return None


def _value(element: facts.Element, rules: Rules, is_id: bool) -> Rule:
    datatype = element.types[0]
    if datatype == "xhtml":
        return div
    if datatype in TESTS:
        return _primitive(datatype, element.binding, is_id=is_id)
    if datatype == "Resource":
        return rules.contained if element.name == "contained" else rules.standalone
    content = rules.block(element.block)
    if datatype == "Extension" and element.path != "Extension.extension":
        return outermost(content)
    if datatype == "Reference":
        return target(content, frozenset(element.targets))
    if element.binding and datatype in ("Coding", "CodeableConcept") and (known := facts.concepts(element.binding)) is not None:
        return _coded(content, known, datatype, element.binding)
    return content


def _array(rule: Rule, most: int | None, *, primitive: bool) -> Rule:
    def array(value: Any, run: Run) -> Findings | None:
        if not isinstance(value, list):
            return NO_ARRAY
        if not value:
            return EMPTY_ARRAY
        if primitive and None in value:
            return PENDING
        findings: Findings | None = None
        for place, each in enumerate(value):
            found = rule(each, run)
            if found is not None:
                findings = join(findings, found, f"[{place}]")
        if most is not None and len(value) > most:
            findings = join(findings, [Finding(ERROR, "", "structure", f"may be given {most} times at most", "cardinality")], "")
        return findings

    return array


def datatype_rule(datatype: str) -> Rule:
    """The rule of a primitive datatype by itself; KeyError for what is none."""
    return div if datatype == "xhtml" else _primitive(datatype, None)


def _primitive(datatype: str, binding: str | None, *, is_id: bool = False) -> Rule:
    known = facts.codes(binding) if binding and datatype in ("code", "uri", "string") else None
    if known is not None:
        return _enumerated(datatype, known, str(binding))
    if datatype == "string":
        return _element_id if is_id else _string
    if datatype in ("uri", "url", "canonical"):
        return _uri(datatype)
    test = TESTS[datatype]

    def primitive(value: Any, _: Run) -> Findings | None:
        return None if test(value) else [Finding(ERROR, "", "value", fault(datatype, value), "value")]

    return primitive


def _enumerated(datatype: str, known: frozenset[str], binding: str) -> Rule:
    test = TESTS[datatype]

    def enumerated(value: Any, _: Run) -> Findings | None:
        if value.__class__ is str and value in known:
            return None
        if not test(value):
            return [Finding(ERROR, "", "value", fault(datatype, value), "value")]
        return [Finding(ERROR, "", "code-invalid", f"is no code of {binding}", "binding")] if value not in known else None

    return enumerated


def _string(value: Any, _: Run) -> Findings | None:
    """A blank at either end is a warning, for readers trim it."""
    if value.__class__ is str and value.isprintable() and value and value[0] != " " != value[-1] and len(value) <= STRING_LIMIT:
        return None
    if not TESTS["string"](value):
        return [Finding(ERROR, "", "value", fault("string", value), "value")]
    if value.isspace():
        return [Finding(WARNING, "", "value", "should not be blank", "value")]
    return None if value == value.strip() else [Finding(WARNING, "", "value", "should not start or end with a blank", "value")]


def _element_id(value: Any, run: Run) -> Findings | None:
    """``Element.id`` is unique within the resource; each contained one has its own."""
    found = _string(value, run)
    if found is None and run.resource is run.root:
        if value in run.ids:
            return [Finding(ERROR, "", "duplicate", "is the id of another element of the resource", "value")]
        run.ids.add(value)
    return found


def _uri(datatype: str) -> Rule:
    test = TESTS[datatype]

    def uri(value: Any, run: Run) -> Findings | None:
        if not test(value):
            return [Finding(ERROR, "", "value", fault(datatype, value), "value")]
        if run.urls is not None:
            run.urls.append(value)
        if value[0] == "#":
            run.name(value)
        elif datatype == "canonical" and ":" not in value:
            return [Finding(WARNING, "", "value", "should be absolute or a fragment", "value")]
        return None

    return uri


def _coded(content: Rule, known: frozenset[tuple[str, str]], datatype: str, binding: str) -> Rule:
    """At least one coding is of the required value set."""

    def coded(value: Any, run: Run) -> Findings | None:
        findings = content(value, run)
        if not isinstance(value, dict):
            return findings
        codings = (value,) if datatype == "Coding" else value.get("coding", ())
        for each in codings if isinstance(codings, (list, tuple)) else ():
            if isinstance(each, dict) and (str(each.get("system")), str(each.get("code"))) in known:
                return findings
        finding = Finding(ERROR, "", "code-invalid", f"has no coding of the required value set {binding}", "binding")
        return [*(findings or ()), finding]

    return coded
