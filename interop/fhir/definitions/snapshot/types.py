"""Types of an element: their codes, and which may stand for which."""

from __future__ import annotations

from collections.abc import Callable

from interop.fhir.canonicals import STRUCTURE_DEFINITION, bare
from interop.fhir.shapes import Json

SYSTEM = "http://hl7.org/fhirpath/System."
_FHIR_TYPE = STRUCTURE_DEFINITION + "structuredefinition-fhir-type"
_SYSTEM_TYPES = {"String": "string", "Boolean": "boolean", "Integer": "integer", "Decimal": "decimal", "DateTime": "dateTime"}


CODED = frozenset(
    (
        "code", "Coding", "CodeableConcept", "Quantity", "Age", "Count", "Distance", "Duration", "Money", "string", "uri", "url",
        "canonical", "markdown", "id", "oid", "CodeableReference",
    )
)  # fmt: skip
"""Types that a binding can be about (ElementDefinition, eld-11)."""


def bindable(data: Json) -> bool:
    """Whether a binding can be about an element of these types."""
    said = [code(each) for each in listed(data)]
    return not said or "*" in said or not CODED.isdisjoint(said)


def listed(data: Json) -> list[Json]:
    """The types of an element; [] for the root of a structure and for a content reference."""
    said = data.get("type")
    return [each for each in said if isinstance(each, dict)] if isinstance(said, list) else []


def code(type: Json) -> str:
    """The name of a type; for one of FHIRPath's, that of FHIR which it stands for."""
    said = type.get("code")
    if not isinstance(said, str):
        return ""
    if said.startswith(SYSTEM):
        for each in type.get("extension") or ():
            if each.get("url") == _FHIR_TYPE:
                return str(each.get("valueUrl") or each.get("valueUri") or "string")
        return _SYSTEM_TYPES.get(said.removeprefix(SYSTEM), "string")
    return named(said)


def named(url: str) -> str:
    """The name of a type of the standard without its address."""
    return bare(url).removeprefix(STRUCTURE_DEFINITION)


def profiles(type: Json) -> list[str]:
    """The profiles of a type."""
    said = type.get("profile")
    return [each for each in said if isinstance(each, str)] if isinstance(said, list) else []


def allowed(name: str, base: list[str], ancestors: Callable[[str], list[str]]) -> bool:
    """Whether a type may stand where the base has those: it is one of them, or a specialisation of one."""
    return not base or "*" in base or any(each in base for each in ancestors(name))


def choice(stem: str, name: str, types: list[str]) -> str:
    """The type that ``valueQuantity`` names as a form of ``value``, '' where it is none of these types."""
    rest = name.removeprefix(stem)
    if rest == name or not rest[:1].isupper():
        return ""
    return next((each for each in types if each[:1].upper() + each[1:] == rest), "")
