"""The files of an export: a line a resource, a file a type. All of it blocks: for a thread."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Final

import orjson

from interop.api.exporting.job import Output
from interop.api.subsetting import subset
from interop.errors import Problem
from interop.store.values import Block

RESERVE: Final = 512 << 20
"""Bytes that an export leaves free: what is acknowledged must be journalled, whoever exports."""
Room = Callable[[Path], int]


def free(directory: Path) -> int:
    """Bytes that are free where a directory is."""
    return shutil.disk_usage(directory).free


class Files:
    """What an export writes into its directory. Every method raises Problem ``export-no-room`` where the disk does not take it."""

    def __init__(self, directory: Path, elements: tuple[str, ...] = (), room: Room = free) -> None:
        self._directory, self._elements, self._room = directory, elements, room
        self._files: dict[tuple[str, str], int] = {}
        self.outputs: dict[tuple[str, str], Output] = {}

    def write(self, block: Block) -> None:
        """Add a block."""
        if block.deleted:
            gone = [{"request": {"method": "DELETE", "url": f"{block.type}/{each}"}} for each in block.ids]
            self.add("deleted", "Bundle", orjson.dumps({"resourceType": "Bundle", "type": "transaction", "entry": gone}), 1)
            return
        lines = block.lines
        if self._elements:
            lines = b"\n".join([subset(line, block.type, "", self._elements) for line in lines.split(b"\n")])
        self.add("output", block.type, lines, len(block.ids))

    def add(self, kind: str, type: str, lines: bytes, count: int) -> None:
        """Add so many lines, the last without its line break."""
        key = kind, type
        try:
            if self._room(self._directory) < RESERVE + len(lines):
                raise Problem("export-no-room", detail=f"it leaves {RESERVE >> 20} MiB free")
            if key not in self._files:
                name = f"{type}.ndjson" if kind == "output" else f"{kind}.ndjson"
                self._files[key] = os.open(self._directory / name, os.O_CREAT | os.O_TRUNC | os.O_WRONLY | os.O_CLOEXEC, 0o600)
                self.outputs[key] = Output(kind, type, name, 0, 0)
            view = memoryview(lines + b"\n")
            output = self.outputs[key]
            output.count += count
            output.size += len(view)
            while view:
                view = view[os.write(self._files[key], view) :]
        except OSError as error:
            raise Problem("export-no-room", detail=type_of(error)) from None

    def close(self, *, keep: bool) -> None:
        """End them; what is kept is on disk."""
        try:
            for each in self._files.values():
                if keep:
                    os.fsync(each)
        except OSError as error:
            raise Problem("export-no-room", detail=type_of(error)) from None
        finally:
            for each in self._files.values():
                os.close(each)
            self._files.clear()


def type_of(error: OSError) -> str:
    """The kind of an error, without the path that it names."""
    return os.strerror(error.errno) if error.errno else type(error).__name__
