"""How much a message may hold: as many values as can be read in a fraction of a second and in less than 50 MB.

Bytes alone bound neither: a megabyte can be one letter's text or half a million empty elements. What marks values is counted before
anything is parsed.
"""

from __future__ import annotations

from typing import Final

from interop.errors import Problem

VALUES: Final = 135_000
"""Fields, components, elements, attributes, members, cells. A whole GP record has some thousands, at most some ten thousands."""


def bounded(body: bytes | str, marks: str, *, less: str = "", limit: int | None = VALUES) -> None:
    """Raise Problem ``too-large`` where ``marks``, each of which begins or ends a value, stand more often than ``limit``.

    A mark that is given twice counts twice: a row weighs more than a cell. ``less`` is a mark of which each occurrence takes one
    away (``</`` where ``<`` is counted). ``limit`` None: what is our own, or a file that someone chose, may hold any number.
    """
    if limit is None or len(body) <= limit:
        return
    if isinstance(body, str):
        count = sum(body.count(mark) for mark in marks) - (body.count(less) if less else 0)
    else:
        count = sum(body.count(mark.encode()) for mark in marks) - (body.count(less.encode()) if less else 0)
    if count > limit:
        raise Problem("too-large", detail=f"more than {limit} values")
