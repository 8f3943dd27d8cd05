"""A tree of files on a disk that has only what was synced (``power.c``), and what is left of it when the power goes."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import NamedTuple

SOURCE = Path(__file__).with_name("power.c")
PAGE = 4096


class _Name(NamedTuple):
    """What a name of a directory stands for."""

    inode: int
    directory: bool


class Losing:
    """``root`` on such a disk, which is kept in ``disk``; both on one file system, and of one user.

    Of a file that was written to since its last sync, each page of 4 KiB is left as it was then or as it is now, by chance; of a
    directory each name. Within a page nothing is torn, and of what a page was in between nothing is left."""

    def __init__(self, shim: Path, root: Path, disk: Path, *, faults: Path | None = None) -> None:
        self.root, self.disk, self._shim, self._faults = root.absolute(), disk.absolute(), shim.absolute(), faults
        self._in_memory: dict[int, Path] = {}

    @staticmethod
    def built(directory: Path) -> Path:
        """The shim, compiled. Raises ValueError where there is no C compiler or it refuses."""
        compiler = next(filter(None, map(shutil.which, ("cc", "gcc", "clang"))), None)
        if compiler is None:
            raise ValueError("a C compiler (cc, gcc or clang) is needed for a disk that loses what was not synced")
        made = directory / "power.so"
        done = subprocess.run(
            [compiler, "-shared", "-fPIC", "-O2", "-o", str(made), str(SOURCE), "-lpthread"], capture_output=True, text=True
        )
        if done.returncode:
            raise ValueError(f"{compiler} does not take {SOURCE.name}: {done.stderr.strip()}")
        return made

    @property
    def environment(self) -> dict[str, str]:
        """Variables of a process whose files are on this disk."""
        given = {"LD_PRELOAD": str(self._shim), "CRASH_ROOT": str(self.root), "CRASH_DISK": str(self.disk)}
        return given | ({"CRASH_FAULTS": str(self._faults.absolute())} if self._faults else {})

    def begin(self) -> None:
        """All that is there now is on the disk. Nobody may have a file open."""
        shutil.rmtree(self.disk, ignore_errors=True)
        for kind in "fd":
            (self.disk / kind).mkdir(parents=True, mode=0o700)
        self._adopt(self.root)

    def _adopt(self, directory: Path) -> None:
        own = self.disk / "d" / str(directory.stat().st_ino)
        own.mkdir(mode=0o700)
        for path in directory.iterdir():
            inode = path.stat().st_ino
            if path.is_dir():
                self._adopt(path)
                (own / path.name).symlink_to(str(inode))
            else:
                durable = self.disk / "f" / str(inode)
                shutil.copyfile(path, durable)
                os.link(durable, own / path.name)

    def lose(self, random: Random, share: float | None = None) -> str:
        """The power goes: the tree is what is left of it. Nobody may have a file open. What was left of the rest, in words:
        ``share`` of it, by chance unless given."""
        if share is None:
            share = random.choice((0.0, 1.0, random.random(), random.random()))
        left = self.root.with_name(f"{self.root.name}.left")
        shutil.rmtree(left, ignore_errors=True)
        self._in_memory = dict(_walk(self.root))
        twins = {path.stat().st_ino: int(path.name) for path in (self.disk / "f").iterdir()}
        self._make(self.root.stat().st_ino, left, random, share, twins)
        shutil.rmtree(self.root)
        left.rename(self.root)
        self.begin()
        return f"{share:.0%} of what was not synced was left"

    def _make(self, inode: int, target: Path, random: Random, share: float, twins: dict[int, int]) -> None:
        target.mkdir(mode=0o700)
        now, then = self._names_now(inode), self._names_then(inode, twins)
        for name in sorted({*now, *then}):
            one, other = now.get(name), then.get(name)
            chosen = one if one == other or random.random() < share else other
            if chosen is None:
                continue
            if chosen.directory:
                self._make(chosen.inode, target / name, random, share, twins)
            else:
                self._mix(chosen.inode, self.disk / "d" / str(inode) / name, chosen == other, target / name, random, share)

    def _names_now(self, inode: int) -> dict[str, _Name]:
        place = self._in_memory.get(inode)
        if place is None:
            return {}
        return {path.name: _Name(path.stat().st_ino, path.is_dir()) for path in place.iterdir()}

    def _names_then(self, inode: int, twins: dict[int, int]) -> dict[str, _Name]:
        """As the disk has them. A file's number is that of its twin in memory, or one of its own where that is gone."""
        place, found = self.disk / "d" / str(inode), {}
        for path in place.iterdir() if place.exists() else ():
            if path.is_symlink():
                found[path.name] = _Name(int(os.readlink(path)), True)
            else:
                found[path.name] = _Name(twins.get(path.stat().st_ino, -path.stat().st_ino), False)
        return found

    def _mix(self, inode: int, name: Path, named: bool, target: Path, random: Random, share: float) -> None:
        durable = name if named and name.exists() else self.disk / "f" / str(inode)
        then = durable.read_bytes() if durable.exists() else b""
        memory = self._in_memory.get(inode)
        now = memory.read_bytes() if memory is not None and memory.is_file() else then
        size = len(now) if random.random() < share else len(then)
        pages = []
        for start in range(0, size, PAGE):
            old, new = then[start : start + PAGE], now[start : start + PAGE]
            page = new if old == new or random.random() < share else old
            pages.append(page[: size - start].ljust(min(PAGE, size - start), b"\0"))
        target.write_bytes(b"".join(pages))
        target.chmod(0o600)


def _walk(directory: Path) -> Iterator[tuple[int, Path]]:
    """Every directory and file of a tree by its number."""
    yield directory.stat().st_ino, directory
    for path in directory.iterdir():
        if stat.S_ISDIR(path.lstat().st_mode):
            yield from _walk(path)
        else:
            yield path.stat().st_ino, path
