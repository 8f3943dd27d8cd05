"""SNOMED CT identifiers (SNOMED International, Release File Specifications, 5: SCTID): partition, namespace, check digit."""

from __future__ import annotations


def _product(a: int, b: int) -> int:
    """The dihedral group of the pentagon: 0 to 4 are turns, 5 to 9 are turns after a flip."""
    turn = (a + b if a < 5 else a - b) % 5
    return turn if (a < 5) == (b < 5) else 5 + turn


_TABLE = [[_product(a, b) for b in range(10)] for a in range(10)]
_STEP = (1, 5, 7, 6, 2, 8, 3, 0, 9, 4)
_PERMUTE = [tuple(range(10))]
for _ in range(7):
    _PERMUTE.append(tuple(_STEP[each] for each in _PERMUTE[-1]))
_INVERSE = (0, 4, 3, 2, 1, 5, 6, 7, 8, 9)

CONCEPT = ("00", "10")
"""Partitions of concepts: of the international release, of an extension."""


def _sum(digits: str) -> int:
    total = 0
    for place, digit in enumerate(reversed(digits)):
        total = _TABLE[total][_PERMUTE[place % 8][int(digit)]]
    return total


def check_digit(digits: str) -> str:
    """The Verhoeff digit that follows these digits."""
    return str(_INVERSE[_sum(digits + "0")])


def is_concept(code: str) -> bool:
    """Whether a text can be the identifier of a concept: 6 to 18 digits, partition and check digit."""
    if not (code.isascii() and code.isdigit() and 6 <= len(code) <= 18) or code[0] == "0":
        return False
    return code[-3:-1] in CONCEPT and _sum(code) == 0


def namespace(code: str) -> str:
    """The seven digits of the extension; '' for the international release."""
    return code[-10:-3] if code[-3] == "1" and len(code) > 10 else ""
