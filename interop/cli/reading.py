"""Files of messages: which adapter knows them, and their messages one by one."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from pathlib import Path

from interop.errors import Problem
from interop.mapping.library import adapters
from interop.ports import Adapter

HEAD = 4096


def opened(path: Path) -> io.BufferedReader:
    """The file's bytes, ``-`` for standard input; raises Problem ``not-found``."""
    if str(path) == "-":
        return io.BufferedReader(io.FileIO(sys.stdin.fileno(), closefd=False), 1 << 20)
    try:
        return io.BufferedReader(io.FileIO(path), 1 << 20)
    except OSError as error:
        raise Problem("file", detail=error.strerror or "") from None


def recognise(stream: io.BufferedReader) -> Adapter:
    """The adapter that knows what the stream begins with; raises Problem ``unknown-format``."""
    head = stream.peek(HEAD)[: 1 << 16]
    for adapter in adapters().values():
        if adapter.recognises(head):
            return adapter
    raise Problem("unknown-format" if head.strip() else "unreadable", detail="" if head.strip() else "it is empty")


def messages(path: Path) -> Iterator[tuple[Adapter, bytes]]:
    """Each message of a file with its adapter; raises Problem."""
    with opened(path) as stream:
        adapter = recognise(stream)
        for body in adapter.split(stream):
            yield adapter, body
