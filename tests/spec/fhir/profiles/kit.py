"""Small profiles of our own, and what a resource gives against them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from interop.fhir.definitions import Definitions
from interop.fhir.findings import Findings
from interop.fhir.terminology import Terminology
from interop.fhir.validation.validator import Validator

Json = dict[str, Any]
OURS = "https://example.org/StructureDefinition/"
CORE = "http://hl7.org/fhir/StructureDefinition/"


def element(path: str, *, slice: str = "", **said: Any) -> Json:
    """An element of a differential."""
    return {"path": path, **({"sliceName": slice} if slice else {}), **said}


def profile(of: str, *elements: Json, name: str = "Ours", base: str = "", **more: Any) -> Json:
    """A profile on a type, ``https://example.org/StructureDefinition/Ours`` unless named."""
    return {
        "resourceType": "StructureDefinition",
        "url": OURS + name,
        "name": name,
        "status": "active",
        "kind": "resource",
        "abstract": False,
        "type": of,
        "baseDefinition": base or CORE + of,
        "derivation": "constraint",
        "differential": {"element": [{"path": of}, *elements]},
        **more,
    }


def extension(name: str, *elements: Json, context: str = "Element", by: str = "element", **more: Any) -> Json:
    """An extension's definition, with one context; ``by`` is its type."""
    contexts = [{"type": by, "expression": context}]
    url = element("Extension.url", fixedUri=OURS + name)
    return profile("Extension", *elements, url, name=name, kind="complex-type", context=contexts, **more)


def slicing(kind: str, path: str, rules: str = "open", ordered: bool = False) -> Json:
    """An ElementDefinition.slicing with one discriminator."""
    return {"discriminator": [{"type": kind, "path": path}], "rules": rules, "ordered": ordered}


def validator(*resources: Json, codes: bool = False, **options: Any) -> Validator:
    """A validator that knows base R4 and the given definitions; with ``codes`` also their codes."""
    definitions = Definitions.base().with_resources(resources)
    return Validator(definitions, Terminology(definitions) if codes else None, **options)


def findings(resource: Json, *definitions: Json, codes: bool = False, **options: Any) -> Findings:
    """What a resource gives against the first of the definitions."""
    judge = validator(*definitions, codes=codes, **options)
    return judge.validate(resource, [definitions[0]["url"]])


def errors(resource: Json, *definitions: Json, codes: bool = False, **options: Any) -> list[tuple[str, str]]:
    """The errors of a resource against the first of the definitions, as (expression, rule)."""
    return said(findings(resource, *definitions, codes=codes, **options), "error")


def said(found: Findings, severity: str, rules: Sequence[str] = ()) -> list[tuple[str, str]]:
    """The findings of one severity as (expression, rule)."""
    return [(each.expression, each.rule) for each in found if each.severity == severity and (not rules or each.rule in rules)]
