"""Values of numbers and quantities (FHIR R4 search, 3.1.1.4.6 and 3.1.1.4.11)."""

from __future__ import annotations

import re
from decimal import Decimal
from math import inf, isinf, nextafter
from typing import Final

from interop.api.searching.dates import PREFIXED
from interop.api.searching.escapes import plain, split
from interop.api.searching.unsupported import malformed
from interop.fhir.canonicals import UCUM
from interop.fhir.searching import asked_units, base_units
from interop.store.where import Range, Where

_NUMBER: Final = re.compile(r"[+\-]?(\d{1,40})(?:\.(\d{1,40}))?(?:[eE]([+\-]?\d{1,3}))?", re.ASCII)
_MEANT: Final = ("eq", "ne")
"""The prefixes that look at the precision of the value; for the others it is taken as it stands."""
_FINEST: Final = Decimal("1e-12")
"""Part of a value below which its precision is not regarded: rows hold floats, and converted ones."""


def number(name: str, value: str) -> Where:
    """``100``, ``ge5.40``, ``1e2``."""
    prefix, low, high = _bounds(name, plain(value))
    return _range(name, prefix, low, high)


def quantity(name: str, value: str) -> Where:
    """``[prefix]number``, ``number|system|code`` or ``number||code``; a unit of UCUM is compared with all that convert to it."""
    parts = [plain(part) for part in split(value, "|")]
    if len(parts) not in (1, 3) or (len(parts) == 3 and not parts[2]):
        raise malformed(name, "a number is wanted, number|system|code or number||code")
    prefix, low, high = _bounds(name, parts[0])
    if len(parts) == 1:
        return _range(name, prefix, low, high)
    _, system, code = parts
    if system == UCUM:
        base = base_units(low, code), base_units(high, code)
        if base[0] and base[1]:
            return _range(name, prefix, base[0][0], base[1][0], (base[0][1],), "measure")
    return _range(name, prefix, low, high, asked_units(system, code))


def _bounds(name: str, text: str) -> tuple[str, Decimal, Decimal]:
    """Prefix and what the value stands for: 100 and 1.00e2 are [99.5, 100.5), 100.00 is [99.995, 100.005); 1e2 is, in the
    standard's own example, [95, 105). ``ap`` is a tenth to each side."""
    found = PREFIXED.fullmatch(text)
    digits = _NUMBER.fullmatch(found[2].replace(" ", "+", 1)) if found else None
    if found is None or digits is None or isinf(float(digits[0])):
        raise malformed(name, "a number is wanted, such as 5.4, ge100 or 1e2")
    prefix, value = found[1] or "eq", Decimal(found[2].replace(" ", "+", 1))
    if prefix == "ap":
        width = abs(value) / 10
    elif prefix in _MEANT:
        decimals = len(digits[2] or "") or (1 if digits[3] else 0)
        width = max(Decimal(5).scaleb(int(digits[3] or 0) - 1 - decimals), abs(value) * _FINEST)
    else:
        width = Decimal(0)
    return prefix, value - width, value + width


def _range(name: str, prefix: str, low: Decimal, high: Decimal, units: tuple[str, ...] = (), kind: str = "") -> Where:
    least, most = float(min(low, high)), float(max(low, high))
    return Range(name, prefix, least, nextafter(most, inf) if prefix == "ap" else most, units, kind)
