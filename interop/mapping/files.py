"""Files of messages: which adapter knows them, and their messages one by one."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

from interop.errors import Problem
from interop.mapping.library import adapters
from interop.ports import Adapter, Delivers

HEAD = 4096


class Delivery:
    """Files that came together, in the order in which they are to be read: what explains others first. With ``adapter`` they are
    that one's, and of no other."""

    def __init__(self, paths: Sequence[Path], adapter: str = "") -> None:
        self._adapter = adapter
        self.paths = sorted(paths, key=_later) if len(paths) > 1 else list(paths)
        self._splits: dict[str, Callable[[BinaryIO], Iterator[bytes]]] = {}

    def messages(self, path: Path) -> Iterator[tuple[Adapter, bytes]]:
        """Each message of one of the files with its adapter; raises Problem."""
        with opened(path) as stream:
            adapter = recognise(stream, self._adapter)
            for body in self._split(adapter)(stream):
                yield adapter, body

    def _split(self, adapter: Adapter) -> Callable[[BinaryIO], Iterator[bytes]]:
        if not isinstance(adapter, Delivers):
            return adapter.split
        if adapter.name not in self._splits:
            self._splits[adapter.name] = adapter.delivery()
        return self._splits[adapter.name]


def messages(path: Path) -> Iterator[tuple[Adapter, bytes]]:
    """Each message of a file by itself with its adapter; raises Problem."""
    return Delivery([path]).messages(path)


def opened(path: Path) -> io.BufferedReader:
    """The file's bytes, ``-`` for standard input; raises Problem ``not-found``."""
    if str(path) == "-":
        return io.BufferedReader(io.FileIO(sys.stdin.fileno(), closefd=False), 1 << 20)
    try:
        return io.BufferedReader(io.FileIO(path), 1 << 20)
    except OSError as error:
        raise Problem("file", detail=error.strerror or "") from None


def recognise(stream: io.BufferedReader, only: str = "") -> Adapter:
    """The adapter that knows what the stream begins with, of all or that one; raises Problem ``unknown-format``."""
    head = stream.peek(HEAD)[: 1 << 16]
    for adapter in adapters().values():
        if only in ("", adapter.name) and adapter.recognises(head):
            return adapter
    raise Problem("unknown-format" if head.strip() else "unreadable", detail="" if head.strip() else "it is empty")


def _later(path: Path) -> bool:
    """Whether a file can wait for others; one that cannot be read, or not twice, is not asked."""
    if str(path) == "-":
        return True
    try:
        with opened(path) as stream:
            head = stream.peek(HEAD)[:HEAD]
    except (Problem, OSError):
        return True
    return not any(isinstance(adapter, Delivers) and adapter.first(head) for adapter in adapters().values())
