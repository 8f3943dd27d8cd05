"""JSON objects of any block of R4, made by chance from its table, with what an invariant speaks of made often."""

from __future__ import annotations

import re
from random import Random
from typing import Any

from interop.fhir import facts

WORDS = ["a", "b", "B1", "x y"]
CODES = ["a", "b", "final"]
URIS = ["urn:a", "urn:b", "http://example.org/a"]
DATES = ["2024", "2024-02", "2024-02-03", "2025-02-03"]
TIMES = ["2024-02-03T10:00:00Z", "2024-02-03T11:00:00+02:00", "2024-02-03T10:00:00.5Z"]
ABSENT = {"extension": [{"url": "urn:absent", "valueCode": "unknown"}]}


class Maker:
    """Makes values for one invariant: names and texts that its expression holds come up often."""

    def __init__(self, expression: str, random: Random) -> None:
        self._random = random
        self._names = {*re.findall(r"[A-Za-z]+", expression), "value"}
        self._texts = re.findall(r"'([^']+)'", expression) + (["1"] if "toInteger" in expression else [])

    def object(self, block: str, depth: int = 3) -> dict[str, Any]:
        """An object of a block: sound by its table, but for what is mandatory."""
        made: dict[str, Any] = {"resourceType": block} if facts.kind(block) == "resource" else {}
        taken: set[str] = set()
        for name, element in facts.block(block).items() if depth > -3 else ():
            stem = (element.choice or name).removesuffix("[x]")
            likely = stem in self._names
            if not element.block or name in ("contained", "id") or (name == "text" and not likely) or stem in taken:
                continue
            if self._random.random() > (0.5 if likely and not element.choice else 0.1 if likely else 0.03):
                continue
            if not likely and (depth <= 0 or stem in ("extension", "modifierExtension")):
                continue
            taken.add(stem)
            primitive = facts.is_primitive(element.types[0])
            if primitive and self._random.random() < 0.1:
                many = element.max is None or element.max > 1
                made["_" + name] = [ABSENT] if many else ABSENT
                continue
            value = [self.value(element, depth - 1) for _ in range(self._random.choice((1, 1, 2, 3)))]
            made[name] = value if element.max is None or element.max > 1 else value[0]
        return made

    def value(self, element: facts.Element, depth: int) -> Any:
        """A value of an element's type."""
        datatype = element.types[0]
        if datatype == "Resource":
            kinds = sorted(self._names & facts.resource_types()) or ["Patient"]
            return self.object(self._random.choice([*kinds, "Basic"]), min(depth, 1))
        if not facts.is_primitive(datatype):
            return self.object(element.block, depth)
        return self._random.choice(self.choices(datatype, element))

    def choices(self, datatype: str, element: facts.Element) -> list[Any]:
        """The values of a primitive that may come."""
        if datatype == "boolean":
            return [True, False]
        if datatype in ("integer", "unsignedInt", "positiveInt", "decimal"):
            return [1, 2, 101] + ([0] if datatype != "positiveInt" else []) + ([-1] if datatype in ("integer", "decimal") else [])
        if datatype == "date":
            return DATES
        if datatype in ("dateTime", "instant"):
            return TIMES + (DATES if datatype == "dateTime" else [])
        if datatype == "time":
            return ["10:00:00"]
        if datatype == "code" and element.binding and (known := facts.codes(element.binding)):
            return [each for each in self._texts if each in known] * 3 + sorted(known)
        plain = URIS if datatype in ("uri", "url", "canonical") else CODES if datatype == "code" else WORDS
        said = [each for each in self._texts if " " not in each]
        if "(" in "".join(said) or not said:
            said = ["Name_1", "name-1"]
        return plain[:1] + said * 2 + ([f"urn:a{each}b" for each in said] if plain is URIS else [])
