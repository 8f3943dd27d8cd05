"""The form of SNOMED CT's expression constraints (Expression Constraint Language 2), as far as it can be told without a parser
of the whole language: focus concepts, operators, brackets and AND, OR, MINUS."""

from __future__ import annotations

import re

LONGEST = 50_000
"""Characters of a constraint that is looked at."""
_TOKEN = re.compile(
    r"\s+|/\*.*?\*/|(?P<operator><<!|<<|<!|<|>>!|>>|>!|>)|(?P<member>\^)|(?P<focus>(?:[0-9]{6,18}|\*)(?:\s*\|[^|]*\|)?)"
    r"|(?P<open>\()|(?P<close>\))|(?P<join>(?:and|or|minus)\b|,)",
    re.DOTALL | re.IGNORECASE,
)


def sound(constraint: str) -> bool | None:
    """Whether a constraint is well formed; None where it has refinements, filters or other forms that are not looked at."""
    kinds = _kinds(constraint)
    if kinds is None:
        return None
    joins: list[set[str]] = [set()]
    due = True  # an operand
    last = ""
    for kind, said in kinds:
        if kind in ("operator", "member"):
            if not due or last == "member" or (kind == "operator" and last == "operator"):
                return False
        elif kind in ("focus", "open"):
            if not due:
                return False
            due = kind == "open"
            if kind == "open":
                joins.append(set())
        elif due:
            return False
        elif kind == "close":
            if len(joins) == 1:
                return False
            joins.pop()
        else:
            if joins[-1] and (said == "minus" or joins[-1] != {said}):
                return False  # one kind of AND or OR without brackets, MINUS once
            joins[-1].add(said)
            due = True
        last = kind
    return not due and len(joins) == 1


def _kinds(constraint: str) -> list[tuple[str, str]] | None:
    """The tokens, None where there are others than those that are known here."""
    if len(constraint) > LONGEST:
        return None
    kinds: list[tuple[str, str]] = []
    place = 0
    while place < len(constraint):
        found = _TOKEN.match(constraint, place)
        if found is None:
            return None
        place = found.end()
        if found.lastgroup:
            said = found[0].lower() if found.lastgroup == "join" else ""
            kinds.append((found.lastgroup, "and" if said == "," else said))
    return kinds
