"""Style sheets, scripts and pictures of the pages, served by ourselves: ``assets.csv`` says whose each is, under what licence,
and its digest. No page loads anything from another host.

An address holds a digest of what is served, so that a browser keeps it for good and an upgrade shows at once.
"""

from __future__ import annotations

import csv
import gzip
import re
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import Final

PREFIX: Final = "/assets/"
TYPES: Final = {
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
    "png": "image/png",
    "webmanifest": "application/manifest+json",
}
KEPT: Final = "public, max-age=31536000, immutable"
"""Of an address that holds the digest."""
ASKED: Final = "public, max-age=3600"
"""Of one that does not."""
_FONTS: Final = re.compile(rb"@font-face\{[^}]*\}")
"""The design system's own font is on another host and licensed for NHS sites alone: Arial is what it names next."""


@dataclass(frozen=True, slots=True)
class Asset:
    """One file as it is served. ``name`` is its path under ``assets``."""

    name: str
    body: bytes
    packed: bytes
    """The same with gzip; b'' where that saves nothing."""
    media_type: str
    digest: str

    @property
    def address(self) -> str:
        """Where a page finds it."""
        return f"{PREFIX}{self.digest}/{self.name}"


@cache
def assets() -> dict[str, Asset]:
    """All of them, by name. Raises ValueError where a file is not the one that ``assets.csv`` names."""
    folder = files("interop.screen").joinpath("assets")
    found = {}
    for row in rows():
        body = folder.joinpath(row["name"]).read_bytes()
        if row["sha256"] and sha256(body).hexdigest() != row["sha256"]:
            raise ValueError(f"interop/screen/assets/{row['name']} is not what assets.csv says")
        found[row["name"]] = _served(row["name"], body)
    return found


def rows() -> list[dict[str, str]]:
    """The table: name, origin, version, licence, sha256 (of what others made), why."""
    text = files("interop.screen").joinpath("assets.csv").read_text("utf-8")
    return list(csv.DictReader(text.splitlines()))


def _served(name: str, body: bytes) -> Asset:
    if name.endswith(".css"):
        body = _FONTS.sub(b"", body)
    packed = gzip.compress(body, 9, mtime=0)
    media_type = TYPES[name.rpartition(".")[2]]
    return Asset(name, body, packed if len(packed) < len(body) else b"", media_type, sha256(body).hexdigest()[:12])


def address(name: str) -> str:
    """Where a page finds one; raises KeyError."""
    return assets()[name].address


def at(path: str) -> tuple[Asset, str] | None:
    """What is at an address under ``PREFIX``, with its Cache-Control; None where there is nothing (any more)."""
    digest, _, name = path.partition("/")
    found = assets().get(name)
    if found is not None and found.digest == digest:
        return found, KEPT
    found = assets().get(path)
    return (found, ASKED) if found is not None else None
