"""The index of an npm package, ``.index.json`` (FHIR packages specification): saves reading every file of a folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson

from interop.fhir.definitions.package import KINDS

_MARK = b"\xef\xbb\xbf"


def index(root: Path, files: list[str]) -> list[tuple[str, str, str, str]] | None:
    """(file, kind, canonical URL, version) by the index of a folder that holds these files; None where it cannot be trusted.

    It is trusted where it names exactly the files that are there, none of them newer than itself, each definition with its URL,
    and no NamingSystem (the index has no unique ids).
    """
    for place in (root, root / "package"):
        path = place / ".index.json"
        if path.is_file():
            inside = place.relative_to(root)
            return _trusted(place, path, {name: (inside / name).as_posix() for name in _within(inside, files)}, len(files))
    return None


def _within(inside: Path, files: list[str]) -> list[str]:
    prefix = "" if inside == Path() else inside.as_posix() + "/"
    return [name.removeprefix(prefix) for name in files if name.startswith(prefix)]


def _trusted(place: Path, path: Path, files: dict[str, str], expected: int) -> list[tuple[str, str, str, str]] | None:
    try:
        content: Any = orjson.loads(path.read_bytes().removeprefix(_MARK))
        rows = {each["filename"]: each for each in content["files"]}
        written = path.stat().st_mtime_ns
        if rows.keys() != files.keys() or len(files) != expected:
            return None
        if any((place / name).stat().st_mtime_ns > written for name in rows):
            return None
        found = []
        for name, row in rows.items():
            if row["resourceType"] == "NamingSystem":
                return None
            if row["resourceType"] in KINDS and row.get("url"):
                found.append((files[name], str(row["resourceType"]), str(row["url"]), str(row.get("version") or "")))
        return sorted(found)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
