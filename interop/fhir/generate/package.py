"""The package ``r4.zip``: R4's structures, value sets and code systems without their texts, readable one by one.

Members: ``index.json`` ([kind, url, version, member, offset, length] by resource), ``constraints.json`` (every invariant once;
the elements name theirs by number) and members of some resources each, one JSON object a line.
"""

from __future__ import annotations

import json
import zipfile
from io import BytesIO
from typing import Any

from interop.fhir.canonicals import SNOMED_CT
from interop.fhir.generate import trim
from interop.fhir.shapes import Json

MEMBER = 96_000
"""Bytes of a member: small enough to be unpacked for one resource, large enough to be packed well."""
EPOCH = (1980, 1, 1, 0, 0, 0)


def payload(content: Any) -> bytes:
    """The one way that a table is written."""
    return json.dumps(content, separators=(",", ":"), ensure_ascii=False).encode()


class Constraints:
    """Invariants by number: 245 stand for 14,627 places."""

    def __init__(self) -> None:
        self.known: dict[bytes, int] = {}

    def number(self, elements: list[Json]) -> None:
        """Put numbers in the place of the elements' invariants."""
        for each in elements:
            if "constraint" in each:
                each["constraint"] = [self.known.setdefault(payload(one), len(self.known)) for one in each["constraint"]]

    def table(self) -> bytes:
        return b"[" + b",".join(self.known) + b"]"


CUT = 1000
"""HL7's package ends an expansion after so many codes of one part."""


def expandable(value_set: Json, systems: set[str]) -> bool:
    """Whether an expansion follows from code systems that are in the package."""
    return all("concept" in each or each.get("system", "") in systems for each in value_set["compose"].get("include", ()))


def expansions_to_keep(resources: list[Json], expansions: list[Json]) -> dict[str, list[Json]]:
    """The expansions that are whole and follow from nothing in the package (ISO 4217, CVX, IHE's formats), by value set.

    SNOMED CT comes with its own releases.
    """
    systems = {each["url"] for each in resources if each["resourceType"] == "CodeSystem"} | {""}
    composed = {each["url"]: each for each in resources if each["resourceType"] == "ValueSet"}
    kept = {}
    for each in expansions:
        contains = each.get("expansion", {}).get("contains", [])
        known = each["url"] in composed and not expandable(composed[each["url"]], systems)
        if known and 0 < len(contains) < CUT and all(one.get("system") != SNOMED_CT for one in contains):
            kept[each["url"]] = contains
    return kept


def trimmed(resources: list[Json], expansions: list[Json]) -> list[Json]:
    """The resources that are kept, as they are kept: structures first, base types before profiles."""
    structures, kept = [], []
    expanded = expansions_to_keep(resources, expansions)
    for each in resources:
        kind = each["resourceType"]
        if kind == "StructureDefinition":
            if "snapshot" in each:
                structures.append(trim.structure(each, "snapshot"))
        elif kind in trim.TRIMS and trim.urls(each):
            if kind == "ValueSet" and each["url"] in expanded:
                each = {**each, "expansion": {"contains": expanded[each["url"]]}}
            elif kind == "ValueSet":
                each = {name: value for name, value in each.items() if name != "expansion"}
            kept.append(trim.TRIMS[kind](each))
    structures.sort(key=lambda each: (each.get("derivation") == "constraint", each["kind"], each["type"], each["url"]))
    kept.sort(key=lambda each: (each["resourceType"], trim.urls(each)))
    return structures + kept


def members(resources: list[Json]) -> dict[str, bytes]:
    """Member name -> content."""
    index: list[list[Any]] = []
    lines: list[list[bytes]] = []
    size, kind = 0, ""
    constraints = Constraints()
    for each in resources:
        if each["resourceType"] == "StructureDefinition":
            constraints.number(each["snapshot"]["element"])
        if not lines or size > MEMBER or kind != each["resourceType"]:
            lines.append([])
            size, kind = 0, each["resourceType"]
        line = payload(each)
        for url in trim.urls(each):
            index.append([kind, url, each.get("version", ""), len(lines) - 1, size, len(line)])
        lines[-1].append(line + b"\n")
        size += len(line) + 1
    made = {"index.json": payload(index), "constraints.json": constraints.table()}
    made.update((f"{number:03}.ndjson", b"".join(each)) for number, each in enumerate(lines))
    return made


def packed(contents: dict[str, bytes]) -> bytes:
    """The zip file, without a date or anything else of the machine."""
    stream = BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, content in contents.items():
            said = zipfile.ZipInfo(name, EPOCH)
            said.compress_type = zipfile.ZIP_DEFLATED
            said.external_attr = 0o644 << 16
            said.create_system = 3
            archive.writestr(said, content, compresslevel=9)
    return stream.getvalue()
