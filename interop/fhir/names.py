"""Names of members that may be repeated in findings: those of R4, and what looks like one."""

from __future__ import annotations

import re
from functools import cache

from interop.fhir.tables import table

_WORD = re.compile(r"_?[a-z][A-Za-z]{0,39}")
_TYPE = re.compile(r"([A-Za-z0-9]+)(?:\([^)]*\))?")


@cache
def _known() -> frozenset[str]:
    """Every element name of R4 in lower case, each choice in all its forms."""
    names = {"resourcetype"}
    for _, _, rows in table("structures").values():
        for name, _, _, said, *_ in rows:
            stem, choice, _ = name.partition("[x]")
            names.add(stem.lower())
            if choice:
                names.update((stem + each).lower() for each in _TYPE.findall(said))
    return frozenset(names)


def shown(name: str) -> str:
    """A member's name where some element of R4 is so called (upper and lower case and the ``_`` of a shadow aside) or where it has
    the form of an element's name: letters alone, the first a small one. Else ''.

    Who sends ``surname`` has to be told so. Any other name may hold anything, a person's name or number included; findings do not
    repeat it.
    """
    if _WORD.fullmatch(name):
        return name
    return name if name.removeprefix("_").lower() in _known() and len(name) == len(name.encode()) else ""
