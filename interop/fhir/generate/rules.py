"""Tables of what R4 says about its elements besides their shape: invariants and bindings."""

from __future__ import annotations

from typing import Any

from interop.fhir.canonicals import STRUCTURE_DEFINITION, VALUE_SET, bare
from interop.fhir.shapes import Json

BEST_PRACTICE = STRUCTURE_DEFINITION + "elementdefinition-bestpractice"
MAXIMUM = STRUCTURE_DEFINITION + "elementdefinition-maxValueSet"


def own(resources: list[Json]) -> list[tuple[Json, Json]]:
    """(structure, element) of every base type, without the elements that its base type has and does not change."""
    bases = [r for r in resources if r["resourceType"] == "StructureDefinition" and r.get("derivation") != "constraint"]
    return [
        (structure, element)
        for structure in bases
        for element in structure["snapshot"]["element"]
        if element["path"] == element["base"]["path"]
    ]


def invariants(resources: list[Json]) -> Json:
    """``known``: [key, severity, human, expression, 1 if a best practice]; ``at``: path -> numbers of those that start there.

    Left out at a path: what the types of the element or the base of the structure say already.
    """
    elements = own(resources)
    roots = {element["path"]: element for _, element in elements if "." not in element["path"]}
    known: dict[tuple[str, str], int] = {}
    rows: list[list[Any]] = []
    table: dict[str, list[int]] = {}
    for structure, element in elements:
        bases = (
            [structure.get("baseDefinition", "").removeprefix(STRUCTURE_DEFINITION)] if "." not in element["path"] else ["Element"]
        )
        bases += [each["code"] for each in element.get("type", ())]
        said = {each["key"] for base in bases for each in roots.get(base, {}).get("constraint", ())}
        for each in element.get("constraint", ()):
            if each["key"] in said:
                continue
            rule = (each["key"], each["expression"])
            if rule not in known:
                known[rule] = len(rows)
                best = any(one["url"] == BEST_PRACTICE for one in each.get("extension", ()))
                rows.append([each["key"], each["severity"], each["human"], each["expression"], int(best)])
            table.setdefault(element["path"], []).append(known[rule])
    return {"known": rows, "at": table}


def profiles(resources: list[Json]) -> Json:
    """Path -> the profiles of its types."""
    table: Json = {}
    for _, element in own(resources):
        said = [url for each in element.get("type", ()) for url in each.get("profile", ())]
        if said:
            table[element["path"]] = [url.removeprefix(STRUCTURE_DEFINITION) for url in said]
    return table


def bindings(resources: list[Json]) -> Json:
    """Path -> [strength, value set, maximum value set or '']."""
    table: Json = {}
    for _, element in own(resources):
        said = element.get("binding", {})
        if "valueSet" in said:
            maximum = [each["valueCanonical"] for each in said.get("extension", ()) if each["url"] == MAXIMUM]
            sets = [bare(url).removeprefix(VALUE_SET) for url in [said["valueSet"], *maximum, ""][:2]]
            table[element["path"]] = [said["strength"], *sets]
    return table
