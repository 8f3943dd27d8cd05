"""Numbers as sources write them, to those of FHIR; None where they cannot be read."""

from __future__ import annotations

import re
from functools import lru_cache

from interop.formats.json import MAGNITUDE, Number

_PLAIN = re.compile(r"-?(?:0|[1-9]\d{0,17})(?:\.\d{1,17})?", re.ASCII)
_DECIMAL = re.compile(r"[+-]?(\d+)(\.\d+)?([eE][+-]?\d+)?", re.ASCII)


@lru_cache(maxsize=4_096)
def decimal(value: str) -> Number | None:
    """A decimal with its digits as they were written (FHIR R4, datatype decimal: precision counts); none beyond what JSON is
    read back with here."""
    if _PLAIN.fullmatch(value):
        return Number(value)
    plain = value.strip()
    found = _DECIMAL.fullmatch(plain)
    if not found:
        return None
    sign = "-" if plain.startswith("-") else ""
    if len(found[3] or "") > len(str(MAGNITUDE)) + 2:
        return None
    number = Number(sign + (found[1].lstrip("0") or "0") + (found[2] or "") + (found[3] or ""))
    return number if abs(number.adjusted()) <= MAGNITUDE else None


def integer(value: str) -> int | None:
    """A whole number."""
    return int(value) if re.fullmatch(r"\s*[+-]?\d{1,10}\s*", value) else None


def unsigned(value: str) -> int | None:
    """A whole number from 0."""
    return int(value) if re.fullmatch(r"\s*\d{1,10}\s*", value) else None


def positive(value: str) -> int | None:
    """A whole number from 1."""
    number = unsigned(value)
    return number or None
