"""Headers of Subscriptions (FHIR R4 Subscription.channel.header) hold what their endpoints know a sender by: they are kept, sent to
the endpoint, and given to nobody who reads, whoever wrote them. What is given says their names alone."""

from __future__ import annotations

from typing import Any, Final

from interop.errors import Problem
from interop.formats.json import load_json, write_json

TYPE: Final = "Subscription"
MASK: Final = "***"
_SIZE: Final = 2**40


def masked(type: str, body: bytes) -> bytes:
    """The JSON of a resource of that type without values of headers; the same object where it has none."""
    if type != TYPE or b'"header"' not in body:
        return body
    resource = load_json(body, depth=_SIZE, size=_SIZE, values=None)
    lines = _lines(resource)
    return write_json(_with(resource, [_mask(line) for line in lines])) if lines else body


def unmasked(resource: dict[str, Any], before: bytes) -> dict[str, Any]:
    """A Subscription that a client sends, its masked headers being those of the version ``before`` (none where that is empty); the
    same object where none is masked. Raises Problem ``bad-value`` where that has no such header, or another endpoint: what is kept
    for one is told to no other."""
    lines = _lines(resource)
    if not any(_is_mask(line) for line in lines):
        return resource
    old: dict[str, Any] = load_json(before, depth=_SIZE, size=_SIZE, values=None) if before else {}
    kept = _lines(old) if before and old["channel"].get("endpoint") == resource["channel"].get("endpoint") else []
    said: list[Any] = []
    for line in lines:
        if _is_mask(line):
            found = next((each for each in kept if _mask(each) == line), None)
            if found is None:
                raise Problem(
                    "bad-value", where="Subscription.channel.header", detail=f"{MASK} stands for what is kept for this endpoint"
                )
            kept.remove(found)
            line = found
        said.append(line)
    return _with(resource, said)


def _lines(resource: dict[str, Any]) -> list[Any]:
    channel = resource.get("channel")
    lines = channel.get("header") if isinstance(channel, dict) else None
    return list(lines) if isinstance(lines, list) else []


def _with(resource: dict[str, Any], lines: list[Any]) -> dict[str, Any]:
    return {**resource, "channel": {**resource["channel"], "header": lines}}


def _mask(line: Any) -> Any:
    if not isinstance(line, str):
        return line
    name, colon, _ = line.partition(":")
    return f"{name}: {MASK}" if colon else MASK


def _is_mask(line: Any) -> bool:
    return isinstance(line, str) and line.rpartition(":")[2].strip() == MASK
