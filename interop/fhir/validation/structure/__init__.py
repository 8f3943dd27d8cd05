"""The structure pass: base R4 alone, compiled from the tables block by block at first use."""

from __future__ import annotations

from typing import Any

from interop.fhir import facts
from interop.fhir.findings import ERROR, Finding, Findings, at
from interop.fhir.validation.structure.blocks import RULES
from interop.fhir.validation.structure.elements import datatype_rule
from interop.fhir.validation.structure.resources import kind_of
from interop.fhir.validation.structure.run import Run


def check_resource(resource: Any) -> Findings:
    """Every finding of a resource, with expressions from its type."""
    name = kind_of(resource) or "Resource"
    try:
        found = RULES.standalone(resource, Run({}))
    except RecursionError:
        return [_too_deep(name)]
    return [] if found is None else at(name, found)


def check_value(value: Any, type_name: str, resource: dict[str, Any] | None = None) -> Findings | None:
    """The findings of a value of any type of R4 (``HumanName``, ``code``, ``Patient``, ``Patient.contact``), relative to it; None
    where there are none. ``resource`` is the one that it stands in, for fragments. Raises KeyError for what is no type."""
    try:
        if facts.kind(type_name) == "resource":
            return RULES.standalone(value, Run({}))
        rule = datatype_rule(type_name) if facts.is_primitive(type_name) else RULES.block(type_name)
        return rule(value, Run(resource if resource is not None else {}))
    except RecursionError:
        return [_too_deep("")]


def _too_deep(expression: str) -> Finding:
    return Finding(ERROR, expression, "too-costly", "is nested too deep")
