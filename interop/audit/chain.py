"""How rows hold together: each row's head is a hash of the head before and the row, and a keyed stamp of the head stands beside it.

A line of a log is the row, a blank and the stamp. Whoever has the key finds the first line that is not as it was written;
without the key the heads are compared with the signed checkpoints.
"""

from __future__ import annotations

import re
from functools import lru_cache
from hashlib import blake2b, sha256
from typing import Final

STAMP: Final = 24
"""Characters of a stamp."""
_LINE: Final = re.compile(rb"(\[([1-9]\d{0,17}),.*\]) ([0-9a-f]{24})", re.DOTALL)


def beginning(chain: int) -> bytes:
    """The head of a chain without rows: chains cannot stand for each other."""
    return sha256(b"interop audit chain %d" % chain).digest()


def follow(head: bytes, row: bytes) -> bytes:
    """The head after a row."""
    return sha256(head + row).digest()


def stamp(key: bytes, head: bytes) -> bytes:
    """What stands beside the row whose head this is; ``key`` of 32 bytes."""
    keyed = _keyed(key).copy()
    keyed.update(head)
    return keyed.hexdigest().encode("ascii")


@lru_cache(maxsize=4)
def _keyed(key: bytes) -> blake2b:
    return blake2b(key=key, digest_size=STAMP // 2)


def parted(line: bytes) -> tuple[bytes, int, bytes] | None:
    """Row, its sequence number and its stamp; None for what is no line of a log. ``line`` without its line break."""
    found = _LINE.fullmatch(line)
    return (found[1], int(found[2]), found[3]) if found else None
