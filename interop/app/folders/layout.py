"""The directories of one watched folder, and the renames by which a file goes through them: each is on disk when it is done."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Mapping, Sequence
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import Any, Final, NamedTuple

from interop.audit.parts import sync_directory
from interop.errors import reasons

WORKING: Final = ".working"
ARCHIVE: Final = "archive"
ERROR: Final = "error"
WHY: Final = ".why"
TAKING: Final = ".taking"
"""End of the name of a delivery that has not all its files yet."""
UNFINISHED: Final = (".tmp", ".part", ".partial", ".filepart", ".crdownload", ".new", "~")
"""Ends of names under which programs write what is not whole yet."""
OTHER_CONTENT: Final = "changed"
"""Why a file is put aside that was written to while it was read."""


class Stamp(NamedTuple):
    """By which a file is known to be as it was."""

    inode: int
    changed: int
    size: int


class Immovable(Exception):
    """A file, by its name, that cannot be renamed: it is in use, or somebody else's."""

    def __init__(self, name: str, why: str) -> None:
        super().__init__(why)
        self.name = name


class Layout:
    """One folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.working, self.archive, self.error = folder / WORKING, folder / ARCHIVE, folder / ERROR

    def prepare(self) -> None:
        """Make the directories that are missing below the folder, and give back what was being taken when somebody else ended.
        Raises OSError, also where the folder itself is not there."""
        for each in (self.working, self.archive, self.error):
            each.mkdir(mode=0o700, exist_ok=True)
        for each in self.working.glob(f"*{TAKING}"):
            self.give_back(each)

    def arrived(self) -> dict[str, Stamp]:
        """The files that wait, by name: regular ones, neither hidden nor under the name of something unfinished; no links, by which
        whoever may write here could have any file read. Raises OSError."""
        found = {}
        with os.scandir(self.folder) as entries:
            for entry in entries:
                if entry.name[0] == "." or entry.name.endswith(UNFINISHED) or not entry.is_file(follow_symlinks=False):
                    continue
                with suppress(FileNotFoundError):
                    found[entry.name] = _stamp(entry.stat(follow_symlinks=False))
        return found

    def deliveries(self) -> list[Path]:
        """What is being read, the oldest first."""
        return sorted(each for each in self.working.iterdir() if each.is_dir() and each.suffix != TAKING)

    def take(self, number: int, names: Sequence[str], stamps: Mapping[str, Stamp]) -> bool:
        """Put files into a delivery of their own, all or none of them: whoever renames a file has it. None where one is gone, or no
        longer as it was. Raises Immovable where one cannot be renamed, OSError where the folder cannot be used."""
        while (delivery := self.working / f"{number:020d}").exists() or delivery.with_suffix(TAKING).exists():
            number += 1
        taking = delivery.with_suffix(TAKING)
        taking.mkdir(mode=0o700)
        try:
            whole = all(self._taken(name, taking, stamps[name]) for name in names)
        except Immovable:
            self.give_back(taking)
            raise
        if not whole:
            self.give_back(taking)
            return False
        sync_directory(taking)
        sync_directory(self.folder)
        taking.rename(delivery)
        sync_directory(self.working)
        return True

    def _taken(self, name: str, taking: Path, stamp: Stamp) -> bool:
        try:
            (self.folder / name).rename(taking / name)
        except FileNotFoundError:
            return False
        except OSError as error:
            raise Immovable(name, error.strerror or "") from None
        return self.stamp(taking / name) == stamp

    def give_back(self, directory: Path) -> None:
        """Put what is in a directory into the folder again, and remove it."""
        found = sorted(directory.iterdir())
        for each in found:
            each.rename(_free(self.folder, each.name))
        if found:
            sync_directory(self.folder)
        directory.rmdir()

    def stamp(self, path: Path) -> Stamp | None:
        """How a file is; None where there is none."""
        try:
            return _stamp(path.lstat())
        except FileNotFoundError:
            return None

    def keep(self, path: Path) -> Path:
        """Into the archive; where it is there."""
        return self._put(path, self.archive, _free(self.archive, path.name))

    def put_aside(self, path: Path, why: Mapping[str, Any]) -> None:
        """Among the errors, with the reasons beside it, which are there first."""
        target = _free(self.error, path.name, WHY)
        beside = target.with_name(target.name + WHY)
        beside.write_text(json.dumps(why, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        self._put(path, self.error, target)

    def _put(self, path: Path, directory: Path, target: Path) -> Path:
        path.rename(target)
        sync_directory(directory)
        sync_directory(path.parent)
        return target


def why(
    refused: Mapping[str, Sequence[int]], counts: Mapping[str, int], messages: int, problem: Mapping[str, str]
) -> dict[str, Any]:
    """What stands beside a file that was put aside: of the file as a whole, and of messages of it, by reason with their numbers in
    the journal. Nothing of what is in them."""
    known = reasons()
    said: dict[str, Any] = {"messages": messages, **problem}
    if counts:
        said["refused"] = [
            {
                "reason": name,
                "count": count,
                "sentence": known[name].sentence,
                "action": known[name].action,
                "messages": list(refused.get(name, ())),
            }
            for name, count in sorted(counts.items())
        ]
    return said


def _stamp(found: os.stat_result) -> Stamp:
    assert stat.S_ISREG(found.st_mode) or stat.S_ISLNK(found.st_mode)
    return Stamp(found.st_ino, found.st_mtime_ns, found.st_size)


def _free(directory: Path, name: str, beside: str = "") -> Path:
    """A name in a directory that no other file has, nor with ``beside`` after it: the beginning of the name where it is too long
    for what comes after it."""
    longest = os.pathconf(directory, "PC_NAME_MAX")
    for number in count(1):
        end = f".{number}" if number > 1 else ""
        while len(os.fsencode(name + end + beside)) > longest:
            name = name[:-1]
        target = directory / (name + end)
        if not os.path.lexists(target) and not (beside and os.path.lexists(f"{target}{beside}")):
            return target
    raise AssertionError
