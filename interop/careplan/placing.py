"""Which rows of ``content.csv`` a part of a resource is held against: those one of whose codes it bears, and those without."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Any

from interop.careplan.conditions import Condition, uncoded
from interop.careplan.paths import Path, Resolve
from interop.careplan.tables import Content, PlanTables
from interop.careplan.words import codes
from interop.fhir.shapes import Json


class Placing:
    """The rows of a type over the same parts, found by codes: holding every part against every row would cost as much as the rest
    of a fold together."""

    def __init__(self, each: Path, rows: Iterable[tuple[int, Content]]) -> None:
        self.each = each
        self._rows: dict[int, Content] = {}
        self._always: list[int] = []
        self._hinted: list[tuple[Path, Condition, int]] = []
        self._coded: dict[str, tuple[Path, dict[Any, list[int]]]] = {}
        for number, row in rows:
            self._rows[number] = row
            first = next((one for one in row.when.conditions if one.how == "in"), None)
            if first is None:
                self._always.append(number)
                continue
            _, known = self._coded.setdefault(first.path.text, (first.path, {}))
            for system, code in first.codes:
                known.setdefault((system, code), []).append(number)
                known.setdefault(code, []).append(number)  # of a linkId, which has no system
            for word in first.words:
                known.setdefault((word,), []).append(number)
            if first.hints is not None:
                self._hinted.append((first.path, first, number))

    def fitting(self, resource: Json, resolve: Resolve) -> Iterator[tuple[Content, Any]]:
        """Rows and the parts that they fit, each part with the first row alone where the rows are over parts."""
        for place in self.each.values(resource, resource, resolve):
            for number in self._candidates(place, resource, resolve):
                row = self._rows[number]
                if row.when.holds(place, resource, resolve):
                    yield row, place
                    if self.each.text:
                        break

    def _candidates(self, place: Any, resource: Json, resolve: Resolve) -> list[int]:
        found = set(self._always)
        for path, known in self._coded.values():
            for value in path.values(place, resource, resolve):
                if isinstance(value, str):
                    found.update(known.get(value, ()))
                else:
                    for each in codes(value):
                        found.update(known.get((each.system, each.code), ()))
                    for word in uncoded(value):
                        found.update(known.get((word,), ()))
        for path, condition, number in self._hinted:
            if any(condition.hinted(word) for value in path.values(place, resource, resolve) for word in uncoded(value)):
                found.add(number)
        return sorted(found)


@cache
def placings(tables: PlanTables) -> Mapping[str, tuple[Placing, ...]]:
    """The rows of tables by type, those over the same parts together, in the order of the table."""
    return {name: tuple(_placings(rows)) for name, rows in tables.content.items()}


def _placings(rows: Iterable[Content]) -> Iterator[Placing]:
    parts: dict[str, tuple[Path, list[tuple[int, Content]]]] = {}
    for number, row in enumerate(rows):
        parts.setdefault(row.each.text, (row.each, []))[1].append((number, row))
    for each, several in parts.values():
        yield Placing(each, several)
