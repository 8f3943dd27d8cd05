"""Base R4, from the package that is shipped with the tables."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable
from functools import cached_property, lru_cache
from io import BytesIO
from typing import Any

import orjson

from interop.fhir import tables
from interop.fhir.definitions.package import Entry
from interop.fhir.shapes import Json


class Shipped:
    """``r4.zip``: an index, members of some resources each, and every invariant once (elements name theirs by number)."""

    def __init__(self) -> None:
        self.problems: list[tuple[str, str]] = []
        self._archive = zipfile.ZipFile(BytesIO(tables.package()))
        self._member = lru_cache(maxsize=4)(self._unpacked)

    def _unpacked(self, number: int) -> bytes:
        return self._archive.read(f"{number:03}.ndjson")

    @cached_property
    def _constraints(self) -> list[Json]:
        found: list[Json] = orjson.loads(self._archive.read("constraints.json"))
        return found

    def entries(self) -> Iterable[Entry]:
        rows: list[list[Any]] = orjson.loads(self._archive.read("index.json"))
        for kind, url, version, member, offset, length in rows:
            yield Entry(kind, url, version, self, (member, offset, length))

    def read(self, entry: Entry) -> Json:
        member, offset, length = entry.place
        resource: Json = orjson.loads(self._member(member)[offset : offset + length])
        if entry.kind == "StructureDefinition":
            constraints = self._constraints
            for each in resource["snapshot"]["element"]:
                if "constraint" in each:
                    each["constraint"] = [constraints[number] for number in each["constraint"]]
        return resource
