"""Parts of a search value: ``\\,`` ``\\|`` ``\\$`` and ``\\\\`` stand for themselves (FHIR R4 search, 3.1.1.4.1)."""

from __future__ import annotations

import re
from functools import cache

_ESCAPED = re.compile(r"\\([\\,|$])")


@cache
def _splitter(separator: str) -> re.Pattern[str]:
    return re.compile(rf"((?:[^\\{re.escape(separator)}]|\\.|\\$)*)(?:{re.escape(separator)}|$)", re.DOTALL)


def split(value: str, separator: str) -> list[str]:
    """The parts between separators that are not escaped, escapes left in."""
    if "\\" not in value:
        return value.split(separator)
    parts: list[str] = []
    at = 0
    while True:
        found = _splitter(separator).match(value, at)
        assert found is not None
        parts.append(found[1])
        if found.end() == len(value) and not (found.end() > found.end(1)):
            return parts
        at = found.end()


def plain(value: str) -> str:
    """The value without escapes."""
    return _ESCAPED.sub(r"\1", value) if "\\" in value else value
