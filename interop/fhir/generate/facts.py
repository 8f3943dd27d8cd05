"""Tables of facts: elements, codes of required bindings, search parameters, compartments."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from interop.fhir.canonicals import STRUCTURE_DEFINITION, VALUE_SET
from interop.fhir.shapes import Json

FHIR_TYPE = STRUCTURE_DEFINITION + "structuredefinition-fhir-type"
OPEN = frozenset(VALUE_SET + name for name in ("mimetypes", "ucum-units", "currencies", "all-languages", "languages"))
"""Value sets whose codes another body keeps and extends."""


def type_text(resource_id: bool, types: Iterable[Json]) -> str:
    """``Reference(Patient|Group),CodeableConcept``: the types of an element with the targets of references."""
    said = []
    for each in types:
        code = each["code"]
        if code.startswith("http://hl7.org/fhirpath/"):
            code = next(e["valueUrl"] for e in each["extension"] if e["url"] == FHIR_TYPE)
            code = "id" if resource_id else code
        targets = [profile.removeprefix(STRUCTURE_DEFINITION) for profile in each.get("targetProfile", ())]
        said.append(f"{code}({'|'.join(targets)})" if targets else code)
    return ",".join(said)


def row(element: Json, kind: str) -> list[Any]:
    """[name, min, max (-1 = unbounded), types or #path, required value set, 1 if in the summary]."""
    path = element["path"]
    binding = element.get("binding", {})
    required = binding.get("valueSet", "").split("|")[0] if binding.get("strength") == "required" else ""
    maximum = element["max"]
    resource_id = kind == "resource" and path.count(".") == 1 and path.endswith(".id")
    return [
        path.rpartition(".")[2],
        element["min"],
        -1 if maximum == "*" else int(maximum),
        element["contentReference"] if "contentReference" in element else type_text(resource_id, element.get("type", ())),
        required.removeprefix(VALUE_SET),
        int(element.get("isSummary", False)),
    ]


def structures(resources: list[Json]) -> Json:
    """Block (type or path of a backbone element) -> [kind, base block, rows that the base does not have]."""
    definitions = [r for r in resources if r["resourceType"] == "StructureDefinition" and r.get("derivation") != "constraint"]
    full: dict[str, list[list[Any]]] = {}
    head: dict[str, tuple[str, str]] = {}
    for definition in definitions:
        name = definition["type"]
        kind = "abstract" if definition["abstract"] else definition["kind"].removesuffix("-type")
        head[name] = (kind, definition.get("baseDefinition", "").removeprefix(STRUCTURE_DEFINITION))
        for element in definition["snapshot"]["element"]:
            path = element["path"]
            if "." not in path:
                full.setdefault(path, [])
                continue
            parent = path.rpartition(".")[0]
            if parent not in head:
                head[parent] = ("backbone", next(e[3] for e in full[parent.rpartition(".")[0]] if parent.endswith("." + e[0])))
            if kind != "primitive":
                full.setdefault(parent, []).append(row(element, definition["kind"]))
    blocks: Json = {}
    for name in sorted(full):
        kind, base = head[name]
        known = full.get(base, [])
        blocks[name] = [kind, base, [each for each in full[name] if each not in known]]
    return blocks


def codes(blocks: Json, expansions: list[Json]) -> Json:
    """Required value set -> code system -> codes; null where the set is open."""
    wanted = sorted({each[4] for block in blocks.values() for each in block[2] if each[4]})
    expanded = {r["url"]: r.get("expansion", {}).get("contains", []) for r in expansions}
    table: Json = {}
    for name in wanted:
        url = name if "://" in name else VALUE_SET + name
        contains = expanded.get(url, [])
        if url in OPEN or not contains:
            table[name] = None
            continue
        systems: dict[str, list[str]] = {}
        for concept in contains:
            systems.setdefault(concept["system"], []).append(concept["code"])
        table[name] = {system: sorted(systems[system]) for system in sorted(systems)}
    return table


def parameters(resources: list[Json]) -> list[list[Any]]:
    """[code, base types, type, expression, target types, components as [code, expression]]; examples are left out."""
    known = [r for r in resources if r["resourceType"] == "SearchParameter" and "base" in r and not r["id"].startswith("example")]
    by_url = {r["url"]: r["code"] for r in known}
    rows = []
    for each in known:
        if "example.org" in each.get("expression", ""):
            continue
        components = [[by_url[part["definition"]], part["expression"]] for part in each.get("component", ())]
        rows.append([each["code"], each["base"], each["type"], each.get("expression", ""), each.get("target", []), components])
    return sorted(rows, key=lambda r: (r[0], r[1]))


def compartments(resources: list[Json]) -> Json:
    """Compartment -> type -> codes of the parameters that put a resource into it."""
    table: Json = {}
    for each in resources:
        if each["resourceType"] == "CompartmentDefinition" and each["id"] != "example":
            table[each["code"]] = {r["code"]: r["param"] for r in each["resource"] if r.get("param")}
    return table
