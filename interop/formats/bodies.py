"""From a file to the bodies of its messages, for formats that mark no ends: the file is one, or holds one a line."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO, Final

from interop.errors import Problem

LIMIT: Final = 20 * 1024 * 1024


def whole(stream: BinaryIO, limit: int = LIMIT) -> bytes:
    """All of a file; raises Problem ``too-large``."""
    body = stream.read(limit + 1)
    if len(body) > limit:
        raise Problem("too-large", detail=f"more than {limit} bytes")
    return body


def objects(stream: BinaryIO, limit: int = LIMIT) -> Iterator[bytes]:
    """A file as it is, or each line of one that holds a JSON object a line; raises Problem ``too-large``."""
    body = whole(stream, limit)
    lines = [line for line in body.splitlines() if line.strip()]
    if len(lines) > 1 and all(line.strip()[:1] == b"{" and line.rstrip()[-1:] == b"}" for line in lines):
        return iter(lines)
    return iter((body,))
