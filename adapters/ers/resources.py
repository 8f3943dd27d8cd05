"""The messages of a body: a resource alone, those of a Bundle, what an operation answered with, or a line each."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import Any, BinaryIO, Final, TypeGuard

from interop.errors import Problem

LIMIT: Final = 20 * 1024 * 1024
ALONE: Final = frozenset({"ReferralRequest", "Appointment", "CommunicationRequest", "ServiceRequest", "HealthcareService"})
"""The types with a version of their own: each is a message of its own."""
ANSWERS: Final = ALONE | {"Communication"}
"""The types that the Parameters of an answer hold; those of a request hold none of them."""

Resource = dict[str, Any]


def messages(value: Any) -> list[Resource]:
    """The messages of a JSON value, each a resource or a Bundle, in order; raises Problem ``unknown-format`` without a type.

    A Bundle is taken apart where it holds resources with versions of their own and no conversation: a Communication stays beside
    the request that it belongs to. The answer of an operation (Parameters) counts as the Bundle of what it holds.
    """
    if not isinstance(value, dict) or not isinstance(value.get("resourceType"), str):
        raise Problem("unknown-format", where="resourceType")
    bundle = _answered(value) or value
    if bundle["resourceType"] != "Bundle":
        return [bundle]
    held = _resources(bundle)
    kinds = {resource.get("resourceType") for resource in held}
    return held if kinds & ALONE and "Communication" not in kinds else [bundle]


def message(value: Any) -> Resource:
    """The only message of a JSON value; raises Problem ``unknown-format``, ``several-messages`` where there are more."""
    found = messages(value)
    if len(found) > 1:
        raise Problem("several-messages", where="Bundle.entry")
    return found[0]


def separate(stream: BinaryIO) -> Iterator[bytes]:
    """A body for each message, numbers as they were written; what cannot be read is given as it came, to be refused."""
    first = stream.readline(LIMIT + 1)
    while first and not first.strip():
        first = stream.readline(LIMIT + 1)
    if _whole(first) and (second := _line(stream)):
        for line in chain((_bounded(first), second), iter(lambda: _line(stream), b"")):
            yield from _separate(line)
    else:
        yield from _separate(_bounded(first + stream.read(LIMIT + 1 - min(len(first), LIMIT))))


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


def _separate(body: bytes) -> Iterator[bytes]:
    from interop.formats.json import write_json

    body = body.strip()
    if b"Bundle" not in body and b"Parameters" not in body:
        yield body
        return
    try:
        found = messages(_load(body))
    except Problem:
        found = []
    if len(found) > 1:
        yield from map(write_json, found)
    else:
        yield body


def _answered(parameters: Resource) -> Resource | None:
    """What Parameters hold as a Bundle; None for those of a request."""
    said = parameters.get("parameter")
    if parameters["resourceType"] != "Parameters" or not isinstance(said, list):
        return None
    held = [one["resource"] for one in said if isinstance(one, dict) and _typed(one.get("resource"))]
    if not any(resource.get("resourceType") in ANSWERS for resource in held):
        return None
    return {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": resource} for resource in held]}


def _resources(bundle: Resource) -> list[Resource]:
    entries = bundle.get("entry")
    found = [entry.get("resource") for entry in entries if isinstance(entry, dict)] if isinstance(entries, list) else []
    return [resource for resource in found if _typed(resource)]


def _typed(resource: Any) -> TypeGuard[Resource]:
    return isinstance(resource, dict) and isinstance(resource.get("resourceType"), str)
