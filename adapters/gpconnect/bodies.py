"""The messages of a body: a Bundle, a resource alone, a line each; appointments found by a search one by one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, BinaryIO, Final

from interop.errors import Problem
from interop.formats.bodies import whole
from interop.formats.tree import Node

ALONE: Final = "Appointment"
"""The type of which each is a message of its own."""


def bundle(value: Any) -> Node:
    """The Bundle that a JSON value is, or that holds it alone, with addresses and names; raises Problem ``unknown-format``,
    ``several-messages`` for a Bundle of several appointments."""
    from interop.formats.json import as_node
    from interop.formats.stu3 import read_stu3

    if not isinstance(value, dict) or not isinstance(value.get("resourceType"), str):
        raise Problem("unknown-format", where="resourceType")
    if value["resourceType"] != "Bundle":
        value = {"entry": [{"resource": value}]}
    elif len(_appointments(value)) > 1:
        raise Problem("several-messages", where="Bundle.entry")
    root = as_node(value)
    read_stu3(root)
    return root


def separate(stream: BinaryIO) -> Iterator[bytes]:
    """A body for each message, numbers as they were written."""
    body = whole(stream).strip()
    first, _, rest = body.partition(b"\n")
    lines = body.splitlines() if rest.lstrip()[:1] == b"{" and first.rstrip().endswith(b"}") and _readable(first) else [body]
    for line in lines:
        if line.strip():
            yield from _messages(line.strip())


def _readable(text: bytes) -> bool:
    from interop.formats.json import load_json

    try:
        return isinstance(load_json(text), dict)
    except Problem:
        return False


def _messages(body: bytes) -> Iterator[bytes]:
    from interop.formats.json import load_json, write_json

    if b"Bundle" not in body or ALONE.encode() not in body:
        yield body
        return
    try:
        appointments = _appointments(load_json(body))
    except Problem:
        appointments = []
    if appointments:
        yield from map(write_json, appointments)
    else:
        yield body


def _appointments(value: Any) -> list[dict[str, Any]]:
    """The appointments of a Bundle that holds nothing else."""
    entries = value.get("entry") if isinstance(value, dict) and value.get("resourceType") == "Bundle" else None
    if not isinstance(entries, list):
        return []
    found = [entry.get("resource") for entry in entries if isinstance(entry, dict)]
    resources = [one for one in found if isinstance(one, dict)]
    return resources if all(one.get("resourceType") == ALONE for one in resources) else []
