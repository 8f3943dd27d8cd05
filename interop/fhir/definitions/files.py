"""Packages on disk: a folder, an npm package (.tgz), a .zip or one file. Archives are read where they are, never unpacked to disk.

Layouts: npm's ``package/*.json`` (its folders ``example``, ``other`` and ``openapi`` hold no definitions) or any tree of ``.json``
and ``.xml`` files.
"""

from __future__ import annotations

import os
import zlib
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath

from interop.fhir.definitions.archive import members
from interop.fhir.definitions.content import ENDINGS, SIZE, named, parsed
from interop.fhir.definitions.npm import index
from interop.fhir.definitions.package import Entry, Package, names
from interop.fhir.definitions.unusable import Unusable
from interop.fhir.shapes import Json

ASIDE = ("package/example/", "package/examples/", "package/other/", "package/openapi/")
UNREADABLE = 500
"""Files that cannot be read in one package: beyond that it is none."""
ARCHIVES = (".tgz", ".gz", ".zip")


def opened(path: Path) -> Package:
    """The package at a path. Raises Unusable for what is not there, has another ending or is refused as a whole."""
    if path.is_dir():
        return Folder(path)
    if not path.is_file():
        raise Unusable(f"{path.name}: no such file or folder")
    if path.name.lower().endswith(ARCHIVES):
        return Archive(path)
    if path.name.lower().endswith(ENDINGS):
        return Folder(path.parent, [path.name])
    raise Unusable(f"{path.name}: neither folder, .tgz, .zip, .json nor .xml")


def _wanted(name: str) -> bool:
    """Whether a file may hold a definition. Hidden files (``.index.json``) and the package's own description do not."""
    inside = name.removeprefix("./")
    last = PurePosixPath(inside).name
    return not (last.startswith(".") or last in ("package.json", "package-lock.json") or inside.startswith(ASIDE))


class Files(ABC):
    """What folders and archives have in common: the index by a first reading, a resource by a second one."""

    def __init__(self) -> None:
        self.problems: list[tuple[str, str]] = []

    @abstractmethod
    def _contents(self) -> Iterator[tuple[str, bytes]]:
        """Every file, by name."""

    @abstractmethod
    def _body(self, name: str) -> bytes:
        """One file again."""

    @abstractmethod
    def _keep(self, name: str, body: bytes) -> None:
        """Called for every file that holds a definition."""

    def entries(self) -> Iterable[Entry]:
        for name, body in self._contents():
            try:
                found = named(name, body)
            except Unusable as unusable:
                self.problems.append((name, unusable.reason))
                if len(self.problems) > UNREADABLE:
                    raise Unusable(f"more than {UNREADABLE} files that cannot be read") from None
                continue
            if found:
                self._keep(name, body)
            for kind, url, version in found:
                yield Entry(kind, url, version, self, name)

    def read(self, entry: Entry) -> Json:
        resource = parsed(entry.place, self._body(entry.place))
        if (entry.kind, entry.url, entry.version) not in names(resource):
            raise Unusable(f"{entry.place}: is no longer what the index says")
        return resource


class Archive(Files):
    """A .tgz or .zip: its definitions are held packed, for neither gives its members cheaply one by one and a file may change."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path
        self._packed: dict[str, bytes] = {}

    def _contents(self) -> Iterator[tuple[str, bytes]]:
        return ((name, body) for name, body in members(self._path) if _wanted(name))

    def _keep(self, name: str, body: bytes) -> None:
        self._packed[name] = zlib.compress(body, 3)

    def _body(self, name: str) -> bytes:
        return zlib.decompress(self._packed[name])


class Folder(Files):
    """A folder, or some files of it. Links that lead out of it are not followed."""

    def __init__(self, root: Path, chosen: list[str] | None = None) -> None:
        super().__init__()
        self._root = root
        self._chosen = chosen

    def _names(self) -> Iterator[str]:
        if self._chosen is not None:
            yield from self._chosen
            return
        for at, folders, found in os.walk(self._root):
            folders.sort()
            inside = Path(at).relative_to(self._root)
            for name in sorted(found):
                relative = (inside / name).as_posix()
                if name.lower().endswith(ENDINGS) and _wanted(relative):
                    yield relative

    def entries(self) -> Iterable[Entry]:
        rows = index(self._root, list(self._names())) if self._chosen is None else None
        if rows is None:
            yield from super().entries()
        else:
            for name, kind, url, version in rows:
                yield Entry(kind, url, version, self, name)

    def _keep(self, name: str, body: bytes) -> None:
        """A folder stays where it is."""

    def _contents(self) -> Iterator[tuple[str, bytes]]:
        for name in self._names():
            try:
                yield name, self._body(name)
            except Unusable as unusable:
                self.problems.append((name, unusable.reason))

    def _body(self, name: str) -> bytes:
        path = self._root / name
        try:
            if not path.resolve().is_relative_to(self._root.resolve()):
                raise Unusable(f"{name}: leads out of the folder")
            if path.stat().st_size > SIZE:
                raise Unusable(f"{name}: more than {SIZE} bytes")
            return path.read_bytes()
        except OSError as error:
            raise Unusable(f"{name}: cannot be read ({type(error).__name__})") from None
