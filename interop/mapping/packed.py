"""Mapping tables packed to be kept by digest, and written out as a directory from which an engine maps as before."""

from __future__ import annotations

import gzip
import shutil
import tempfile
from importlib.resources import as_file
from importlib.resources.abc import Traversable
from pathlib import Path

import orjson

from interop.mapping.reading import read_tables
from interop.mapping.refusal import Refusals
from interop.mapping.sites import FOLDER
from interop.mapping.tables import Tables


def pack(tables: Tables) -> bytes:
    """All files of a family's tables as one: compressed JSON of path to text, to be kept by digest."""
    return gzip.compress(orjson.dumps({path: data.decode() for path, data in sorted(tables.sources.items())}), mtime=0)


def unpack(data: bytes, directory: Path) -> None:
    """Write packed tables to a directory from which ``read_tables`` reads them again."""
    for path, text in orjson.loads(gzip.decompress(data)).items():
        file = directory / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8")


class Kept:
    """What is kept under a digest: the tables of a ``family``, or those that hold for one of its sites ('' = for all others);
    ``files`` are their paths."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        with tempfile.TemporaryDirectory() as directory:
            self.files = unpacked(content, Path(directory))
        (self.family,) = (path.partition("/")[0] for path in self.files if path.endswith("/routes.csv"))
        above = f"{self.family}/{FOLDER}/"
        self.site = next((path.removeprefix(above).partition("/")[0] for path in self.files if path.startswith(above)), "")

    def digest(self, directory: Path) -> str:
        """That of the tables which these would take the place of in a directory; '' where there are none."""
        if not (directory / self.family).is_dir():
            return ""
        site = self.site if (directory / self.family / FOLDER / self.site).is_dir() else ""
        return read_tables(self.family, Refusals(), directory, site).digest

    def write(self, directory: Path, root: Traversable) -> str:
        """Lay these tables over those of a directory, which begins as a copy of ``root`` where there is none; the digest of what is
        there then. Of what the family's tables are made of there, what these are not made of goes."""
        if not directory.exists():
            copied(root, directory)
        if (directory / self.family).is_dir():
            site = self.site if (directory / self.family / FOLDER / self.site).is_dir() else ""
            for path in read_tables(self.family, Refusals(), directory, site).sources.keys() - {*self.files}:
                (directory / path).unlink()
        unpack(self._content, directory)
        return read_tables(self.family, Refusals(), directory, self.site).digest


def unpacked(content: bytes, directory: Path) -> list[str]:
    """The paths of what was packed."""
    unpack(content, directory)
    return sorted(str(file.relative_to(directory)) for file in directory.rglob("*") if file.is_file())


def copied(root: Traversable, directory: Path) -> None:
    """A copy of tables, without worked examples."""
    directory.mkdir(parents=True)
    for entry in root.iterdir():
        if entry.name.startswith("__"):
            continue
        with as_file(entry) as path:
            if path.is_dir():
                shutil.copytree(path, directory / entry.name, ignore=shutil.ignore_patterns("examples", "__pycache__"))
            else:
                shutil.copy(path, directory / entry.name)
