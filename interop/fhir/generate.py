"""Writes the tables of R4 facts from HL7's own packages, or checks that they are what it would write.

    python -m interop.fhir.generate [--check] [--source FOLDER]

The source folder holds ``hl7.fhir.r4.core-4.0.1.tgz`` and ``hl7.fhir.r4.expansions.tgz`` (HL7, CC0). Where it is absent,
``--check`` compares the tables with the digests in ``tables/manifest.json``.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import json
import sys
import tarfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

VERSION = "1"
CORE = "hl7.fhir.r4.core-4.0.1.tgz"
EXPANSIONS = "hl7.fhir.r4.expansions.tgz"
SOURCE = Path(__file__).parents[3] / "shared" / "reference"
TABLES = Path(__file__).parent / "tables"
DEFINITION = "http://hl7.org/fhir/StructureDefinition/"
VALUE_SET = "http://hl7.org/fhir/ValueSet/"
FHIR_TYPE = DEFINITION + "structuredefinition-fhir-type"
OPEN = frozenset(VALUE_SET + name for name in ("mimetypes", "ucum-units", "currencies", "all-languages", "languages"))
"""Value sets whose codes another body keeps and extends."""

Json = dict[str, Any]


def read(package: Path) -> list[Json]:
    """Every resource of an npm package, by file name."""
    found: dict[str, Json] = {}
    with tarfile.open(package) as archive:
        for member in archive:
            if member.name.endswith(".json") and "/other/" not in member.name:
                stream = archive.extractfile(member)
                content = json.load(stream) if stream else None
                if isinstance(content, dict) and "resourceType" in content:
                    found[member.name] = content
    return [found[name] for name in sorted(found)]


def type_text(resource_id: bool, types: Iterable[Json]) -> str:
    """``Reference(Patient|Group),CodeableConcept``: the types of an element with the targets of references."""
    said = []
    for each in types:
        code = each["code"]
        if code.startswith("http://hl7.org/fhirpath/"):
            code = next(e["valueUrl"] for e in each["extension"] if e["url"] == FHIR_TYPE)
            code = "id" if resource_id else code
        targets = [profile.removeprefix(DEFINITION) for profile in each.get("targetProfile", ())]
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
        head[name] = (kind, definition.get("baseDefinition", "").removeprefix(DEFINITION))
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


def generate(source: Path) -> dict[str, Any]:
    """Table name -> content."""
    core = read(source / CORE)
    blocks = structures(core)
    return {
        "structures": blocks,
        "codes": codes(blocks, read(source / EXPANSIONS)),
        "parameters": parameters(core),
        "compartments": compartments(core),
    }


def payload(content: Any) -> bytes:
    """The one way that a table is written."""
    return json.dumps(content, separators=(",", ":"), ensure_ascii=False).encode()


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def stored(name: str) -> bytes:
    """The committed table, unpacked; b'' where there is none."""
    path = TABLES / f"{name}.json.gz"
    return gzip.decompress(path.read_bytes()) if path.exists() else b""


def manifest(source: Path, tables: dict[str, bytes]) -> bytes:
    """Generator version, source digests and table digests, as text."""
    said = {
        "generator": VERSION,
        "source": {name: digest((source / name).read_bytes()) for name in (CORE, EXPANSIONS)},
        "tables": {name: digest(content) for name, content in tables.items()},
    }
    return (json.dumps(said, indent=1) + "\n").encode()


def check(source: Path) -> list[str]:
    """What differs from a fresh run or, without the source, from the recorded digests."""
    path = TABLES / "manifest.json"
    recorded = path.read_bytes() if path.exists() else b"{}"
    if not (source / CORE).exists():
        tables = json.loads(recorded).get("tables", {})
        return [name for name, expected in tables.items() if digest(stored(name)) != expected] or ([] if tables else ["manifest"])
    fresh = {name: payload(content) for name, content in generate(source).items()}
    differing = [name for name, content in fresh.items() if stored(name) != content]
    return differing + (["manifest"] if manifest(source, fresh) != recorded else [])


def write(source: Path) -> None:
    """Write every table and the manifest."""
    fresh = {name: payload(content) for name, content in generate(source).items()}
    TABLES.mkdir(exist_ok=True)
    for name, content in fresh.items():
        (TABLES / f"{name}.json.gz").write_bytes(gzip.compress(content, 9, mtime=0))
    (TABLES / "manifest.json").write_bytes(manifest(source, fresh))


def main(arguments: list[str] | None = None) -> int:
    """0 when all is well, 1 when ``--check`` finds a difference."""
    parser = argparse.ArgumentParser(prog="python -m interop.fhir.generate", description="Tables of FHIR R4 facts.")
    parser.add_argument("--check", action="store_true", help="change nothing; fail where a table differs")
    parser.add_argument("--source", type=Path, default=SOURCE, help="folder of the packages")
    chosen = parser.parse_args(arguments)
    if not chosen.check:
        write(chosen.source)
        return 0
    differing = check(chosen.source)
    for name in differing:
        print(f"{name} differs", file=sys.stderr)
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main())
