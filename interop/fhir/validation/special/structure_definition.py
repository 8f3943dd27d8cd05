"""A StructureDefinition's own rules beyond its invariants (FHIR R4, StructureDefinition and ElementDefinition)."""

from __future__ import annotations

from collections.abc import Iterator

from interop.fhir.definitions import Unusable
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


def check(resource: Json, context: Context) -> Findings:
    """Its differential fits its base, its invariants are FHIRPath, its fixed values and profiles are of the element's type."""
    findings: Findings = []
    profile = text(resource, "derivation") == "constraint"
    for path, element in _elements(resource):
        findings += _constraints(path, element)
        findings += _values(path, element)
        if path.startswith("differential"):
            findings += _profiles(path, element, context)
            findings += _slicing(path, element)
            if profile and "meaningWhenMissing" in element:
                findings.append(fault(f"{path}.meaningWhenMissing", "must not be in a profile", code="invalid"))
    return [*findings, *_extension_url(resource), *_snapshot(resource, context)]


def _elements(resource: Json) -> Iterator[tuple[str, Json]]:
    for view in ("differential", "snapshot"):
        for place, each in objects(resource.get(view), "element"):
            yield f"{view}.element[{place}]", each


def _constraints(path: str, element: Json) -> Findings:
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


def _values(path: str, element: Json) -> Findings:
    """A fixed or pattern value is of a type that the element itself states."""
    types = {text(each, "code") for _place, each in objects(element, "type")}
    if not types or any(":" in each for each in types):
        return []
    findings: Findings = []
    for stem in ("fixed", "pattern"):
        kind, _value = choice(element, stem)
        if kind and _PRIMITIVES.get(kind, kind) not in types:
            findings.append(fault(f"{path}.{stem}{kind}", "is of a type that the element does not have", code="value"))
    return findings


def _profiles(path: str, element: Json, context: Context) -> Findings:
    """Profiles on a type are known and constrain that type."""
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
    return findings


def _slicing(path: str, element: Json) -> Findings:
    """Extensions are sliced by their URL alone, and so are the slices of a slice of them (FHIR R4, profiling.html, "Slicing")."""
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


def _extension_url(resource: Json) -> Findings:
    if text(resource, "type") != "Extension" or text(resource, "derivation") != "constraint":
        return []
    for path, element in _elements(resource):
        if text(element, "path") == "Extension.url" and (fixed := text(element, "fixedUri")) and fixed != text(resource, "url"):
            return [fault(f"{path}.fixedUri", "is not the URL of the extension", code="invalid")]
    return []


def _snapshot(resource: Json, context: Context) -> Findings:
    """Whether a snapshot can be made of the differential; what was stated itself is covered by the differential."""
    url, base = text(resource, "url"), text(resource, "baseDefinition")
    if not url or not base or not objects(resource.get("differential"), "element"):
        return []
    if context.definitions.structure(base) is None:
        message = "is not loaded, so the differential is not checked"
        return [fault("baseDefinition", message, severity=WARNING, code="not-found", rule="profile")]
    if text(resource, "derivation") != "constraint":
        return []
    bare = {name: value for name, value in resource.items() if name != "snapshot"}
    try:
        context.definitions.with_resources([bare]).snapshot(url)
    except Unusable as unusable:
        reason = unusable.reason.removeprefix(f"{url}: ")
        return [fault("differential", f"does not fit its base: {reason}", code="invalid", rule="profile")]
    return []
