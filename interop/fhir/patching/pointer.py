"""JSON pointers (RFC 6901)."""

from __future__ import annotations

import re
from typing import Any

from interop.errors import Problem

_INDEX = re.compile(r"0|[1-9][0-9]{0,8}")
_WRONG = re.compile(r"~(?![01])")
END = "-"


def tokens(pointer: Any, where: str) -> list[str]:
    """The reference tokens of a pointer, [] for the whole document; raises Problem ``bad-patch``."""
    if not isinstance(pointer, str) or (pointer and pointer[0] != "/") or _WRONG.search(pointer):
        raise Problem("bad-patch", where=where, detail="a JSON pointer is wanted, such as /name/0/family")
    return [token.replace("~1", "/").replace("~0", "~") for token in pointer.split("/")[1:]]


def at(document: Any, path: list[str], where: str) -> Any:
    """The value that tokens lead to; raises Problem ``patch-failed`` where there is none."""
    value = document
    for token in path:
        if isinstance(value, dict) and token in value:
            value = value[token]
        elif isinstance(value, list):
            value = value[index(token, len(value) - 1, where)]
        else:
            raise missing(where)
    return value


def index(token: str, last: int, where: str) -> int:
    """A token as a place in an array, at most ``last``; raises Problem ``patch-failed``."""
    if not _INDEX.fullmatch(token) or int(token) > last:
        raise missing(where)
    return int(token)


def missing(where: str) -> Problem:
    """There is nothing at the place that an operation names."""
    return Problem("patch-failed", where=where, detail="there is nothing at the place that it names")
