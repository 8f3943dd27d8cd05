"""Signed checkpoints: what a chain's head was, kept elsewhere, so that nothing before it can be changed unseen."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple

import orjson

from interop.audit.key import AuditKey, Verifier
from interop.audit.parts import sync_directory

SUFFIX: Final = ".checkpoints"


class Checkpoint(NamedTuple):
    """After ``sequence`` rows the chain's head was ``head``; the row ends at ``offset`` of ``part``. ``time`` in microseconds."""

    chain: int
    sequence: int
    head: bytes
    part: int
    offset: int
    time: int
    signature: bytes = b""

    @property
    def text(self) -> bytes:
        """What is signed."""
        return b"interop audit checkpoint %d %d %b %d %d %d" % (
            self.chain, self.sequence, self.head.hex().encode(), self.part, self.offset, self.time,
        )  # fmt: skip

    def signed(self, key: AuditKey) -> Checkpoint:
        """The same with its signature."""
        return self._replace(signature=key.sign(self.text))

    def genuine(self, key: Verifier) -> bool:
        """Whether the signature is its own."""
        return key.signed(self.text, self.signature)


def keep(directory: Path, checkpoint: Checkpoint) -> None:
    """Add a checkpoint to its chain's file; on disk when this returns. Raises OSError."""
    said = {**checkpoint._asdict(), "head": checkpoint.head.hex(), "signature": checkpoint.signature.hex()}
    path = directory / f"{checkpoint.chain:08d}{SUFFIX}"
    new = not path.exists()
    file = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC, 0o600)
    try:
        line = orjson.dumps(said) + b"\n"
        if os.write(file, line) != len(line):
            raise OSError("the checkpoint is not whole")
        os.fsync(file)
    finally:
        os.close(file)
    if new:
        sync_directory(directory)


def kept(directory: Path) -> dict[int, list[Checkpoint]]:
    """The checkpoints of each chain in the order of the file. A line that is none is passed over as one that proves nothing."""
    found: dict[int, list[Checkpoint]] = {}
    with suppress(FileNotFoundError):
        for path in sorted(directory.glob(f"*{SUFFIX}")):
            for one in _read(path):
                found.setdefault(one.chain, []).append(one)
    return found


def known(directory: Path) -> list[int]:
    """The chains that have checkpoints there: a chain that a restored directory has lost keeps its number."""
    return [int(path.stem) for path in directory.glob(f"*{SUFFIX}") if path.stem.isdigit()]


def _read(path: Path) -> Iterator[Checkpoint]:
    for line in path.read_bytes().split(b"\n"):
        with suppress(ValueError, TypeError, KeyError):
            said = orjson.loads(line)
            head, signature = bytes.fromhex(said.pop("head")), bytes.fromhex(said.pop("signature"))
            yield Checkpoint(**said, head=head, signature=signature)
