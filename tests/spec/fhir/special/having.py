"""Contexts for the checks of single resource types."""

from __future__ import annotations

from typing import Any

from interop.fhir.definitions import Definitions
from interop.fhir.terminology import Terminology
from interop.fhir.validation.special import SPECIAL, Context


def found(resource: dict[str, Any], *known: dict[str, Any], near: dict[str, dict[str, Any]] | None = None) -> list[tuple[str, str]]:
    """Severity and expression of what a resource's own check finds where ``known`` is loaded and ``near`` can be resolved."""
    definitions = Definitions.base().with_resources(known)
    context = Context(definitions, Terminology(definitions), resource, (near or {}).get)
    return sorted((each.severity, each.expression) for each in SPECIAL[resource["resourceType"]](resource, context))


def errors(resource: dict[str, Any], *known: dict[str, Any], near: dict[str, dict[str, Any]] | None = None) -> list[str]:
    """The expressions of the errors alone."""
    return [expression for severity, expression in found(resource, *known, near=near) if severity == "error"]
