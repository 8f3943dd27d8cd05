"""Pseudonyms: HMAC-SHA256 (RFC 2104) of a Patient of a practice, for one purpose, in one period, with a key of their own.

Whoever has two lists of different practices, purposes or periods finds nobody in both by them. Without the key there is no way
back, and nothing is kept that would be one: whoever may know the people of a practice has theirs made again and compared.
"""

from __future__ import annotations

import secrets
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from hmac import digest
from pathlib import Path
from typing import Final

import structlog

from interop.clock import MICROSECONDS
from interop.ids.mint import base32
from interop.ids.secret import kept

NAME: Final = "pseudonym.key"
"""The file in the data directory."""
SIZE: Final = 32
LENGTH: Final = 32
"""Characters of a pseudonym: 160 bits."""
_log = structlog.get_logger("interop.population")


class Pseudonyms:
    """Makes pseudonyms with the deployment's key, 32 bytes."""

    def __init__(self, key: bytes) -> None:
        if len(key) != SIZE:
            raise ValueError(f"The key of pseudonyms, {NAME}, is not of {SIZE} bytes: restore it.")
        self._key = key

    @classmethod
    def kept(cls, directory: Path) -> Pseudonyms:
        """With the key in the data directory, made where there is none, which is told: of a lost one no list is linked any more.
        Raises OSError; ValueError where it is no key."""
        return cls(kept(directory / NAME, _made))

    def of(self, patient: str, practice: str, purpose: str, period: str) -> str:
        """The pseudonym of a Patient by id. The period has a key of its own, from which no other follows."""
        said = "\x1f".join((purpose, practice, patient)).encode()
        return base32(digest(digest(self._key, period.encode(), sha256), said, sha256)[:20])


def _made() -> bytes:
    _log.info("a key of pseudonyms was made")
    return secrets.token_bytes(SIZE)


def period_of(now: int) -> str:
    """The period of a time (microseconds): its month, ``YYYY-MM``."""
    return _month(now).strftime("%Y-%m")


def beginning(now: int) -> int:
    """When the period of a time began (microseconds)."""
    began = _month(now).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return int(began.timestamp()) * MICROSECONDS


def periods(now: int) -> tuple[str, str]:
    """Those of which pseudonyms are linked again: this month and the one before."""
    return period_of(now), (_month(now).replace(day=1) - timedelta(days=1)).strftime("%Y-%m")


def _month(now: int) -> datetime:
    return datetime.fromtimestamp(now // MICROSECONDS, UTC)
