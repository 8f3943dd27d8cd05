"""The table of rules: what becomes of a pair by how number, birth date, names and gender compare. The first that fits decides."""

from __future__ import annotations

from functools import cache, lru_cache
from itertools import product
from typing import Final, NamedTuple

from interop.identity.known import Known
from interop.identity.levels import FIELDS, linking_levels
from interop.identity.reading import BadTable, read, rows

LINK, QUEUE, CONFLICT, APART, SCORE = "link", "queue", "conflict", "apart", "score"
"""One person; for people to decide; one number and two people, for people to decide; two people; as the score says."""
VERDICTS: Final = (LINK, QUEUE, CONFLICT, APART, SCORE)
USED: Final = ("number", "birth", "family", "given", "gender")
COLUMNS: Final = ("rule", *USED, "verdict", "why")
SAME_NUMBER: Final = ("verified", "traced", "alone")


class Rule(NamedTuple):
    """A row: the levels of each field that it takes."""

    name: str
    levels: tuple[frozenset[str], ...]
    verdict: str
    why: str

    def fits(self, levels: tuple[str, ...]) -> bool:
        """Whether it decides about a pair that compares so."""
        return all(level in allowed for level, allowed in zip(levels, self.levels, strict=True))


@cache
def rules() -> tuple[Rule, ...]:
    """The table of this package; raises BadTable."""
    return read_rules(read("rules.csv"))


def rule_of(a: Known, b: Known) -> Rule:
    """The row that decides about a pair."""
    levels = linking_levels(a, b)
    return _rule(tuple(levels[field] for field in USED))


@lru_cache(maxsize=8_192)
def _rule(levels: tuple[str, ...]) -> Rule:
    return next(rule for rule in rules() if rule.fits(levels))


def read_rules(text: str) -> tuple[Rule, ...]:
    """The rows in order. Refused (BadTable): an unknown level or verdict, a row without a why or that nothing reaches, a comparison
    that no row takes, and whatever would link without one valid number on both sides, with another birth date, or with another
    given name."""
    found: list[Rule] = []
    for line, row in enumerate(rows(text, COLUMNS, "rules.csv"), 2):
        place = f"rules.csv, line {line}"
        if row["verdict"] not in VERDICTS or not row["why"].strip() or not row["rule"]:
            raise BadTable(f"{place}: a row has a name, one of {', '.join(VERDICTS)}, and says why")
        levels = tuple(_levels(place, field, row[field]) for field in USED)
        rule = Rule(row["rule"], levels, row["verdict"], row["why"])
        if rule.verdict == LINK:
            _safe(place, dict(zip(USED, levels, strict=True)))
        found.append(rule)
    if len({rule.name for rule in found}) != len(found):
        raise BadTable("rules.csv: two rows have one name")
    reached = set()
    for case in product(*(FIELDS[field] for field in USED)):
        first = next((rule for rule in found if rule.fits(case)), None)
        if first is None:
            raise BadTable(f"rules.csv: no row takes {', '.join(case)}")
        reached.add(first.name)
    if unreached := [rule.name for rule in found if rule.name not in reached]:
        raise BadTable(f"rules.csv: nothing reaches {unreached[0]}")
    return tuple(found)


def _levels(place: str, field: str, cell: str) -> frozenset[str]:
    if cell == "*":
        return frozenset(FIELDS[field])
    named = frozenset(cell.split("|"))
    if unknown := sorted(named - set(FIELDS[field])):
        raise BadTable(f"{place}: {field} has no level {unknown[0]!r}")
    return named


def _safe(place: str, levels: dict[str, frozenset[str]]) -> None:
    if levels["number"] - set(SAME_NUMBER):
        raise BadTable(f"{place}: nothing links without one valid number that is verified on both sides, or on one and traced")
    if levels["birth"] != {"exact"} and levels["number"] != {"alone"}:
        raise BadTable(f"{place}: nothing links with another birth date, or without one")
    if levels["given"] & {"differs", "close", "sounds", "variant"}:
        raise BadTable(f"{place}: nothing links with another given name: twins have one number by mistake")
    if "differs" in levels["family"] and levels["number"] != {"verified"}:
        raise BadTable(f"{place}: another family name links with a verified number alone")
