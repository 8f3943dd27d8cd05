"""A hook into the SQLite that this process uses: sees each write and each sync of a log, and can hold a sync up.

The hook replaces ``xOpen`` of the default virtual file system, and in the files it opens ``xWrite`` and ``xSync``
(https://www.sqlite.org/c3ref/vfs.html, https://www.sqlite.org/c3ref/io_methods.html). The calls go on to SQLite's own.
"""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PATIENCE = 30.0
Function = ctypes.c_void_p
OPEN = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p, ctypes.POINTER(ctypes.c_void_p), ctypes.c_int, ctypes.c_void_p
)
WRITE = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int, ctypes.c_longlong)
SYNC = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_int)


class Vfs(ctypes.Structure):
    """``sqlite3_vfs`` as far as ``xOpen``."""

    _fields_ = [
        ("version", ctypes.c_int),
        ("size", ctypes.c_int),
        ("longest", ctypes.c_int),
        ("next", ctypes.c_void_p),
        ("name", ctypes.c_char_p),
        ("data", ctypes.c_void_p),
        ("open", Function),
    ]


class Methods(ctypes.Structure):
    """``sqlite3_io_methods``, version 3."""

    _fields_ = [
        ("version", ctypes.c_int),
        ("close", Function),
        ("read", Function),
        ("write", Function),
        ("truncate", Function),
        ("sync", Function),
        ("rest", Function * 13),
    ]


class Tape:
    """What happened to the logs whose name ends in ``suffix``, in order: ``("write", bytes)`` and ``("synced", b"")``."""

    def __init__(self, suffix: str) -> None:
        self.suffix = suffix.encode()
        self.events: list[tuple[str, bytes]] = []
        self._turn = threading.Condition()
        self._holding = False
        self._passes = 0
        self.waiting = 0
        """Syncs that are being held up now."""

    def hold(self) -> None:
        """From now on each sync waits before it begins."""
        with self._turn:
            self._holding, self._passes = True, 0

    def let_one(self) -> None:
        """Let one sync through."""
        with self._turn:
            self._passes += 1
            self._turn.notify_all()

    def release(self) -> None:
        """Let all through, now and later."""
        with self._turn:
            self._holding = False
            self._turn.notify_all()

    def wait(self, waiting: int = 1) -> bool:
        """Until so many syncs are held up, or none is to be held any more; whether that many are."""
        with self._turn:
            self._turn.wait_for(lambda: self.waiting == waiting or not self._holding, PATIENCE)
            return self.waiting == waiting

    def pass_sync(self) -> None:
        """Called where a sync begins."""
        with self._turn:
            self.waiting += 1
            self._turn.notify_all()
            self._turn.wait_for(lambda: not self._holding or self._passes > 0, PATIENCE)
            self._passes = max(0, self._passes - 1)
            self.waiting -= 1
            self._turn.notify_all()


_kept: list[object] = []
"""Whatever SQLite may still call: files outlive the hook."""


def library() -> ctypes.CDLL | None:
    """The SQLite that the module ``sqlite3`` has loaded; None where it is built into the interpreter."""
    for line in Path("/proc/self/maps").read_text().splitlines():
        name = line.rpartition(" ")[2]
        if "libsqlite3" in name:
            return ctypes.CDLL(name)
    return None


@contextmanager
def recorded(sqlite: ctypes.CDLL, tape: Tape) -> Iterator[None]:
    """Files opened within the block are on the tape. A name goes on as the address that it came as: SQLite keeps it."""
    sqlite.sqlite3_vfs_find.restype = ctypes.POINTER(Vfs)
    vfs = sqlite.sqlite3_vfs_find(None).contents
    original = vfs.open
    real = OPEN(original)

    def opened(this: int, name: int | None, file: ctypes._Pointer[ctypes.c_void_p], flags: int, out: int) -> int:
        status: int = real(this, name, file, flags, out)
        if status == 0 and name and ctypes.string_at(name).endswith(tape.suffix):
            _watch(file, tape)
        return status

    hook = OPEN(opened)
    _kept.extend((hook, real))
    vfs.open = ctypes.cast(hook, Function).value
    try:
        yield
    finally:
        vfs.open = original


def _watch(file: ctypes._Pointer[ctypes.c_void_p], tape: Tape) -> None:
    own = Methods.from_address(file[0])
    methods = Methods.from_buffer_copy(own)
    write_on, sync_on = WRITE(own.write), SYNC(own.sync)

    def write(this: int, data: int, size: int, offset: int) -> int:
        tape.events.append(("write", ctypes.string_at(data, size)))
        status: int = write_on(this, data, size, offset)
        return status

    def sync(this: int, flags: int) -> int:
        tape.pass_sync()
        status: int = sync_on(this, flags)
        tape.events.append(("synced" if status == 0 else "failed", b""))
        return status

    hooks = WRITE(write), SYNC(sync)
    methods.write, methods.sync = (ctypes.cast(hook, Function).value for hook in hooks)
    _kept.extend((methods, write_on, sync_on, hooks))
    file[0] = ctypes.addressof(methods)
