"""Resources of a package, with the digits that their numbers were written with."""

from __future__ import annotations

import json
import random
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from lxml import etree

from conformance.judged.outcome import Unusable
from interop.fhir import facts

Resource = dict[str, Any]


class Number(str):
    """A number of JSON as it was written."""


class Example(NamedTuple):
    """A resource, the file that it came from, and its JSON."""

    name: str
    body: bytes
    resource: Resource


def read(paths: list[Path], sample: int | None = None, seed: int = 1) -> list[Example]:
    """The resources of folders, files and .tgz packages, in the order of their names; or a sample of them. Raises Unusable."""
    found: list[Example] = []
    for path in paths:
        try:
            for name, body in _files(path):
                resource = _loaded(body)
                if resource is not None:
                    found.append(Example(name, body, resource))
        except (OSError, tarfile.TarError) as problem:
            raise Unusable(f"{path} cannot be read: {problem}") from problem
    if not found:
        raise Unusable("there is no resource with an id")
    found.sort(key=lambda each: each.name)
    if sample is not None and sample < len(found):
        found = sorted(random.Random(seed).sample(found, sample), key=lambda each: each.name)
    return found


def _files(path: Path) -> Iterator[tuple[str, bytes]]:
    if path.name.endswith((".tgz", ".tar.gz")):
        with tarfile.open(path) as archive:
            for member in archive:
                file = archive.extractfile(member) if member.isfile() and member.name.endswith(".json") else None
                if file is not None:
                    yield member.name.rpartition("/")[2], file.read()
        return
    for each in sorted(path.rglob("*.json")) if path.is_dir() else [path]:
        yield each.name, each.read_bytes()


def _loaded(body: bytes) -> Resource | None:
    try:
        said = json.loads(body.decode("utf-8-sig"))
    except ValueError:
        return None
    known = isinstance(said, dict) and said.get("resourceType") in facts.resource_types() - {"Parameters"}
    return said if known and isinstance(said.get("id"), str) else None


def literal(body: bytes | str) -> Any:
    """JSON with its numbers as they are written. Raises ValueError."""
    return json.loads(body, parse_float=Number, parse_int=Number)


def difference(sent: Any, came: Any, place: str = "") -> str:
    """Where two values differ first, '' where they are equal. ``meta`` of the resource may hold more than what was sent."""
    if isinstance(sent, dict) and isinstance(came, dict):
        for name in sent.keys() | came.keys():
            where = f"{place}.{name}" if place else name
            if where == "meta":
                if said := _meta(sent.get("meta") or {}, came.get("meta") or {}):
                    return said
                continue
            if name not in sent or name not in came:
                return f"{where} is {'missing' if name in sent else 'new'}"
            if said := difference(sent[name], came[name], where):
                return said
        return ""
    if isinstance(sent, list) and isinstance(came, list):
        if len(sent) != len(came):
            return f"{place} has {len(came)} items, not {len(sent)}"
        pairs = enumerate(zip(sent, came, strict=True))
        return next(filter(None, (difference(one, other, f"{place}[{at}]") for at, (one, other) in pairs)), "")
    if type(sent) is type(came) and sent == came:
        return ""
    return f"{place} is {came!r:.80}, not {sent!r:.80}"


def _meta(sent: Resource, came: Resource) -> str:
    """``versionId`` and ``lastUpdated`` are the server's; all else stays, and the server may add."""
    for name, value in sent.items():
        if name in ("versionId", "lastUpdated", "_lastUpdated", "_versionId"):
            continue
        kept = came.get(name)
        if isinstance(value, list) and isinstance(kept, list):
            lost = [each for each in value if each not in kept]
            if lost:
                return f"meta.{name} lacks {lost[0]!r:.80}"
        elif kept != value and name != "source":
            return f"meta.{name} is {kept!r:.80}, not {value!r:.80}"
    return ""


def plain(value: Any) -> Any:
    """The same with narrative in canonical XML, for comparison across formats."""
    if isinstance(value, dict):
        return {name: _canonical(each) if name == "div" else plain(each) for name, each in value.items()}
    return [plain(each) for each in value] if isinstance(value, list) else value


def _canonical(div: Any) -> Any:
    try:
        return etree.tostring(etree.fromstring(div), method="c14n").decode() if isinstance(div, str) else div
    except etree.XMLSyntaxError:
        return div
