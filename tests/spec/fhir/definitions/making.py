"""Small profiles and packages for the tests of definitions."""

from __future__ import annotations

from typing import Any

from interop.fhir.definitions import Definitions

HERE = "https://example.nhs.uk/StructureDefinition/"
R4 = "http://hl7.org/fhir/StructureDefinition/"

Json = dict[str, Any]


def element(id: str, **said: Any) -> Json:
    """An ElementDefinition whose path and slice name are those of its id."""
    steps = [each.partition(":") for each in id.split(".")]
    made: Json = {"id": id, "path": ".".join(name for name, _, _ in steps)}
    if steps[-1][2]:
        made["sliceName"] = steps[-1][2]
    return {**made, **said}


def without_ids(*elements: Json) -> list[Json]:
    """The same, to be placed by their order."""
    return [{name: value for name, value in each.items() if name != "id"} for each in elements]


def profile(type: str, *elements: Json, name: str = "profile", base: str = "", **said: Any) -> Json:
    """A profile with a differential only."""
    return {
        "resourceType": "StructureDefinition",
        "id": name,
        "url": HERE + name,
        "version": "1.2.3",
        "name": name.capitalize(),
        "status": "active",
        "fhirVersion": "4.0.1",
        "kind": "resource",
        "abstract": False,
        "type": type,
        "baseDefinition": base or R4 + type,
        "derivation": "constraint",
        "differential": {"element": list(elements)},
        **said,
    }


def extension(name: str, *elements: Json, **said: Any) -> Json:
    """An extension's definition."""
    url = element("Extension.url", fixedUri=HERE + name)
    return profile("Extension", *elements, url, name=name, kind="complex-type", **said)


def snapshot(*structures: Json) -> dict[str, Json]:
    """The elements of the last structure's snapshot by id, the others being there as well."""
    return {each["id"]: each for each in Definitions.base().with_resources(structures).snapshot(structures[-1]["url"])}
