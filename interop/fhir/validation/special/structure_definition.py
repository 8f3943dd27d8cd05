"""A StructureDefinition's own rules beyond its invariants (FHIR R4, StructureDefinition)."""

from __future__ import annotations

from collections.abc import Iterator

from interop.fhir.definitions import TooLarge, Unusable
from interop.fhir.findings import WARNING, Findings
from interop.fhir.validation.special import element_definition
from interop.fhir.validation.special.context import Context
from interop.fhir.validation.special.reading import Json, choice, fault, objects, text


def check(resource: Json, context: Context) -> Findings:
    """It is of its base's kind and type, its differential fits the base, each element keeps to the rules of ElementDefinition."""
    findings = [*_kind(resource, context), *_extension(resource)]
    made, problems = _snapshot(resource, context)
    for view, path, element in _elements(resource):
        findings += element_definition.constraints(path, element)
        types = element_definition.types_of(element)
        if view == "differential":
            findings += element_definition.profiles(path, element, context)
            findings += element_definition.slicing(path, element)
            if text(resource, "derivation") == "constraint" and "meaningWhenMissing" in element:
                findings.append(fault(f"{path}.meaningWhenMissing", "must not be in a profile", code="invalid"))
            types = types or element_definition.types_of(made.get(text(element, "id")) or made.get(text(element, "path")))
        elif "." in text(element, "path") and not types and not element.get("contentReference") and element.get("max") != "0":
            findings.append(fault(f"{path}.type", "must be told in a snapshot, or a contentReference", code="required"))
        findings += element_definition.values(path, element, types)
    return findings + problems


def _elements(resource: Json) -> Iterator[tuple[str, str, Json]]:
    for view in ("differential", "snapshot"):
        for place, each in objects(resource.get(view), "element"):
            yield view, f"{view}.element[{place}]", each


def _kind(resource: Json, context: Context) -> Findings:
    """A constraint keeps its base's type and kind, a specialisation has a type of its own."""
    base = context.definitions.structure(text(resource, "baseDefinition"))
    if base is None:
        return []
    derivation, same = text(resource, "derivation"), text(resource, "type") == text(base, "type")
    findings: Findings = []
    if not derivation:
        findings.append(fault("derivation", "must be stated where there is a base", code="required"))
    if derivation == "constraint" and not same:
        findings.append(fault("type", "differs from that of the structure that is constrained"))
    if derivation == "specialization" and same:
        findings.append(fault("type", "is that of the structure that is specialised"))
    if derivation == "constraint" and text(resource, "kind") != text(base, "kind"):
        findings.append(fault("kind", "differs from that of the structure that is constrained"))
    return findings


def _extension(resource: Json) -> Findings:
    """An extension fixes its own URL; nothing else has a context."""
    if text(resource, "type") != "Extension":
        return [
            fault(name, "is for definitions of extensions alone") for name in ("context", "contextInvariant") if resource.get(name)
        ]
    if text(resource, "derivation") != "constraint":
        return []
    for _view, path, element in _elements(resource):
        if text(element, "path") == "Extension.url" and (fixed := text(element, "fixedUri")) and fixed != text(resource, "url"):
            return [fault(f"{path}.fixedUri", "is not the URL of the extension", code="invalid")]
    return []


def _snapshot(resource: Json, context: Context) -> tuple[dict[str, Json], Findings]:
    """The elements of a snapshot made of the differential, by id and path, and what stands against it."""
    url, base = text(resource, "url"), text(resource, "baseDefinition")
    if not url or not base or not objects(resource.get("differential"), "element"):
        return {}, []
    if context.definitions.structure(base) is None:
        message = "is not loaded, so the differential is not checked"
        return {}, [fault("baseDefinition", message, severity=WARNING, code="not-found", rule="profile")]
    if text(resource, "derivation") != "constraint":
        return {}, []
    bare = {name: value for name, value in resource.items() if name != "snapshot"}
    try:
        elements = context.definitions.with_resources([bare]).snapshot(url)
    except TooLarge:
        message = "has more elements than are laid out, so it is not checked against its base"
        return {}, [fault("differential", message, severity=WARNING, code="too-costly", rule="profile")]
    except Unusable:
        return {}, [fault("differential", "does not fit its base", code="invalid", rule="profile")]
    against = _against_base(resource, context.definitions.snapshot(base))
    made: dict[str, Json] = {}
    for each in elements:
        made.setdefault(text(each, "path"), each)
        made.setdefault(text(each, "id"), each)
    return made, against


def _against_base(resource: Json, base: list[Json]) -> Findings:
    """What the base fixes, a profile on it fixes to the same value."""
    fixed = {text(each, "id"): choice(each, "fixed") for each in base}
    findings: Findings = []
    for view, path, element in _elements(resource):
        kind, value = choice(element, "fixed")
        before = fixed.get(text(element, "id") or text(element, "path"), ("", None))
        if view == "differential" and kind and before[0] and before != (kind, value):
            findings.append(fault(f"{path}.fixed{kind}", "differs from what the base fixes", code="value", rule="fixed"))
    return findings
