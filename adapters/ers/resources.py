"""The resources of a body: one alone, those of a bundle, or one a line."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import Any, BinaryIO, Final

from interop.errors import Problem
from interop.formats.tree import Node

LIMIT: Final = 20 * 1024 * 1024
MESSAGES: Final = frozenset({"ReferralRequest", "Appointment"})
"""The types that are messages of their own within a bundle."""


def entries(root: Node) -> list[Node]:
    """The resources that are messages: those of a bundle with a referral or an appointment among them, else the root."""
    if root.text("resourceType") != "Bundle":
        return [root]
    found = [resource for entry in root.kids.get("entry", ()) if (resource := entry.kid("resource")) is not None]
    return found if any(resource.text("resourceType") in MESSAGES for resource in found) else [root]


def only(found: list[Node]) -> Node:
    """The only one; raises Problem ``several-messages`` where there are more."""
    if len(found) > 1:
        raise Problem("several-messages", where="Bundle.entry")
    return found[0]


def separate(stream: BinaryIO) -> Iterator[bytes]:
    """A body for each resource, numbers as they were written; what cannot be read is given as it came, to be refused."""
    first = stream.readline(LIMIT + 1)
    while first and not first.strip():
        first = stream.readline(LIMIT + 1)
    if _whole(first) and (second := _line(stream)):
        for line in chain((_bounded(first), second), iter(lambda: _line(stream), b"")):
            yield from _resources(line)
    else:
        yield from _resources(_bounded(first + stream.read(LIMIT + 1 - min(len(first), LIMIT))))


def _line(stream: BinaryIO) -> bytes:
    """The next line that is not blank, empty at the end."""
    while line := stream.readline(LIMIT + 1):
        if line.strip():
            return _bounded(line)
    return b""


def _bounded(body: bytes) -> bytes:
    if len(body) > LIMIT:
        raise Problem("too-large", detail=f"more than {LIMIT} bytes")
    return body


def _whole(line: bytes) -> bool:
    """Whether a line is a JSON object by itself, and so the file one resource a line."""
    if not line.rstrip().endswith(b"}"):
        return False
    try:
        return isinstance(_load(line), dict)
    except Problem:
        return False


def _load(body: bytes) -> Any:
    from interop.formats.json import load_json

    return load_json(body)


def _resources(body: bytes) -> Iterator[bytes]:
    from interop.formats.json import write_json

    body = body.strip()
    if b"Bundle" not in body:
        yield body
        return
    try:
        bundle = _load(body)
    except Problem:
        yield body
        return
    resources = _of_bundle(bundle)
    if any(resource.get("resourceType") in MESSAGES for resource in resources):
        yield from map(write_json, resources)
    else:
        yield body


def _of_bundle(bundle: Any) -> list[dict[str, Any]]:
    if not isinstance(bundle, dict) or bundle.get("resourceType") != "Bundle" or not isinstance(bundle.get("entry"), list):
        return []
    found = [entry.get("resource") for entry in bundle["entry"] if isinstance(entry, dict)]
    return [resource for resource in found if isinstance(resource, dict)]
