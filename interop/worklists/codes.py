"""``codes.csv``: sets of codes in groups, such as the long-term conditions."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

BELOW: Final = "below"
"""In the column ``match``: the category of ICD-10 and its ten subdivisions, written with a dot or without."""
_CATEGORY: Final = re.compile(r"[A-Z]\d\d")
Pair = tuple[str, str]
"""System and code."""


@dataclass(frozen=True, slots=True, eq=False)
class CodeSet:
    """A set: the group of each code, and what the groups are called."""

    name: str
    groups: Mapping[Pair, str]
    displays: Mapping[str, str]

    @property
    def pairs(self) -> tuple[Pair, ...]:
        """All codes, in order."""
        return tuple(sorted(self.groups))


def sets_of(rows: Iterable[Mapping[str, str]]) -> dict[str, CodeSet]:
    """The sets by name. Raises ValueError, which names the row at fault and says why."""
    groups: dict[str, dict[Pair, str]] = {}
    displays: dict[str, dict[str, str]] = {}
    for row in rows:
        name, group = row["set"], row["group"]
        where = f"row {row['id']}"
        if not (name and group and row["display"] and row["system"] and row["code"]):
            raise ValueError(f"{where}: a code has a set, a group, a display and a system")
        if displays.setdefault(name, {}).setdefault(group, row["display"]) != row["display"]:
            raise ValueError(f"{where}: {group} is called otherwise in another row")
        for code in _codes(row["code"], row["match"], where):
            if groups.setdefault(name, {}).setdefault((row["system"], code), group) != group:
                raise ValueError(f"{where}: {code} is of two groups of {name}")
    return {name: CodeSet(name, groups[name], displays[name]) for name in groups}


def _codes(code: str, match: str, where: str) -> tuple[str, ...]:
    if not match:
        return (code,)
    if match != BELOW or not _CATEGORY.fullmatch(code):
        raise ValueError(f"{where}: match is empty, or {BELOW} for a category of ICD-10")
    return (code, *(f"{code}{dot}{digit}" for dot in ("", ".") for digit in range(10)))
