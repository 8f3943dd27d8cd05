"""What is kept of a conformance resource: what a rule can read. Texts, mappings, contacts and dates are left out."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from interop.fhir.canonicals import STRUCTURE_DEFINITION
from interop.fhir.shapes import Json

HEAD = ("resourceType", "id", "url", "version", "name", "status")
STRUCTURE = (*HEAD, "fhirVersion", "kind", "abstract", "context", "contextInvariant", "type", "baseDefinition", "derivation")
ELEMENT = (
    "id", "path", "representation", "sliceName", "sliceIsConstraining", "slicing", "min", "max", "contentReference", "type",
    "maxLength", "mustSupport", "isModifier", "isSummary", "binding", "constraint",
)  # fmt: skip
CHOICES = ("fixed", "pattern", "minValue", "maxValue")
"""Elements of ElementDefinition whose name ends in a datatype."""
FLAGS = ("isModifier", "isSummary", "mustSupport")
"""False where they are absent."""
TOLD = frozenset(
    STRUCTURE_DEFINITION + name
    for name in (
        "structuredefinition-fhir-type", "regex", "elementdefinition-maxValueSet", "elementdefinition-minValueSet",
        "elementdefinition-bestpractice", "codesystem-replacedby",
    )
)  # fmt: skip
"""Extensions that a rule reads."""
DOUBLED = STRUCTURE_DEFINITION + STRUCTURE_DEFINITION
"""The package writes the source of some invariants twice."""


def some(content: Json, names: Iterable[str]) -> Json:
    """The named members, in that order."""
    return {name: content[name] for name in names if name in content}


def extended(content: Json, names: Iterable[str]) -> Json:
    """The named members and those extensions that a rule reads."""
    kept = [each for each in content.get("extension", ()) if each["url"] in TOLD]
    return {**({"extension": kept} if kept else {}), **some(content, names)}


def constraint(content: Json) -> Json:
    kept = extended(content, ("key", "severity", "human", "expression", "source"))
    if "source" in kept:
        kept["source"] = kept["source"].replace(DOUBLED, STRUCTURE_DEFINITION)
    return kept


def element(content: Json) -> Json:
    """An ElementDefinition."""
    kept = some(content, ELEMENT)
    kept.update((name, value) for name, value in content.items() if name.startswith(CHOICES))
    for name in FLAGS:
        if kept.get(name) is False:
            del kept[name]
    if "slicing" in kept:
        kept["slicing"] = some(kept["slicing"], ("discriminator", "ordered", "rules"))
    if "type" in kept:
        kept["type"] = [extended(each, ("code", "profile", "targetProfile", "aggregation", "versioning")) for each in kept["type"]]
    if "binding" in kept:
        kept["binding"] = extended(kept["binding"], ("strength", "valueSet"))
    if "constraint" in kept:
        kept["constraint"] = [constraint(each) for each in kept["constraint"]]
    return kept


def structure(content: Json, view: str) -> Json:
    """A StructureDefinition with one of its two views, ``snapshot`` or ``differential``."""
    return {**some(content, STRUCTURE), view: {"element": [element(each) for each in content[view]["element"]]}}


def concept_set(content: Json) -> Json:
    """An include or exclude of a value set."""
    kept = some(content, ("system", "version", "concept", "filter", "valueSet"))
    if "concept" in kept:
        kept["concept"] = [some(each, ("code", "display", "designation")) for each in kept["concept"]]
    return kept


def value_set(content: Json) -> Json:
    """A ValueSet by its compose; an expansion is kept where the caller put one in."""
    kept = some(content, (*HEAD, "compose", "expansion"))
    if "compose" in kept:
        kept["compose"] = some(kept["compose"], ("lockedDate", "inactive", "include", "exclude"))
        for name in ("include", "exclude"):
            if name in kept["compose"]:
                kept["compose"][name] = [concept_set(each) for each in kept["compose"][name]]
    if "expansion" in kept:
        kept["expansion"] = {
            "contains": [
                some(each, ("system", "version", "abstract", "inactive", "code", "display"))
                for each in kept["expansion"]["contains"]
            ]
        }
    return kept


def concept(content: Json) -> Json:
    """A concept of a code system with those below it."""
    kept = extended(content, ("code", "display", "designation", "property", "concept"))
    if "designation" in kept:
        kept["designation"] = [some(each, ("language", "use", "value")) for each in kept["designation"]]
    if "concept" in kept:
        kept["concept"] = [concept(each) for each in kept["concept"]]
    return kept


def code_system(content: Json) -> Json:
    names = ("caseSensitive", "valueSet", "hierarchyMeaning", "compositional", "versionNeeded", "content", "supplements")
    kept = some(content, (*HEAD, *names, "filter", "property", "concept"))
    if "property" in kept:
        kept["property"] = [some(each, ("code", "uri", "type")) for each in kept["property"]]
    if "filter" in kept:
        kept["filter"] = [some(each, ("code", "operator", "value")) for each in kept["filter"]]
    if "concept" in kept:
        kept["concept"] = [concept(each) for each in kept["concept"]]
    return kept


def concept_map(content: Json) -> Json:
    ends = ("sourceUri", "sourceCanonical", "targetUri", "targetCanonical")
    kept = some(content, (*HEAD, *ends, "group"))
    for group in kept.get("group", ()):
        for each in group.get("element", ()):
            for target in each.get("target", ()):
                target.pop("comment", None)
    return kept


def naming_system(content: Json) -> Json:
    kept = some(content, (*HEAD, "kind", "uniqueId"))
    kept["uniqueId"] = [some(each, ("type", "value", "preferred", "period")) for each in kept["uniqueId"]]
    return kept


def search_parameter(content: Json) -> Json:
    return some(content, (*HEAD, "code", "base", "type", "expression", "target", "component"))


TRIMS: dict[str, Callable[[Json], Json]] = {
    "ValueSet": value_set,
    "CodeSystem": code_system,
    "ConceptMap": concept_map,
    "NamingSystem": naming_system,
    "SearchParameter": search_parameter,
}


def urls(content: Json) -> list[Any]:
    """The canonical URLs by which a resource is found; those of a NamingSystem are its unique ids."""
    if content["resourceType"] != "NamingSystem":
        return [content["url"]] if "url" in content else []
    return [("urn:oid:" if each["type"] == "oid" else "") + each["value"] for each in content["uniqueId"]]
