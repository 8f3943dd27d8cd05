"""What a backup says of itself: its files with sizes and digests, how far its journal goes, who vouches for it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final, Self

import orjson

from interop.audit.key import AuditKey, Verifier
from interop.signon.keyfile import keep

NAME: Final = "manifest.json"
FORMAT: Final = 1
BLOCK: Final = 1 << 20
_FILE: Final = re.compile(r"(?:[A-Za-z0-9_-][A-Za-z0-9._-]*/)*[A-Za-z0-9_-][A-Za-z0-9._-]*")
Told = Callable[[int], None]
"""Hears of so many bytes more that are done."""


class BadBackup(Exception):
    """A backup that cannot be used; the words say why and what to do."""


@dataclass(slots=True)
class Manifest:
    """``files``: size and SHA-256 of each as it lies there. ``journal``: its last message, when that was received (microseconds),
    how many there are. ``schema`` of journal and record. ``record`` False: it is made again from the journal. ``keys``: names of
    the key files with their digests, ``with_keys`` whether they are in it. ``audit``: the last chain, and the number of rows of
    each that had not ended. ``salt`` (hexadecimal): the files are encrypted; '' = as they are."""

    made: int
    version: str
    database: str
    schema: dict[str, int]
    journal: dict[str, int]
    record: bool
    with_keys: bool
    keys: dict[str, str]
    audit: dict[str, Any]
    salt: str = ""
    files: dict[str, tuple[int, str]] = field(default_factory=dict)

    def write(self, directory: Path, key: AuditKey | None) -> None:
        """Put it into the backup, which is whole from then on; signed where there is a key."""
        said = orjson.dumps({"format": FORMAT, **asdict(self)}, option=orjson.OPT_SORT_KEYS)
        seal = {"sha256": hashlib.sha256(said).hexdigest()}
        if key is not None:
            seal |= {"signature": key.sign(said).hex(), "public": key.public.hex()}
        keep(directory / NAME, orjson.dumps({"backup": orjson.loads(said), "seal": seal}, option=orjson.OPT_INDENT_2))

    @classmethod
    def read(cls, directory: Path, by: Verifier | None = None) -> Self:
        """What a backup says of itself; with ``by`` only what that key has signed. Raises BadBackup."""
        try:
            found = orjson.loads((directory / NAME).read_bytes())
            said, seal = found["backup"], found["seal"]
            text = orjson.dumps(said, option=orjson.OPT_SORT_KEYS)
            if hashlib.sha256(text).hexdigest() != seal["sha256"]:
                raise BadBackup(f"{NAME} has been altered since the backup was made: take another backup.")
            if by is not None and not by.signed(text, bytes.fromhex(seal.get("signature", ""))):
                raise BadBackup(f"{NAME} was not signed by that key: see that backup and key are of the same engine.")
            if said.pop("format") != FORMAT:
                raise BadBackup("A newer version made this backup: restore it with that.")
            manifest = cls(**said)
            manifest.files = {name: (int(size), str(digest)) for name, (size, digest) in manifest.files.items()}
        except FileNotFoundError:
            raise BadBackup(f"{directory} is no backup, or one that was not finished: there is no {NAME}.") from None
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise BadBackup(f"{NAME} cannot be read ({type(error).__name__}): take another backup.") from None
        if any(_FILE.fullmatch(name) is None for name in (*manifest.files, *manifest.keys)):
            raise BadBackup(f"{NAME} names a file that no backup has: take another backup.")
        return manifest

    def check(self, directory: Path, told: Told) -> None:
        """Compare every file with its digest; raises BadBackup for the first that differs."""
        for name, (size, digest) in self.files.items():
            path = directory / name
            if not path.is_file():
                raise BadBackup(f"{name} is missing from the backup: take another backup.")
            if path.stat().st_size != size:
                raise BadBackup(f"{name} has {path.stat().st_size:,} bytes and not {size:,}: take another backup.")
            if digest_of(path, told) != digest:
                raise BadBackup(f"{name} is not as it was written: take another backup.")


def digest_of(path: Path, told: Told = lambda _: None) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    found = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            found.update(block)
            told(len(block))
    return found.hexdigest()
