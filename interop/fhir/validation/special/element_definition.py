"""An ElementDefinition's rules beyond its invariants (FHIR R4, ElementDefinition and profiling.html)."""

from __future__ import annotations

from interop.fhir.fhirpath import FhirPathError, compile
from interop.fhir.findings import WARNING, Findings
from interop.fhir.validation.special.context import Context
from interop.fhir.validation.special.reading import Json, choice, fault, objects, text, texts

_SHARED = ("Resource", "DomainResource", "Element", "BackboneElement")
_PRIMITIVES = {
    "Base64Binary": "base64Binary", "Boolean": "boolean", "Canonical": "canonical", "Code": "code", "Date": "date",
    "DateTime": "dateTime", "Decimal": "decimal", "Id": "id", "Instant": "instant", "Integer": "integer", "Markdown": "markdown",
    "Oid": "oid", "PositiveInt": "positiveInt", "String": "string", "Time": "time", "UnsignedInt": "unsignedInt", "Uri": "uri",
    "Url": "url", "Uuid": "uuid",
}  # fmt: skip
_TIMES = frozenset({"date", "dateTime", "instant", "time"})
_NUMBERS = frozenset({"decimal", "integer", "positiveInt", "unsignedInt"})
_NEVER = {
    "binding": _TIMES | _NUMBERS | {"boolean", "base64Binary"},
    "maxLength": _TIMES | _NUMBERS | {"boolean"},
    "minValue": frozenset({"boolean", "string", "code", "uri", "url", "canonical", "markdown", "id", "oid", "uuid"}),
}
"""Properties, and the types for which they say nothing."""


def constraints(path: str, element: Json) -> Findings:
    """Its invariants are FHIRPath."""
    findings: Findings = []
    for place, each in objects(element, "constraint"):
        source = text(each, "expression")
        if not source:
            continue
        try:
            compile(source)
        except FhirPathError:
            findings.append(fault(f"{path}.constraint[{place}].expression", "is no FHIRPath", code="invalid"))
    return findings


def values(path: str, element: Json, types: frozenset[str]) -> Findings:
    """What it says of its value is of its types: ``types`` are those that the element has, empty where they are not known."""
    if not types or any(":" in each for each in types) or types & set(_SHARED):
        return []
    findings: Findings = []
    for stem in ("fixed", "pattern"):
        kind, _value = choice(element, stem)
        if kind and _PRIMITIVES.get(kind, kind) not in types:
            findings.append(fault(f"{path}.{stem}{kind}", "is of a type that the element does not have", code="value"))
    for name, never in _NEVER.items():
        said = choice(element, name)[0] if name == "minValue" else element.get(name)
        if said and types <= never:
            findings.append(fault(f"{path}.{name}", "says nothing of an element of this type"))
    return findings


def types_of(element: Json | None) -> frozenset[str]:
    """The codes of its types."""
    return frozenset(text(each, "code") for _place, each in objects(element, "type"))


def profiles(path: str, element: Json, context: Context) -> Findings:
    """Profiles on its types are known and constrain those types; the value set of its binding is one."""
    findings: Findings = []
    for place, each in objects(element, "type"):
        code = text(each, "code")
        for at, url in enumerate(texts(each, "profile")):
            step = f"{path}.type[{place}].profile[{at}]"
            known = context.definitions.structure(url.partition("#")[0])
            if known is None:
                findings.append(
                    fault(step, "is not loaded, so it is not checked", severity=WARNING, code="not-found", rule="profile")
                )
            elif not _constrains(known, code):
                findings.append(fault(step, "is no profile on the type", code="invalid", rule="profile"))
        for at, url in enumerate(texts(each, "targetProfile")):
            known = context.definitions.structure(url)
            if code == "Reference" and known is not None and text(known, "kind") not in ("resource", "logical"):
                step = f"{path}.type[{place}].targetProfile[{at}]"
                findings.append(fault(step, "is no profile on a resource", code="invalid", rule="profile"))
    url = text(element.get("binding"), "valueSet")
    if url and context.definitions.resource("ValueSet", url) is None and (kind := context.kind(url)):
        findings.append(
            fault(f"{path}.binding.valueSet", f"refers to a {kind}, not to a ValueSet", code="invalid", rule="reference")
        )
    return findings


def slicing(path: str, element: Json) -> Findings:
    """Extensions are sliced by their URL alone, and so are the slices of a slice of them (profiling.html, "Slicing")."""
    if text(element, "path").rpartition(".")[2] not in ("extension", "modifierExtension"):
        return []
    by = {(text(each, "type"), text(each, "path")) for _place, each in objects(element.get("slicing"), "discriminator")}
    if not by or by == {("value", "url")}:
        return []
    return [fault(f"{path}.slicing.discriminator", "must be the URL of the extension", code="invalid", rule="slicing")]


def _constrains(structure: Json, code: str) -> bool:
    """Whether a structure is a profile on a type: one that specialises the type is another type."""
    kind = text(structure, "type")
    return kind == code or ":" in code or code in _SHARED
