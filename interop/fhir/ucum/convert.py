"""UCUM expressions as a factor and powers of base units (UCUM, sections 2.1 to 2.4 and tables)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Context, Decimal, DecimalException
from functools import cache, lru_cache
from importlib.resources import files

LENGTH, DEPTH, EXPONENT = 200, 20, 40
BASES = frozenset(("m", "s", "g", "rad", "K", "C", "cd"))
_PREFIXES = {
    code: Decimal(2) ** (10 * power) if code.endswith("i") else Decimal(f"1e{power}")
    for code, power in (
        *zip("YZEPTGMkhdcmunpfazy", (24, 21, 18, 15, 12, 9, 6, 3, 2, -1, -2, -3, -6, -9, -12, -15, -18, -21, -24), strict=True),
        ("da", 1),
        ("Ki", 1),
        ("Mi", 2),
        ("Gi", 3),
        ("Ti", 4),
    )
}
_CONTEXT = Context(prec=40, Emax=5000, Emin=-5000)
_SIMPLE = re.compile(r"((?:[^\[\]+\-./(){}\d\s]|\[[^\[\]\s]*\]|10[*^])+?)([+-]?\d+)?(?=[./(){}]|$)")
_NUMBER = re.compile(r"\d+(?=[./(){}]|$)")
_ANNOTATION = re.compile(r"\{[ -z|~]*\}")


class _Unreadable(Exception):
    pass


@dataclass(frozen=True, slots=True)
class _Measure:
    """``factor`` times the product of the ``powers`` of base units; a scale with its zero elsewhere has an ``offset``."""

    factor: Decimal
    powers: tuple[tuple[str, int], ...]
    offset: Decimal = Decimal(0)


_ONE = _Measure(Decimal(1), ())


@cache
def _table() -> dict[str, tuple[bool, str, str, str]]:
    """Code -> whether prefixes apply, factor, unit, offset; no factor: a kind of its own, which converts to nothing else."""
    rows = (line.split("\t") for line in files(__package__).joinpath("units.tsv").read_text("utf-8").splitlines())
    padded = ([*row, "", "", ""] for row in rows)
    return {row[0]: (row[1] == "m", row[2], row[3], row[4]) for row in padded}


def canonical(value: Decimal, unit: str) -> tuple[Decimal, str] | None:
    """A value in base units and their product, in alphabetical order (``m2.s-2``, '1' for a plain number).

    None for what is no UCUM unit. Units of a kind of their own (international units, decibel, pH) stay as they are.
    """
    found = _measure(unit)
    if found is None:
        return None
    try:
        scaled = _CONTEXT.multiply(_CONTEXT.add(Decimal(value), found.offset), found.factor)
    except DecimalException:
        return None
    return scaled, ".".join(base if power == 1 else f"{base}{power}" for base, power in found.powers) or "1"


def comparable(one: str, other: str) -> bool:
    """Whether values of the two units can be brought to one unit."""
    here, there = _measure(one), _measure(other)
    return here is not None and there is not None and here.powers == there.powers


def valid(unit: str) -> bool:
    """Whether a text is a UCUM unit, case sensitive."""
    return _measure(unit) is not None


@lru_cache(maxsize=4096)
def _measure(unit: str) -> _Measure | None:
    if not unit or len(unit) > LENGTH:
        return None
    try:
        reader = _Reader(unit)
        found = reader.term(0)
        return found if reader.at == len(unit) else None
    except (_Unreadable, DecimalException):
        return None


@lru_cache(maxsize=4096)
def _unit(code: str) -> _Measure | None:
    """One unit without exponent, with or without prefix."""
    if code in ("10*", "10^"):
        return _Measure(Decimal(10), ())
    whole = _atom(code)
    if whole is not None:
        return whole
    for length in (2, 1):
        prefix, atom = _PREFIXES.get(code[:length]), code[length:]
        if prefix is None or not (atom in BASES or _table().get(atom, (False,))[0]):
            continue
        found = _atom(atom)
        if found is not None:
            # An offset is counted in the unit before its prefix.
            return _Measure(_CONTEXT.multiply(prefix, found.factor), found.powers, _CONTEXT.divide(found.offset, prefix))
    return None


@lru_cache(maxsize=4096)
def _atom(code: str) -> _Measure | None:
    if code in BASES:
        return _Measure(Decimal(1), ((code, 1),))
    row = _table().get(code)
    if row is None:
        return None
    _, factor, unit, offset = row
    if not factor:
        return _Measure(Decimal(1), ((code, 1),))
    inner = _measure(unit)
    if inner is None:
        return None
    return _Measure(_CONTEXT.multiply(Decimal(factor), inner.factor), inner.powers, Decimal(offset or 0))


class _Reader:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def skip(self, letter: str) -> bool:
        seen = self.text.startswith(letter, self.at)
        self.at += seen
        return seen

    def term(self, depth: int) -> _Measure:
        if depth > DEPTH:
            raise _Unreadable
        found = _ONE
        below = self.skip("/")
        while True:
            part = self.component(depth)
            found = part if found is _ONE and not below else _times(found, part, -1 if below else 1)
            if self.skip("."):
                below = False
            elif self.skip("/"):
                below = True
            else:
                return found

    def component(self, depth: int) -> _Measure:
        if self.skip("("):
            inner = self.term(depth + 1)
            if not self.skip(")"):
                raise _Unreadable
            found: _Measure | None = inner
        else:
            found = self.annotatable()
        note = _ANNOTATION.match(self.text, self.at)
        if note:
            self.at = note.end()
        elif found is None:
            raise _Unreadable
        return found or _ONE

    def annotatable(self) -> _Measure | None:
        number = _NUMBER.match(self.text, self.at)
        if number:
            self.at = number.end()
            return _Measure(Decimal(number[0]), ())
        simple = _SIMPLE.match(self.text, self.at)
        if not simple:
            return None
        found = _unit(simple[1])
        if found is None:
            raise _Unreadable
        self.at = simple.end()
        return _times(_ONE, found, int(simple[2])) if simple[2] else found


def _times(one: _Measure, other: _Measure, power: int) -> _Measure:
    """``one`` times ``other`` to a power; a scale with an offset cannot take part."""
    if abs(power) > EXPONENT or one.offset or other.offset:
        raise _Unreadable
    powers = dict(one.powers)
    for base, exponent in other.powers:
        powers[base] = powers.get(base, 0) + exponent * power
        if abs(powers[base]) > 1000:
            raise _Unreadable
    factor = _CONTEXT.multiply(one.factor, _CONTEXT.power(other.factor, power))
    return _Measure(factor, tuple(sorted((base, exponent) for base, exponent in powers.items() if exponent)))
