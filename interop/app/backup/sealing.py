"""Encryption of a backup's files under a passphrase: scrypt (RFC 7914) makes the key, AES-256-GCM takes the file a block at a time.

A block is bound to its file's name and place and to whether it is the last, so that none can be left out, moved or cut off.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final

from interop.app.backup.manifest import BLOCK, BadBackup, Told

MAGIC: Final = b"interop backup 1\n"
TAG: Final = 16
LEAST: Final = 12
"""Characters of a passphrase at least."""


def passphrase(path: Path) -> bytes:
    """What a file holds, without its line break. Raises BadBackup where it is none."""
    try:
        found = path.read_bytes().strip(b"\r\n")
    except OSError:
        raise BadBackup(f"The passphrase cannot be read from {path}: name another file with --passphrase-file.") from None
    if len(found) < LEAST:
        raise BadBackup(f"{path} holds no passphrase of at least {LEAST} characters: choose a longer one.")
    return found


class Seal:
    """Encrypts and decrypts the files of one backup."""

    def __init__(self, secret: bytes, salt: bytes) -> None:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM
        from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

        self.salt = salt
        self._cipher = AESGCM(Scrypt(salt, length=32, n=1 << 15, r=8, p=1).derive(secret))

    @classmethod
    def new(cls, secret: bytes) -> Seal:
        """Under a salt of its own."""
        return cls(secret, os.urandom(16))

    def close(self, source: Path, target: Path, name: str, told: Told = lambda _: None) -> None:
        """Write ``source`` encrypted as the backup's file ``name``; it is on disk when this returns."""
        prefix = os.urandom(8)
        with source.open("rb") as file, _new(target) as out:
            out.write(MAGIC + prefix)
            for number, block, last in _blocks(file, BLOCK):
                out.write(self._cipher.encrypt(prefix + number.to_bytes(4, "big"), block, _bound(name, number, last)))
                told(len(block))
            out.flush()
            os.fsync(out.fileno())

    def open(self, source: Path, target: Path, name: str, told: Told = lambda _: None) -> None:
        """Write what ``close`` encrypted as it was. Raises BadBackup where the passphrase is another."""
        from cryptography.exceptions import InvalidTag

        with source.open("rb") as file, _new(target) as out:
            head = file.read(len(MAGIC) + 8)
            if not head.startswith(MAGIC):
                raise BadBackup(f"{name} is not encrypted as the manifest says: take another backup.")
            for number, block, last in _blocks(file, BLOCK + TAG):
                try:
                    nonce = head[len(MAGIC) :] + number.to_bytes(4, "big")
                    out.write(self._cipher.decrypt(nonce, block, _bound(name, number, last)))
                except InvalidTag:
                    raise BadBackup("The passphrase is not the one that the backup was made with: name another file.") from None
                told(len(block))
            out.flush()
            os.fsync(out.fileno())


def _bound(name: str, number: int, last: bool) -> bytes:
    return b"%b %d %d" % (name.encode(), number, last)


def _new(path: Path) -> BinaryIO:
    return os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb")


def _blocks(file: BinaryIO, size: int) -> Iterator[tuple[int, bytes, bool]]:
    """Number, bytes, whether it is the last; a file without bytes has one empty block."""
    number, block = 0, file.read(size)
    while True:
        following = file.read(size)
        yield number, block, not following
        if not following:
            return
        number, block = number + 1, following
