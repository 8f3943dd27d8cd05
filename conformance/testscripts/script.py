"""TestScripts from files and folders, and those that are not run, each with its reason."""

from __future__ import annotations

import csv
import tarfile
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from fnmatch import fnmatch
from functools import cache
from importlib.resources import files as package_files
from pathlib import Path
from typing import Any

from conformance.judged.outcome import Unusable
from interop.fhir.documents import read

Resource = dict[str, Any]
BESIDE = ("", "fixtures", "_reference/resources")
"""Folders of a script, and of the folders above it, in which its fixtures are looked for."""


@dataclass(frozen=True, slots=True)
class Script:
    """A TestScript, the file that it came from and the folder that was asked for. ``reason`` says why it is not run, or ''.

    ``left_out`` says so of single tests, by their id or name.
    """

    name: str
    path: Path
    root: Path
    resource: Resource
    reason: str = ""
    left_out: Mapping[str, str] = field(default_factory=dict)

    def fixture(self, reference: str) -> Path | None:
        """The file that a fixture's reference means; None where there is none."""
        names = [reference, f"{reference}.json", f"{reference}.xml", f"{reference.replace('/', '-').lower()}.json"]
        for folder in self.path.parents:
            for beside in BESIDE:
                for name in names:
                    if (found := folder / beside / name).is_file():
                        return found
            if folder == self.root:
                break
        alike = sorted(each for name in names for each in self.root.rglob(Path(name).name) if each.match(name))
        return alike[0] if alike else None


@contextmanager
def opened(paths: list[Path]) -> Iterator[list[Script]]:
    """The TestScripts of files, folders and .tgz archives, in the order of their names. Raises Unusable."""
    with tempfile.TemporaryDirectory(prefix="testscripts-") as place:
        found: list[Script] = []
        for number, path in enumerate(paths):
            if path.name.endswith((".tgz", ".tar.gz")):
                folder = Path(place) / str(number)
                try:
                    with tarfile.open(path) as archive:
                        archive.extractall(folder, filter="data")
                except (OSError, tarfile.TarError) as problem:
                    raise Unusable(f"{path} cannot be opened: {problem}") from problem
                found += _scripts(folder, folder)
            elif path.exists():
                found += _scripts(path, path if path.is_dir() else path.parent)
            else:
                raise Unusable(f"{path} is absent")
        yield found


def _scripts(path: Path, root: Path) -> Iterator[Script]:
    files = [path] if path.is_file() else sorted(each for each in path.rglob("*") if each.suffix in (".json", ".xml"))
    for file in sorted(files, key=lambda each: ("load" not in str(each).lower(), str(each))):
        body = file.read_bytes()
        if b"TestScript" not in body:
            continue
        for document in read(body, file.name):
            resource = document.resource
            if resource is not None and resource.get("resourceType") == "TestScript":
                name = str(file.relative_to(root))
                place = f"/{root.name}/{name}"
                yield Script(name, file, root, resource, reason(place, resource, body), dict(_tests(place)))


def reason(name: str, resource: Resource, body: bytes) -> str:
    """Why a script is not run: the table ``reasons.csv``, and what this interpreter has not; '' where it is run."""
    for pattern, test, said in _reasons():
        if fnmatch(name, pattern) and not test:
            return said
    if b"<rule" in body or b'"rule"' in body or b'"ruleset"' in body:
        return "asks for rules, which FHIR had in STU3 alone"
    if any(int(each.get("index", 1)) > 1 for each in resource.get("destination", ())):
        return "needs two servers"
    return ""


def _tests(name: str) -> Iterator[tuple[str, str]]:
    """The tests of a script that are not run, each with its reason."""
    return ((test, said) for pattern, test, said in _reasons() if test and fnmatch(name, pattern))


@cache
def _reasons() -> list[tuple[str, str, str]]:
    with package_files("conformance.testscripts").joinpath("reasons.csv").open(encoding="utf-8") as file:
        return [(row["pattern"], row["test"], row["reason"]) for row in csv.DictReader(file)]
